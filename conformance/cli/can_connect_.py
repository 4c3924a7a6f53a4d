"""``rorqual can-connect``: may one member exchange with another? A gate for CI."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.cli import show
from conformance.errors import OperatorError
from conformance.report import connect, grid_files
from conformance.scenario_words import USE_CASES

_EXITS = {connect.YES: 0, connect.NO: 1, connect.UNKNOWN: 6}


@click.command("can-connect")
@click.argument("requester")
@click.argument("responder")
@click.option("--matrix", "path", type=click.Path(path_type=Path),
              help="The folder of a matrix, or its matrix.json [the last one under ./rorqual-out].")
@click.option("--use-case", type=click.Choice(USE_CASES), help="For this use case.")
@click.option("--profile", default="", help="By this version of the specification.")
@click.option("--observed", is_flag=True, help="What was only deduced is unknown.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    requester: str, responder: str, path: Path | None, use_case: str | None, profile: str, observed: bool, form: str
) -> None:
    """Tell whether REQUESTER can exchange with RESPONDER: true (exit 0), false (1) or unknown (6), and why."""
    chosen = path or _last()
    answer = connect.can_connect(grid_files.read(chosen), requester, responder, use_case=use_case or "",
                                 profile=profile, observed=observed)
    tell = f"rorqual matrix REGISTRY --requester {requester} --responder {responder}" + (
        f" --use-case {use_case}" if use_case else "")
    if form == "json":
        show.echo_json({"answer": answer.word, "known": answer.known, "matrix": str(chosen),
                        "sentences": [{"fr": one.fr, "en": one.en} for one in answer.sentences],
                        **({"command": tell} if answer.word == connect.UNKNOWN else {})})
    else:
        click.secho(answer.word, bold=True)
        for one in answer.sentences:
            click.echo(one.en)
        if answer.word == connect.UNKNOWN:
            click.echo(f"This would tell: {tell}")
    raise click.exceptions.Exit(_EXITS[answer.word])


def _last() -> Path:
    """The newest matrix under ./rorqual-out; OperatorError where there is none."""
    found = sorted(Path("rorqual-out").glob("*/matrix.json"), key=lambda one: one.stat().st_mtime)
    if not found:
        raise OperatorError("no matrix under ./rorqual-out; give one by --matrix, or try one: rorqual matrix REGISTRY")
    return found[-1]
