"""``rorqual coverage``: which requirement is verified by which scenario, and broken by which fault."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import click

from conformance import coverage, source, workshop
from conformance.cli import show
from conformance.coverage import Coverage, Row
from conformance.errors import OperatorError
from conformance.report import render


@click.command("coverage")
@click.option("--profile", "wanted", multiple=True, help="Only this profile (repeatable).")
@click.option("--use-case", "use_cases", multiple=True, help="Only the scenarios of this use case (repeatable).")
@click.option("--scenarios", "paths", multiple=True, type=click.Path(path_type=Path),
              help="Scenario files or folders, in place of those shipped.")
@click.option("--check", is_flag=True, help="Leave with 1 when a row is missing or stale.")
@click.option("--out", type=click.Path(path_type=Path), help="Write to this file.")
@click.option("--format", "form", type=click.Choice(["text", "json", "csv", "html"]), default="text", show_default=True)
def command(
    wanted: tuple[str, ...], use_cases: tuple[str, ...], paths: tuple[Path, ...], check: bool, out: Path | None,
    form: str,
) -> None:
    """Tell what is tested by what: requirement × scenario × fault, per profile and use case."""
    profiles, library = workshop.library(paths)
    for name in wanted:
        if name not in profiles:
            hint = source.suggest(name, profiles) or f"known profiles: {', '.join(profiles)}"
            raise OperatorError(f"no profile is called {name!r}; {hint}")
    made = coverage.coverage(profiles, library, wanted, use_cases)
    text = {"text": _text, "json": _json, "csv": _csv, "html": _html}[form](made)
    show.deliver(text, out)
    problems = made.problems() if check else []
    for one in problems:
        click.echo(one, err=True)
    raise click.exceptions.Exit(1 if problems else 0)


def _text(made: Coverage) -> str:
    totals = made.totals()
    lines = [f"{what:34} {totals[name].verified:5} of {totals[name].all}" for name, what in (
        ("scenarios", "live scenarios of the guide"), ("shall", "mandatory requirements (SHALL)"),
        ("requirements", "requirements"), ("faults", "verified SHALL broken by a fault"),
        ("argued", "verified SHALL without, and why"))]
    lines += ["", "verified by nothing:"]
    lines += [f"  {one.profile}  {one.id:42} {one.strength:7} {one.reason.en if one.reason else 'no reason given'}"
              for one in made.requirements if not one.verified]
    return "\n".join(lines) + "\n"


def _html(made: Coverage) -> str:
    return render.page("coverage.html.j2", c=made, totals=made.totals())


def _json(made: Coverage) -> str:
    rows: dict[str, Any] = {name: [_plain(one) for one in rows] for name, rows in (
        ("requirements", made.requirements), ("transactions", made.transactions))}
    totals = {name: {"verified": one.verified, "all": one.all} for name, one in made.totals().items()}
    return render.dumps({"totals": totals, **rows, "problems": made.problems()})


def _plain(one: Row) -> dict[str, Any]:
    return {"profile": one.profile, "id": one.id, "strength": one.strength, "actor": one.actor,
            "title": {"fr": one.title.fr, "en": one.title.en}, "verified": one.verified,
            "scenarios": list(one.scenarios), "use-cases": list(one.use_cases), "faults": list(one.faults),
            "no-fault-reason": one.unbroken or None,
            "not-tested-reason": {"fr": one.reason.fr, "en": one.reason.en} if one.reason else None}


def _csv(made: Coverage) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["profile", "id", "strength", "actor", "scenario", "use-case", "faults", "no-fault-reason",
                     "not-tested-reason", "title"])
    for one in (*made.transactions, *made.requirements):
        for scenario in one.scenarios or ("",):
            writer.writerow([render.safe(cell) for cell in (
                one.profile, one.id, one.strength, one.actor, scenario, scenario.split("/")[0], " ".join(one.faults),
                one.unbroken,
                one.reason.en if one.reason else "", one.title.en)])
    return out.getvalue()
