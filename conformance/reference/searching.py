"""A search from its parameters to the ordered ranks of its matches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from conformance.reference import includes, ordering
from conformance.reference.criteria import Criteria
from conformance.reference.fault import Fault, Pairs
from conformance.reference.includes import Include
from conformance.reference.ordering import SortKey
from conformance.reference.proximity import Circle, around_commune, around_point
from conformance.reference.refusal import Refusal, UnknownParameter, bad_value
from conformance.reference.store import Ordinals, Store

PAGE_SIZE = 200
_SHAPING = frozenset(("_format", "_pretty", "_total", "_elements", "_page"))


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a search in a store: matches in order, what to include, page size, parameters really used."""

    store: Store
    kind: str
    ranks: tuple[int, ...]
    used: Pairs
    size: int
    includes: tuple[Include, ...] = ()
    circles: tuple[Circle, ...] = ()


@dataclass(slots=True)
class _Plan:
    sets: list[Ordinals] = field(default_factory=list)
    used: list[tuple[str, str]] = field(default_factory=list)
    includes: list[Include] = field(default_factory=list)
    keys: list[SortKey] = field(default_factory=list)
    circles: list[Circle] = field(default_factory=list)
    size: int = PAGE_SIZE
    maximum: int = PAGE_SIZE


def search(
    store: Store, kind: str, pairs: Pairs, now: datetime, *, strict: bool = False, fault: Fault | None = None
) -> Found:
    """The matches of a search; Refusal (400) when it cannot be executed; ``strict`` refuses unknown parameters."""
    plan = _Plan()
    if fault is not None and fault.page_sizes is not None:
        plan.size, plan.maximum = fault.page_sizes
    criteria = Criteria(store, now)
    for name, value in pairs:
        known = _shape(plan, kind, name, value)
        if known is None:
            known = _criterion(plan, store, criteria, kind, name, value)
        if known:
            plan.used.append((name, value) if name != "_count" else (name, str(plan.size)))
        elif strict and name not in _SHAPING:
            raise Refusal(400, "not-supported", f"parameter {name} is not supported")
    combine = fault.combine if fault is not None and fault.combine is not None else _all_of
    ranks = combine(plan.sets) if plan.sets else store.everything(kind)
    ordered = ordering.ordered(store, kind, ranks, plan.keys)
    if fault is not None and fault.matches is not None:
        ordered = fault.matches(ordered)
    return Found(store, kind, tuple(ordered), tuple(plan.used), plan.size, tuple(plan.includes), tuple(plan.circles))


def _all_of(sets: Sequence[Ordinals]) -> Ordinals:
    first, *rest = sorted(sets, key=len)
    return first.intersection(*rest)


def _shape(plan: _Plan, kind: str, name: str, value: str) -> bool | None:
    """Applies a parameter that shapes the result: True when used, False when ignored, None when it is a criterion."""
    word = name.partition(":")[0]
    if word in ("_include", "_revinclude"):
        include = includes.read(name, value)
        if include is not None:
            plan.includes.append(include)
        return include is not None
    if name == "_count":
        if not value.isdecimal():
            raise bad_value(name, value, "a whole number")
        plan.size = min(int(value), plan.maximum)
        return True
    if name == "_sort":
        keys = [ordering.read(kind, text) for text in value.split(",")]
        plan.keys += [key for key in keys if key is not None]
        return None not in keys
    if name == "_summary":
        plan.size = 0 if value == "count" else plan.size
        return value in ("count", "false")
    return False if name in _SHAPING else None


def _criterion(plan: _Plan, store: Store, criteria: Criteria, kind: str, name: str, value: str) -> bool:
    """Evaluates a criterion; False when it is unknown or empty, so that it is ignored."""
    if not value:
        return False
    try:
        plan.sets.append(criteria.select(kind, name, value))
    except UnknownParameter:
        return False
    word = name.rpartition(".")[2]
    for text in value.split(","):
        circle = (
            around_point(text)
            if word == "near"
            else around_commune(text, store)[1]
            if word == "near-insee-code"
            else None
        )
        if circle is not None:
            plan.circles.append(circle)
    return True
