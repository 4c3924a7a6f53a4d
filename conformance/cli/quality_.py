"""``rorqual quality``: population and quality of the data of a ROR, apart from any verdict."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import click

from conformance import finess, nomenclature, quality, workshop
from conformance.cli import show
from conformance.cli.progress import Bar, Reading
from conformance.clock import SystemClock
from conformance.errors import OperatorError
from conformance.quality import Quality
from conformance.report import render

_ENDINGS = (".yaml", ".yml")


@click.command("quality")
@click.argument("sources", nargs=-1, required=True, metavar="CANDIDATE|FILE...", type=click.Path(path_type=Path))
@click.option("--finess", "registry", type=click.Path(path_type=Path),
              help="FINESS extract (CSV), for the indicators that need one.")
@click.option("--use-case", "use_cases", multiple=True, help="Only this use case (repeatable).")
@click.option("--region", "regions", multiple=True, metavar="CODE",
              help="Only this region (repeatable): sums are over those named.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="The day on which freshness is measured [today].")
@click.option("--out", type=click.Path(path_type=Path), help="Write to this file.")
@click.option("--format", "form", type=click.Choice(["text", "json", "csv", "html"]), default="text", show_default=True)
def command(
    sources: tuple[Path, ...], registry: Path | None, use_cases: tuple[str, ...], regions: tuple[str, ...], day: Any,
    out: Path | None, form: str,
) -> None:
    """Can the data sustain the use cases? Indicators of population and quality over all that a candidate holds (a
    candidate.yaml), or over FHIR resources in files."""
    known = finess.read(registry) if registry is not None else None
    release = nomenclature.release(None)
    cut = ""
    if len(sources) == 1 and sources[0].suffix in _ENDINGS:
        _, endpoint = workshop.read_candidate(sources[0])
        with Bar(None, "{task.completed}") as bar:
            estate, cut = quality.of_candidate(endpoint, release, lambda kind, count: bar.at(count, kind))
    else:
        with Reading(list(sources)) as progress:
            estate = quality.of_files(sources, release, progress.read)
    if not estate.rows:
        raise OperatorError(f"nothing was read: {cut or 'no resource in the files'}")
    made = quality.measured(estate, day.date() if day else _today(), known, cut, regions, use_cases)
    text = {"text": _text, "json": _json, "csv": _csv, "html": _html}[form](made)
    show.deliver(text, out)
    raise click.exceptions.Exit(6 if cut else 0)


def _today() -> date:
    return SystemClock().now().date()


def _text(made: Quality) -> str:
    lines = [f"Population and quality of the data, on {made.day}; no verdict rests on it."]
    if made.cut:
        lines.append(f"Not all was read: {made.cut}.")
    lines += ["", f"{'use case':20} {'open offers':>12} {'described in full':>18}  sustained"]
    lines += [f"{one.use_case:20} {one.offers:12,} {one.final:18,}  {one.answer}" for one in made.sustained]
    for use in dict.fromkeys(one.use_case for one in made.rows):
        lines += ["", f"{use:54} {'concerned':>9} {'conform':>8} {'gap':>6} {'rate':>7}"]
        for one in made.indicators:
            row = made.row(one.id, use)
            if row is not None:
                rate = f"{row.rate:7.1%}" if row.rate is not None else "      –"
                mark = "*" if one.heuristic else " "
                counts = f"{row.perimeter:9,} {row.conform:8,} {row.gap:6,}"
                lines.append(f"  {one.id:15} {one.title.en:35}{mark} {counts} {rate}")
    absent = [one for one in made.indicators if one.id not in made.computed]
    lines += ["", "* approached: --format html tells in what"]
    lines += [f"  {one.id}: needs {_NEEDS[one.needs]}" for one in absent]
    return "\n".join(lines) + "\n"


_NEEDS = {"finess": "a FINESS extract (--finess)", "history": "an earlier quarter", "partner": "data of another system"}


def _json(made: Quality) -> str:
    plain: Any = render.kebab(asdict(replace(made, computed=frozenset(), gaps={})))
    plain["computed"] = sorted(made.computed)
    plain["gaps"] = {name: list(keys) for name, keys in made.gaps.items()}
    for one, row in zip(plain["rows"], made.rows, strict=True):
        one["rate"] = row.rate
    return render.dumps(plain)


def _csv(made: Quality) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = ("indicator", "use-case", "region", "domain", "perimeter", "conform", "gap", "not-applicable", "begun",
             "to-do")
    writer.writerow([*names, "rate", "heuristic"])
    heuristic = {one.id for one in made.indicators if one.heuristic}
    for row in made.rows:
        writer.writerow([*(render.safe(one) for one in asdict(row).values()),
                         "" if row.rate is None else f"{row.rate:.4f}", "yes" if row.indicator in heuristic else "no"])
    return out.getvalue()


def _html(made: Quality) -> str:
    return render.page("quality.html.j2", q=made)
