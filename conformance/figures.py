"""What the cells of a matrix come to: counts first, rates only of them; on whose side a connection breaks; what members
declare and what was seen instead. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.cells import EFFECTIVE, MUTUAL_TLS, NAME, NOT_TESTED, SCENARIOS, STATES, TCP, TLS, WHITE_LIST, Cell

ALL = "all"
# of a capability statement that came
_READ = ("capability.unreadable", "capability.other-version", "capability.no-search", "capability.no-shared-profile")
Member = Mapping[str, Any]
Cells = Mapping[tuple[str, str], Cell]
# on whose side what broke is, as the other cells show it
REQUESTER, RESPONDER, PAIR, UNKNOWN = "requester", "responder", "pair", "unknown"


@dataclass(frozen=True, slots=True)
class Note:
    """Something that cells tell together, or that contradicts what was declared: a code of ``matrix.yaml``, and who."""

    code: str
    requester: str = ""
    responder: str = ""
    detail: str = ""


def counts(cells: Iterable[Cell], state: Callable[[Cell], str] = lambda one: one.state) -> dict[str, int]:
    """How many cells are in each state, and in all."""
    found = dict.fromkeys(STATES, 0)
    for one in cells:
        found[state(one)] += 1
    return {**found, "total": sum(found.values())}


def rates(members: Sequence[Member], cells: Cells) -> dict[str, dict[str, dict[str, int]]]:
    """The connections between RORs that are effective: on the metropolitan ones and on all, of ordered pairs (who asks
    whom) and of unordered ones (both ways)."""
    found = {}
    for name, those in (("metropolitan", [one for one in members if one.get("metropolitan")]),
                        (ALL, [one for one in members if one["kind"] == "ror"])):
        ids = [one["id"] for one in those]
        ordered = [cells[a, b] for a in ids for b in ids if (a, b) in cells]
        both = [(cells[a, b], cells[b, a]) for at, a in enumerate(ids) for b in ids[at + 1 :]
                if (a, b) in cells and (b, a) in cells]
        found[name] = {"ordered": counts(ordered), "unordered": {
            "effective": sum(one.state == other.state == EFFECTIVE for one, other in both),
            "one-way": sum((one.state == EFFECTIVE) is not (other.state == EFFECTIVE) for one, other in both
                           if NOT_TESTED not in (one.state, other.state)),
            "not-tested": sum(NOT_TESTED in (one.state, other.state) for one, other in both),
            "total": len(both)}}
    return found


def shares(members: Sequence[Member], cells: Cells) -> dict[str, list[dict[str, Any]]]:
    """The same counts by pairs of solutions, by region of who asks and of who is asked, by use case, by requester that
    is an application, and by cause."""
    known = {one["id"]: one for one in members}
    between = [one for one in cells.values() if known[one.requester]["kind"] == "ror"]
    others = [one for one in cells.values() if known[one.requester]["kind"] != "ror"]

    def solution(name: str) -> str:
        return str(known[name].get("solution") or "")

    def region(name: str) -> str:
        return str(known[name].get("region", ""))

    cases = sorted({case for one in cells.values() for case in one.use_cases})
    return {
        "solutions": _by(between, lambda one: {"requester": solution(one.requester),
                                               "responder": solution(one.responder)}),
        "requester-regions": _by(between, lambda one: {"region": region(one.requester), "id": one.requester}),
        "responder-regions": _by(between, lambda one: {"region": region(one.responder), "id": one.responder}),
        "use-cases": [{"use-case": case, **_of_case(cells.values(), case)} for case in cases],
        "applications": _by(others, lambda one: {"id": one.requester}),
        "causes": _causes(cells.values()),
    }


def _of_case(cells: Iterable[Cell], case: str) -> dict[str, int]:
    """The counts of those that a use case was to be tried with."""
    return counts((one for one in cells if case in one.use_cases), lambda one: one.of(case))


def _by(cells: Iterable[Cell], key: Callable[[Cell], dict[str, str]]) -> list[dict[str, Any]]:
    groups: dict[tuple[tuple[str, str], ...], list[Cell]] = {}
    for one in cells:
        groups.setdefault(tuple(key(one).items()), []).append(one)
    return [{**dict(names), **counts(those)} for names, those in sorted(groups.items())]


def _causes(cells: Iterable[Cell]) -> list[dict[str, Any]]:
    """Why cells are not effective, most frequent first."""
    found: dict[tuple[str, str], int] = {}
    for one in cells:
        if one.broken is not None:
            key = one.broken.cause, one.broken.requirement
            found[key] = found.get(key, 0) + 1
    return [{"cause": cause, "requirement": requirement, "cells": count}
            for (cause, requirement), count in sorted(found.items(), key=lambda item: (-item[1], item[0]))]


def sides(cells: Cells) -> dict[tuple[str, str], str]:
    """On whose side each cell breaks, as far as the others tell: on that of a responder whom nobody reaches, of a
    requester whom nobody lets in, or between the two where both get on with others."""
    reached = {one.responder for one in cells.values() if _through(one)}
    let_in = {one.requester for one in cells.values() if _through(one)}
    return {pair: _side(one, one.requester in let_in, one.responder in reached)
            for pair, one in cells.items() if one.broken is not None and one.state != NOT_TESTED}


def _side(one: Cell, here: bool, there: bool) -> str:
    if (here and there) or _through(one):
        return PAIR
    if here is not there:
        return RESPONDER if here else REQUESTER
    step = one.broken.step if one.broken is not None else ""
    return RESPONDER if step in (NAME, TCP, TLS) else REQUESTER if step == MUTUAL_TLS else UNKNOWN


def _through(one: Cell) -> bool:
    """Whether a request was let in, and answered."""
    return one.state != NOT_TESTED and (one.broken is None or one.broken.step == SCENARIOS or one.broken.cause in _READ)


def notes(members: Sequence[Member], cells: Cells) -> list[Note]:
    """What cells tell together, and where white lists are not what is declared."""
    return [*_alone(members, cells), *_lists(members, cells)]


def _alone(members: Sequence[Member], cells: Cells) -> Iterator[Note]:
    """Members that nobody reaches, or that reach nobody."""
    for one in members:
        asked = [cell for cell in cells.values() if cell.responder == one["id"] and cell.state != NOT_TESTED]
        asks = [cell for cell in cells.values() if cell.requester == one["id"] and cell.state != NOT_TESTED]
        if len(asked) > 1 and not any(map(_through, asked)):
            yield Note("nobody-reaches", responder=one["id"], detail=_frequent(asked))
        if len(asks) > 1 and not any(map(_through, asks)):
            yield Note("reaches-nobody", requester=one["id"], detail=_frequent(asks))


def _frequent(cells: Iterable[Cell]) -> str:
    found = [one.broken.cause for one in cells if one.broken is not None]
    return max(sorted(set(found)), key=found.count, default="")


def _lists(members: Sequence[Member], cells: Cells) -> Iterator[Note]:
    for one in members:
        listed = one.get("lets-in")
        if listed is None:
            continue
        for cell in cells.values():
            if cell.responder != one["id"] or cell.state == NOT_TESTED:
                continue
            named = ALL in listed or cell.requester in listed
            if _through(cell) and not named:
                yield Note("let-in-though-not-listed", cell.requester, one["id"])
            elif named and cell.broken is not None and cell.broken.step == WHITE_LIST:
                yield Note("refused-though-listed", cell.requester, one["id"], cell.broken.cause)
