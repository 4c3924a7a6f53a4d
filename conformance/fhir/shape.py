"""FHIR R4 as JSON Schema: what is known, of which form, and what must be there.

What is told by its keyword (types, formats, codes, unknown elements) has no comment; the rest names its rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.fhir.invariant import said
from conformance.fhir.r4 import R4, Element
from conformance.fhir.rule import Rule, Schema, targets

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_EMPTY = Rule("structure.invariant", "", "", said("ele-1")).comment()
_EXTENSION = Rule("structure.invariant", "", "", said("ext-1")).comment()
_ABSOLUTE = Rule("structure.extension-unknown", "", "", "an absolute url").comment()
_VALUE = "^_?value[A-Z]"


class Shape:
    """The schemas of the resources of FHIR R4."""

    def __init__(self, facts: R4) -> None:
        self.facts = facts
        self._known = sorted(facts.codes.get("resource-types", ()))

    def of_resource(self, kind: str) -> Schema:
        """Elements known and present, lists where lists are, types, formats and codes of primitives: of a resource and
        of all that it may hold, contained resources apart."""
        definitions: dict[str, Schema] = {}
        schema = self._object(kind, definitions)
        return {"$schema": DRAFT, **schema, "$defs": definitions}

    def repeats(self, kind: str, path: Sequence[str]) -> bool:
        """Whether the element at the path is a list in JSON; False when FHIR R4 has none there."""
        found = self.facts.element(kind, path)
        return found is not None and found.repeats

    def _object(self, path: str, definitions: dict[str, Schema]) -> Schema:
        properties: dict[str, Schema] = {}
        rules: list[Schema] = [] if self.facts.resource(path) else [_filled()]
        if self.facts.resource(path):
            properties["resourceType"] = {"const": path}
        for one in self.facts.below(path).values():
            for name, kind in _names(one):
                inner = self._value(one, kind, definitions)
                if kind == "Extension" and path != "Extension":  # within an extension, parts have names for urls
                    inner = {"allOf": [inner, {"properties": {"url": {"$comment": _ABSOLUTE, "pattern": ":"}}}]}
                properties[name] = {"type": "array", "items": inner, "minItems": 1} if one.repeats else inner
                if kind in self.facts.primitives:
                    properties[f"_{name}"] = self._beside(one, definitions)
            rules += self._rules(one)
        if path == "Extension":
            rules.append(_valued())
        held = {"type": "object", "properties": properties, "additionalProperties": False}
        return {**held, "allOf": rules} if rules else held

    def _rules(self, one: Element) -> Iterator[Schema]:
        """That an element is there, once where its type is a choice, and null only where extensions stand beside."""
        kinds = dict(_names(one))
        if one.least:
            names = [at for name, kind in kinds.items()
                     for at in (name, *((f"_{name}",) if kind in self.facts.primitives else ()))]
            rule = Rule("structure.missing", "", one.name, f"at least {one.least}")
            asked: Schema = {"required": names} if len(names) == 1 else {"anyOf": [{"required": [at]} for at in names]}
            yield {"$comment": rule.comment(), **asked}
        if one.choice and len(kinds) > 1:
            yield _once(one, list(kinds))
        kind = next(iter(kinds.values()))
        if one.repeats and kind in self.facts.primitives:
            asked = {"properties": {one.name: {"items": {"type": self.facts.primitives[kind]["json"]}}}}
            yield {"if": {"not": {"required": [f"_{one.name}"]}}, "then": asked}

    def _value(self, one: Element, kind: str, definitions: dict[str, Schema]) -> Schema:
        if kind in self.facts.primitives:
            return self._primitive(one, kind)
        if self.facts.resource(kind):
            return {"type": "object", "required": ["resourceType"]}
        made = self._defined(kind if one.choice else self.facts.holds(one), definitions)
        if kind == "Reference" and one.targets and "Resource" not in one.targets:
            return {"allOf": [made, targets(one.targets, self._known)]}
        return made

    def _primitive(self, one: Element, kind: str) -> Schema:
        """Its type, form and codes; in a list, null holds the place of a value that has extensions only."""
        primitive = self.facts.primitives[kind]
        schema: Schema = {"type": [primitive["json"], "null"] if one.repeats else primitive["json"]}
        schema |= {word: primitive[word] for word in ("pattern", "minimum", "maximum") if word in primitive}
        codes = self.facts.codes.get(one.value_set, ()) if one.strength == "required" and kind == "code" else ()
        if codes:
            schema["enum"] = [*codes, *([None] if one.repeats else [])]
        return schema

    def _defined(self, path: str, definitions: dict[str, Schema]) -> Schema:
        """A reference to what a type or path holds, described once."""
        if path not in definitions:
            definitions[path] = {}
            definitions[path] = self._object(path, definitions)
        return {"$ref": f"#/$defs/{path}"}

    def _beside(self, one: Element, definitions: dict[str, Schema]) -> Schema:
        """The id and extensions of a primitive, beside its value."""
        inner = self._defined("Element", definitions)
        if not one.repeats:
            return inner
        return {"type": "array", "items": {"if": {"type": "null"}, "else": inner}, "minItems": 1}


def _names(one: Element) -> list[tuple[str, str]]:
    return list(one.names()) if one.types else [(one.name, "")]


def _once(one: Element, names: Sequence[str]) -> Schema:
    """A choice has one type: of its names one is there, or none."""
    there: list[Schema] = [{"required": [name]} for name in names]
    rule = Rule("structure.too-many", "", one.name, "a value of one type")
    return {"if": {"type": "object", "minProperties": 3 if one.path.startswith("Extension.") else 2},
            "then": {"$comment": rule.comment(), "oneOf": [*there, {"not": {"anyOf": there}}]}}


def _filled() -> Schema:
    """Rule ele-1: an element holds something besides its id."""
    return {"$comment": _EMPTY, "if": {"required": ["id"]}, "then": {"minProperties": 2}, "else": {"minProperties": 1}}


def _valued() -> Schema:
    """Rule ext-1: an extension has a value or extensions, not both."""
    value = {"not": {"propertyNames": {"not": {"pattern": _VALUE}}}}
    return {"$comment": _EXTENSION, "if": {"required": ["extension"]}, "then": {"not": value}, "else": value}
