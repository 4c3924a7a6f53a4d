"""What a structure and its extensions ask beyond FHIR R4, as JSON Schema; each rule names its element in a comment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.fhir.discriminator import Discriminators, ValueSets, pattern
from conformance.fhir.r4 import R4
from conformance.fhir.rule import Rule, Schema, targets
from conformance.fhir.tree import EXTENSIONS, Node, short, tree

Raw = Mapping[str, Any]
_UNKNOWN = "extension-unknown"


class Constraints:
    """Writes the constraints of one version of the specification, with the value sets of one release."""

    def __init__(self, facts: R4, extensions: Mapping[str, Raw], guide: str, value_sets: ValueSets,
                 kinds: Mapping[str, str]) -> None:
        self.facts, self.guide, self._kinds = facts, guide, kinds
        self._told = Discriminators(facts, value_sets)
        self.conditions: dict[str, Schema] = {}
        self.trees = {url: tree(one, "Extension", facts) for url, one in extensions.items()}
        # parts of a parent that we do not hold may stand in these beside their own
        self.open = {url for url, one in extensions.items() if one.get("parent-unconfirmed")}

    def of_structure(self, root: Node) -> Schema:
        """The constraints of a resource profile."""
        return self._inside(root, root.id)

    def of_extensions(self) -> tuple[Schema, dict[str, Schema]]:
        """What every extension respects, and the definitions that this refers to."""
        names = {url: f"extension-{number}" for number, url in enumerate(self.trees)}
        definitions = {names[url]: self._definition(url, root) for url, root in self.trees.items()}
        rule = Rule("structure.extension-unknown", "", "", "an extension of the guide")
        mine = [url for url in self.trees if url.startswith(self.guide)]
        definitions[_UNKNOWN] = {"if": {"properties": {"url": {"pattern": f"^{self.guide}"}}},
                                 "then": {"properties": {"url": {"$comment": rule.comment(), "enum": mine}}}}
        told = {"properties": {"url": {"type": "string"}}, "required": ["url"]}
        return {"if": told, "then": _told_apart(sorted(self.trees), names)}, definitions

    def _definition(self, url: str, root: Node) -> Schema:
        held = root.children.get("extension")
        made = self._inside(root, short(url))
        if held is not None and held.slices and url not in self.open:
            names = [one.url for one in held.slices.values()]
            rule = Rule("structure.extension-unknown", short(url), "", "one of " + ", ".join(names))
            made["allOf"].append({"properties": {"extension": {"items": {"properties": {
                "url": {"$comment": rule.comment(), "enum": names}}}}}})
        return made

    def _inside(self, node: Node, key: str) -> Schema:
        """What is asked of a value of an element: of the members that it holds."""
        rules = [rule for child in node.children.values() for rule in self._member(child, key)]
        return {"allOf": rules} if rules else {}

    def _member(self, child: Node, key: str) -> Iterator[Schema]:
        """What is asked of the holder of an element."""
        mine = f"{key}.{child.name}"
        if child.evaluable:
            yield from self._counts(child, mine)
            yield from self._types(child, mine)
            yield from self._values(child, child, mine)
        for name, kind in child.names():
            inner = self._inside(child, mine)
            if inner:
                yield _of(child, self._beside(name, kind), inner)
        if child.choice:
            for one in child.slices.values():
                yield from self._chosen(one, child, mine)
        else:
            for one in child.slices.values():
                yield from self._slice(one, child, mine)

    def _beside(self, name: str, kind: str) -> str:
        """Where the parts of a value stand: those of a primitive beside it."""
        return f"_{name}" if kind in self.facts.primitives else name

    def _counts(self, child: Node, key: str) -> Iterator[Schema]:
        least, most = child.said.get("min", 0), str(child.said.get("max", "*"))
        names = [name for name, _ in child.names()]
        valued = child.choice and child.id.startswith("Extension.")
        if least and not (child.name in EXTENSIONS and least <= _asked(child)):
            rule = Rule("structure.missing", key, child.name, f"at least {least}")
            if valued:
                rule = Rule("structure.extension-value", key, "", " or ".join(names))
            some = [{"required": [at]} for name in names for at in (name, f"_{name}")]
            yield {"$comment": rule.comment(), "anyOf": some}
            if least > 1:
                yield {"properties": {names[0]: {"$comment": rule._replace(below="").comment(), "minItems": least}}}
        if most == "0" and not child.choice:
            rule = Rule("structure.too-many", key, child.name, "at most 0")
            for name in (child.name, f"_{child.name}"):
                yield {"$comment": rule.comment(), "not": {"required": [name]}}
        elif most not in ("0", "*") and child.repeats:
            rule = Rule("structure.too-many", key, "", f"at most {most}")
            yield {"properties": {names[0]: {"$comment": rule.comment(), "maxItems": int(most)}}}

    def _types(self, child: Node, key: str) -> Iterator[Schema]:
        """Where the structure leaves fewer types than FHIR, and the types of the resources that it points at."""
        if child.choice and child.base is not None:
            accepted = [name for name, _ in child.names()] if str(child.said.get("max", "1")) != "0" else []
            if len(accepted) < len(child.base.types):
                yield _only(child, accepted, key)
        kinds = [self.kind(one) for one in child.said.get("targets", ())]
        if kinds and all(kinds) and "Resource" not in kinds:
            for name, kind in child.names():
                if kind == "Reference":
                    yield _of(child, name, targets(kinds, self.facts.codes.get("resource-types", ()), key))

    def kind(self, canonical: str) -> str:
        """The type of the resources of a structure, by its canonical; empty when it is not known."""
        name = canonical.rsplit("/", 1)[-1].partition("|")[0]
        if name in self._kinds:
            return self._kinds[name]
        if canonical.startswith("http://hl7.org/fhir/StructureDefinition/"):
            return name
        return next((kind for kind in sorted(self._kinds.values(), key=len, reverse=True) if name.endswith(kind)), "")

    def _values(self, one: Node, child: Node, key: str) -> Iterator[Schema]:
        """What an element, or the members of a slice of it, must be."""
        for word in ("fixed", "pattern"):
            if word in one.said and child.name != "url":
                wanted = one.said[word]
                rule = Rule("structure.value", key, "", str(wanted))
                schema = {"const": wanted} if word == "fixed" else pattern(wanted)
                for name, _ in one.names():
                    yield _of(child, name, {"$comment": rule.comment(), **schema})

    def _slice(self, one: Node, child: Node, key: str) -> Iterator[Schema]:
        told = self._told.condition(one, child)
        if told is None:
            return
        mine = f"{key}:{one.slice}"
        self.conditions[mine] = told
        extension = child.name in EXTENSIONS
        missing, many = ("structure.extension-missing", "structure.extension-count") if extension else (
            "structure.missing", "structure.too-many")
        least, most = one.said.get("min", 0), str(one.said.get("max", "*"))
        name = child.name
        if least:
            rule = Rule(missing, mine, f":{one.slice}", f"at least {least}")
            yield {"properties": {name: {"$comment": rule.comment(), "contains": told, "minContains": least}}}
            if not child.said.get("min", 0) or extension:
                yield {"$comment": rule._replace(below=f"{child.name}:{one.slice}").comment(), "required": [name]}
        if most != "*":
            rule = Rule(many, mine, f":{one.slice}", f"at most {most}")
            yield {"properties": {name: {"$comment": rule.comment(), "contains": told, "minContains": 0,
                                         "maxContains": int(most)}}}
        inner = [*self._values_of(one), *self._inside(one, mine).get("allOf", ())]
        if inner:
            yield _of(child, name, {"if": told, "then": {"allOf": inner}})

    def _values_of(self, one: Node) -> Iterator[Schema]:
        for word in ("fixed", "pattern"):
            if word in one.said:
                yield {"const": one.said[word]} if word == "fixed" else pattern(one.said[word])

    def _chosen(self, one: Node, child: Node, key: str) -> Iterator[Schema]:
        """The slice of a choice: the element of one type."""
        mine = f"{key}:{one.slice}"
        if one.said.get("min", 0):
            rule = Rule("structure.missing", mine, one.names()[0][0], "at least 1")
            yield {"$comment": rule.comment(), "anyOf": [{"required": [name]} for name, _ in one.names()]}
        yield from self._values(one, child, mine)
        inner = self._inside(one, mine)
        for name, kind in one.names():
            if inner:
                yield _of(child, self._beside(name, kind), inner)


def _asked(child: Node) -> int:
    """How many members the slices of an element ask for together."""
    return sum(int(one.said.get("min", 0)) for one in child.slices.values())


def _only(child: Node, accepted: list[str], key: str) -> Schema:
    """That a choice is none but of the types accepted."""
    rule = Rule("structure.type", key, child.name, " or ".join(accepted) or "no value")
    if child.id.startswith("Extension."):
        rule = rule._replace(code="structure.extension-value", below="")
    names = [at for name in accepted for at in (name, f"_{name}")]
    every = [at for name, _ in child.base.names() for at in (name, f"_{name}")] if child.base is not None else []
    return {"$comment": rule.comment(), "propertyNames": {"if": {"enum": every}, "then": {"enum": names}}}


def _of(child: Node, name: str, schema: Schema) -> Schema:
    return {"properties": {name: {"items": schema} if child.repeats else schema}}


def _url(url: str) -> Schema:
    return {"properties": {"url": {"const": url}}, "required": ["url"]}


def _told_apart(urls: Sequence[str], names: Mapping[str, str]) -> Schema:
    """The definition that the url names, found by halving: extensions are many, in a resource and in a guide."""
    unknown = {"$ref": f"#/$defs/{_UNKNOWN}"}
    if not urls:
        return unknown
    if len(urls) == 1:
        return {"if": _url(urls[0]), "then": {"$ref": f"#/$defs/{names[urls[0]]}"}, "else": unknown}
    half = len(urls) // 2
    return {"if": {"properties": {"url": {"enum": list(urls[:half])}}},
            "then": _told_apart(urls[:half], names), "else": _told_apart(urls[half:], names)}
