"""The resources of the server, with one inverted index per search parameter, built when it is first used."""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

from conformance.reference import extract
from conformance.reference.parameters import PARAMETERS
from conformance.reference.values import fold

Resource = dict[str, Any]
Ordinals = set[int]


class Index:
    """Which resources hold which value, by their rank in the store."""

    def __init__(self, rows: Iterable[tuple[int, Iterable[Hashable]]]) -> None:
        self.by: dict[Any, Ordinals] = defaultdict(set)
        self.present: Ordinals = set()
        for ordinal, values in rows:
            for value in values:
                self.by[value].add(ordinal)
                self.present.add(ordinal)
        self._groups: dict[int, dict[Any, Ordinals]] = {}
        self._words: list[tuple[str, str]] | None = None

    def where(self, selects: Callable[[Any], bool]) -> Ordinals:
        """The resources one of whose values is selected; the test runs once per distinct value."""
        return set().union(*(ordinals for value, ordinals in self.by.items() if selects(value)))

    def part(self, position: int, value: Hashable) -> Ordinals:
        """The resources one of whose values, a tuple, holds a part at a position."""
        if position not in self._groups:
            group: dict[Any, Ordinals] = defaultdict(set)
            for key, ordinals in self.by.items():
                group[key[position]] |= ordinals
            self._groups[position] = group
        return self._groups[position].get(value, set())

    def starting(self, text: str) -> Ordinals:
        """The resources one of whose strings starts with the folded text."""
        if self._words is None:
            self._words = sorted((fold(value), value) for value in self.by)
        start = bisect.bisect_left(self._words, (text, ""))
        found: Ordinals = set()
        for folded, value in self._words[start:]:
            if not folded.startswith(text):
                break
            found |= self.by[value]
        return found


@dataclass(slots=True)
class _Table:
    items: list[Resource] = field(default_factory=list)
    ranks: dict[str, int] = field(default_factory=dict)
    indexes: dict[str, Index] = field(default_factory=dict)


class Store:
    """Resources in memory, by type and id, in the order in which they came."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._tables: dict[str, _Table] = defaultdict(_Table)
        self._next = 0
        for resource in resources:
            self.put(resource)

    def put(self, resource: Resource) -> None:
        """Adds a resource, or replaces the one of the same type and id."""
        table = self._tables[resource["resourceType"]]
        key = str(resource["id"])
        if key in table.ranks:
            table.items[table.ranks[key]] = resource
        else:
            table.ranks[key] = len(table.items)
            table.items.append(resource)
        if key.isdecimal() and len(key) < 12:
            self._next = max(self._next, int(key))
        table.indexes.clear()

    def new_id(self) -> str:
        """A technical id that no resource has."""
        self._next += 1
        return str(self._next)

    def kinds(self) -> tuple[str, ...]:
        """The types of which there are resources."""
        return tuple(self._tables)

    def count(self, kind: str) -> int:
        """How many resources of a type there are."""
        return len(self._tables[kind].items) if kind in self._tables else 0

    def at(self, kind: str, ordinal: int) -> Resource:
        """The resource of a type at a rank."""
        return self._tables[kind].items[ordinal]

    def rank(self, kind: str, key: str) -> int | None:
        """The rank of a resource by its id; None when there is none."""
        return self._tables[kind].ranks.get(key) if kind in self._tables else None

    def get(self, kind: str, key: str) -> Resource | None:
        """A resource by its type and id."""
        rank = self.rank(kind, key)
        return None if rank is None else self.at(kind, rank)

    def index(self, kind: str, name: str) -> Index:
        """The index of a search parameter; ``:of-type`` after ``identifier`` names the one of typed identifiers."""
        table = self._tables[kind]
        if name not in table.indexes:
            read = extract.typed_identifiers if name == "identifier:of-type" else PARAMETERS[kind][name].extract
            table.indexes[name] = Index((rank, read(resource)) for rank, resource in enumerate(table.items))
        return table.indexes[name]

    def everything(self, kind: str) -> Ordinals:
        """All the ranks of a type."""
        return set(range(self.count(kind)))

    def referenced(self, kind: str, name: str, ordinals: Iterable[int], target: str) -> Ordinals:
        """The ranks of the resources of type ``target`` that a reference parameter of these resources leads to."""
        found: Ordinals = set()
        read = PARAMETERS[kind][name].extract
        for ordinal in ordinals:
            for reference in read(self.at(kind, ordinal)):
                there, _, key = str(reference).partition("/")
                rank = self.rank(there, key) if there == target else None
                if rank is not None:
                    found.add(rank)
        return found

    def referencing(self, kind: str, name: str, target: str, ordinals: Iterable[int]) -> Ordinals:
        """The ranks of the resources of type ``kind`` whose reference parameter leads to one of the targets."""
        by = self.index(kind, name).by
        found: Ordinals = set()
        for ordinal in ordinals:
            found |= by.get(f"{target}/{self.at(target, ordinal)['id']}", set())
        return found
