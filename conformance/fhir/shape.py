"""FHIR R4 as JSON Schema: elements known, lists where lists are, types and formats of primitives."""

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
        """The schema of a resource and of all that it may hold."""
        definitions: dict[str, Schema] = {}
        schema = self._object(kind, definitions)
        return {"$schema": _DRAFT, **schema, "$defs": definitions}

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
                properties[name] = self._listed(self._value(one, kind, definitions), one, kind)
                if kind in self.facts.primitives:
                    properties[f"_{name}"] = self._beside(one, definitions)
        return {"type": "object", "properties": properties, "additionalProperties": False}

    def _value(self, one: Element, kind: str, definitions: dict[str, Schema]) -> Schema:
        primitive = self.facts.primitives.get(kind)
        if primitive is not None:
            form = {"pattern": primitive["pattern"]} if "pattern" in primitive else {}
            return {"type": primitive["json"], **form}
        if self.facts.resource(kind):
            return {"type": "object", "required": ["resourceType"]}
        return self._defined(kind if one.choice else self.facts.holds(one), definitions)

    def _defined(self, path: str, definitions: dict[str, Schema]) -> Schema:
        """A reference to what a type or path holds, described once."""
        if path not in definitions:
            definitions[path] = {}
            definitions[path] = self._object(path, definitions)
        return {"$ref": f"#/$defs/{path}"}

    def _listed(self, inner: Schema, one: Element, kind: str) -> Schema:
        if not one.repeats:
            return inner
        if kind in self.facts.primitives:  # a null holds the place of a value that has extensions only
            inner = {"anyOf": [inner, {"type": "null"}]}
        return {"type": "array", "items": inner, "minItems": 1}

    def _beside(self, one: Element, definitions: dict[str, Schema]) -> Schema:
        """The id and extensions of a primitive, beside its value."""
        inner = self._defined("Element", definitions)
        if not one.repeats:
            return inner
        return {"type": "array", "items": {"anyOf": [inner, {"type": "null"}]}, "minItems": 1}
