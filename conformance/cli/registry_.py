"""``rorqual registry``: who exchanges with whom, checked, and as a table."""

from __future__ import annotations

from pathlib import Path

import click

from conformance import data, registry, registry_table
from conformance.cli import show

_COLUMNS = ("id", "region", "name", "metropolitan", "solution", "profiles", "endpoint", "identity", "lets in")


@click.command("registry")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--example", is_flag=True, help="Write an example: the 17 regional RORs of 2017, to be completed.")
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
def command(path: Path | None, example: bool, form: str) -> None:
    """Check a registry (PATH, a registry.yaml or a CSV table) and list its members; every error is told at once, with
    its place."""
    if example is (path is not None):
        raise click.UsageError("give PATH, or --example")
    shipped = data.path("profiles", "registry-2017.yaml")
    if example and form == "text":
        click.echo(shipped.read_text(encoding="utf-8"), nl=False)
        return
    found = registry.read(path or shipped)
    if form == "csv":
        click.echo(registry_table.write(found), nl=False)
        return
    rows = [_row(one) for one in found.rors]
    pairs = found.pairs()
    near = sum(one.metropolitan and other.metropolitan for one, other in pairs)
    if form == "json":
        show.echo_json({"rors": rows, "consumers": [{"id": one.id, "name": one.name} for one in found.consumers],
                        "pairs": {"ordered": len(pairs), "metropolitan": near}})
        return
    show.table(rows, _COLUMNS)
    click.echo(f"{len(rows)} RORs and {len(found.consumers)} applications; {len(pairs)} ordered pairs of RORs, "
               f"{near} of them metropolitan", err=True)


def _row(one: registry.Ror) -> dict[str, str]:
    """A ROR as it is listed: what is known of it, and nothing secret."""
    held = {"certificate": one.identity.certificate, "client": one.identity.client_id}
    return {
        "id": one.id, "region": one.region, "name": one.name, "metropolitan": "yes" if one.metropolitan else "no",
        "solution": one.solution, "profiles": " ".join(one.profiles), "endpoint": one.base,
        "identity": " ".join(word for word, value in held.items() if value),
        "lets in": "not told" if one.lets_in is None else " ".join(one.lets_in) or "nobody"}
