"""``rorqual selftest``: the score of the judge."""

from __future__ import annotations

import itertools
import json
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import click

from conformance import data, planted, profile, selftest, selftest_bench, source, workshop
from conformance.cli import show
from conformance.clock import SystemClock
from conformance.errors import OperatorError
from conformance.reference.faults import FAULTS
from conformance.reference.faults_consumer import SLIPS
from conformance.selftest import Clean, Outcome


@click.command("selftest")
@click.option("--fault", "names", multiple=True, help="Only this fault (repeatable).")
@click.option("--profile", "profile_id", help="Profile tested [the latest].")
@click.option("--offers", type=click.IntRange(50), default=120, show_default=True, help="Size of the faulty regions.")
@click.option("--seed", type=int, default=workshop.SEED, show_default=True)
@click.option("--jobs", type=click.IntRange(1, 64), default=2, show_default=True)
@click.option("--clean", type=click.Choice(["none", "some", "all"]), default="some", show_default=True,
              help="Also run the clean reference, at 50, 300 and 5,000 offers with four seeds: some in turn, or each "
                   "with each version and access profile.")
@click.option("--faults/--no-faults", "faulty", default=True, help="Run the faulty references.")
@click.option("--planted", "structures", is_flag=True,
              help="Instead: a fault for each element that a resource can be made to break (some minutes).")
@click.option("--keep", is_flag=True, help="Keep the score in reports/score.json, for the reports to print.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    names: tuple[str, ...], profile_id: str | None, offers: int, seed: int, jobs: int, clean: str, faulty: bool,
    structures: bool, keep: bool, form: str,
) -> None:
    """Run every scenario on faulty reference RORs and applications: each fault must be caught, and nothing else be
    accused."""
    for name in names:
        if name not in FAULTS and name not in SLIPS:
            raise OperatorError(f"no fault is called {name!r}; {source.suggest(name, {*FAULTS, *SLIPS})}")
    wanted = list(names or (*FAULTS, *SLIPS)) if faulty else []
    chosen, slips = [one for one in wanted if one in FAULTS], [one for one in wanted if one in SLIPS]
    tested = profile_id or profile.known()[-1]
    if structures:
        raise click.exceptions.Exit(_planted(tested, jobs, keep))
    quiet = form == "json"
    outcomes, alarms = [], []
    runs = selftest.clean_runs(clean, tested)
    with ProcessPoolExecutor(jobs) as pool:
        found = pool.map(_alarms_of, runs)  # the longest first, so that all processes are busy to the end
        received = pool.submit(_received, tested, seed, slips, clean != "none")
        tried = pool.map(partial(_one, tested, offers, seed), chosen)
        for run, told in zip(runs, found, strict=True):
            alarms += told
            if not quiet:
                click.echo(f"{'✗' if told else '✓'} clean reference, {run}: {', '.join(told) or 'no false alarm'}")
        told, slipped = received.result()
        alarms += told
        if told:
            click.echo(f"✗ sample application: {', '.join(told)}", err=quiet)
        for one in itertools.chain(tried, slipped):
            outcomes.append(one)
            if not quiet:
                _tell(one)
    caught = sum(one.caught and not one.unrelated for one in outcomes)
    if keep:
        _keep(caught, len(outcomes), len(alarms))
    if quiet:
        show.echo_json({"profile": tested, "faults": [_plain(one) for one in outcomes], "caught": caught,
                        "total": len(outcomes), "false-alarms": alarms})
    else:
        click.echo(f"{caught} of {len(outcomes)} faults caught by the requirement they break and by nothing unrelated; "
                   f"{len(alarms)} false alarms on the clean reference")
    raise click.exceptions.Exit(0 if caught == len(outcomes) and not alarms else 1)


def _planted(tested: str, jobs: int, keep: bool) -> int:
    """Plants the faults of structure of a version and tells those that are missed; the exit code."""
    tried = planted.tried(tested, jobs, SystemClock(), lambda text: click.echo(text, err=True))
    if keep:
        planted.keep(tested, tried)
    for what, names in (("missed", tried.missed), ("unrelated", tried.unrelated)):
        for name in sorted(names):
            click.echo(f"✗ {name} {what}")
    click.echo(f"{len(tried.caught)} of {len(tried.found)} faults of structure caught by the requirement they break")
    return 1 if tried.missed or tried.unrelated else 0


def _one(tested: str, offers: int, seed: int, name: str) -> Outcome:
    return selftest.outcome(FAULTS[name], tested, offers, seed, SystemClock())


def _received(tested: str, seed: int, slips: list[str], clean: bool) -> tuple[list[str], list[Outcome]]:
    """What is told against the sample application, and of each of its faults."""
    told = selftest_bench.alarms(tested, seed, SystemClock()) if clean else []
    return told, selftest_bench.outcomes(slips, tested, seed, SystemClock())


def _alarms_of(one: Clean) -> list[str]:
    return selftest.alarms(one, SystemClock())


def _tell(one: Outcome) -> None:
    sign = "✓" if one.caught and not one.unrelated else "✗"
    beside = f", unrelated: {', '.join(one.unrelated)}" if one.unrelated else ""
    click.echo(f"{sign} {one.name}: {one.expected} {'caught' if one.caught else 'NOT caught'}{beside}")


def _plain(one: Outcome) -> dict[str, object]:
    return {"name": one.name, "requirement": one.expected, "also": list(one.also), "failed": list(one.broken),
            "caught": one.caught, "unrelated": list(one.unrelated)}


def _keep(caught: int, total: int, alarms: int) -> None:
    measured = workshop.fingerprint(workshop.read_profiles())
    kept = {"caught": caught, "faults": total, "false-alarms": alarms, "measured-on": measured}
    data.path("reports", "score.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
