"""FHIR R4 as JSON Schema: what is known and of which form, and apart from it what must be there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.fhir.r4 import R4, Element

Schema = dict[str, Any]
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


class Shape:
    """The schemas of the resources of FHIR R4."""

    def __init__(self, facts: R4) -> None:
        self.facts = facts

    def of_resource(self, kind: str) -> Schema:
        """Elements known, lists where lists are, types, formats and codes of primitives: of a resource and of all that
        it may hold."""
        definitions: dict[str, Schema] = {}
        schema = self._object(kind, definitions)
        return {"$schema": _DRAFT, **schema, "$defs": definitions}

    def least(self, kind: str) -> Schema:
        """The elements that must be there: of a resource, and of what it holds where that is there."""
        definitions: dict[str, Schema] = {}
        schema = self._filled(kind, definitions)
        return {"$schema": _DRAFT, **schema, "$defs": definitions}

    def _filled(self, path: str, definitions: dict[str, Schema]) -> Schema:
        rules: list[Schema] = []
        properties: dict[str, Schema] = {}
        for one in self.facts.below(path).values():
            for name, kind in one.names() if one.types else [(one.name, "")]:
                inner = self._inside(one, kind, definitions)
                if inner:
                    properties[name] = {"items": inner} if one.repeats else inner
            if one.least and not one.choice:
                rules.append(_present(one.name, bool(one.types) and one.types[0] in self.facts.primitives))
        return {"properties": properties, **({"allOf": rules} if rules else {})}

    def _inside(self, one: Element, kind: str, definitions: dict[str, Schema]) -> Schema:
        """A reference to what must be in what a type or path holds; nothing for primitives and resources."""
        path = kind if one.choice else self.facts.holds(one)
        if not path or path in self.facts.primitives or self.facts.resource(path):
            return {}
        if path not in definitions:
            definitions[path] = {}
            definitions[path] = self._filled(path, definitions)
        return {"$ref": f"#/$defs/{path}"}

    def repeats(self, kind: str, path: Sequence[str]) -> bool:
        """Whether the element at the path is a list in JSON; False when FHIR R4 has none there."""
        found = self.facts.element(kind, path)
        return found is not None and found.repeats

    def _object(self, path: str, definitions: dict[str, Schema]) -> Schema:
        properties: dict[str, Schema] = {}
        if self.facts.resource(path):
            properties["resourceType"] = {"const": path}
        for one in self.facts.below(path).values():
            for name, kind in one.names() if one.types else [(one.name, "")]:
                inner = self._value(one, kind, definitions)
                properties[name] = {"type": "array", "items": inner, "minItems": 1} if one.repeats else inner
                if kind in self.facts.primitives:
                    properties[f"_{name}"] = self._beside(one, definitions)
        return {"type": "object", "properties": properties, "additionalProperties": False}

    def _value(self, one: Element, kind: str, definitions: dict[str, Schema]) -> Schema:
        if kind in self.facts.primitives:
            return self._primitive(one, kind)
        if self.facts.resource(kind):
            return {"type": "object", "required": ["resourceType"]}
        return self._defined(kind if one.choice else self.facts.holds(one), definitions)

    def _primitive(self, one: Element, kind: str) -> Schema:
        """Its type, form and codes; in a list, null holds the place of a value that has extensions only."""
        primitive = self.facts.primitives[kind]
        schema: Schema = {"type": [primitive["json"], "null"] if one.repeats else primitive["json"]}
        if "pattern" in primitive:
            schema["pattern"] = primitive["pattern"]
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
        return {"type": "array", "items": {"anyOf": [inner, {"type": "null"}]}, "minItems": 1}


def _present(name: str, primitive: bool) -> Schema:
    """An element must be there; instead of a primitive, its extensions may."""
    if not primitive:
        return {"required": [name]}
    return {"if": {"not": {"required": [f"_{name}"]}}, "then": {"required": [name]}}
