"""Checks of TLS: that it is used, that the client shows its certificate, that it refuses servers not to be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from conformance.checks.consumer import token_requests
from conformance.checks.evidence import Evidence
from conformance.codes import finding
from conformance.model import Finding

_CLEAR = ("HTTP_REQUEST", "HTTPS_PROXY_REQUEST")  # what OpenSSL says of a request without TLS
# how a client that refuses a server may leave: by an alert, or without a word
_REFUSALS = ("UNEXPECTED_EOF_WHILE_READING", "SSLError", "SSLEOFError", "SSLZeroReturnError", "SYSCALL")
_SECRETS = ("client_secret", "client_assertion")


def tls_used(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """Each request comes by TLS; one in clear to an address of https is none."""
    for one in evidence.greetings:
        if one.trouble is not None and one.trouble.detail in _CLEAR:
            yield finding("request.tls", "https", "a request in clear", "", one.id)
            return
    for one in evidence.current.exchanges:
        if not one.tls:
            yield finding("request.tls", "https", "a request in clear", "", one.id)
            return
    if not evidence.current.exchanges:
        yield finding("bench.not-met", "a request by TLS", "none", "", evidence.greetings[0].id)


def presents_certificate(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """The token is asked with a client certificate."""
    asked = token_requests(evidence)
    if not asked:
        yield finding("bench.not-met", "a request to the token endpoint", "none", "", evidence.first.id)
    for one in asked:
        if not one.client:
            yield finding("request.certificate", "a client certificate", "none", "", one.id)
            return


def no_secret(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """The token is asked without a secret: the certificate stands for it."""
    asked = token_requests(evidence)
    if not asked:
        yield finding("bench.not-met", "a request to the token endpoint", "none", "", evidence.first.id)
    for one in asked:
        given = [name for name, _ in parse_qsl(one.request.body) if name in _SECRETS]
        if given or one.request.header("Authorization").lower().startswith("basic"):
            yield finding("request.parameter", "no secret", (given or ["HTTP Basic"])[0], "", one.id)
            return


def refuses_server(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """Nothing is sent to a server whose certificate is not to be trusted."""
    if evidence.current.exchanges:
        first = evidence.first
        yield finding("request.trusted", "the connection refused", f"{first.request.method} {first.request.url}", "",
                      first.id)
        return
    told = [one.trouble.detail for one in evidence.greetings if one.trouble is not None]
    other = next((one for one in told if one not in ("begun", *_REFUSALS) and "ALERT" not in one), "")
    if other or "begun" not in told:
        yield finding("bench.not-met", "a server that is refused for its certificate", other or "none", "",
                      evidence.greetings[0].id)
