"""The connectivity matrix as a page: a heat map of links, each of which leads to why a cell is what it is. It is whole
without a script, which adds filters and the keys of a grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from conformance import figures
from conformance.cells import EFFECTIVE, STATES, STEPS, Cell
from conformance.figures import Note
from conformance.report import render, texts
from conformance.report.grid import Grid, Pair
from conformance.specification import Text

SIGNS: Mapping[str, str] = dict(zip(STATES, ("✓", "◐", "✗", "–"), strict=True))
_MOST = 4000  # cells, above which those that are effective have no part of their own


@dataclass(frozen=True)
class Row:
    """A member that asks, and its cells by the order of those who answer; None for itself."""

    member: Mapping[str, Any]
    cells: list[Cell | None]


def html(made: Grid) -> str:
    """One self-contained page in French and English."""
    rors = made.of("ror")
    rows = [Row(one, [made.cells.get((one["id"], other["id"])) for other in rors]) for one in made.members]
    return render.page(
        "matrix.html.j2", beside="matrix", made=made, rows=rows, columns=rors, signs=SIGNS, steps=STEPS,
        names={one["id"]: one["name"] for one in made.members}, rates=figures.rates(made.members, made.cells),
        by=figures.shares(made.members, made.cells), sides=figures.sides(made.cells), w=words, told=told, share=share,
        note=note, detail=made.cells if len(made.cells) <= _MOST else _broken(made),
        cases=sorted({case for one in made.cells.values() for case in one.scenarios}))


def words(key: str, **filled: object) -> Markup:
    """Words of the matrix in both languages, with values put in; of a use case those of reports."""
    found = texts.matrix().get(key) or texts.interface()[key]
    return render.both(Text(*(render.put(one, filled) for one in (found.fr, found.en))))


def told(key: str) -> str:
    """The same as a plain text in both languages, for a title."""
    found = texts.matrix()[key]
    return found.fr if found.fr == found.en else f"{found.fr} / {found.en}"


def note(one: Note, names: Mapping[str, str]) -> Markup:
    """A note in both languages, members by their names."""
    return words(f"note.{one.code}", requester=names.get(one.requester, ""), responder=names.get(one.responder, ""))


def share(counted: Mapping[str, int]) -> str:
    """A rate in whole percent; empty where there is nothing to count."""
    total = counted["total"]
    return f"{percent(counted[EFFECTIVE], total)} %" if total else ""


def percent(part: int, total: int) -> int:
    """Whole percent, halves upwards."""
    return (200 * part + total) // (2 * total)


def _broken(made: Grid) -> Mapping[Pair, Cell]:
    return {pair: one for pair, one in made.cells.items() if one.state != EFFECTIVE}
