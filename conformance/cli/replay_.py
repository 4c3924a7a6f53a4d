"""``rorqual replay``: the real requests of an application, asked of a ROR."""

from __future__ import annotations

from pathlib import Path

import click

from conformance import ledger, replay, workshop
from conformance.cli import show
from conformance.clock import SystemClock
from conformance.errors import OperatorError

FOLDER = "replayed"


@click.command("replay")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--on", "candidate", type=click.Path(path_type=Path), required=True,
              help="The candidate.yaml of the ROR that is asked.")
@click.option("--seed", type=int, default=workshop.SEED, show_default=True, help="Seed of every choice.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run [./rorqual-out/<time>-<product>].")
@click.option("--dry-run", is_flag=True, help="Write the scenarios and list what would run, and send nothing.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(folder: Path, candidate: Path, seed: int, out: Path | None, dry_run: bool, form: str) -> None:
    """Ask a ROR what the application of FOLDER (a run of `rorqual bench`) asked, with values that this ROR holds, and
    judge what it answers. What changes something is left out."""
    who, endpoint = workshop.read_candidate(candidate)
    if who.role != "server":
        raise OperatorError(f"{candidate}: a replay is asked of a ROR (role server), not of a {who.role}")
    made = workshop.replayed(ledger.read(folder))
    clock = SystemClock()
    run = out or show.default_folder(who.product, clock)
    written = replay.write(made, run / FOLDER)
    for request, reason in made.left:
        click.echo(f"not replayed: {request[:160]} ({reason})", err=True)
    if not made.scenarios:
        raise OperatorError(f"{folder}: nothing in it can be replayed")
    campaign = workshop.campaign(who, workshop.Choice(scenarios=(written,), seed=seed))
    if dry_run:
        show.plan(campaign, form)
        return
    with show.Progress(campaign, form) as progress:
        workshop.drive(campaign, endpoint, run, clock, progress.told)
    show.finish(run, form)
