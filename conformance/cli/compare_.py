"""``rorqual compare``: what changed between two runs; a gate for CI."""

from __future__ import annotations

from pathlib import Path

import click

from conformance import workshop
from conformance.cli import show
from conformance.report.compare import changes


@click.command("compare")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(before: Path, after: Path, form: str) -> None:
    """Compare the runs BEFORE and AFTER; exit 1 when a verdict got worse or an answer disappeared."""
    found = changes(workshop.report(before), workshop.report(after))
    worse = [one for one in found if one["change"] in ("worse", "gone")]
    if form == "json":
        show.echo_json({"changes": found, "worse": len(worse)})
    elif found:
        show.table(found, ("change", "kind", "profile", "id", "before", "after"))
    else:
        click.echo("no verdict changed")
    raise click.exceptions.Exit(1 if worse else 0)
