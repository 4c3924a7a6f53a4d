"""``rorqual profile``: the versions of the specification, compared and written down for other tools."""

from __future__ import annotations

import json
from pathlib import Path

import click

from conformance import nomenclature, openapi, package, profile, profile_export, profile_import
from conformance.checks.structure import structures
from conformance.cli import show
from conformance.profile_diff import differences, plain, sentence

KINDS = ("structure", "element", "search parameter", "capability", "requirement", "defect")
_COLOURS = {"added": "green", "removed": "red", "changed": "yellow"}


@click.group("profile")
def command() -> None:
    """Look into the versions of the specification."""


@command.command("diff")
@click.argument("before")
@click.argument("after")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Only this kind of thing (repeatable).")
@click.option("--only", "words", multiple=True, metavar="TEXT",
              help="Only what has this text in its name (repeatable).")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def diff(before: str, after: str, kinds: tuple[str, ...], words: tuple[str, ...], form: str) -> None:
    """Tell what changed from the profile BEFORE to the profile AFTER, element by element."""
    found = [one for one in differences(profile.read(before), profile.read(after))
             if (not kinds or one.kind in kinds) and (not words or any(word in one.name for word in words))]
    if form == "json":
        show.echo_json({"before": before, "after": after, "changes": [plain(one) for one in found]})
        return
    for one in found:
        click.echo(f"{click.style(one.change.ljust(8), fg=_COLOURS[one.change])} {sentence(one)}")
    click.echo(f"{len(found)} differences" if found else "no difference")


@command.command("export")
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), help="A file that ends with .tgz, or a folder [./NAME.tgz].")
def export(name: str, out: Path | None) -> None:
    """Write the structures and nomenclatures of the profile NAME as a FHIR package, for other FHIR tools."""
    where = out or Path(f"{name}.tgz")
    count = profile_export.write(profile.read(name), nomenclature.shipped(), profile.beside(name), where)
    click.echo(f"{where}: {count} files")


@command.command("openapi")
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), help="The file to write [standard output].")
@click.option("--outline", is_flag=True, help="Describe resources by their type only: a small document.")
def openapi_(name: str, out: Path | None, outline: bool) -> None:
    """Write the profile NAME as an OpenAPI 3.1 document: paths, parameters, answers, errors."""
    held = profile.read(name)
    described = None if outline else structures(held, nomenclature.shipped())
    show.deliver(json.dumps(openapi.document(held, described), ensure_ascii=False, indent=1) + "\n", out)


@command.command("import")
@click.argument("source", metavar="PACKAGE", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The folder to write; its name is the id [NAME-VERSION].")
@click.option("--like", metavar="PROFILE",
              help="Take requirements, defects and headers, which packages do not tell, from this profile.")
@click.option("--with", "others", multiple=True, type=click.Path(path_type=Path),
              help="A package that this one rests on (repeatable).")
@click.option("--statement", default="", metavar="ID", help="The CapabilityStatement to read, where there are several.")
def import_(source: Path, out: Path | None, like: str | None, others: tuple[Path, ...], statement: str) -> None:
    """Read a FHIR package (.tgz, .zip, or a folder) into a profile, nomenclatures beside."""
    held = package.read(source)
    importer = profile_import.ProfileImporter(held, [package.read(one) for one in others],
                                              profile.folder_of(like) if like else None, statement)
    made = importer.imported(out.name if out is not None else "")
    where = out or Path(made.documents[profile_import.IDENTITY]["id"])
    count = profile_import.write(made, held, where)
    click.echo(f"{where}: {count} files")
    for line in profile_import.untold(made):
        click.echo(f"  not in it: {line}")
