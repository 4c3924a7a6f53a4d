"""What is told of matrices that were tried: shown again, merged, compared, over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from conformance.cells import EFFECTIVE
from conformance.cli import show
from conformance.errors import OperatorError
from conformance.model import Exchange
from conformance.report import curl, excerpt, grid_changes, grid_files, render, texts
from conformance.report.grid import grid, jsonable
from conformance.report.grid_page import share
from conformance.visits import Visits

_COLOURS = {"opened": "green", "broke": "red"}
_FOLDER = click.Path(path_type=Path)
_FORM = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)


def finish(records: Sequence[Path], folder: Path, form: str, old: Mapping[str, Any] | None = None) -> NoReturn:
    """Writes the views of records, tells the figures, and leaves: 1 where a connection broke since ``old``, 6 where the
    record is incomplete."""
    made = grid(records)
    grid_files.write(made, folder)
    told = jsonable(made)
    moved = grid_changes.changes(old, told) if old is not None else None
    if form == "json":
        show.echo_json({"rates": told["rates"], "causes": told["by"]["causes"], "notes": told["notes"],
                        "complete": made.complete, "folder": str(folder),
                        **({"changes": moved} if moved is not None else {})})
    else:
        tell(told)
        if moved is not None:
            tell_changes(moved)
        click.echo(f"\nMatrix: {folder / grid_files.FILES['html']}")
    raise click.exceptions.Exit(1 if moved is not None and moved["broke"] else 0 if made.complete else 6)


def tell(told: Mapping[str, Any]) -> None:
    """Rates, causes and notes, in a screen."""
    words = texts.matrix()
    for name, rate in told["rates"].items():
        one, both = rate["ordered"], rate["unordered"]
        if one["total"]:
            click.secho(f"{words[name].en}: {one['effective']} of {one['total']} ordered pairs effective "
                        f"({share(one)}); both ways {both['effective']} of {both['total']}", bold=True)
    for one in told["by"]["applications"]:
        click.echo(f"{one['id']}: {one['effective']} of {one['total']} RORs ({share(one)})")
    for one in told["by"]["causes"]:
        said = f"{words['cause.' + one['cause']].en} {one['requirement']}".rstrip()
        click.echo(f"  {one['cells']:5} {said}")
    for one in told["notes"]:
        click.echo("  " + render.put(words[f"note.{one['code']}"].en, one))


def tell_changes(moved: Mapping[str, Any]) -> None:
    """What opened, what broke, what fails otherwise."""
    for name in grid_changes.CHANGES:
        for one in moved[name]:
            click.echo(f"{click.style(name, fg=_COLOURS.get(name))}  {one['requester']} → {one['responder']}  "
                       f"{one['before']} → {one['after']}")
    for name in ("appeared", "gone"):
        if moved[name]:
            click.echo(f"{name}: {len(moved[name])} pairs")
    click.echo(f"{len(moved['opened'])} opened, {len(moved['broke'])} broke")


@click.command("show")
@click.argument("folder", type=_FOLDER)
@click.option("--cell", nargs=2, metavar="REQUESTER RESPONDER", help="All exchanges of one pair.")
@_FORM
def again(folder: Path, cell: tuple[str, str] | None, form: str) -> None:
    """Make the matrix of the record in FOLDER again, or show all that was exchanged by one pair."""
    if cell is None:
        finish([folder], folder, form)
    visits = Visits(folder)
    visit = next((one for one in visits if (one.requester, one.responder) == cell), None)
    if visit is None:
        raise OperatorError(f"{folder}: nothing is recorded of {cell[0]} → {cell[1]}")
    found = visits.cell(visit)
    exchanges = [visits.exchange(line) for line in visit.lines if line["type"] == "exchange"]
    if form == "json":
        show.echo_json({"observed": found.state, "cause": found.broken.cause if found.broken else "",
                        "exchanges": [{"id": one.id, "purpose": one.purpose, "request": one.request.url,
                                       "status": _status(one), "curl": curl.command(one)} for one in exchanges]})
        return
    click.secho(f"{cell[0]} → {cell[1]}: {found.state}", bold=True)
    for one in exchanges:
        click.echo(f"{one.id} {one.purpose}  {one.request.method} {one.request.url}\n    {_status(one)}")
        if found.broken is not None and found.broken.exchange == one.id:
            shown = excerpt.around(one.response.body, "") if one.response is not None else ""
            click.echo(f"{shown}\n    {curl.command(one)}")


def _status(one: Exchange) -> str:
    if one.response is not None:
        return f"HTTP {one.response.status}, {len(one.response.body)} bytes, {one.milliseconds:.1f} ms {one.tls}"
    return f"{one.trouble.code}: {one.trouble.detail}" if one.trouble is not None else ""


@click.command("merge")
@click.argument("records", nargs=-1, required=True, type=_FOLDER)
@click.option("--out", type=_FOLDER, required=True, help="Folder of the views.")
@_FORM
def merge(records: tuple[Path, ...], out: Path, form: str) -> None:
    """Tell RECORDS made from several places as one matrix; where they contradict each other, it says so."""
    finish(records, out, form)


@click.command("compare")
@click.argument("before", type=_FOLDER)
@click.argument("after", type=_FOLDER)
@_FORM
def compare(before: Path, after: Path, form: str) -> None:
    """Tell which connections opened and which broke from BEFORE to AFTER (folders or matrix.json); exit 1 where one
    broke."""
    moved = grid_changes.changes(grid_files.read(before), grid_files.read(after))
    if form == "json":
        show.echo_json(moved)
    else:
        tell_changes(moved)
    raise click.exceptions.Exit(1 if moved["broke"] else 0)


@click.command("trend")
@click.argument("records", nargs=-1, required=True, type=_FOLDER)
@_FORM
def trend(records: tuple[Path, ...], form: str) -> None:
    """Tell how the rates of RECORDS (folders or matrix.json) went, by quarter."""
    rows = grid_changes.trend(map(grid_files.read, records))
    if form == "json":
        show.echo_json(rows)
        return
    show.table([{"quarter": one["quarter"], "date": one["date"], **{
        name: f"{rate['ordered'][EFFECTIVE]}/{rate['ordered']['total']} {share(rate['ordered'])}"
        for name, rate in one["rates"].items()}, "opened": len(one["opened"]), "broke": len(one["broke"])}
        for one in rows], ("quarter", "date", "metropolitan", "all", "opened", "broke"))
    for one in rows:
        for name in ("opened", "broke"):
            for pair in one[name]:
                click.echo(f"{one['quarter']} {name}  {pair['requester']} → {pair['responder']}  {pair['after']}")


COMMANDS = (again, merge, compare, trend)
