"""``rorqual pki``: certificates for tests of TLS, those that must be refused among them."""

from __future__ import annotations

import re
from pathlib import Path

import click

from conformance import pki
from conformance.cli import show
from conformance.clock import SystemClock
from conformance.errors import OperatorError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}")


@click.command("pki")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--server", "hosts", multiple=True, metavar="HOST", default=("127.0.0.1",), show_default=True,
              help="A server, by its name or address (repeatable).")
@click.option("--client", "names", multiple=True, metavar="NAME", default=("client",), show_default=True,
              help="A client, by the CN of its certificate (repeatable).")
@click.option("--bad/--good", "bad", default=True, show_default=True,
              help="With those that must be refused: expired, of another authority, revoked, …")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(folder: Path, hosts: tuple[str, ...], names: tuple[str, ...], bad: bool, form: str) -> None:
    """Write a hierarchy of certificates for tests to FOLDER, a new one: authorities, servers, clients, a list of
    revocations. None of them is to be trusted by anything but a test; they last 29 days."""
    for one in (*hosts, *names):
        if not _NAME.fullmatch(one):
            raise click.UsageError(f"{one!r} is no name for a certificate: letters, digits, '.', '_', '-' and spaces")
    if folder.exists() and any(folder.iterdir()):
        raise OperatorError(f"{folder} is not empty; give a new folder: keys that are there are not written over")
    try:
        rows = _written(pki.Pki(folder, SystemClock().now()), hosts, names, bad)
    except OSError as error:
        raise OperatorError(f"{folder}: cannot be written ({error.strerror})") from None
    if form == "json":
        show.echo_json(rows)
    else:
        show.table(rows, ("what", "kind", "subject", "certificate", "key"))


def _written(made: pki.Pki, hosts: tuple[str, ...], names: tuple[str, ...], bad: bool) -> list[dict[str, str]]:
    """The files, one row each."""
    rows = [{"what": "authorities", "kind": pki.GOOD, "subject": "", "certificate": str(made.authority), "key": ""},
            {"what": "revocations", "kind": pki.GOOD, "subject": "", "certificate": str(made.revocations), "key": ""}]
    for host in hosts:
        for kind in pki.SERVERS if bad else (pki.GOOD,):
            pair = made.server(kind, host)
            rows.append({"what": "server", "kind": kind, "subject": host, "certificate": str(pair.certificate),
                         "key": str(pair.key)})
    for name in names:
        for kind in pki.CLIENTS if bad else (pki.GOOD,):
            pair = made.client(name, kind)
            subject = pki.subject(pki.called(name, kind)).rfc4514_string()
            rows.append({"what": "client", "kind": kind, "subject": subject,
                         "certificate": str(pair.certificate), "key": str(pair.key)})
    return rows
