"""_include and _revinclude: which further resources travel with the matches of a page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from conformance.reference.parameters import PARAMETERS
from conformance.reference.store import Store

Key = tuple[str, int]
# the guide writes _include=PractitionerRole:practitioner without :iterate and expects it to reach the
# PractitionerRole that _revinclude brought; R4 would ask for :iterate
_REACHES_INCLUDED = frozenset((("PractitionerRole", "practitioner"),))


@dataclass(frozen=True, slots=True)
class Include:
    """One inclusion: from a resource type by a reference parameter, forwards or backwards."""

    kind: str
    parameter: str
    target: str
    reverse: bool
    iterate: bool


def read(name: str, value: str) -> Include | None:
    """The inclusion of ``_include[:iterate]=Type:parameter[:Target]`` or _revinclude; None when it is not known."""
    word, _, modifier = name.partition(":")
    kind, _, rest = value.partition(":")
    parameter, _, target = rest.partition(":")
    known = PARAMETERS.get(kind, {}).get(parameter)
    if modifier not in ("", "iterate") or known is None or known.kind != "reference":
        return None
    if target and target != known.target:
        return None
    return Include(kind, parameter, known.target, word == "_revinclude", modifier == "iterate")


def included(store: Store, kind: str, matches: Iterable[int], includes: Iterable[Include]) -> list[Key]:
    """The resources that the inclusions bring, in the order found, without the matches and without doubles."""
    first = [(kind, rank) for rank in matches]
    seen = dict.fromkeys(first)
    once = [each for each in includes if not each.iterate]
    again = [each for each in includes if each.iterate]
    again += [each for each in once if (each.kind, each.parameter) in _REACHES_INCLUDED and not each.reverse]
    level = _follow(store, first, [*once, *again], seen)
    while level:
        level = _follow(store, level, again, seen)
    return list(seen)[len(first) :]


def _follow(store: Store, level: list[Key], includes: Iterable[Include], seen: dict[Key, None]) -> list[Key]:
    found: list[Key] = []
    for include in includes:
        start, end = (include.target, include.kind) if include.reverse else (include.kind, include.target)
        ranks = [rank for kind, rank in level if kind == start]
        if not ranks:
            continue
        if include.reverse:
            reached = store.referencing(include.kind, include.parameter, include.target, ranks)
        else:
            reached = store.referenced(include.kind, include.parameter, ranks, include.target)
        for rank in sorted(reached):
            if (end, rank) not in seen:
                seen[end, rank] = None
                found.append((end, rank))
    return found
