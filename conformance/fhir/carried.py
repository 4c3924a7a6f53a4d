"""Which constrained elements a resource shows: only what is shown can be said to be respected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.fhir.bundle import Resource
from conformance.fhir.constraint import Constraints
from conformance.fhir.engine import Engine, Validator
from conformance.fhir.extended import extended
from conformance.fhir.tree import Node, short


class Carried:
    """Finds the constrained elements of a structure in resources."""

    def __init__(self, root: Node, constraints: Constraints, engine: Engine) -> None:
        self._root, self._constraints, self._engine = root, constraints, engine
        self._told: dict[str, Validator] = {}

    def of(self, resource: Resource) -> set[str]:
        """The elements whose rules the resource shows: those that it has, and those that must, or must not, stand in a
        holder that is there."""
        found: set[str] = set()
        self._add(self._root, self._root.id, resource, found)
        for _, one in extended(resource, self._root.id):
            root = self._constraints.trees.get(str(one.get("url")))
            if root is not None:
                found.add(short(str(one["url"])))
                self._add(root, short(str(one["url"])), one, found)
        return found

    def _add(self, node: Node, key: str, holder: Any, found: set[str]) -> None:
        if not isinstance(holder, dict):
            return
        for child in node.children.values():
            name = f"{key}.{child.name}"
            values = _values(child, holder)
            if child.said and (values or child.said.get("min", 0) or str(child.said.get("max")) == "0"):
                found.add(name)
            for one in values:
                self._add(child, name, one, found)
            for part in child.slices.values():
                mine = f"{name}:{part.slice}"
                members = self._members(part, child, values, holder, mine)
                if members or (part.said.get("min", 0) and (child.choice or mine in self._constraints.conditions)):
                    found.add(mine)
                for one in members:
                    self._add(part, mine, one, found)

    def _members(self, part: Node, child: Node, values: list[Any], holder: Mapping[str, Any], key: str) -> list[Any]:
        if child.choice:
            return [holder[name] for name, _ in part.names() if name in holder]
        if child.name in ("extension", "modifierExtension"):
            return [one for one in values if isinstance(one, dict) and one.get("url") == part.url]
        condition = self._constraints.conditions.get(key)
        if condition is None:
            return []
        if key not in self._told:
            self._told[key] = self._engine(condition)
        return [one for one in values if self._told[key].is_valid(one)]


def _values(child: Node, holder: Mapping[str, Any]) -> list[Any]:
    """The values of an element in its holder; of a primitive with children, what stands beside them."""
    every = child.base.names() if child.choice and child.base is not None else child.names()
    held = []
    for name, _ in every:
        beside = child.primitive and child.children and f"_{name}" in holder
        if name in holder or f"_{name}" in holder:
            held.append(holder[f"_{name}" if beside or name not in holder else name])
    return [one for value in held for one in (value if isinstance(value, list) else [value])]
