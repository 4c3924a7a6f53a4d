"""``rorqual explain``: what a requirement says, where it comes from, how it is tested, how to pass it."""

from __future__ import annotations

from typing import Any

import click

from conformance import source, workshop
from conformance.cli import show
from conformance.errors import OperatorError
from conformance.model import Profile, Requirement
from conformance.scenario import Library


@click.command("explain")
@click.argument("identifier", metavar="ID")
@click.option("--profile", "profile_id", help="Profile to explain it in [the latest that has it].")
@click.option("--language", type=click.Choice(["en", "fr"]), default="en", show_default=True)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(identifier: str, profile_id: str | None, language: str, form: str) -> None:
    """Explain the requirement ID."""
    profiles, found = workshop.library()
    having = [one for one in profiles.values()
              if identifier in one.requirements and profile_id in (None, one.id)]
    if not having:
        known = {name for one in profiles.values() for name in one.requirements}
        raise OperatorError(f"no requirement is called {identifier!r}; "
                            f"{source.suggest(identifier, known) or 'see rorqual list requirements'}")
    told = explained(having[-1], having[-1].requirements[identifier], found, [one.id for one in having], language)
    if form == "json":
        show.echo_json(told)
        return
    click.secho(f"{told['id']} ({told['strength']}, {told['actor']})", bold=True)
    click.echo(told["statement"])
    click.echo(f"\nSource: {told['source']}" + (" (to be confirmed)" if told["unconfirmed"] else ""))
    for key, title in (("note", "Note"), ("remedy", "To pass it"), ("not-tested", "Not tested")):
        if told[key]:
            click.echo(f"{title}: {told[key]}")
    click.echo(f"Profiles: {', '.join(told['profiles'])}")
    for defect in told["defects"]:
        click.echo(f"Defect of the specification: {defect}")
    if told["tested-by"]:
        click.echo("\nTested by")
        show.table(told["tested-by"], ("scenario", "check", "title"))


def explained(
    profile: Profile, requirement: Requirement, found: Library, profiles: list[str], language: str
) -> dict[str, Any]:
    """All that is known of a requirement, in one language."""
    tested = []
    for scenario in found.of(profile.id):
        checks = sorted({one.check for step in scenario.steps for one in step.expect
                         if requirement.id in profile.named(one.verifies)})
        tested += [{"scenario": scenario.id, "check": check, "title": scenario.title.in_(language)}
                   for check in checks]
    return {
        "id": requirement.id, "strength": requirement.strength.value, "actor": requirement.actor,
        "statement": requirement.statement.in_(language),
        "source": ", ".join(part for part in (requirement.source, requirement.section) if part),
        "unconfirmed": requirement.unconfirmed, "note": requirement.note,
        "remedy": requirement.remedy.in_(language) if requirement.remedy else "",
        "not-tested": requirement.not_tested.in_(language) if requirement.not_tested else "",
        "profiles": profiles, "tested-by": tested,
        "defects": [f"{one.id} {one.title.in_(language)}" for one in profile.defects
                    if requirement.id in one.requirements],
    }
