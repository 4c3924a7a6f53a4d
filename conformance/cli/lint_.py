"""``rorqual lint``: every error of files written by a person, with place and remedy."""

from __future__ import annotations

from pathlib import Path

import click

from conformance import candidate as candidates
from conformance import scenario, source, workshop
from conformance.cli import show
from conformance.errors import AuthorError, Problem, RorqualError


@click.command("lint")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(paths: tuple[Path, ...], form: str) -> None:
    """Check scenario, candidate and waiver files [the scenarios shipped]; every error is told at once."""
    profiles = workshop.read_profiles()
    problems: list[Problem] = []
    checked = scenario.files(paths)
    for path in checked:
        kind = _kind(path)
        if kind == "scenario":
            problems += scenario.read_one(path, profiles)[1]
        else:
            problems += _other(path, kind)
    if form == "json":
        show.echo_json([{"file": one.file, "line": one.line, "column": one.column, "message": one.message,
                         "remedy": one.remedy} for one in sorted(problems)])
    else:
        for one in sorted(problems):
            click.echo(str(one))
        click.echo(f"{len(checked)} files, {len(problems)} problems", err=True)
    raise click.exceptions.Exit(4 if problems else 0)


def _kind(path: Path) -> str:
    """What a file is, by the keys that only such files have; a scenario when it cannot be told."""
    document, problems = source.load(path.read_bytes(), str(path)) if path.is_file() else (None, [])
    if problems or not isinstance(document, dict):
        return "scenario"
    if "waivers" in document and "endpoint" not in document:
        return "waivers"
    return "candidate" if "endpoint" in document or "product" in document else "scenario"


def _other(path: Path, kind: str) -> list[Problem]:
    try:
        if kind == "waivers":
            candidates.read_waivers(path)
        else:
            candidates.read(path)
    except AuthorError as error:
        return list(error.problems)
    except RorqualError as error:
        return [Problem(str(path), 1, 1, str(error), "set it before the run")]
    return []
