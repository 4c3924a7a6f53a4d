"""``rorqual clean``: what an interrupted run created on a candidate is taken back."""

from __future__ import annotations

from pathlib import Path

import click

from conformance import interrupted, workshop
from conformance.cli import show
from conformance.clock import SystemClock


@click.command("clean")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("candidate", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(folder: Path, candidate: Path, form: str) -> None:
    """Take back what the interrupted run in FOLDER created on CANDIDATE (a candidate.yaml), and tell what remains."""
    _, endpoint = workshop.read_candidate(candidate)
    writings = interrupted.clean(folder, endpoint, SystemClock())
    rows = [{"write": f"{one.method} {one.path}", "resource": one.key or one.mark, "scenario": one.scenario,
             "now": how or "stands"} for one, how in writings]
    if form == "json":
        show.echo_json(rows)
    elif rows:
        show.table(rows, ("write", "resource", "now", "scenario"))
    else:
        click.echo("nothing was written")
    raise click.exceptions.Exit(1 if any(how in ("", "left") for _, how in writings) else 0)
