"""RORs that exchange with each other on this machine, with certificates of their own and what is arranged to be wrong
between them. They are served by a process of its own (``python -m conformance.federation``), one port each."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from conformance import data, pki
from conformance.clock import Clock
from conformance.errors import HarnessError
from conformance.reference.access import Access, Client
from conformance.reference.app import create_app
from conformance.reference.by_client import Answering, ByClient, silent
from conformance.reference.fault import Fault
from conformance.reference.faults import FAULTS
from conformance.reference.region import generate
from conformance.reference.secured import server_context
from conformance.reference.server import Running, stored
from conformance.reference.territories import TERRITORIES
from conformance.registry import Registry, Ror
from conformance.visits import Visits

_HOST, _SEED = "127.0.0.1", 2017
_NOBODY = "a-name-that-nobody-has"  # else a port where nobody listens
_PATH, _TOKEN = "/ws-diffusion-fhir", "/auth/token"
_SECRET = "secret.txt"  # noqa: S105 - a file


@dataclass(frozen=True)
class Arrangement:
    """What is wrong between the members, as requesters and as responders; their solutions; the profiles that all speak
    unless it is told otherwise. ``causes`` says what each pair that fails must be found to be."""

    solutions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    profiles: tuple[str, ...] = ()
    requesters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    responders: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    causes: tuple[Mapping[str, str], ...] = ()

    def expected(self, requester: str, responder: str) -> tuple[str, str]:
        """The cause, and the requirement, that a pair must be found to fail for; empty texts where it is effective."""
        for one in self.causes:
            if one.get("requester", requester) == requester and one.get("responder", responder) == responder:
                return one["cause"], one.get("requirement", "")
        return "", ""


def arrangement() -> Arrangement:
    """That of ``rorqual demo --matrix``."""
    told = yaml.safe_load(data.path("profiles", "matrix-demo.yaml").read_text(encoding="utf-8"))
    return Arrangement(told["solutions"], tuple(told["profiles"]), told["requesters"], told["responders"],
                       tuple(told["causes"]))


def registry_of(
    rors: Registry, arranged: Arrangement, folder: Path, clock: Clock, offers: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Makes certificates and secrets in a folder; the registry as a document, and what each server must be. Addresses
    are filled in when they are known."""
    made = pki.Pki(folder, clock.now())
    ids = [one.id for one in rors.rors]
    (folder / _SECRET).write_text("secret-fictif", encoding="utf-8")
    members, servers = [], []
    for number, one in enumerate(rors.rors):
        asked, asks = arranged.responders.get(one.id, {}), arranged.requesters.get(one.id, {})
        member = _member(one, arranged, asks, asked, ids, _identity(made, one.id, asks.get("certificate", pki.GOOD)))
        members.append(member)
        at = asked.get("at", "")
        if at:
            member["endpoint"]["base-url"] = f"https://{_unreachable(one.id, at)}{_PATH}"
            continue
        pair = made.server(asked.get("certificate", pki.GOOD), f"{one.id}.localhost")
        servers.append({
            "id": one.id, "certificate": str(pair.certificate), "key": str(pair.key),
            "authority": str(made.authority), "revocations": str(made.revocations), "offers": offers,
            "territory": sorted(TERRITORIES)[number % len(TERRITORIES)], "profile": member["profiles"][-1],
            "listed": member["lets-in"], "of": asked.get("of", {}),
            "clients": [name for name in ids if name not in asked["knows-no-client"]]
            if "knows-no-client" in asked else None})
    return {"registry": 1, "rors": members}, servers


def _identity(made: pki.Pki, name: str, kind: str) -> dict[str, Any]:
    """The identity of a member when it asks, with a certificate of a kind, or ``none``."""
    told: dict[str, Any] = {"client-id": name, "client-secret": {"file": _SECRET}}
    if kind != "none":
        pair = made.client(name, kind)
        told |= {"certificate": pair.certificate.name, "key": pair.key.name}
    return told


