"""``rorqual serve``: the reference ROR on this machine."""

from __future__ import annotations

import json
import signal
import ssl
import threading
from pathlib import Path
from typing import Any

import click

from conformance import profile, source
from conformance.errors import OperatorError
from conformance.reference.access import CLIENTS, Access, Client
from conformance.reference.app import create_app, utc_now
from conformance.reference.authorization import Guard
from conformance.reference.faults import FAULTS
from conformance.reference.guarded import guarded
from conformance.reference.server import DataError, Running, load, stored
from conformance.reference.territories import OUEST, TERRITORIES
from conformance.reference_data import region


@click.command("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=8017, show_default=True, help="0: any free port.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--profile", "profile_id", help="Profile served [the latest].")
@click.option("--offers", type=click.IntRange(1, 1_000_000), default=300, show_default=True)
@click.option("--seed", type=int, default=2017, show_default=True)
@click.option("--territory", "place", type=click.Choice(sorted(TERRITORIES)), default=OUEST.name, show_default=True,
              help="Where the region is: its communes, frequent activities, identifiers.")
@click.option("--houses", type=click.Choice(["smr", "ms", "ch", "psy"]),
              help="Only these establishments: rehabilitation, medico-social, hospitals, psychiatric.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of FHIR JSON files, in place of the region.")
@click.option("--fault", "name", help="Serve with this single fault (see --list-faults).")
@click.option("--list-faults", is_flag=True, help="List the faults and leave.")
@click.option("--require-headers", is_flag=True, help="Refuse requests without the four Ror-* headers.")
@click.option("--client", nargs=2, metavar="ID SECRET", help="Require a bearer token, given at /auth/token.")
@click.option("--tls", nargs=2, metavar="CERT KEY", help="Serve over TLS with this certificate and key (PEM).")
@click.option("--client-authority", type=click.Path(path_type=Path), help="Require client certificates of this CA.")
@click.option("--pki", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="Serve over TLS with the certificates of a folder of rorqual pki, an authorization server beside.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    port: int, host: str, profile_id: str | None, offers: int, seed: int, place: str, houses: str | None,
    data: Path | None, name: str | None,
    list_faults: bool, require_headers: bool, client: tuple[str, str] | None, tls: tuple[str, str] | None,
    client_authority: Path | None, folder: Path | None, form: str,
) -> None:
    """Serve the reference ROR: a fictitious region, deterministic from its seed. Stop it with Ctrl-C."""
    if list_faults:
        for one in FAULTS.values():
            click.echo(f"{one.name:34} {one.breaks:32} {one.title['en']}")
        return
    if name is not None and name not in FAULTS:
        raise OperatorError(f"no fault is called {name!r}; {source.suggest(name, FAULTS) or 'see --list-faults'}")
    fault = FAULTS[name] if name else None
    if folder is None and fault is not None and fault.secured:
        raise OperatorError(f"the fault {name} shows behind TLS and tokens alone; add --pki FOLDER (see rorqual pki)")
    try:
        territory = TERRITORIES[place].only(houses) if houses else TERRITORIES[place]
        store = stored(load(data) if data else region(offers, seed, territory), fault)
    except DataError as error:
        raise OperatorError(str(error)) from None
    access = Access(client is not None, require_headers, (*CLIENTS, *([Client(*client)] if client else ())))

    def made(guard: Access | Guard) -> Any:
        return create_app(store, profile_id=profile_id or profile.known()[-1], fault=fault, access=guard)
    try:
        if folder is not None:
            let_pass = fault.lax if fault else frozenset()
            with guarded(made, folder, utc_now, host=host, port=port, let_pass=let_pass) as it:
                _told({"base-url": it.base, "token-url": it.token_url, **it.tokens}, form)
            return
        with Running(made(access), host=host, port=port, tls=_tls(tls, client_authority)) as base:
            _told({"base-url": base}, form)
    except OSError as error:
        raise OperatorError(f"port {port}: {error}") from None


def _told(addresses: dict[str, str], form: str) -> None:
    """Says where the reference is, and waits until the process is asked to stop."""
    if form == "json":
        click.echo(json.dumps(addresses))
    else:
        click.echo(f"reference ROR at {addresses['base-url']}")
        for name in (one for one in addresses if one != "base-url"):
            click.echo(f"{name}: {addresses[name]}")
    _wait()


def _tls(pair: tuple[str, str] | None, authority: Path | None) -> ssl.SSLContext | None:
    if pair is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*pair)
    if authority is not None:
        context.load_verify_locations(authority)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _wait() -> None:
    """Until the process is asked to stop."""
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    asked.wait()
