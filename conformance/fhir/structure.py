"""Structures compiled: one JSON Schema for each, whose rules name their elements, and the named checks beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from conformance.fhir.bundle import Resource
from conformance.fhir.coded import Coded, CodedElements
from conformance.fhir.constraint import Constraints
from conformance.fhir.engine import Engine, Fast, Path, Validator
from conformance.fhir.extended import extended
from conformance.fhir.invariant import Broken, Invariants, evaluated, said
from conformance.fhir.r4 import R4, Invariant
from conformance.fhir.rule import Difference, Rule, Schema
from conformance.fhir.shape import Shape
from conformance.fhir.survey import Seen, Survey
from conformance.fhir.tree import Node, short, tree
from conformance.nomenclature import Release

_BY_KEYWORD = {"additionalProperties": "structure.unknown", "enum": "structure.code",
               **dict.fromkeys(("pattern", "minimum", "maximum"), "structure.format")}  # any other: the type
_FORMAT = "the format of its FHIR type"
_EXPECTED = {"pattern": _FORMAT, "minimum": _FORMAT, "maximum": _FORMAT, "enum": "a code that FHIR allows here",
             "additionalProperties": "elements of FHIR R4", "minItems": "a list with a member"}
_TEXT_ONLY = ("pattern", "enum")
_VALUE = re.compile(r"^value\b")
ASPECTS = {
    "cardinality": ("structure.missing", "structure.too-many"),
    "type": ("structure.type", "structure.format", "structure.code", "structure.unknown", "structure.reference"),
    "value": ("structure.value",),
    "extension": ("structure.extension-missing", "structure.extension-count", "structure.extension-unknown",
                  "structure.extension-value"),
    "invariant": ("structure.invariant",),
}


class Structures:
    """The structures of one version of the specification, compiled when first asked for, with the value sets of one
    release."""

    def __init__(self, structures: Mapping[str, Any], extensions: Mapping[str, Any], canonical: str, release: Release,
                 facts: R4, engine: Engine = Fast) -> None:
        self.structures, self.extensions, self.facts, self.engine = structures, extensions, facts, engine
        self.release = release
        self.shape, self.invariants = Shape(facts), Invariants(facts)
        kinds = {name: str(one["type"]) for name, one in structures.items()}
        self.constraints = Constraints(facts, extensions, f"{canonical}/StructureDefinition/", release.value_set,
                                       kinds)
        self._made: dict[str, Compiled] = {}
        self._slices: dict[str, Validator] = {}

    def of(self, name: str) -> Compiled:
        """A structure by its id, or the base of FHIR by the name of a resource type."""
        if name not in self._made:
            raw = self.structures.get(name) or {"type": name, "elements": []}
            self._made[name] = Compiled(raw, self)
        return self._made[name]

    def extension(self, url: str) -> Node | None:
        """The tree of the definition of an extension; None for one that the specification does not define."""
        return self.constraints.trees.get(url)

    def belongs(self, key: str, value: Any) -> bool:
        """Whether a value is of the slice of a name."""
        if key not in self._slices:
            self._slices[key] = self.engine(self.constraints.conditions[key])
        return self._slices[key].is_valid(value)

    def of_type(self, kind: str) -> Compiled | None:
        """The structure of a resource type: of the specification where it has one, else of FHIR; None when we hold
        neither."""
        name = next((name for name, one in self.structures.items() if one["type"] == kind), kind)
        return self.of(name) if name != kind or self.facts.resource(kind) else None


class Compiled:
    """One structure ready to judge resources of its type."""

    def __init__(self, structure: Mapping[str, Any], whole: Structures) -> None:
        self.structure, self.type, self.whole = structure, str(structure["type"]), whole
        self.root = tree(structure, self.type, whole.facts)
        self.schema = self._schema()
        self._validator: Validator = whole.engine(self.schema)
        self.coded = CodedElements(self.root, whole.constraints.trees, whole.belongs)
        self._ruled = [*_ruled(self.root)]
        self._extension_rules = {url: rules for url, root in whole.constraints.trees.items()
                                 if (rules := [*_ruled(root)])}
        self._surveys: dict[str, Survey] = {}

    def survey(self, day: str) -> Survey:
        """What looks over resources on a day (year-month-day)."""
        if day not in self._surveys:
            self._surveys[day] = Survey(
                self.root, self.coded, self.whole.constraints, self.whole.invariants, frozenset(self._extension_rules),
                self.whole.belongs, self.whole.release, day)
        return self._surveys[day]

    def seen(self, resource: Resource, day: str) -> Seen:
        """What a resource shows, and whether a closer look, by ``differences`` or ``codings``, may find something."""
        seen = self.survey(day).of(resource)
        if not self._validator.is_valid(resource):  # of another form than the walk was made for
            return seen._replace(invariants=True, codes=True)
        return seen if seen.invariants or not self._ruled else seen._replace(invariants=True)

    def _schema(self) -> Schema:
        schema = self.whole.shape.of_resource(self.type)
        definitions = schema["$defs"]
        every, extensions = self.whole.constraints.of_extensions()
        if "Extension" in definitions:
            definitions["Extension"] = {**definitions["Extension"],
                                        "allOf": [*definitions["Extension"]["allOf"], every]}
            definitions |= extensions
        own = self.whole.constraints.of_structure(self.root).get("allOf", [])
        return {**schema, "allOf": [*schema.get("allOf", ()), *own]}

    def differences(self, resource: Resource) -> list[Difference]:
        """How the resource differs from the structure and from FHIR R4, codes of nomenclatures apart."""
        found: dict[tuple[str, str], Difference] = {}
        if not self._validator.is_valid(resource):
            for path, where in self._validator.errors(resource):
                for one in self._told(resource, path, where):
                    kept = found.get((one.code, one.place))
                    if kept is None or (one.element and not kept.element):
                        found[one.code, one.place] = one
        for broken in self._broken(resource):
            one = self._of_invariant(resource, broken)
            found.setdefault((one.code, one.place + one.expected), one)
        return [*found.values(), *self._contained(resource)]

    def _contained(self, resource: Resource) -> Iterator[Difference]:
        for place, structure, one in self._held(resource):
            for each in structure.differences(one):
                yield replace(each, place=place + each.place.removeprefix(structure.type), element="")

    def _held(self, resource: Resource) -> Iterator[tuple[str, Compiled, Resource]]:
        """The contained resources, each with its place and what base FHIR R4 says of its type."""
        held = resource.get("contained")
        for index, one in enumerate(held if isinstance(held, list) else ()):
            kind = one.get("resourceType") if isinstance(one, dict) else None
            if isinstance(kind, str) and self.whole.facts.resource(kind):
                yield f"{self.type}.contained[{index}]", self.whole.of(kind), one

    def codings(self, resource: Resource) -> Iterator[Coded]:
        """The coded values of a resource, and of those that it contains, that bindings concern."""
        yield from self.coded.of(resource, extended(resource, self.type))
        for place, structure, one in self._held(resource):
            for each in structure.codings(one):
                yield replace(each, place=place + each.place.removeprefix(structure.type))

    def _broken(self, resource: Resource) -> Iterator[Broken]:
        yield from self.whole.invariants.broken(resource, self.type)
        for words, rule in self._ruled:
            yield from _own(resource, self.type, self.type, words, rule, resource)
        if self._extension_rules:
            for place, one in extended(resource, self.type):
                for words, rule in self._extension_rules.get(str(one.get("url")), ()):
                    yield from _own(one, "Extension", place, words, rule, resource)

    def _of_invariant(self, resource: Resource, broken: Broken) -> Difference:
        path = path_of(broken.place)
        return Difference("structure.invariant", broken.place, said(broken.rule.key), shown(at_path(resource, path)),
                          self.element(resource, path))

    def _told(self, resource: Resource, path: Path, where: Sequence[str]) -> Iterator[Difference]:
        comment, schema = _comment(self.schema, where)
        keyword, value, place = where[-1], at_path(resource, path), _place(self.type, path)
        if comment:
            yield self._of_rule(Rule.of(comment), schema, value, place, path, resource)
        elif keyword == "additionalProperties":
            for name in value if isinstance(value, dict) else ():
                if name not in schema["properties"]:
                    yield Difference("structure.unknown", f"{place}.{name}", _EXPECTED[keyword], shown(value[name]),
                                     self.element(resource, path))
        elif keyword not in _TEXT_ONLY or isinstance(value, str):
            expected = _EXPECTED.get(keyword) or f"a JSON {_kinds(schema)}"
            actual = str(value) if keyword in _TEXT_ONLY else shown(value)
            yield Difference(_BY_KEYWORD.get(keyword, "structure.type"), place, expected, actual,
                             self.element(resource, path))

    def _of_rule(
        self, rule: Rule, schema: Schema, value: Any, place: str, path: Path, resource: Resource
    ) -> Difference:
        if rule.below:
            place += rule.below if rule.below.startswith(":") else f".{rule.below}"
        at = (*path, rule.below) if rule.below and ":" not in rule.below else path
        element = rule.element or self.element(resource, at)
        if rule.code == "structure.extension-unknown":
            place = place.removesuffix(".url")
        return Difference(rule.code, place, rule.expected, self._actual(rule, schema, value), element)

    def _actual(self, rule: Rule, schema: Schema, value: Any) -> str:
        if "contains" in schema and isinstance(value, list):
            told = self.whole.engine({"$defs": self.schema["$defs"], **schema["contains"]})
            return str(sum(told.is_valid(one) for one in value))
        if rule.code in ("structure.missing", "structure.extension-missing"):
            return str(len(value)) if isinstance(value, list) else "absent"
        if rule.code in ("structure.too-many", "structure.extension-count") and isinstance(value, list):
            return str(len(value))
        if rule.code == "structure.extension-value" and isinstance(value, dict):
            return ", ".join(name for name in value if name.startswith("value")) or "no value"
        if rule.code == "structure.too-many" and isinstance(value, dict):
            return shown(value.get(rule.below, ", ".join(name for name in value if name.startswith(rule.below))))
        return value if isinstance(value, str) else shown(value)

    def element(self, resource: Resource, path: Path) -> str:
        """The constrained element that a place belongs to: the deepest of which the structure, or the definition of an
        extension, says something, that of a slice before that of all; empty when there is none."""
        held: list[tuple[Node | None, str]] = [(self.root, self.type)]
        best, here = "", resource
        for word in path:
            here = _member(here, word)
            held = list(self._members(held, here)) if isinstance(word, int) else _children(held, word.removeprefix("_"))
            best = next((key for node, key in held if self._speaks(node)), best)
        return best

    def _speaks(self, node: Node | None) -> bool:
        """Whether a part of a structure, or the definition of an extension, asks something that can be judged."""
        return node is not None and (bool(node.said and node.evaluable)
                                     or (node.parent is None and node is not self.root))

    def _members(self, held: Sequence[tuple[Node | None, str]], item: Any) -> Iterator[tuple[Node | None, str]]:
        """What speaks of a member of a list: its slices, the definition of an extension, the list."""
        url = str(item.get("url")) if isinstance(item, dict) else ""
        for node, key in held:
            if not (key.endswith(("extension", "Extension")) or (node is not None and node.name == "extension")):
                yield from ((one, f"{key}:{one.slice}") for one in self.slices(item, node))
                yield node, key
            elif url in self.whole.constraints.trees:
                yield self.whole.constraints.trees[url], short(url)
            else:
                there = [one for one in (node.slices.values() if node is not None else ())
                         if one.slice == url or one.said.get("extension") == url]
                yield (there[0], f"{key}:{there[0].slice}") if there else (None, key)

    def slices(self, item: Any, *nodes: Node | None) -> Iterator[Node]:
        """The slices of lists that a member is of."""
        for part in (part for node in nodes if node is not None for part in node.slices.values()):
            key = part.id.replace("[x]", "")
            if key in self.whole.constraints.conditions and self.whole.belongs(key, item):
                yield part


def _children(held: Sequence[tuple[Node | None, str]], name: str) -> list[tuple[Node | None, str]]:
    """What speaks of a part of an element, of its type before of all; of one that nothing speaks of, its name alone."""
    found: list[tuple[Node | None, str]] = []
    for node, key in held:
        child = _child(node, name) if node is not None else None
        if child is not None:
            found += [(one, f"{key}.{child.name}:{one.slice}") for one in child.slices.values()
                      if child.choice and one.slice == name]
            found.append((child, f"{key}.{child.name}"))
    return found or [(None, f"{held[-1][1]}.{name}")]


def _child(node: Node, name: str) -> Node | None:
    found = node.children.get(name)
    if found is not None:
        return found
    for one in node.children.values():
        if one.choice and (name == one.name or name in dict(one.names()) or (
                one.base is not None and name in dict(one.base.names()))):
            return one
    return None


def _ruled(root: Node) -> Iterator[tuple[tuple[str, ...], Invariant]]:
    """The invariants that a structure adds, each with the path of its element; those of slices stand on extensions."""
    for node in root.everything():
        for rule in node.said.get("invariants", ()):
            words = tuple(word.partition(":")[0] for word in node.id.split(".")[1:])
            yield words, Invariant(rule["key"], rule["severity"], rule["expression"])


def _own(
    value: Any, kind: str, place: str, words: Sequence[str], rule: Invariant, resource: Resource
) -> Iterator[Broken]:
    if not words:
        if not isinstance(value, dict):  # a primitive has a value, which is itself
            rule = replace(rule, expression=_VALUE.sub("$this", rule.expression))
        if evaluated(value, kind, rule, resource) is False:
            yield Broken(place, rule)
        return
    if not isinstance(value, dict):
        return
    first = words[0].removesuffix("[x]")
    for name, held in value.items():
        if name == words[0] or (words[0].endswith("[x]") and name.startswith(first)):
            inner = f"{kind}.{first}" if not words[0].endswith("[x]") else name.removeprefix(first)
            for index, one in enumerate(held if isinstance(held, list) else [held]):
                at = f"{place}.{name}[{index}]" if isinstance(held, list) else f"{place}.{name}"
                yield from _own(one, inner, at, words[1:], rule, resource)


def _comment(schema: Schema, where: Sequence[str]) -> tuple[str, Schema]:
    """The comment of the rule that a place in a schema belongs to, and the part of the schema not respected."""
    here: Any = schema
    comment, holder = "", schema
    for word in where:
        if word in ("$ref", "if") and not (isinstance(here, dict) and isinstance(here.get(word), dict)):
            continue
        while isinstance(here, dict) and word not in here and "$ref" in here:
            here = _referred(schema, here["$ref"])
        if isinstance(here, dict):
            holder = here
            comment = here.get("$comment", comment)
        if word == "if":
            continue
        here = here[int(word)] if isinstance(here, list) else here[word]
    return comment, holder


def _referred(schema: Schema, reference: str) -> Any:
    return schema["$defs"][reference.removeprefix("#/$defs/")]


def _kinds(schema: Schema) -> str:
    wanted = schema.get("type", "value")
    return " or ".join(one for one in wanted if one != "null") if isinstance(wanted, list) else str(wanted)


def _member(here: Any, word: str | int) -> Any:
    try:
        return here[word]
    except (LookupError, TypeError):
        return None


def at_path(resource: Any, path: Path) -> Any:
    """What stands at a path; None when nothing does."""
    for word in path:
        resource = _member(resource, word)
    return resource


def _place(kind: str, path: Path) -> str:
    return kind + "".join(f"[{word}]" if isinstance(word, int) else f".{word}" for word in path)


def path_of(place: str) -> Path:
    """The path of a place as findings tell it, the slice left out (``Location.alias[0]:x``)."""
    *before, last = place.split(".")
    place = ".".join((*before, last.partition(":")[0]))
    found: list[str | int] = []
    for word in place.split(".")[1:]:
        name, *indexes = word.split("[")
        found += [name, *(int(one.rstrip("]")) for one in indexes)]
    return tuple(found)


def shown(value: Any) -> str:
    """A value as findings show it: as JSON writes it, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:199] + "…"
