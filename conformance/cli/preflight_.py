"""``rorqual preflight``: can this candidate be tested, and if not, why."""

from __future__ import annotations

from pathlib import Path

import click

from conformance import workshop
from conformance.cli import show
from conformance.clock import SystemClock
from conformance.drive.probe import Probe
from conformance.preflight import preflight

_SIGNS = {True: ("✓", "green"), False: ("✗", "red"), None: ("!", "yellow")}


@click.command("preflight")
@click.argument("candidate", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(candidate: Path, form: str) -> None:
    """Check CANDIDATE (a candidate.yaml) step by step, each with a remedy; run nothing."""
    who, endpoint = workshop.read_candidate(candidate)
    profile = workshop.read_profiles(who.profiles[-1:])[who.profiles[-1]]
    clock = SystemClock()
    probe = Probe(endpoint, lambda _vault: lambda body: body)
    seen = []
    try:
        for one in preflight(probe, profile, clock):
            seen.append(one)
            if form == "text":
                sign, colour = _SIGNS[one.right]
                click.echo(f"{click.style(sign, fg=colour)} {one.step}: {one.seen}")
                if one.remedy and one.right is not True:
                    click.echo(f"    {one.remedy}")
    finally:
        probe.close()
    if form == "json":
        show.echo_json([{"step": one.step, "right": one.right, "seen": one.seen, "remedy": one.remedy}
                        for one in seen])
    raise click.exceptions.Exit(max((one.exit_code for one in seen), default=0))
