"""Who holds which value: each value path is walked once over the population, whatever the number of scenarios."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.fhir.bundle import Resource
from conformance.fhir.path import conjuncts, from_extension, holds, select
from conformance.fhir.plain_steps import Unsure
from conformance.fhir.population import Population

_NAME = re.compile(r"%([A-Za-z_]\w*)")
Key = tuple[Any, ...]


@dataclass
class Holders:
    """The distinct values of a path, in the order first seen, and the resources that hold each."""

    values: dict[Key, Any] = field(default_factory=dict)
    by_value: dict[Key, list[Resource]] = field(default_factory=dict)
    of_resource: dict[int, list[Key]] = field(default_factory=dict)


def key_of(value: Any) -> Key:
    """What makes two values the same value: a Coding is its system and code, whatever its display."""
    if isinstance(value, dict):
        if "code" in value and "value" not in value:
            return ("coding", value.get("system"), value["code"])
        return ("mapping", *((name, key_of(value[name])) for name in sorted(value)))
    if isinstance(value, list):
        return ("list", *(key_of(one) for one in value))
    return (type(value).__name__, value)


@dataclass
class _Extended:
    """The extensions of resources by url; ``odd`` are the resources where some have no url that is a text."""

    by_url: dict[str, dict[int, list[Any]]] = field(default_factory=dict)
    odd: set[int] = field(default_factory=set)

    def add(self, resource: Resource) -> None:
        held = resource.get("extension")
        if held is None:
            return
        if not isinstance(held, list) or not all(isinstance(one, dict) and isinstance(one.get("url"), str)
                                                 for one in held):
            self.odd.add(id(resource))
            return
        for one in held:
            self.by_url.setdefault(one["url"], {}).setdefault(id(resource), []).append(one)


class Census:
    """Selections and conditions over a population, remembered as long as they depend on the resource alone."""

    def __init__(self, population: Population, constants: Mapping[str, str]) -> None:
        self.population, self.constants = population, constants
        self._holders: dict[tuple[str, str], tuple[int, Holders]] = {}
        self._conditions: dict[tuple[int, str], bool] = {}
        self._lasting: dict[str, bool] = {}
        self._extended: dict[str, tuple[int, _Extended]] = {}

    def lasting(self, expression: str) -> bool:
        """Whether the expression uses no bound value, so that its result may be remembered."""
        known = self._lasting.get(expression)
        if known is None:
            known = self._lasting[expression] = all(name in self.constants for name in _NAME.findall(expression))
        return known

    def fits(self, resource: Resource, condition: str, names: Mapping[str, Any]) -> bool:
        """Whether a resource of the population satisfies a condition."""
        return all(self._fits(resource, part, names) for part in conjuncts(condition))

    def _fits(self, resource: Resource, condition: str, names: Mapping[str, Any]) -> bool:
        if not self.lasting(condition):
            return holds(resource, condition, names)
        key = (id(resource), condition)
        known = self._conditions.get(key)
        if known is None:
            known = self._conditions[key] = holds(resource, condition, names)
        return known

    def holders(self, kind: str, path: str, names: Mapping[str, Any]) -> Holders:
        """Who of a type holds which value of a path."""
        everyone = self.population.all(kind)
        known = self._holders.get((kind, path))
        if known is not None and known[0] == len(everyone):
            return known[1]
        made = Holders()
        for resource, values in self._selected(kind, everyone, path, names):
            keys: list[Key] = []
            for value in values:
                if value is None or value == "":
                    continue
                key = key_of(value)
                if key in keys:
                    continue
                keys.append(key)
                made.values.setdefault(key, value)
                made.by_value.setdefault(key, []).append(resource)
            made.of_resource[id(resource)] = keys
        if self.lasting(path):
            self._holders[kind, path] = len(everyone), made
        return made

    def _selected(
        self, kind: str, everyone: Sequence[Resource], path: str, names: Mapping[str, Any]
    ) -> Iterator[tuple[Resource, list[Any]]]:
        """What a path selects in each resource; a path into an extension looks only at those that have it."""
        beginning = from_extension(path)
        if beginning is None:
            yield from ((resource, select(resource, path, names)) for resource in everyone)
            return
        url, rest = beginning
        extended = self._extensions(kind, everyone)
        holders = extended.by_url.get(url, {})
        for resource in everyone:
            if id(resource) in extended.odd:
                yield resource, select(resource, path, names)
                continue
            try:
                found = rest(holders.get(id(resource), []), names)
            except Unsure:
                found = select(resource, path, names)
            yield resource, found

    def _extensions(self, kind: str, everyone: Sequence[Resource]) -> _Extended:
        known = self._extended.get(kind)
        if known is None or known[0] != len(everyone):
            made = _Extended()
            for resource in everyone:
                made.add(resource)
            known = self._extended[kind] = len(everyone), made
        return known[1]
