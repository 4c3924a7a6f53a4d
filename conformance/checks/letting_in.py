"""Checks of who a candidate lets in: those that must be refused are, beside one that is let in; and how.

A refusal counts only where the same request was accepted just before from the right client; what was accepted speaks
for itself. One that came for an evidently different reason tells nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from conformance.checks.evidence import Evidence
from conformance.checks.http import no_internals
from conformance.codes import finding
from conformance.fhir import outcome
from conformance.fhir.body import Unreadable
from conformance.model import Exchange, Finding, Sent
from conformance.scenario_words import IDENTITIES

ACCEPTED, REFUSED, UNCLEAR = "accepted", "refused", "unclear"
_NO = frozenset((400, 401, 403))  # 400: what some servers answer in HTTP to a certificate that they do not trust
_NOT_HERE = frozenset((400, 403, 426))  # in clear; 401 asks for a token in clear, and might then serve
_OTHER_REASONS = ("UNRECOGNIZED_NAME", "INTERNAL_ERROR", "NO_APPLICATION_PROTOCOL", "USER_CANCELLED")
_GONE = ("EOF", "CLOSED", "ZERO_RETURN")
# why a server certificate is not to be trusted, in the words of OpenSSL; of another the authorities may not be given
_UNFIT = ("has expired", "not yet valid", "mismatch", "is not valid for", "unsuitable certificate purpose",
          "unsupported certificate purpose", "revoked", "too weak", "key too small")
_VERSION = re.compile(
    r"\b(?:nginx|apache|tomcat|jetty|iis|openresty|lighttpd|caddy|uvicorn|gunicorn|werkzeug|express|php|openssl|haproxy|"
    r"envoy|kestrel|wildfly|jboss|undertow|keycloak)[ /-]v?\d[\w.]*", re.IGNORECASE)
_TELLING = ("server", "x-powered-by", "x-aspnet-version", "via")
_SAFE = re.compile(r"TLSv1\.[23] (?!.*(?:NULL|RC4|DES|EXP|MD5|ADH|AECDH))")


def refused(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """What the client of the step asks is refused, in TLS or in HTTP, and no data are given."""
    yield from _judged(_by_identity(evidence), parameters, evidence)


def refused_in_tls(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """The handshake that the client of the step offers is refused: there is no answer, whatever it would be."""
    got = ACCEPTED if evidence.first.response is not None else _of_trouble(evidence.first, _by_alert(evidence.first))
    yield from _judged(got, parameters, evidence)


def refused_in_clear(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """A request without TLS is not served: refused, or sent to https."""
    got = _by_clear(evidence.first)
    if got == REFUSED and "error" in _read(evidence.first, evidence):
        got = UNCLEAR  # an authorization server answers in clear, be it to refuse
    yield from _judged(got, parameters, evidence)


def _judged(got: str, parameters: Mapping[str, str], evidence: Evidence) -> Iterator[Finding]:
    first, access = evidence.first, evidence.current.ask.access
    who = IDENTITIES.get(access, access)
    if got == ACCEPTED:
        yield finding("identity.accepted", f"a refusal of {who}", _told(first), "", first.id)
        return
    control = evidence.steps.get(parameters["beside"])
    if control is None or not _let_in(control, evidence):
        seen = _told(control.exchanges[0]) if control is not None and control.exchanges else "nothing"
        yield finding("blocked.no-control", "the same request accepted from the right client", seen, "", first.id)
    elif got == UNCLEAR:
        yield finding("blocked.unclear", f"a refusal of {who}", _told(first), "", first.id)


def _let_in(control: Sent, evidence: Evidence) -> bool:
    """Whether a step asked the same, and was given what it asked for."""
    here = replace(evidence.current.ask, access="")
    same = replace(control.ask, access="") == here
    return same and bool(control.exchanges) and _serves(control.exchanges[0], control, evidence)


def _serves(exchange: Exchange, sent: Sent, evidence: Evidence) -> bool:
    """Whether an answer gives what was asked for: a token, or a FHIR resource that is no refusal."""
    if exchange.response is None or not 200 <= exchange.response.status < 300:
        return False
    body = _read(exchange, evidence)
    return bool(body.get("access_token")) if sent.step.asks_token else (
        "resourceType" in body and not outcome.is_outcome(body))


def _read(exchange: Exchange, evidence: Evidence) -> Mapping[str, Any]:
    """The body of an answer whatever its status; nothing where it cannot be read."""
    try:
        return evidence.bodies.read(exchange.response.body) if exchange.response is not None else {}
    except Unreadable:
        return {}


def _by_identity(evidence: Evidence) -> str:
    first = evidence.first
    if first.response is None:
        return _of_trouble(first, _by_alert(first))
    body = _read(first, evidence)
    if _serves(first, evidence.current, evidence) or body.get("entry") or body.get("access_token"):
        return ACCEPTED
    return REFUSED if first.response.status in _NO else UNCLEAR


def _of_trouble(exchange: Exchange, by_alert: bool) -> str:
    code = exchange.trouble.code if exchange.trouble is not None else ""
    return REFUSED if code == "transport.closed" or (code == "transport.tls" and by_alert) else UNCLEAR


def _by_alert(exchange: Exchange) -> bool:
    """Whether it is the other side that ended the handshake, by an alert that fits or without a word."""
    told = exchange.trouble.detail.upper().replace(" ", "_") if exchange.trouble is not None else ""
    if any(one in told for one in _OTHER_REASONS):
        return False
    return "ALERT" in told or any(one in told for one in _GONE)


def _by_clear(exchange: Exchange) -> str:
    if exchange.response is None:
        code = exchange.trouble.code if exchange.trouble is not None else ""
        return REFUSED if code in ("transport.closed", "transport.not-http") else UNCLEAR
    status, location = exchange.response.status, exchange.response.header("Location")
    if 200 <= status < 300:
        return ACCEPTED
    sent_on = 300 <= status < 400 and location.lower().startswith("https://")
    return REFUSED if sent_on or status in _NOT_HERE else UNCLEAR


def silent_refusal(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """A refusal in HTTP names no software with its version, in its headers or in its body, or shows no internals."""
    first = evidence.first
    if first.response is None or first.response.status < 400:
        seen = "a refusal in TLS" if first.response is None else _told(first)
        yield finding("data.no-example", "a refusal in HTTP", seen, "", first.id)
        return
    if parameters["of"] == "internals":
        yield from no_internals(parameters, evidence)
        return
    texts = [(name, value) for name, value in first.response.headers if name.lower() in _TELLING]
    texts.append(("body", first.response.body.decode("utf-8", "replace")))
    for place, text in texts:
        hit = _VERSION.search(text)
        if hit:
            yield finding("identity.version", "no version of software", hit.group(0), place, first.id)


def server_certificate(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """The certificate of the server is valid now, for its name and its use, and of an authority that is trusted."""
    first = evidence.first
    if first.response is not None:
        if not first.tls:
            yield finding("blocked.no-answer", "https", "a request in clear", "", first.id)
        return
    told = first.trouble.detail if first.trouble is not None else ""
    if first.trouble is None or first.trouble.code != "transport.tls" or "verify failed" not in told:
        yield finding("blocked.no-answer", "an answer", first.trouble.code if first.trouble else "", "", first.id)
        return
    code = "tls.certificate" if any(one in told for one in _UNFIT) else "tls.untrusted"
    why = told.partition("verify failed: ")[2].rpartition(" (_ssl")[0]
    yield finding(code, "a certificate to be trusted", why or told, "", first.id)


def tls_negotiated(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """The exchange went over TLS 1.2 or more, by ciphers that protect it."""
    first = evidence.first
    if not first.tls or not _SAFE.match(first.tls):
        yield finding("tls.negotiated", "TLSv1.2 or TLSv1.3", first.tls or "a request in clear", "", first.id)


def token_given(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """A bearer token is given to a client that shows its certificate, or its secret."""
    first = evidence.first
    secret = any(name == "client_secret" for name, _ in parse_qsl(first.request.body))
    if secret is not (parameters["by"] == "secret"):
        yield finding("configuration.stranger", f"a client that asks for tokens with its {parameters['by']}", "none",
                      "candidate.yaml")
        return
    if first.response is None:
        return
    body = _read(first, evidence)
    if first.response.status != 200 or not body.get("access_token") or str(body.get("token_type")).lower() != "bearer":
        yield finding("token.not-given", "an access_token of type Bearer", _told(first), "", first.id)


def _told(exchange: Exchange) -> str:
    """What came back, in a word."""
    if exchange.response is not None:
        return f"status {exchange.response.status}"
    return f"{exchange.trouble.code}: {exchange.trouble.detail}" if exchange.trouble is not None else "nothing"
