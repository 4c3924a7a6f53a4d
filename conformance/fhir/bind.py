"""Choosing, in the candidate's own data, the values that a scenario needs.

Each need offers candidates in order of preference; the first choice under which every later need is met too is
taken. A value that a few resources have, and not all, is preferred: it lets a search show what it leaves out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.fhir.bundle import Resource, reference_key
from conformance.fhir.path import holds, select
from conformance.fhir.population import Population
from conformance.model import Need

_TRIES = 400
_FEW = 20


class Unbound(Exception):
    """The candidate's data has no value for a need; ``need`` is the first that could not be met."""

    def __init__(self, need: Need) -> None:
        self.need = need
        super().__init__(need.name)


def bind(needs: Sequence[Need], population: Population, constants: Mapping[str, str], seed: str) -> dict[str, Any]:
    """The values of all needs; Unbound when the data cannot carry them."""
    search = _Search(needs, population, constants, seed)
    found = search.solve(0, {})
    if found is None:
        raise Unbound(needs[search.furthest])
    return found


class _Search:
    def __init__(self, needs: Sequence[Need], population: Population, constants: Mapping[str, str], seed: str) -> None:
        self.needs, self.population, self.constants, self.seed = needs, population, constants, seed
        self.furthest, self.tries = 0, 0

    def solve(self, index: int, bound: dict[str, Any]) -> dict[str, Any] | None:
        if index == len(self.needs):
            return bound
        self.furthest = max(self.furthest, index)
        for value in self._choices(self.needs[index], bound):
            self.tries += 1
            found = self.solve(index + 1, {**bound, self.needs[index].name: value})
            if found is not None:
                return found
            if self.tries > _TRIES:
                return None
        return None

    def _choices(self, need: Need, bound: Mapping[str, Any]) -> Iterator[Any]:
        names = {**self.constants, **bound}
        resources = sorted(self._resources(need, bound), key=lambda one: self._shuffle(need, str(one.get("id"))))
        fitting = (one for one in resources if not need.where or holds(one, need.where, names))
        if not need.value:
            yield from fitting
        elif need.among:
            yield from self._values(need, list(fitting), names)
        else:
            for resource in fitting:
                yield from (value for value in select(resource, need.value, names) if value not in (None, ""))

    def _resources(self, need: Need, bound: Mapping[str, Any]) -> list[Resource]:
        if need.among:
            return self.population.all(need.among)
        if need.holds or need.lacks:
            return self._holding(need, bound)
        start = bound[need.of]
        if not isinstance(start, dict):
            return []
        if not need.follow:
            return [start]
        keys = [reference_key(str(item["reference"])) for item in select(start, need.follow)
                if isinstance(item, dict) and "reference" in item]
        return [found for key in keys if (found := self.population.get(key)) is not None]

    def _holding(self, need: Need, bound: Mapping[str, Any]) -> list[Resource]:
        """The resources that have an earlier value, or those that do not."""
        name = need.holds or need.lacks
        source = next(one for one in self.needs if one.name == name)
        wanted = _key(bound[name])
        names = {**self.constants, **bound}
        return [one for one in self.population.all(source.among)
                if (wanted in {_key(value) for value in select(one, source.value, names)}) is bool(need.holds)]

    def _values(self, need: Need, fitting: Sequence[Resource], names: Mapping[str, Any]) -> Iterator[Any]:
        """The values of the fitting resources, those that few of all resources hold first."""
        offered: dict[str, Any] = {}
        for resource in fitting:
            for value in select(resource, need.value, names):
                if value not in (None, ""):
                    offered.setdefault(_key(value), value)
        everyone = self.population.all(need.among)
        holders = dict.fromkeys(offered, 0)
        for resource in everyone:
            for key in {_key(value) for value in select(resource, need.value, names)} & set(offered):
                holders[key] += 1
        keys = [key for key in offered if need.pick == "any" or holders[key] < len(everyone)]
        for key in sorted(keys, key=lambda one: (*_preference(holders[one]), self._shuffle(need, one))):
            yield offered[key]

    def _shuffle(self, need: Need, text: str) -> str:
        return hashlib.sha256(f"{self.seed}|{need.name}|{text}".encode()).hexdigest()


def _preference(holders: int) -> tuple[int, int]:
    """Two to twenty holders first, fewest first; then one; then many."""
    if 2 <= holders <= _FEW:
        return 0, holders
    return (1, 0) if holders < 2 else (2, holders)


def _key(value: Any) -> str:
    """What makes two values the same value: a Coding is its system and code, whatever its display."""
    if isinstance(value, dict) and "code" in value and "value" not in value:
        return json.dumps([value.get("system"), value["code"]])
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
