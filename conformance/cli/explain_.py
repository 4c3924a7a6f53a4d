"""``rorqual explain``: what a requirement says, where it comes from, how it is tested, how to pass it."""

from __future__ import annotations

from typing import Any

import click

from conformance import examples, source, workshop
from conformance.cli import show
from conformance.clock import SystemClock
from conformance.errors import OperatorError
from conformance.examples import Example
from conformance.report.texts import interface, topics
from conformance.scenario import Library
from conformance.specification import Profile, Requirement

_LINES = 16  # of an excerpt


@click.command("explain")
@click.argument("identifier", metavar="ID")
@click.option("--profile", "profile_id", help="Profile to explain it in [the latest that has it].")
@click.option("--language", type=click.Choice(["en", "fr"]), default="en", show_default=True)
@click.option("--examples/--no-examples", "shown", default=True,
              help="Play it on the reference ROR, clean and faulty, and show an exchange of each (some seconds).")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(identifier: str, profile_id: str | None, language: str, shown: bool, form: str) -> None:
    """Explain the requirement ID: what it says, why, how it is tested, how to pass it."""
    profiles, found = workshop.library()
    having = [one for one in profiles.values()
              if identifier in one.requirements and profile_id in (None, one.id)]
    if not having:
        known = {name for one in profiles.values() for name in one.requirements}
        raise OperatorError(f"no requirement is called {identifier!r}; "
                            f"{source.suggest(identifier, known) or 'see rorqual list requirements'}")
    profile = having[-1]
    told = explained(profile, profile.requirements[identifier], found, [one.id for one in having], language)
    if shown and told["tested-by"]:
        clean, faulty = examples.examples(profile, identifier, found, SystemClock())
        told["respected"], told["broken"] = _plain(clean, language), _plain(faulty, language)
    if form == "json":
        show.echo_json(told)
    else:
        _tell(told, language)


def _plain(one: Example | None, language: str) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "scenario": one.scenario, "fault": one.fault, "title": one.title.in_(language) if one.title else "",
        "says": one.says.in_(language) if one.says else "",
        "request": f"{one.shown.method} {one.shown.url}", "access-profile": one.shown.access,
        "status": one.shown.status, "answer": one.shown.excerpt, "curl": one.shown.curl,
    }


def _tell(told: dict[str, Any], language: str) -> None:
    words = {key: interface()[f"explain.{key}"].in_(language) for key in (
        "source", "unconfirmed", "why", "note", "remedy", "not-tested", "profiles", "defects", "tested-by",
        "respected", "broken", "request", "answer", "access", "identity", "no-fault")}
    strength = interface()[f"strength.{told['strength']}"].in_(language)
    click.secho(f"{told['id']} ({told['strength']}, {strength}, {told['actor']})", bold=True)
    click.echo(told["statement"])
    click.echo(f"\n{words['source']} {told['source']}" + (f" ({words['unconfirmed']})" if told["unconfirmed"] else ""))
    for key in ("why", "note", "remedy", "not-tested"):
        if told[key]:
            click.echo(f"{words[key]} {told[key]}")
    click.echo(f"{words['profiles']} {', '.join(told['profiles'])}")
    for defect in told["defects"]:
        click.echo(f"{words['defects']} {defect}")
    if told["tested-by"]:
        click.secho(f"\n{words['tested-by']}", bold=True)
        show.table(told["tested-by"], ("scenario", "check", "title"))
    if told.get("respected"):
        click.secho(f"\n{words['respected']}", bold=True, fg="green")
        _exchange(told["respected"], words)
    if told.get("broken"):
        click.secho(f"\n{words['broken']}", bold=True, fg="red")
        click.echo(f"{told['broken']['fault']}: {told['broken']['title']}\n{told['broken']['says']}")
        _exchange(told["broken"], words)
        click.echo(f"  {told['broken']['curl']}")
    elif "broken" in told:
        click.echo(f"\n{words['no-fault']}")


def _exchange(one: dict[str, Any], words: dict[str, str]) -> None:
    who = one["access-profile"]
    client = f" ({words['access' if len(who) == 1 else 'identity']} {who})" if who else ""
    click.echo(f"  {one['scenario']}\n  {words['request']} {one['request']}{client}")
    click.echo(f"  {words['answer']} {one['status']}")
    lines = one["answer"].splitlines()
    for line in lines[:_LINES] + (["…"] if len(lines) > _LINES else []):
        click.secho(f"    {line}", dim=True)


def explained(
    profile: Profile, requirement: Requirement, found: Library, profiles: list[str], language: str
) -> dict[str, Any]:
    """All that is known of a requirement, in one language."""
    tested = []
    for scenario in found.of(profile.id):
        checks = sorted({one.check for one in scenario.expectations if requirement.id in profile.named(one.verifies)})
        tested += [{"scenario": scenario.id, "check": check, "title": scenario.title.in_(language)}
                   for check in checks]
    return {
        "id": requirement.id, "strength": requirement.strength.value, "actor": requirement.actor,
        "statement": requirement.statement.in_(language),
        "source": ", ".join(part for part in (requirement.source, requirement.section) if part),
        "unconfirmed": requirement.unconfirmed, "note": requirement.note,
        "why": topics()[requirement.topic].in_(language),
        "remedy": requirement.remedy.in_(language) if requirement.remedy else "",
        "not-tested": requirement.not_tested.in_(language) if requirement.not_tested else "",
        "profiles": profiles, "tested-by": tested,
        "defects": [f"{one.id} {one.title.in_(language)}" for one in profile.defects
                    if requirement.id in one.requirements],
    }
