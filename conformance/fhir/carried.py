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
        self._known: dict[int, list[_Known]] = {}

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
        for known in self._children(node):
            child, values = known.node, known.values(holder)
            name = f"{key}.{child.name}"
            if known.asked or (values and child.said):
                found.add(name)
            if child.children:
                for one in values:
                    self._add(child, name, one, found)
            for part in known.slices:
                mine = f"{name}:{part.slice}"
                members = self._members(part, child, values, holder, mine)
                if members or (part.said.get("min", 0) and (child.choice or mine in self._constraints.conditions)):
                    found.add(mine)
                for one in members:
                    self._add(part, mine, one, found)

    def _children(self, node: Node) -> list[_Known]:
        if id(node) not in self._known:  # the trees live as long as we do
            self._known[id(node)] = [_Known(child) for child in node.children.values()]
        return self._known[id(node)]

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


class _Known:
    """A child as its holder writes it: made once, for resources are many."""

    def __init__(self, child: Node) -> None:
        self.node = child
        every = child.base.names() if child.choice and child.base is not None else child.names()
        self.names = {at: name for name, _ in every for at in (name, f"_{name}")}
        self.beside = child.primitive and bool(child.children)
        self.asked = bool(child.said) and bool(child.said.get("min", 0) or str(child.said.get("max")) == "0")
        self.slices = list(child.slices.values())

    def values(self, holder: Mapping[str, Any]) -> list[Any]:
        """The values of the element in its holder; of a primitive with children, what stands beside them."""
        if self.node.choice:
            names = {self.names[at] for at in holder if at in self.names}
        else:
            names = {self.node.name} if self.node.name in holder or f"_{self.node.name}" in holder else set()
        found: list[Any] = []
        for name in names:
            beside = f"_{name}"
            value = holder[beside if (self.beside and beside in holder) or name not in holder else name]
            found += value if isinstance(value, list) else [value]
        return found