def _member(
    one: Ror, arranged: Arrangement, asks: Mapping[str, Any], asked: Mapping[str, Any], ids: list[str],
    identity: Mapping[str, Any],
) -> dict[str, Any]:
    solution = next((name for name, those in arranged.solutions.items() if one.id in those), "")
    told: dict[str, Any] = {
        "id": one.id, "region": one.region, "name": one.name, "metropolitan": one.metropolitan,
        "profiles": list(asks.get("profiles", arranged.profiles or one.profiles)),
        "endpoint": {"authorities": "authority.pem"}, "identity": dict(identity),
        "lets-in": [name for name in ids if name != one.id and name not in asked.get("leaves-out", ())]}
    return told | ({"solution": solution} if solution else {})


def _unreachable(name: str, at: str) -> str:
    """A host, and a port, where nobody is."""
    if at == _NOBODY:
        return f"{name}.invalid"
    with socket.create_server((_HOST, 0)) as free:
        return f"{name}.localhost:{free.getsockname()[1]}"


def otherwise(arranged: Arrangement, visits: Visits) -> list[str]:
    """The pairs of a record that were found otherwise than arranged, in words."""
    found = []
    for one in map(visits.cell, visits):
        seen = (one.broken.cause, one.broken.requirement) if one.broken is not None else ("", "")
        wanted = arranged.expected(one.requester, one.responder)
        if seen != wanted:
            told = one.broken.detail if one.broken is not None else ""
            found.append(f"{one.requester} → {one.responder}: {' '.join(seen)} ({told}), not {' '.join(wanted)}")
    return found


@contextlib.contextmanager
def federation(
    rors: Registry, arranged: Arrangement, folder: Path, clock: Clock, offers: int = 60
) -> Iterator[Path]:
    """``with federation(…) as path``: the RORs served, and their registry. HarnessError when they do not start."""
    folder.mkdir(parents=True, exist_ok=True)
    document, servers = registry_of(rors, arranged, folder, clock, offers)
    line = [sys.executable, "-P", "-m", "conformance.federation"]
    process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603  (our own)
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(servers) + "\n")
        process.stdin.flush()
        told = process.stdout.readline()
        if not told:
            raise HarnessError(f"the reference RORs did not start (exit {process.wait(10)})")
        ports = json.loads(told)
        for one in document["rors"]:
            if one["id"] in ports:
                origin = f"https://{one['id']}.localhost:{ports[one['id']]}"
                one["endpoint"]["base-url"] = origin + _PATH
                if "knows-no-client" in arranged.responders.get(one["id"], {}):
                    one["endpoint"]["token-url"] = origin + _TOKEN
        path = folder / "registry.yaml"
        path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
        yield path
    finally:
        process.kill()
        process.wait(10)


def main() -> None:
    """Serves what one line of its input describes, tells the ports in one line, and ends when its input does."""
    servers = json.loads(sys.stdin.readline())
    with contextlib.ExitStack() as stack:
        ports = {}
        for one in servers:
            context = server_context(Path(one["certificate"]), Path(one["key"]), authority=Path(one["authority"]),
                                     revocations=Path(one["revocations"]))
            base = stack.enter_context(Running(_app(one), tls=context))
            ports[one["id"]] = int(base.rpartition(":")[2].partition("/")[0])
        sys.stdout.write(json.dumps(ports) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


def _app(one: Mapping[str, Any]) -> Any:
    """The application of a ROR: what it is to all, and what it is to some."""
    listed = None if one["listed"] is None else frozenset(one["listed"])
    clients = () if one["clients"] is None else tuple(Client(name, "secret-fictif") for name in one["clients"])
    access = Access(bearer=bool(clients), clients=clients, listed=listed)

    def app(fault: Fault | None = None) -> Any:
        resources = _resources(one["offers"], one["territory"])
        return create_app(stored(resources, fault), profile_id=one["profile"], access=access, fault=fault)

    return ByClient(app(), {name: _special(app, how) for name, how in one["of"].items()})


def _special(app: Any, how: Mapping[str, Any]) -> Any:
    """What a ROR is to one who asks."""
    if "status" in how:
        return Answering(how["status"])
    if "fhir-version" in how:
        return app(Fault("fhir-version", {}, "", capability=lambda told: told | {"fhirVersion": how["fhir-version"]}))
    return app(FAULTS[how["fault"]]) if "fault" in how else silent


@lru_cache(maxsize=8)
def _resources(offers: int, territory: str) -> list[dict[str, Any]]:
    return list(generate(offers, _SEED, TERRITORIES[territory]))


if __name__ == "__main__":
    main()
