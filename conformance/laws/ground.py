"""What can be asked of a candidate: its search parameters, with values that its own resources hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.fhir import dates
from conformance.fhir.bundle import Resource, key_of, reference_key
from conformance.fhir.population import Population
from conformance.fhir.search import Searcher, escaped, token_pairs
from conformance.laws.contract import Contract, contract
from conformance.specification import Profile, SearchParameter

_MOST = 60  # values of a parameter
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$")


@dataclass(frozen=True, slots=True)
class Source:
    """A search parameter of a type, with values that some of its known resources hold, the shortest first. ``share``
    tells of each value how many of them answer it; ``total`` how many there are; ``single`` whether none of them has
    more than one, each a moment."""

    name: str
    type: str
    values: tuple[str, ...]
    share: Mapping[str, int]
    total: int
    single: bool

    def dividing(self) -> tuple[str, ...]:
        """The values that some resources answer and not all."""
        return tuple(one for one in self.values if self.share[one] < self.total)


class Ground:
    """The sources of every type, found once and kept while nothing more is known."""

    def __init__(self, profile: Profile, population: Population) -> None:
        self.profile, self.population = profile, population
        self._searcher = Searcher(profile.search_parameters, population.get, lambda _kind, _by, _key: None)
        self._sources: dict[tuple[str, int], tuple[Source, ...]] = {}

    @property
    def contract(self) -> Contract:
        """The contract of the profile."""
        return contract(self.profile)

    def sources(
        self, kind: str, types: Iterable[str] = (), names: Sequence[str] = ()
    ) -> list[Source]:
        """The parameters of a resource type that hold values, of some types of parameters and some names where they
        are given."""
        known = self.population.all(kind)
        key = kind, len(known)
        if key not in self._sources:
            self._sources[key] = tuple(self._found(kind, known))
        wanted = set(types)
        return [one for one in self._sources[key] if (not wanted or one.type in wanted)
                and (not names or one.name in names)]

    def resources(self, kind: str) -> Sequence[Resource]:
        """The known resources of a type."""
        return self.population.all(kind)

    def targets(self, parameter: SearchParameter, resource: Resource) -> list[str]:
        """The ``Type/id`` that a reference parameter finds in a resource."""
        return [reference_key(str(item["reference"])) for item in self._searcher.values(resource, parameter)
                if isinstance(item, dict) and isinstance(item.get("reference"), str)]

    def _found(self, kind: str, known: Sequence[Resource]) -> Iterator[Source]:
        for (resource, name), parameter in self.profile.search_parameters.items():
            if resource != kind or not parameter.expression or not parameter.declared or parameter.draft:
                continue
            make = _MAKERS.get(parameter.type)
            if make is None:
                continue
            share: dict[str, int] = {}
            single = True
            for one in known:
                texts = set(self._texts(one, parameter, make))
                single = single and len(texts) <= 1 and all(map(instant, texts))
                for text in texts:
                    share[text] = share.get(text, 0) + 1
            values = tuple(sorted(share, key=lambda text: (len(text), text))[:_MOST])
            if values:
                yield Source(name, parameter.type, values, share, len(known), single)

    def _texts(
        self, resource: Resource, parameter: SearchParameter, make: Callable[[Any], Iterable[str]]
    ) -> Iterator[str]:
        if parameter.name == "_id":
            yield key_of(resource).partition("/")[2]
            return
        for item in self._searcher.values(resource, parameter):
            yield from make(item)


def _tokens(item: Any) -> Iterator[str]:
    for system, code in token_pairs(item):
        if code:
            yield f"{escaped(system)}|{escaped(code)}" if system else escaped(code)


def _strings(item: Any) -> Iterator[str]:
    if isinstance(item, str) and item.strip():
        yield escaped(item)


def _dates(item: Any) -> Iterator[str]:
    text = item.get("start") if isinstance(item, dict) else item
    if isinstance(text, str) and dates.interval(text) is not None:
        yield text


def _numbers(item: Any) -> Iterator[str]:
    if isinstance(item, int | float) and not isinstance(item, bool):
        yield f"{item}"


def _quantities(item: Any) -> Iterator[str]:
    if isinstance(item, dict):
        for number in _numbers(item.get("value")):
            code = item.get("code") or item.get("unit")
            yield f"{number}|{escaped(str(item.get('system', '')))}|{escaped(str(code))}" if code else number


def _references(item: Any) -> Iterator[str]:
    if isinstance(item, dict) and isinstance(item.get("reference"), str):
        yield reference_key(item["reference"])


_MAKERS: Mapping[str, Callable[[Any], Iterable[str]]] = {
    "token": _tokens, "string": _strings, "date": _dates, "number": _numbers, "quantity": _quantities,
    "reference": _references,
}


def instant(text: str) -> bool:
    """Whether a date names a moment, with its time zone."""
    return bool(_INSTANT.match(text))
