"""``rorqual init``: a commented candidate.yaml."""

from __future__ import annotations

from pathlib import Path

import click
import jinja2

from conformance import data, profile
from conformance.errors import OperatorError


@click.command("init")
@click.argument("path", type=click.Path(path_type=Path), default=Path("candidate.yaml"))
@click.option("--product", default="Mon ROR", show_default=True)
@click.option("--vendor", default="Mon entreprise", show_default=True)
@click.option("--base-url", default="https://ror.example.org/ws-diffusion-fhir", show_default=True)
@click.option("--writes", is_flag=True, help="Let scenarios write: on a test environment only.")
@click.option("--clients", metavar="TOKEN-URL", help="Name a client of each access profile, by OAuth 2.0.")
@click.option("--force", is_flag=True, help="Write over a file that exists.")
def command(
    path: Path, product: str, vendor: str, base_url: str, writes: bool, clients: str | None, force: bool
) -> None:
    """Write a commented candidate file at PATH [candidate.yaml]."""
    if path.exists() and not force:
        raise OperatorError(f"{path} exists already; add --force to write over it")
    known = profile.known()
    template = jinja2.Template(
        data.path("reports", "templates", "candidate.yaml.j2").read_text(encoding="utf-8"), trim_blocks=True,
        lstrip_blocks=True,
    )
    schema = data.path("reports", "schemas", "candidate.schema.json").as_uri()
    text = template.render(product=_quoted(product), vendor=_quoted(vendor), base_url=base_url, profiles=known,
                           headers=profile.read(known[-1]).headers, schema=schema, writes=writes,
                           clients=clients)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{path}: cannot be written ({error.strerror})") from None
    click.echo(f"{path} written; fill it in, then: rorqual preflight {path}")


def _quoted(text: str) -> str:
    """A text that YAML reads as itself."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
