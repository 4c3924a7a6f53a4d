"""``rorqual run``: the homologation run of a candidate."""

from __future__ import annotations

from pathlib import Path

import click

from conformance import interrupted, workshop
from conformance.cli import show
from conformance.clock import SystemClock
from conformance.drive import carrier
from conformance.engine.laws import DRAWS, STANDARD


@click.command("run")
@click.argument("candidate", type=click.Path(path_type=Path))
@click.option("--profile", "profiles", multiple=True, help="Only this profile of the candidate (repeatable).")
@click.option("--use-case", "use_cases", multiple=True, help="Only this use case (repeatable).")
@click.option("--only", multiple=True, metavar="ID",
              help="Only this scenario, transaction or requirement (repeatable).")
@click.option("--scenarios", "paths", multiple=True, type=click.Path(path_type=Path),
              help="Scenario files or folders, in place of those shipped.")
@click.option("--waivers", type=click.Path(path_type=Path), help="Waivers file, in place of the candidate's.")
@click.option("--nomenclature", "release", type=click.Path(path_type=Path),
              help="Release to judge codes by, see `rorqual nomenclature import` [the one shipped].")
@click.option("--seed", type=int, default=workshop.SEED, show_default=True, help="Seed of every choice.")
@click.option("--depth", type=click.Choice(list(DRAWS)), default=STANDARD, show_default=True,
              help="How many cases of each law are drawn.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run [./rorqual-out/<time>-<product>].")
@click.option("--resume", "interrupted_", type=click.Path(path_type=Path), metavar="FOLDER",
              help="Go on with the interrupted run in this folder, after taking back what it created.")
@click.option("--dry-run", is_flag=True, help="List what would run, and send nothing.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    candidate: Path, profiles: tuple[str, ...], use_cases: tuple[str, ...], only: tuple[str, ...],
    paths: tuple[Path, ...], waivers: Path | None, release: Path | None, seed: int, depth: str,
    out: Path | None, interrupted_: Path | None, dry_run: bool, form: str,
) -> None:
    """Run the homologation of CANDIDATE (a candidate.yaml) and write its report."""
    who, endpoint = workshop.read_candidate(candidate, waivers)
    if not dry_run:
        carrier.warm()  # while the scenarios are read
    clock = SystemClock()
    if interrupted_ is not None:
        made = interrupted.campaign(who, interrupted_, release)
        with show.Progress(made, form) as progress:
            interrupted.resume(made, endpoint, interrupted_, clock, progress.told)
        show.finish(interrupted_, form)
    made = workshop.campaign(who, workshop.Choice(profiles, use_cases, only, paths, seed, release, depth))
    if dry_run:
        show.plan(made, form)
        return
    folder = out or show.default_folder(who.product, clock)
    with show.Progress(made, form) as progress:
        workshop.drive(made, endpoint, folder, clock, progress.told)
    show.finish(folder, form)
