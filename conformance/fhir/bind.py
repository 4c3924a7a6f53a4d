"""Choosing, in the candidate's own data, the values that a scenario needs.

Each need offers candidates in order of preference; the first choice under which every later need is met too is
taken. A value that a few resources have, and not all, is preferred: it lets a search show what it leaves out.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from conformance.fhir.bundle import Resource, reference_key
from conformance.fhir.census import Census, key_of
from conformance.fhir.path import select
from conformance.model import Need

_TRIES = 400
_FEW = 20


class Unbound(Exception):
    """The candidate's data has no value for a need; ``need`` is the first that could not be met."""

    def __init__(self, need: Need) -> None:
        self.need = need
        super().__init__(need.name)


Usable = Callable[[str, Any], bool]


def bind(
    needs: Sequence[Need], census: Census, seed: str, usable: Usable = lambda _name, _value: True
) -> dict[str, Any]:
    """The values of all needs; Unbound when the data cannot carry them.

    ``usable`` tells of the name of a need and a value whether the scenario can do anything with it.
    """
    search = _Search(needs, census, seed, usable)
    found = search.solve(0, {})
    if found is None:
        raise Unbound(needs[search.furthest])
    return found


class _Search:
    def __init__(self, needs: Sequence[Need], census: Census, seed: str, usable: Usable) -> None:
        self.needs, self.census, self.seed, self.usable = needs, census, seed, usable
        self.furthest, self.tries = 0, 0

    def solve(self, index: int, bound: dict[str, Any]) -> dict[str, Any] | None:
        if index == len(self.needs):
            return bound
        self.furthest = max(self.furthest, index)
        for value in self._choices(self.needs[index], bound):
            if not self.usable(self.needs[index].name, value):
                continue
            self.tries += 1
            found = self.solve(index + 1, {**bound, self.needs[index].name: value})
            if found is not None:
                return found
            if self.tries > _TRIES:
                return None
        return None

    def _choices(self, need: Need, bound: Mapping[str, Any]) -> Iterator[Any]:
        names = {**self.census.constants, **bound}
        if need.among and need.value:
            yield from self._values(need, names)
            return
        for resource in self._turned(need, self._resources(need, bound)):
            if need.where and not self.census.fits(resource, need.where, names):
                continue
            if not need.value:
                yield resource
            else:
                yield from (value for value in select(resource, need.value, names) if value not in (None, ""))

    def _resources(self, need: Need, bound: Mapping[str, Any]) -> Sequence[Resource]:
        if need.among:
            return self.census.population.all(need.among)
        if need.holds or need.lacks:
            return self._holding(need, bound)
        start = bound[need.of]
        if not isinstance(start, dict):
            return []
        if not need.follow:
            return [start]
        keys = [reference_key(str(item["reference"])) for item in select(start, need.follow)
                if isinstance(item, dict) and "reference" in item]
        return [found for key in keys if (found := self.census.population.get(key)) is not None]

    def _holding(self, need: Need, bound: Mapping[str, Any]) -> Sequence[Resource]:
        """The resources that have an earlier value, or those that do not."""
        name = need.holds or need.lacks
        source = next(one for one in self.needs if one.name == name)
        held = self.census.holders(source.among, source.value, {**self.census.constants, **bound})
        having = held.by_value.get(key_of(bound[name]), [])
        if need.holds:
            return having
        ids = {id(one) for one in having}
        return [one for one in self.census.population.all(source.among) if id(one) not in ids]

    def _values(self, need: Need, names: Mapping[str, Any]) -> Iterator[Any]:
        """The values of the fitting resources, those that few of all resources hold first."""
        held = self.census.holders(need.among, need.value, names)
        everyone = self.census.population.all(need.among)
        offered: dict[Any, None] = dict.fromkeys(held.values)
        if need.where:
            offered = {key: None for one in everyone if held.of_resource[id(one)]
                       and self.census.fits(one, need.where, names) for key in held.of_resource[id(one)]}
        keys = [key for key in self._turned(need, list(offered))
                if need.pick == "any" or len(held.by_value[key]) < len(everyone)]
        keys.sort(key=lambda key: _preference(len(held.by_value[key])))
        for key in keys:
            yield held.values[key]

    def _turned(self, need: Need, items: Sequence[Any]) -> Sequence[Any]:
        """The items in an order that depends on the seed, the same on every machine."""
        if not items:
            return items
        start = zlib.crc32(f"{self.seed}|{need.name}".encode()) % len(items)
        return [*items[start:], *items[:start]]


def _preference(holders: int) -> tuple[int, int]:
    """Two to twenty holders first, fewest first; then one; then many."""
    if 2 <= holders <= _FEW:
        return 0, holders
    return (1, 0) if holders < 2 else (2, holders)
