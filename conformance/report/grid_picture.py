"""The connectivity matrix as a picture to put into a document: SVG or PNG."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from conformance import figures
from conformance.cells import STATES
from conformance.report import texts
from conformance.report.grid import Grid
from conformance.report.grid_page import SIGNS, share

# told apart by people who see colours otherwise (after Okabe and Ito), and by a sign of its own each
COLOURS: Mapping[str, tuple[str, str]] = dict(zip(STATES, (
    ("#0072b2", "#ffffff"), ("#f3cf4a", "#1b1f24"), ("#b8390a", "#ffffff"), ("#e3e6ea", "#3b434b")), strict=True))
_SELF, _SOFT = "#ffffff", "#57606a"
_SIDE, _SMALL = 0.27, 0.13  # inches of a cell, and of one of many
_MANY = 40


def draw(made: Grid, form: str, language: str = "fr") -> bytes:
    """The picture in one language, as ``svg`` or ``png``: rates, cells by colour and sign, and what these mean. The
    same matrix gives the same bytes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"font.family": "DejaVu Sans", "svg.hashsalt": "rorqual", "svg.fonttype": "none"}):
        columns, rows = made.of("ror"), made.members
        side = _SIDE if len(columns) <= _MANY else _SMALL
        figure = Figure(figsize=(max(side * len(columns) + 3.4, 6.8), side * len(rows) + 4.3), layout="constrained")
        axes = figure.add_subplot()
        _cells(axes, made, side)
        words = texts.matrix()
        axes.set_ylabel(f"{getattr(words['requester'], language)} →", color=_SOFT, fontsize=9)
        axes.set_xlabel(f"{getattr(words['responder'], language)} ↓", color=_SOFT, fontsize=9)
        axes.xaxis.set_label_position("top")
        figure.suptitle(_title(made, language), x=0.01, ha="left", fontsize=11)
        _legend(figure, language)
        out = io.BytesIO()
        figure.savefig(out, format=form, dpi=160, metadata={"Date": None} if form == "svg" else {"Software": None})
        return out.getvalue()


def _title(made: Grid, language: str) -> str:
    words = texts.matrix()
    lines = [getattr(words["title"], language)]
    for name, told in figures.rates(made.members, made.cells).items():
        one = told["ordered"]
        if one["total"]:
            lines.append(f"{getattr(words[name], language)} : {one['effective']} / {one['total']} ({share(one)})")
    return "\n".join(lines)


def _cells(axes: Any, made: Grid, side: float) -> None:
    from matplotlib.colors import ListedColormap

    columns, rows = made.of("ror"), made.members
    found = [[made.cells.get((one["id"], other["id"])) for other in columns] for one in rows]
    shown = [[STATES.index(cell.state) if cell else len(STATES) for cell in row] for row in found]
    colours = ListedColormap([*(COLOURS[state][0] for state in STATES), _SELF])
    axes.pcolormesh(shown, cmap=colours, vmin=0, vmax=len(STATES), edgecolors="white", linewidth=1)
    axes.invert_yaxis()
    axes.set_aspect("equal")
    for down, row in enumerate(found):
        for at, cell in enumerate(row):
            if cell is not None:
                axes.text(at + 0.5, down + 0.53, SIGNS[cell.state], color=COLOURS[cell.state][1], ha="center",
                          va="center", fontsize=side * 36)
    size = min(9.0, side * 56)
    axes.set_xticks([at + 0.5 for at in range(len(columns))], [_short(one["name"]) for one in columns], rotation=90,
                    fontsize=size)
    axes.set_yticks([at + 0.5 for at in range(len(rows))], [_short(one["name"]) for one in rows], fontsize=size)
    axes.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)


def _legend(figure: Any, language: str) -> None:
    from matplotlib.patches import Patch

    words = texts.matrix()
    handles = [Patch(color=COLOURS[state][0], label=f"{SIGNS[state]} {getattr(words[f'state.{state}'], language)}")
               for state in STATES]
    figure.legend(handles=handles, loc="outside lower left", ncols=len(STATES), frameon=False, fontsize=9,
                  labelcolor=_SOFT)


def _short(name: str) -> str:
    return name if len(name) <= 34 else name[:33] + "…"
