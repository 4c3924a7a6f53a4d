"""``rorqual nomenclature``: the value sets and code systems that codes are judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from conformance import nomenclature, nomenclature_tabs
from conformance import package as packages
from conformance.cli import show
from conformance.nomenclature import Code, Nomenclature
from conformance.nomenclature_diff import differences
from conformance.nomenclature_import import Importer, write


@click.group("nomenclature")
def command() -> None:
    """Look into the nomenclatures that codes are judged by."""


@command.command("show")
@click.argument("name", required=False)
@click.option("--code", help="Where this code stands.")
@click.option("--kind", type=click.Choice(["value-set", "code-system"]), help="List only these.")
@click.option("--release", "folder", type=click.Path(path_type=Path),
              help="A release that was imported [the one shipped].")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def show_(name: str | None, code: str | None, kind: str | None, folder: Path | None, form: str) -> None:
    """List the nomenclatures, or show the codes of NAME (a name or a canonical), or where a code stands."""
    release = nomenclature.release(folder)
    if name:
        one = release.nomenclature(name)
        codes = [each for each in one.codes if code in (None, each.code)]
        head = {**_row(one), "canonical": one.canonical, "note": one.note}
        _tell({**head, "contents": [_code(each) for each in codes]}, form, head, [_code(each) for each in codes])
        return
    if code:
        rows = [{"nomenclature": one.name, **_code(each)} for one, each in release.holding(code)
                if kind in (None, one.kind)]
        _tell(rows, form, {}, rows)
        return
    rows = [_row(one) for one in map(release.nomenclature, release.names()) if kind in (None, one.kind)]
    _tell(rows, form, {}, rows)


@command.command("import")
@click.argument("package", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder of the release to write.")
def import_(package: Path, out: Path) -> None:
    """Read the CodeSystem and ValueSet resources, or the .tabs tables of the NOS, of PACKAGE (a .tgz or .zip, or a
    folder) into a release."""
    held = packages.read(package)
    known = nomenclature.shipped().systems_by_oid()
    documents = Importer([*held.resources, *nomenclature_tabs.resources(held.tables, known)]).documents()
    write(documents, out)
    partial = sorted(name for name, one in documents.items() if not one["complete"])
    click.echo(f"{out}: {len(documents)} nomenclatures, {len(partial)} of them in part")
    for name in partial:
        click.echo(f"  {name}: {documents[name].get('note', '')}")


@command.command("diff")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path), required=False)
@click.option("--only", "words", multiple=True, metavar="TEXT", help="Only nomenclatures with this in their name.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def diff(before: Path, after: Path | None, words: tuple[str, ...], form: str) -> None:
    """Tell what changed between two releases; with one folder, between the release shipped and that one."""
    old, new = (None, before) if after is None else (before, after)
    found = [asdict(one) for one in differences(nomenclature.release(old), nomenclature.release(new))
             if not words or any(word in one.nomenclature for word in words)]
    if form == "json":
        show.echo_json(found)
    elif found:
        show.table([{**one, "system": one["system"].rsplit("/", 1)[-1]} for one in found],
                   ("change", "nomenclature", "system", "code", "before", "after"))
    else:
        click.echo("no difference")


def _row(one: Nomenclature) -> dict[str, Any]:
    return {"name": one.name, "kind": one.kind, "date": one.date, "codes": len(one.codes),
            "content": "complete" if one.complete else "partial"}


def _code(one: Code) -> dict[str, Any]:
    state = f"{one.status} {one.until}".strip()
    return {"code": one.code, "system": one.system, "state": state, "display": one.display}


def _tell(value: Any, form: str, head: dict[str, Any], rows: Sequence[dict[str, Any]]) -> None:
    if form == "json":
        show.echo_json(value)
        return
    for word, said in head.items():
        if said != "":
            click.echo(f"{word}: {said}")
    if head:
        click.echo()
    if rows:
        short = [{**one, "system": one["system"].rsplit("/", 1)[-1]} if "system" in one else one for one in rows]
        show.table(short, list(rows[0]))
    else:
        click.echo("no such code is held")
