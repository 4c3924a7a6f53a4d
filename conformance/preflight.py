"""What must be right before a run: name, connection, TLS, clock, base address, capability, population, clients.

Each step says what was seen and, when it is not right, what to do. Steps after a broken one are not tried.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from conformance.clock import Clock
from conformance.drive.probe import Probe
from conformance.fhir import bundle
from conformance.fhir.body import Unreadable, parse
from conformance.model import Ask, Exchange
from conformance.report.texts import findings
from conformance.scenario_words import IDENTITIES
from conformance.specification import Profile

_SKEW = 300.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One step: its name, whether it is right (None: could not be told), what was seen, what to do."""

    step: str
    right: bool | None
    seen: str
    remedy: str = ""
    exit_code: int = 0


def preflight(probe: Probe, profile: Profile, clock: Clock) -> Iterator[Seen]:
    """The steps in order, up to the first that is broken."""
    for step in (_name, _connection):
        seen = step(probe)
        yield seen
        if seen.right is False:
            return
    exchange = probe.send(Ask("GET", "metadata"), "preflight")
    answered = _answer("answer", exchange)
    yield answered
    if answered.right is False:
        return
    yield _clock(exchange, clock.now())
    statement = _statement(exchange)
    yield statement
    if statement.right is False:
        return
    yield _version(exchange)
    yield from _population(probe, profile)
    yield from _clients(probe)


def _name(probe: Probe) -> Seen:
    host = urlsplit(probe.endpoint.base).hostname or ""
    try:
        found = sorted({str(one[4][0]) for one in socket.getaddrinfo(host, None)})
    except OSError as error:
        return Seen("name", False, f"{host} does not resolve ({error})",
                    "correct endpoint.base-url, or the DNS of this machine", 3)
    return Seen("name", True, f"{host} is {', '.join(found[:3])}")


def _connection(probe: Probe) -> Seen:
    parts = urlsplit(probe.endpoint.base)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), probe.endpoint.limits.connect).close()
    except OSError as error:
        return Seen("connection", False, f"port {port} does not answer ({error})",
                    "check the port, the firewall, and that the service runs", 3)
    return Seen("connection", True, f"port {port} answers")


def _answer(step: str, exchange: Exchange) -> Seen:
    if exchange.trouble is not None:
        code = exchange.trouble.code
        exit_code = 4 if code == "transport.token" else 3
        return Seen(step, False, f"{code}: {exchange.trouble.detail}", findings()[code].remedy.en, exit_code)
    assert exchange.response is not None
    status = exchange.response.status
    over = f" over {exchange.tls}" if exchange.tls else " in clear"
    if status in (401, 403):
        return Seen(step, False, f"status {status}{over}: not authorized",
                    "check token or oauth2, the client certificate, and the four Ror-* headers in candidate.yaml", 4)
    if status >= 500:
        return Seen(step, False, f"status {status}{over}", "look in the logs of the candidate", 3)
    return Seen(step, True, f"status {status}{over} in {exchange.milliseconds:.0f} ms")


def _clock(exchange: Exchange, now: datetime) -> Seen:
    said = exchange.response.header("Date") if exchange.response else ""
    try:
        skew = (parsedate_to_datetime(said) - now).total_seconds()
    except (TypeError, ValueError):
        return Seen("clock", None, "the answer has no readable Date")
    if abs(skew) > _SKEW:
        return Seen("clock", None, f"the clocks differ by {skew:.0f} s", "set the clock of one of the two machines")
    return Seen("clock", True, f"the clocks agree within {max(1, abs(skew)):.0f} s")


def _body(exchange: Exchange) -> Mapping[str, Any]:
    try:
        return parse(exchange.response.body) if exchange.response else {}
    except Unreadable:
        return {}


def _statement(exchange: Exchange) -> Seen:
    body = _body(exchange)
    kind = body.get("resourceType")
    if kind != "CapabilityStatement":
        status = exchange.response.status if exchange.response else 0
        return Seen("base address", False, f"[base]/metadata answers {kind or 'no FHIR resource'}, status {status}",
                    "base-url must be the FHIR base; that of the national ROR ends with /ws-diffusion-fhir", 4)
    return Seen("base address", True, "[base]/metadata is a CapabilityStatement")


def _version(exchange: Exchange) -> Seen:
    version = _body(exchange).get("fhirVersion")
    if version != "4.0.1":
        return Seen("FHIR version", None, f"fhirVersion {version or 'absent'}", "the profiles are written for 4.0.1")
    return Seen("FHIR version", True, "fhirVersion 4.0.1")


def _population(probe: Probe, profile: Profile) -> Iterator[Seen]:
    """How many resources of each type the candidate says it holds."""
    for kind in sorted({name for name, _ in profile.search_parameters}
                       & {"HealthcareService", "Location", "Organization"}):
        exchange = probe.send(Ask("GET", kind, (("_count", "1"),)), "preflight")
        body = _body(exchange)
        total = bundle.total(body) if bundle.is_searchset(body) else None
        if total is None:
            yield Seen(f"population {kind}", None, "no total", "the run will explore what it can")
        elif total < 2:
            yield Seen(f"population {kind}", None, f"{total} {kind}",
                       "load test data: several resources that differ, so that a search can leave some out")
        else:
            yield Seen(f"population {kind}", True, f"{total} {kind}")


def _clients(probe: Probe) -> Iterator[Seen]:
    """Whether the client of each other access profile is let in."""
    for one in (each for each in probe.endpoint.others if each.access not in IDENTITIES):
        exchange = probe.send(Ask("GET", "Organization", (("_count", "1"),), access=one.access), "preflight")
        yield _answer(f"client of access profile {one.access}", exchange)
