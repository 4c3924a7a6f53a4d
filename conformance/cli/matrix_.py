"""``rorqual matrix``: who can exchange with whom, tried, and told."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from conformance import matrix, registry
from conformance.cli import matrix_views, show
from conformance.cli.progress import Bar
from conformance.clock import SystemClock
from conformance.events import Visited
from conformance.lanes import AT_ONCE
from conformance.report import grid_files
from conformance.scenario_words import USE_CASES


class _Group(click.Group):
    """A group whose usual command needs no name: what is none of the others is its registry."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts the name of the usual command where it is left out."""
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group("matrix", cls=_Group)
def command() -> None:
    """Try who can exchange with whom, and tell it: `rorqual matrix REGISTRY` (see `rorqual matrix run --help`)."""


@command.command("run")
@click.argument("path", metavar="REGISTRY", type=click.Path(path_type=Path))
@click.option("--requester", "requesters", multiple=True, metavar="ID", help="Only who asks (repeatable).")
@click.option("--responder", "responders", multiple=True, metavar="ID", help="Only who answers (repeatable).")
@click.option("--use-case", "use_cases", multiple=True, type=click.Choice(USE_CASES), default=[matrix.INTER_ROR],
              show_default=True, help="Use cases tried between RORs (repeatable); applications have their own.")
@click.option("--scenarios", multiple=True, type=click.Path(path_type=Path),
              help="Scenario files or folders, in place of those shipped.")
@click.option("--seconds", type=click.FloatRange(1, 600), default=20.0, show_default=True,
              help="The time that a pair may take.")
@click.option("--minutes", type=click.FloatRange(0), default=0.0, help="The time for all; --resume does the rest.")
@click.option("--at-once", type=click.IntRange(1, 64), default=AT_ONCE, show_default=True,
              help="Pairs at work at once.")
@click.option("--vantage", default="here", show_default=True, help="A name for the network that one asks from.")
@click.option("--cluster", metavar="ADDRESS", help="Spread the pairs over a Dask cluster (needs rorqual[cluster]).")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run [./rorqual-out/<time>-matrix].")
@click.option("--resume", is_flag=True, help="Go on with the interrupted run in --out.")
@click.option("--compare", "old", type=click.Path(path_type=Path), metavar="OLD",
              help="Tell what opened and what broke since OLD (a folder or matrix.json); exit 1 where something broke.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def run(
    path: Path, requesters: tuple[str, ...], responders: tuple[str, ...], use_cases: tuple[str, ...],
    scenarios: tuple[Path, ...], seconds: float, minutes: float, at_once: int, vantage: str, cluster: str | None,
    out: Path | None, resume: bool, old: Path | None, form: str,
) -> None:
    """Try every pair of REGISTRY (registry.yaml or a CSV table): name, TCP, TLS, mutual TLS, token, white list,
    capability, then the scenarios of the version that both speak. Writes a record and the matrix beside it."""
    if resume and out is None:
        raise click.UsageError("--resume goes on with the run in --out")
    if math.isnan(seconds + minutes):
        raise click.UsageError("--seconds and --minutes are numbers")
    before = grid_files.read(old) if old is not None else None
    wanted = matrix.Wanted(requesters, responders, use_cases, tuple(map(str, scenarios)), seconds, at_once, minutes,
                           vantage)
    clock = SystemClock()
    tour = matrix.Tour(registry.read(path), wanted, clock)
    folder = out or show.default_folder("matrix", clock)
    drive(tour, folder, form, resume=resume, cluster=cluster)
    matrix_views.finish([folder], folder, form, before)


def drive(tour: matrix.Tour, folder: Path, form: str, *, resume: bool = False, cluster: str | None = None) -> None:
    """Tries the pairs of a tour, and shows how far it is."""
    with Bar(len(tour.calls), "{task.completed}/{task.total}", "TimeElapsedColumn", shown=form != "json") as bar:
        done = 0

        def told(one: Visited) -> None:
            nonlocal done
            done += 1
            bar.at(done, f"{one.requester} → {one.responder}")

        with matrix.executor(cluster) as chosen:
            options: dict[str, Any] = {"executor": chosen} if chosen is not None else {}
            tour.into(folder, told, resume=resume, **options)


for _one in matrix_views.COMMANDS:
    command.add_command(_one)
