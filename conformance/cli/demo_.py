"""``rorqual demo``: a whole homologation, on the reference ROR started for it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import click

from conformance import data, federation, matrix, profile, registry, selftest, workshop
from conformance.cli import matrix_, matrix_views, show
from conformance.clock import SystemClock
from conformance.drive import carrier
from conformance.engine.laws import DRAWS, QUICK
from conformance.errors import HarnessError
from conformance.model import Candidate
from conformance.policy import SEES_ALL
from conformance.reference.guarded import Opened
from conformance.scenario_words import IDENTITIES
from conformance.visits import Visits

_SECONDS = 6.0  # for a pair of reference RORs


@click.command("demo")
@click.option("--profile", "profiles", multiple=True, help="Profile to test [all those known].")
@click.option("--offers", type=click.IntRange(1), default=300, show_default=True, help="Size of the region.")
@click.option("--seed", type=int, default=workshop.SEED, show_default=True, help="Seed of the region and of the run.")
@click.option("--depth", type=click.Choice(list(DRAWS)), default=QUICK, show_default=True,
              help="How many cases of each law are drawn.")
@click.option("--fault", help="Start the reference with this fault (see rorqual serve --list-faults).")
@click.option("--matrix", "federated", is_flag=True,
              help="Instead: the matrix of 17 reference RORs, with what is arranged to be wrong between them.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run [./rorqual-out/<time>-demo].")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    profiles: tuple[str, ...], offers: int, seed: int, depth: str, fault: str | None, federated: bool,
    out: Path | None, form: str,
) -> None:
    """Start the reference ROR, run a homologation on it, write the report, and say where. Needs nothing."""
    if federated:
        _matrix(out, form)
    wanted = profiles or tuple(profile.known())
    who = Candidate("ROR de démonstration", workshop.version(), "rorqual", "server", wanted, (), writes=True,
                    accesses=(*selftest.ACCESSES, *IDENTITIES), access=SEES_ALL, secured=True, gives_tokens=True)
    carrier.warm()  # while the scenarios are read
    made = workshop.campaign(who, workshop.Choice(seed=seed, depth=depth))
    clock = SystemClock()
    folder = out or show.default_folder("demo", clock)
    certificates = selftest.certificates()
    region = ["--offers", str(offers), "--seed", str(seed), *(["--fault", fault] if fault else [])]
    with started([*region, "--pki", str(certificates)]) as told, show.Progress(made, form) as progress:
        opened = Opened(told.pop("base-url"), told.pop("token-url"), told)
        workshop.drive(made, selftest.secured(opened, certificates), folder, clock, progress.told)
    show.finish(folder, form)


def _matrix(out: Path | None, form: str) -> NoReturn:
    """The share of connections that the programme counted in 2017, measured again between reference RORs."""
    clock = SystemClock()
    folder = out or show.default_folder("demo-matrix", clock)
    members = registry.read(data.path("profiles", "registry-2017.yaml"))
    arranged = federation.arrangement()
    with tempfile.TemporaryDirectory(prefix="rorqual-matrix-") as keys, federation.federation(
            members, arranged, Path(keys), clock) as path:
        tour = matrix.Tour(registry.read(path), matrix.Wanted(seconds=_SECONDS), clock)
        matrix_.drive(tour, folder, form)
    otherwise = federation.otherwise(arranged, Visits(folder))
    if otherwise:
        raise HarnessError("found otherwise than arranged: " + "; ".join(otherwise[:5]))
    matrix_views.finish([folder], folder, form)


@contextlib.contextmanager
def reference(arguments: list[str]) -> Iterator[str]:
    """The reference ROR in a process of its own; gives its base address."""
    with started(arguments) as told:
        yield told["base-url"]


@contextlib.contextmanager
def started(arguments: list[str]) -> Iterator[dict[str, str]]:
    """The reference ROR in a process of its own; gives what it tells of itself."""
    line = [sys.executable, "-m", "conformance", "serve", "--port", "0", "--format", "json", *arguments]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)  # noqa: S603  (our own command)
    try:
        assert process.stdout is not None
        told = process.stdout.readline()
        if not told:
            process.wait(10)
            raise HarnessError(f"the reference ROR did not start (exit {process.returncode})")
        yield json.loads(told)
    finally:
        process.terminate()
        process.wait(10)
