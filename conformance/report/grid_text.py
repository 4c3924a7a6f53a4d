"""The connectivity matrix as a table (CSV) and as a summary for a page of a CI (Markdown)."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict

from conformance import figures
from conformance.report import texts
from conformance.report.grid import Grid
from conformance.report.grid_page import SIGNS, share
from conformance.report.render import put, safe

_COLUMNS = ("requester", "responder", "observed", "step", "cause", "side", "requirement", "scenario", "detail",
            "deduced", "profile", "tls", "exchanges", "seconds", "at", "vantage")
_MOST = 30  # members whose matrix a page of text can hold


def as_csv(made: Grid) -> str:
    """One line for each cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    side = figures.sides(made.cells)
    for pair, one in made.cells.items():
        why = one.broken
        deduced = made.deductions.get(pair)
        writer.writerow([safe(value) for value in (
            one.requester, one.responder, one.state, why.step if why else "", why.cause if why else "",
            side.get(pair, ""), why.requirement if why else "", why.scenario if why else "", why.detail if why else "",
            deduced.answer if deduced else "", one.profile, one.tls, one.exchanges, one.seconds, one.at, one.vantage)])
    return out.getvalue()


def markdown(made: Grid) -> str:
    """Rates, causes and notes, in English; the matrix itself where it is small enough."""
    words = texts.matrix()
    lines = [f"# {words['title'].en}", ""]
    if not made.complete:
        lines += [words["incomplete"].en, ""]
    lines += ["| | effective | of | % | both ways | of |", "|---|---:|---:|---:|---:|---:|"]
    for name, told in figures.rates(made.members, made.cells).items():
        ordered, both = told["ordered"], told["unordered"]
        lines.append(f"| {words[name].en} | {ordered['effective']} | {ordered['total']} | {share(ordered)} | "
                     f"{both['effective']} | {both['total']} |")
    causes = figures.shares(made.members, made.cells)["causes"]
    if causes:
        lines += ["", f"## {words['causes'].en}", "", "| cause | connections |", "|---|---:|"]
        lines += [f"| {words['cause.' + one['cause']].en} {one['requirement']}".rstrip() + f" | {one['cells']} |"
                  for one in causes]
    if made.notes:
        lines += ["", f"## {words['notes'].en}", ""]
        lines += [f"- {put(words['note.' + one.code].en, asdict(one))}" for one in made.notes]
    columns = made.of("ror")
    if len(made.members) <= _MOST:
        lines += ["", "| | " + " | ".join(one["id"] for one in columns) + " |", "|---" * (len(columns) + 1) + "|"]
        for one in made.members:
            cells = [made.cells.get((one["id"], other["id"])) for other in columns]
            lines.append(f"| {one['id']} | " + " | ".join(SIGNS[cell.state] if cell else " " for cell in cells) + " |")
    return "\n".join([*lines, ""])
