"""``rorqual list``: what there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from conformance import workshop
from conformance.checks import CHECKS
from conformance.cli import show
from conformance.laws import LAWS
from conformance.profile import schema

_KINDS = ("scenarios", "profiles", "requirements", "checks", "laws", "defects")


@click.command("list")
@click.argument("kind", type=click.Choice(_KINDS), default="scenarios")
@click.option("--profile", "profile_id", help="Only this profile [the latest for requirements and defects].")
@click.option("--use-case", help="Only this use case.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(kind: str, profile_id: str | None, use_case: str | None, form: str) -> None:
    """List scenarios (default), profiles, requirements, checks, laws or defects of the specification."""
    rows, columns = _rows(kind, profile_id, use_case)
    if form == "json":
        show.echo_json(rows)
    else:
        show.table(rows, columns)


def _rows(kind: str, profile_id: str | None, use_case: str | None) -> tuple[list[dict[str, Any]], Sequence[str]]:
    for word, table, where in (("check", CHECKS, "expectation"), ("law", LAWS, "law")):
        if kind == f"{word}s":
            described = schema("scenario")["$defs"][where]["properties"]
            return [{word: name, "what": described[name]["description"]} for name in table], (word, "what")
    if kind == "scenarios":
        _, found = workshop.library()
        chosen = [one for one in found.scenarios if (not use_case or one.use_case == use_case)
                  and (not profile_id or profile_id in one.profiles)]
        return [{"scenario": one.id, "transaction": one.transaction, "maturity": one.maturity, "title": one.title.en,
                 "verifies": list(one.verifies)} for one in chosen], ("scenario", "transaction", "maturity", "title")
    profiles = workshop.read_profiles((profile_id,) if profile_id else ())
    if kind == "profiles":
        return [{"profile": one.id, "version": one.version, "requirements": len(one.requirements),
                 "title": one.title.en} for one in profiles.values()], ("profile", "version", "requirements", "title")
    profile = list(profiles.values())[-1]
    if kind == "defects":
        return [{"defect": one.id, "title": one.title.en} for one in profile.defects], ("defect", "title")
    return [{"requirement": one.id, "strength": one.strength.value, "actor": one.actor, "tested": not one.not_tested,
             "statement": one.statement.en} for one in profile.requirements.values()], (
                 "requirement", "strength", "actor", "statement")
