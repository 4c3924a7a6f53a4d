"""What the commands show: live progress on the error stream, results on the output stream."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from conformance import workshop
from conformance.cli.progress import Bar
from conformance.clock import Clock
from conformance.errors import OperatorError
from conformance.events import Event, Exchanged, ScenarioFinished, Skipped, Started
from conformance.plan import Campaign
from conformance.report import render
from conformance.report.model import Report
from conformance.report.texts import interface
from conformance.verdict import Verdict

_COLOURS = {"pass": "green", "fail": "red", "inconclusive": "yellow", "error": "magenta"}


def default_folder(product: str, clock: Clock) -> Path:
    """``./rorqual-out/<time>-<product>``."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", product).strip("-").lower() or "candidate"
    return Path("rorqual-out") / f"{clock.now():%Y%m%d-%H%M%S}-{name}"


def mark(word: str) -> str:
    """A verdict told by sign and word, coloured where the terminal can."""
    return click.style(f"{render.SIGNS[word]} {interface()[f'verdict.{word}'].en}", fg=_COLOURS.get(word))


class Progress(Bar):
    """Shows a run as it goes: one line per scenario, a bar below on a terminal."""

    def __init__(self, made: Campaign, form: str) -> None:
        self.quiet = form == "json"
        super().__init__(len(made.planned), "{task.completed}/{task.total}", "TimeElapsedColumn", said="exploring",
                         shown=not self.quiet)
        self.done = self.exchanges = 0

    def told(self, event: Event) -> None:
        """Takes in one event of the run."""
        if isinstance(event, Exchanged):
            self.exchanges += 1
        if isinstance(event, Started) and not self.quiet:
            who = event.header["candidate"]
            self._line(f"{who['product']} {who['version']}: {event.scenarios} scenarios, seed {event.header['seed']}")
        if isinstance(event, ScenarioFinished | Skipped):
            self.done += 1
            verdict = event.verdict if isinstance(event, ScenarioFinished) else Verdict.NOT_APPLICABLE
            if not self.quiet:
                self._line(f"{mark(verdict.word)}  {event.scenario}  {click.style(event.profile, dim=True)}")
        self.at(self.done, f"{self.exchanges} exchanges")

    def _line(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.file.write(text + "\n")
        else:
            click.echo(text, err=True)


def finish(folder: Path, form: str) -> None:
    """Writes every report of a run, shows the outcome, and leaves with its exit code."""
    made = workshop.report(folder)
    written = workshop.write_report(made, folder)
    if form == "json":
        echo_json({**outcome(made), "folder": str(folder)})
    else:
        tell(made)
        click.echo(f"\nReport: {next(path for path in written if path.name == 'report.html')}")
    raise click.exceptions.Exit(made.decision.exit_code)


def outcome(made: Report) -> dict[str, Any]:
    """The outcome of a run in a few keys."""
    return {
        "decision": made.decision.word, "reasons": list(made.decision.reasons),
        "exit-code": made.decision.exit_code, "complete": made.complete,
        "requirements": made.requirements_by_verdict, "scenarios": made.scenarios_by_verdict,
        "exchanges": made.exchanges, "seconds": made.seconds,
        "notes": [one.en for one in made.notes],
        "failed": [row.id for row in made.requirements if row.verdict == "fail"],
    }


def tell(made: Report) -> None:
    """The decision, the counts, what must be fixed and what data lacks, in a screen."""
    words = interface()
    click.echo()
    click.secho(words[f"decision.{made.decision.word}"].en, bold=True,
                fg={"granted": "green", "refused": "red"}.get(made.decision.word, "yellow"))
    for reason in made.decision.reasons:
        click.echo(words[f"reason.{reason}"].en)
    for note in made.notes:
        click.secho(note.en, fg="yellow")
    for name, counts in (("Requirements", made.requirements_by_verdict), ("Scenarios", made.scenarios_by_verdict)):
        click.echo(f"{name}: " + ", ".join(f"{count} {words[f'verdict.{word}'].en}"
                                           for word, count in counts.items() if count))
    click.echo(f"{made.exchanges} exchanges in {made.seconds:.1f} s")
    broken = [one for one in made.problems if one.effect == "broken" and one.cause != "specification"]
    for one in broken[:20]:
        click.echo(f"  {click.style(words[f'severity.{one.severity}'].en, fg='red')}  {one.requirement}  {one.says.en}")
    if len(broken) > 20:
        click.echo(f"  and {len(broken) - 20} more in the report")
    for gap in made.gaps[:10]:
        click.echo(f"  {click.style('data', fg='yellow')}  {gap.scenario}  {gap.create.en}")


def plan(made: Campaign, form: str) -> None:
    """What would run."""
    rows = [{"profile": one.profile.id, "scenario": one.scenario.id, "title": one.scenario.title.en,
             "skip": one.skip} for one in made.planned]
    if form == "json":
        echo_json(rows)
        return
    table(rows, ("profile", "scenario", "title", "skip"))


def table(rows: Sequence[Mapping[str, Any]], columns: Iterable[str]) -> None:
    """Rows in columns as wide as they need, in plain text."""
    names = list(columns)
    widths = {name: max([len(name), *(len(str(row[name])) for row in rows)]) for name in names}
    click.echo("  ".join(name.ljust(widths[name]) for name in names).rstrip())
    for row in rows:
        click.echo("  ".join(str(row[name]).ljust(widths[name]) for name in names).rstrip())


def echo_json(value: Any) -> None:
    """A value as JSON on the output stream."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


def deliver(text: str, out: Path | None) -> None:
    """A result into a file, whose name is shown, or on the output stream; OperatorError where it cannot be written."""
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"cannot write {out}: {error.strerror}") from None
    click.echo(str(out))
