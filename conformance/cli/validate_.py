"""``rorqual validate``: resources in files judged by the structures and nomenclatures of a version."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from conformance import documents, nomenclature, profile, validation, workshop
from conformance.cli import show
from conformance.cli.progress import Reading
from conformance.clock import SystemClock, stamp
from conformance.errors import OperatorError
from conformance.report.model import Problem, Report
from conformance.report.texts import interface
from conformance.validation import Tally

_TOLD = 40  # problems shown on a terminal
_PLACES = 3


@click.command("validate")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--profile", "name", help="The version to judge by, an id or a folder [the latest].")
@click.option("--nomenclature", "folder", type=click.Path(path_type=Path),
              help="Release to judge codes by, see `rorqual nomenclature import` [the one shipped].")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="The day on which codes must be valid [today].")
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes [one for each core].")
@click.option("--out", type=click.Path(path_type=Path), help="Write the report to this folder, in every format.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    files: tuple[Path, ...], name: str | None, folder: Path | None, day: Any, jobs: int | None, out: Path | None,
    form: str,
) -> None:
    """Judge the FHIR resources of files: JSON, Bundles, NDJSON, plain or gzip, folders of them, `-` for the standard
    input."""
    clock = SystemClock()
    tested, release = profile.read(name or profile.known()[-1]), nomenclature.release(folder)
    paths = documents.found(files)
    if out is not None and out.exists() and not out.is_dir():
        raise OperatorError(f"{out} is no folder; choose another place for the report")
    started = stamp(clock.now())
    with Reading(paths) as progress:
        tally = validation.tallied(
            validation.read(paths, progress.read), name or tested.id, release,
            day.date().isoformat() if day else validation.day_of(clock), jobs or _cores(), progress.told)
    made = validation.report(tally, tested, release, _named(files), started, clock)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        workshop.write_report(made, out)
    if form == "json":
        show.echo_json({**_plain(made), "resources": dict(tally.kinds), "not-judged": dict(tally.unjudged)})
    else:
        _tell(made, tally)
        if out is not None:
            click.echo(f"\nReport: {out / 'report.html'}")
    raise click.exceptions.Exit(made.decision.exit_code)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _named(files: tuple[Path, ...]) -> str:
    """What was judged, in a few words."""
    first = "standard input" if files[0] == documents.STANDARD_INPUT else str(files[0])
    return first if len(files) == 1 else f"{first} + {len(files) - 1}"


def _plain(made: Report) -> dict[str, Any]:
    """The outcome in a few keys, with the findings grouped by the requirement that they break."""
    return {
        "decision": made.decision.word, "exit-code": made.decision.exit_code, "profile": made.profiles[0],
        "seconds": made.seconds, "requirements": made.requirements_by_verdict,
        "findings": [{"requirement": one.requirement, "code": one.code, "severity": one.severity, "effect": one.effect,
                      "cause": one.cause, "count": one.count, "says": one.says.en, "remedy": one.remedy.en,
                      "places": [each.place for each in one.occurrences]} for one in made.problems],
    }


def _tell(made: Report, tally: Tally) -> None:
    words = interface()
    click.secho(words[f"decision.{made.decision.word}"].en, bold=True,
                fg={"granted": "green", "refused": "red"}.get(made.decision.word, "yellow"))
    for reason in made.decision.reasons:
        click.echo(words[f"reason.{reason}"].en)
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in tally.kinds.most_common()) or "none"
    click.echo(f"Resources: {kinds}; {made.profiles[0]}; {made.seconds:.1f} s")
    if tally.unjudged:
        click.echo("Not judged, for the version says nothing of them: "
                   + ", ".join(f"{count:,} {kind}" for kind, count in tally.unjudged.most_common()))
    click.echo("Requirements: " + ", ".join(f"{count} {words[f'verdict.{word}'].en}"
                                            for word, count in made.requirements_by_verdict.items() if count))
    for one in made.problems[:_TOLD]:
        _problem(one)
    if len(made.problems) > _TOLD:
        click.echo(f"\nand {len(made.problems) - _TOLD} more kinds of findings: see them with --out or --format json")


def _problem(one: Problem) -> None:
    severe = one.severity == "error" and one.effect in ("broken", "prevented")
    word = interface()[f"severity.{one.severity}" if one.effect == "broken" else f"cause.{one.cause}"].en
    click.echo(f"\n{click.style(word, fg='red' if severe else 'yellow')}  {one.requirement}  × {one.count:,}\n"
               f"  {one.says.en}")
    for each in one.occurrences[:_PLACES]:
        click.echo(click.style(f"  {each.place}", dim=True))
    click.echo(f"  → {one.remedy.en}")
