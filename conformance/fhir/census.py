"""Who holds which value: each value path is walked once over the population, whatever the number of scenarios."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.fhir.bundle import Resource
from conformance.fhir.path import conjuncts, holds, select
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


class Census:
    """Selections and conditions over a population, remembered as long as they depend on the resource alone."""

    def __init__(self, population: Population, constants: Mapping[str, str]) -> None:
        self.population, self.constants = population, constants
        self._holders: dict[tuple[str, str], tuple[int, Holders]] = {}
        self._conditions: dict[tuple[int, str], bool] = {}
        self._lasting: dict[str, bool] = {}

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
        for resource in everyone:
            keys: list[Key] = []
            for value in select(resource, path, names):
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
