"""``rorqual rejudge``: a record judged again with the present rules; nothing is sent."""

from __future__ import annotations

from pathlib import Path

import click

from conformance import ledger, workshop
from conformance.cli import show
from conformance.report.compare import changes


@click.command("rejudge")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--scenarios", "paths", multiple=True, type=click.Path(path_type=Path),
              help="Scenarios to judge with [those kept in the folder of the run].")
@click.option("--nomenclature", "release", type=click.Path(path_type=Path),
              help="Release to judge codes by, see `rorqual nomenclature import` [the one shipped].")
@click.option("--profile", "version", metavar="[OLD=]NEW",
              help="Judge by another version, an id or a folder; OLD where the record has several.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the report of the new judgement to this folder.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    folder: Path, paths: tuple[Path, ...], release: Path | None, version: str | None, out: Path | None, form: str
) -> None:
    """Judge FOLDER (a run) again and tell what changed since."""
    old, _, new = (version or "").rpartition("=")
    turn = (old, new) if new else None
    then = workshop.report(folder, paths=paths, turn=(old, old) if old else None)
    now = workshop.report(folder, rejudge=True, paths=paths, release=release, turn=turn)
    changed = changes(then, now, {then.profiles[0]: now.profiles[0]} if turn else {})
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        workshop.write_report(now, out)
    same = not changed and _findings(then) == _findings(now)
    if form == "json":
        show.echo_json({**show.outcome(now), "identical": same, "changes": changed})
    else:
        click.echo("identical findings" if same else f"{len(changed)} verdicts changed")
        if changed:
            show.table(changed, ("kind", "profile", "id", "before", "after"))
        show.tell(now)
    complete = ledger.read(folder).complete
    raise click.exceptions.Exit(now.decision.exit_code if complete else 6)


def _findings(made: object) -> object:
    return getattr(made, "problems", None), getattr(made, "requirements", None), getattr(made, "scenarios", None)
