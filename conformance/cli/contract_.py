"""``rorqual contract``: what an application relies on, from the record of a bench."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from conformance import ledger, workshop
from conformance.cli import show


@click.command("contract")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(folder: Path, form: str) -> None:
    """Tell what the application of FOLDER (a run of `rorqual bench`) relies on: transactions, parameters, modifiers,
    inclusions, reads, extractions, writes."""
    made = workshop.contract(ledger.read(folder))
    if form == "json":
        show.echo_json(made)
        return
    for name, told in made["profiles"].items():
        click.echo(f"{made['product']} {made['version']}, {name}")
        show.table(list(_rows(told)), ("what", "name", "requests", "known"))


def _rows(told: dict[str, Any]) -> list[dict[str, Any]]:
    """One row for each thing relied on."""
    rows = []
    for what, uses in told.items():
        for one in uses if isinstance(uses, list) else ():
            names = [str(value) for key, value in one.items()
                     if key not in ("requests", "scenarios", "known") and value not in ("", [])]
            rows.append({"what": what, "name": " ".join(names), "requests": one["requests"],
                         "known": "" if one.get("known", True) else "no: the profile does not have it"})
    return rows
