"""What changed between two releases of the nomenclatures: what came and went, code by code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from conformance.nomenclature import Nomenclature, Release


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not the same: a nomenclature or a code of it that was added, removed or changed."""

    change: str
    nomenclature: str
    system: str = ""
    code: str = ""
    before: str = ""
    after: str = ""


def differences(before: Release, after: Release) -> Iterator[Change]:
    """All that differs, by nomenclature, then by system and code."""
    old, new = set(before.names()), set(after.names())
    for name in sorted(old | new):
        if name not in old:
            yield Change("added", name)
        elif name not in new:
            yield Change("removed", name)
        else:
            yield from _of_one(before.nomenclature(name), after.nomenclature(name))


def _of_one(before: Nomenclature, after: Nomenclature) -> Iterator[Change]:
    if before.complete != after.complete:
        yield Change("changed", before.name, before=_content(before), after=_content(after))
    old = {(one.system, one.code): f"{one.status} {one.until}".strip() or one.display for one in before.codes}
    new = {(one.system, one.code): f"{one.status} {one.until}".strip() or one.display for one in after.codes}
    for system, code in sorted({*old, *new}):
        was, now = old.get((system, code)), new.get((system, code))
        if was is None:
            yield Change("added", before.name, system, code, "", now or "")
        elif now is None:
            yield Change("removed", before.name, system, code, was, "")
        elif was != now:
            yield Change("changed", before.name, system, code, was, now)


def _content(one: Nomenclature) -> str:
    return "complete" if one.complete else "partial"
