"""_sort: ranks in the order of one or more parameters, those without value last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.reference.parameters import PARAMETERS
from conformance.reference.store import Store
from conformance.reference.values import fold

_KEYS: dict[str, Callable[[Any], Any]] = {
    "token": lambda pair: (pair[1], pair[0]),
    "string": fold,
    "quantity": lambda quantity: quantity[0],
    "date": lambda span: span[0],
    "number": lambda number: number,
    "reference": lambda reference: reference,
}


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key: the path of reference parameters to follow, then the parameter; descending after a hyphen."""

    path: tuple[str, ...]
    descending: bool


def read(kind: str, text: str) -> SortKey | None:
    """One key of _sort on a type; a chain by dots is accepted, as the guide writes it. None when not known."""
    descending = text.startswith("-")
    path = tuple(text.removeprefix("-").split("."))
    for name in path[:-1]:
        parameter = PARAMETERS[kind].get(name)
        if parameter is None or parameter.kind != "reference":
            return None
        kind = parameter.target
    last = PARAMETERS[kind].get(path[-1])
    return SortKey(path, descending) if last is not None and last.kind in _KEYS else None


def ordered(store: Store, kind: str, ranks: Iterable[int], keys: Sequence[SortKey]) -> list[int]:
    """The ranks sorted by the keys; equal ones stay in the order of the store."""
    found = sorted(ranks)
    for key in reversed(keys):
        held = {rank: _value(store, kind, rank, key) for rank in found}
        with_value = [rank for rank in found if held[rank] is not None]
        without = [rank for rank in found if held[rank] is None]
        with_value.sort(key=lambda rank: held[rank], reverse=key.descending)
        found = with_value + without
    return found


def _value(store: Store, kind: str, rank: int, key: SortKey) -> Any:
    """The smallest value of a resource, the greatest one for a descending order; None when it has none."""
    ranks = {rank}
    for name in key.path[:-1]:
        target = PARAMETERS[kind][name].target
        ranks = store.referenced(kind, name, ranks, target)
        kind = target
    parameter = PARAMETERS[kind][key.path[-1]]
    read_key = _KEYS[parameter.kind]
    found = [read_key(value) for each in ranks for value in parameter.extract(store.at(kind, each))]
    if not found:
        return None
    return max(found) if key.descending else min(found)
