"""How far a request came: what an exchange tells of the steps from a name to a white list. Pure: it reads what was
recorded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from conformance import deduced
from conformance.cells import MUTUAL_TLS, STEP_OF, TLS, Broken, Certificate
from conformance.model import Exchange, Response, Trouble

FHIR = "4.0.1"
# what OpenSSL says of a certificate that we do not take, by a part of its sentence
_VERIFY = (
    ("has expired", "tls.expired"), ("not yet valid", "tls.not-yet-valid"),
    ("certificate in certificate chain", "tls.unknown-authority"), ("self-signed", "tls.self-signed"),
    ("self signed", "tls.self-signed"), ("mismatch", "tls.other-name"), ("revoked", "tls.revoked"),
    ("purpose", "tls.wrong-usage"), ("too weak", "tls.weak-key"), ("too small", "tls.weak-key"),
    ("get local issuer", "tls.unknown-authority"), ("get issuer", "tls.unknown-authority"),
    ("verify the first certificate", "tls.unknown-authority"))
# alerts and faults of the handshake, by a part of their name (RFC 8446, section 6.2)
_HANDSHAKE = (
    ("CERTIFICATE_REQUIRED", "client.missing"), ("ALERT_CERTIFICATE_EXPIRED", "client.expired"),
    ("ALERT_CERTIFICATE_REVOKED", "client.revoked"), ("ALERT_UNKNOWN_CA", "client.unknown-authority"),
    ("ALERT_UNSUPPORTED_CERTIFICATE", "client.wrong-usage"), ("ALERT_BAD_CERTIFICATE", "client.not-accepted"),
    ("ALERT_CERTIFICATE_UNKNOWN", "client.not-accepted"), ("ALERT_ACCESS_DENIED", "client.not-accepted"),
    ("ALERT_DECRYPT_ERROR", "client.not-accepted"), ("UNSUPPORTED_PROTOCOL", "tls.version"),
    ("PROTOCOL_VERSION", "tls.version"), ("WRONG_VERSION_NUMBER", "tls.not-tls"), ("HTTP_REQUEST", "tls.not-tls"),
    ("PACKET_LENGTH_TOO_LONG", "tls.not-tls"), ("RECORD_LAYER_FAILURE", "tls.not-tls"),
    ("KEY_TOO_SMALL", "tls.weak-key"), ("HANDSHAKE_FAILURE", "tls.ciphers"), ("NO_SHARED_CIPHER", "tls.ciphers"),
    ("INSUFFICIENT_SECURITY", "tls.ciphers"), ("UNEXPECTED_EOF", "tls.closed"))
_STATUS = re.compile(r"the token endpoint answered (\d+)")
_DENIED = ("400", "401", "403")
# a resolver that cannot tell, no file or port left: faults of the machine that asks
_OURS = ("[Errno -3]", "[Errno -4]", "[Errno -11]", "[Errno 23]", "[Errno 24]", "[Errno 99]", "[Errno 105]")
_TROUBLES = {
    "transport.name": "name.unknown", "transport.refused": "tcp.refused", "transport.network": "tcp.unreachable",
    "transport.closed": "http.closed", "transport.not-http": "http.not-http",
    "transport.too-large": "http.too-large", "transport.encoding": "http.not-http",
    "transport.too-slow": "http.silent", "transport.run-time": "untested.time"}
# what is told in HTTP of a connection that TLS should have ended
_TOLD = ((b"No required SSL certificate", "client.missing"), (b"SSL certificate error", "client.not-accepted"),
         (b"Client certificate required", "client.missing"), (b"plain HTTP request", "tls.wanted"))
_VERIFYING = "CERTIFICATE_VERIFY_FAILED"  # it is we who refuse
_VAGUE = ("client.not-accepted", "client.unknown-authority", "http.closed", "tls.closed", "tls.ciphers", "tls.failed")


def greeting(one: Exchange, own: Certificate | None) -> Broken | None:
    """What a first request tells: None where it came through to an answer that lets it in. ``own`` is the certificate
    that came with it."""
    if one.response is None:
        return _refined(_troubled(one), own)
    status, body = one.response.status, one.response.body
    if status in (400, 403, 495, 496) and not _read(body):  # what ends TLS before the server tells it in HTTP
        cause = next((cause for words, cause in _TOLD if words in body), None)
        if cause is not None:
            return Broken(cause, f"HTTP {status}", one.id)
    told = {401: "list.unauthenticated", 403: "list.refused", 429: "http.too-many"}.get(status)
    return Broken(told, f"HTTP {status}", one.id) if told else None


def capability(one: Exchange, shared: str) -> Broken | None:
    """What the request of a capability statement tells; ``shared`` is the profile that both declare, if any."""
    if one.response is None:
        return _troubled(one)
    broken = _stated(one.response)
    if broken:
        return Broken(broken, f"HTTP {one.response.status}", one.id)
    told = _read(one.response.body)
    version = str(told.get("fhirVersion", ""))
    if version != FHIR:
        return Broken("capability.other-version", f"fhirVersion {version[:40] or 'none'}", one.id)
    offers = deduced.statement(told).types.get("HealthcareService")
    if offers is None or "search-type" not in offers.interactions:
        return Broken("capability.no-search", "HealthcareService: search-type", one.id)
    return None if shared else Broken("capability.no-shared-profile", "", one.id)


def _stated(answer: Response) -> str:
    """The cause why an answer is no capability statement; empty where it is one."""
    if answer.status in (401, 403):
        return "capability.refused"
    if answer.status == 429:
        return "http.too-many"
    if answer.status >= 500:
        return "http.unavailable"
    if answer.status != 200:
        return "capability.not-found"
    return "" if _read(answer.body).get("resourceType") == "CapabilityStatement" else "capability.unreadable"


def _read(body: bytes) -> Mapping[str, Any]:
    """A body as a JSON object; empty where it is none."""
    try:
        value = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _troubled(one: Exchange) -> Broken:
    trouble = one.trouble or Trouble("transport.network", "")
    return Broken(_cause(trouble), trouble.detail, one.id)


def _refined(broken: Broken, own: Certificate | None) -> Broken:
    """A refusal that tells less than what we know of the certificate that was refused: servers say that a certificate
    is bad, or hang up, where it is not yet valid or signed by itself."""
    if own is None:
        asked = broken.cause == "tls.ciphers" or broken.step == MUTUAL_TLS
        return replace(broken, cause="client.missing") if asked else broken
    if own.defects and broken.cause in _VAGUE and _VERIFYING not in broken.detail:
        return replace(broken, cause=f"client.{own.defects[0]}")
    return broken


def _cause(trouble: Trouble) -> str:
    detail = trouble.detail
    if trouble.code in ("transport.name", "transport.network") and detail.startswith(_OURS):
        return "untested.network"
    if trouble.code == "transport.connect-timeout":
        return "tls.silent" if "handshake" in detail else "tcp.silent"
    if trouble.code == "transport.tls" or "[SSL:" in detail:  # also where a token was to be asked
        known = _VERIFY if _VERIFYING in detail else _HANDSHAKE
        cause = next((cause for words, cause in known if words in detail), "tls.failed")
        return "token.unreachable" if trouble.code == "transport.token" and STEP_OF[cause] == TLS else cause
    if trouble.code == "transport.token":
        status = _STATUS.search(detail)
        if status is not None and status[1] == "429":
            return "http.too-many"
        return "token.refused" if status is not None and status[1] in _DENIED else "token.unreachable"
    if trouble.code == "transport.network" and "reset" in detail.lower():
        return "tls.closed"
    return _TROUBLES.get(trouble.code, "tcp.unreachable")
