"""``rorqual bench``: the homologation of an application, driven by a command, or by a person on a page."""

from __future__ import annotations

from pathlib import Path

import click

from conformance import bench, driven, profile, selftest_bench, source, workshop
from conformance.cli import by_hand, show
from conformance.clock import SystemClock
from conformance.errors import OperatorError
from conformance.model import Candidate
from conformance.reference.faults_consumer import SLIPS


@click.command("bench")
@click.argument("candidate", type=click.Path(path_type=Path), required=False)
@click.option("--sample", is_flag=True, help="Receive the sample application of rorqual, in place of CANDIDATE.")
@click.option("--fault", help="With --sample: what it does wrong.")
@click.option("--profile", "profiles", multiple=True, help="Only this profile of the candidate (repeatable).")
@click.option("--use-case", "use_cases", multiple=True, help="Only this use case (repeatable).")
@click.option("--only", multiple=True, metavar="ID",
              help="Only this scenario, transaction or requirement (repeatable).")
@click.option("--scenarios", "paths", multiple=True, type=click.Path(path_type=Path),
              help="Scenario files or folders, in place of those shipped.")
@click.option("--waivers", type=click.Path(path_type=Path), help="Waivers file, in place of the candidate's.")
@click.option("--seed", type=int, default=workshop.SEED, show_default=True, help="Seed of data and choices.")
@click.option("--offers", type=click.IntRange(20, 5000), default=bench.OFFERS, show_default=True,
              help="Size of the region that is served.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0: any free port.")
@click.option("--tls", "secure", is_flag=True, help="Receive it by mutual TLS, with certificates made for the run.")
@click.option("--page", is_flag=True, help="By hand, on a page; so it is without a drive command in CANDIDATE.")
@click.option("--open/--no-open", "opens", default=True, help="Open the page in the browser.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run [./rorqual-out/<time>-<product>]; one "
              "that was stopped before its end goes on.")
@click.option("--dry-run", is_flag=True, help="List what would run, and serve nothing.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    candidate: Path | None, sample: bool, fault: str | None, profiles: tuple[str, ...], use_cases: tuple[str, ...],
    only: tuple[str, ...], paths: tuple[Path, ...], waivers: Path | None, seed: int, offers: int, port: int,
    secure: bool, page: bool, opens: bool, out: Path | None, dry_run: bool, form: str,
) -> None:
    """Receive the application of CANDIDATE (a candidate.yaml of the role consumer): have its drive command, or a person
    on a page, do each action, judge what the application sends and shows, and write the report."""
    if sample is (candidate is not None) or (fault and not sample):
        raise click.UsageError("give CANDIDATE, or --sample (and --fault if it is to do something wrong)")
    if sample and page:
        raise click.UsageError("the sample application is driven by rorqual; --page goes with CANDIDATE")
    who, act = _sample(fault or "") if candidate is None else _driven(candidate, waivers)
    made = workshop.campaign(who, workshop.Choice(profiles, use_cases, only, paths, seed))
    if dry_run:
        show.plan(made, form)
        return
    clock = SystemClock()
    folder = out or show.default_folder(who.product, clock)
    if page or act is None:
        by_hand.run(made, folder, clock, (offers, port, secure), opens, form)
    else:
        with show.Progress(made, form) as progress:
            bench.receive(made, act, folder, clock, progress.told, offers=offers, port=port, secure=secure)
    workshop.keep_contract(folder)
    show.finish(folder, form)


def _driven(candidate: Path, waivers: Path | None) -> tuple[Candidate, bench.Act | None]:
    """The application of a file, driven by its webhook, or by its command from the folder of the file; None where it
    has neither."""
    who, _ = workshop.read_candidate(candidate, waivers)
    if who.role != "consumer":
        raise OperatorError(f"{candidate}: the bench receives the role consumer; test a {who.role} by `rorqual run`")
    if who.webhook:
        return who, lambda told: driven.Hooked(who.webhook, told)
    if not who.drive:
        return who, None
    home = candidate.resolve().parent
    return who, lambda told: driven.Driven(who.drive, home, told)


def _sample(fault: str) -> tuple[Candidate, bench.Act]:
    if fault and fault not in SLIPS:
        raise OperatorError(f"no fault of the sample application is called {fault!r}; {source.suggest(fault, SLIPS)}")
    versions = tuple(profile.known())
    who = Candidate("Application de démonstration", workshop.version(), "rorqual", "consumer", versions, ())
    return who, lambda told: selftest_bench.Sample(told, fault)
