"""``rorqual report``: the views of a record, made again."""

from __future__ import annotations

from pathlib import Path

import click

from conformance import workshop
from conformance.cli import show
from conformance.report import render


@click.command("report")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice([*render.FORMATS, "text", "all"]), default="all", show_default=True,
              help="One view on the output stream; all: every file written again.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write to [the folder of the run].")
def command(folder: Path, form: str, out: Path | None) -> None:
    """Make the report of FOLDER (a run) from its record alone."""
    made = workshop.report(folder)
    if form == "text":
        show.tell(made)
    elif form == "all":
        target = out or (folder if folder.is_dir() else folder.parent)
        target.mkdir(parents=True, exist_ok=True)
        for path in workshop.write_report(made, target):
            click.echo(path)
    else:
        click.echo(render.RENDERERS[form](made), nl=False)
    raise click.exceptions.Exit(0 if made.complete else 6)
