"""The authorization server of the reference: tokens by OAuth 2.0 client credentials, for which the certificate of the
client stands in the place of a secret (RFC 8705), and the guard of the resource server that they open.

Tokens say nothing by themselves: the guard asks what was granted. Each is for an audience, ends, and is bound to the
certificate with which it was asked.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import request_response

from conformance.reference import lax
from conformance.reference.fault import Answer
from conformance.reference.presented import common_name, fingerprint, present, subject
from conformance.reference.refusal import Refusal
from conformance.reference.visibility import ALL

AUDIENCE, ELSEWHERE = "ror-reference", "autre-ressource"
_LIFETIME = timedelta(minutes=5)
_KNOWN_BY = 12  # characters at both ends by which a guard that checks no signature knows a token
_JSON = {"content-type": "application/json", "cache-control": "no-store"}
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Registered:
    """A client: its access profile, and the subject of its certificate (RFC 4514) or, for profile 0 alone, a secret."""

    name: str
    access: int = ALL
    subject: str = ""
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token opens: an access profile, at an audience, until it ends, with a certificate (empty for none)."""

    access: int
    audience: str
    ends: datetime
    certificate: str


class Authorization:
    """The token endpoint, at any path; ``let_pass`` are the words of ``lax`` by which it is faulty."""

    def __init__(
        self, clients: Iterable[Registered], clock: Clock, let_pass: frozenset[str] = frozenset()
    ) -> None:
        self._clients = {one.name: one for one in clients}
        self._clock, self._lax = clock, let_pass
        self._granted: dict[str, Grant] = {}

    @property
    def app(self) -> Starlette:
        """The application that serves it."""
        app = Starlette()
        app.router.default = request_response(self._serve)
        return app

    async def _serve(self, request: Request) -> Response:
        body = await request.body()
        present(request.scope)
        answer = self.issue(body) if request.method == "POST" else _refused(405, "invalid_request")
        return Response(answer.body, answer.status, dict(answer.headers))

    def issue(self, body: bytes) -> Answer:
        """The answer to the form of a client_credentials request."""
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        if form.get("grant_type") != "client_credentials":
            return _refused(400, "unsupported_grant_type")
        client = self._clients.get(form.get("client_id", ""))
        if client is None or not self._shown(client, form.get("client_secret", "")):
            return _refused(401, "invalid_client")
        token = self.give(client.access, certificate=fingerprint() if client.subject else "")
        told = {"access_token": token, "token_type": "Bearer", "expires_in": int(_LIFETIME.total_seconds())}
        return Answer(200, _JSON, json.dumps(told).encode())

    def _shown(self, client: Registered, secret: str) -> bool:
        """Whether a client has shown who it is."""
        if client.secret:
            return hmac.compare_digest(secret.encode(), client.secret.encode()) and lax.NO_SECRET not in self._lax
        if lax.SECRET_BESIDES in self._lax and not secret:
            return False
        if not subject():
            return lax.NO_CERTIFICATE in self._lax
        return subject() == client.subject or lax.ANYONE in self._lax

    def give(
        self, access: int, audience: str = AUDIENCE, life: timedelta = _LIFETIME, certificate: str = ""
    ) -> str:
        """A new token."""
        token = secrets.token_urlsafe(32)
        self._granted[token] = Grant(access, audience, self._clock() + life, certificate)
        return token

    def granted(self, token: str) -> Grant | None:
        """What a token opens, None for one that was never given (introspection, RFC 7662)."""
        if lax.SIGNATURE in self._lax:
            ends = token[:_KNOWN_BY], token[-_KNOWN_BY:]
            token = next((one for one in self._granted if (one[:_KNOWN_BY], one[-_KNOWN_BY:]) == ends), token)
        return self._granted.get(token)


@dataclass(frozen=True, slots=True)
class Guard:
    """Who is let in to the resource server: ``check`` and ``issue`` as those of ``Access``. ``listed`` is the white
    list of the common names of certificates."""

    authorization: Authorization
    listed: frozenset[str]
    clock: Clock
    let_pass: frozenset[str] = frozenset()
    open_statement: bool = True

    def check(self, given: Mapping[str, str], *, headers: bool = True) -> int:  # noqa: ARG002
        """The access profile of who asks. Refusal 403 for a certificate that is not listed, 401 for a token that is
        absent or not valid here, now and with this certificate."""
        if fingerprint() and common_name() not in self.listed:
            raise Refusal(403, "forbidden", "this client is not on the white list")
        scheme, _, token = given.get("authorization", "").partition(" ")
        grant = self.authorization.granted(token.strip()) if scheme.lower() == "bearer" else None
        if grant is None and lax.NO_TOKEN in self.let_pass:
            return ALL
        if grant is None or not self._opens(grant):
            raise Refusal(401, "login", "a valid bearer token is required")
        return grant.access

    def _opens(self, grant: Grant) -> bool:
        in_time = grant.ends > self.clock() or lax.EXPIRY in self.let_pass
        for_us = grant.audience == AUDIENCE or lax.AUDIENCE in self.let_pass
        let = lax.BINDING in self.let_pass if fingerprint() else lax.BARE in self.let_pass
        return in_time and for_us and (let or grant.certificate in ("", fingerprint()))

    def issue(self, headers: Mapping[str, str], body: bytes) -> Answer:  # noqa: ARG002
        """Tokens are given elsewhere; Refusal 404."""
        raise Refusal(404, "not-found", "there is nothing at this address")


def _refused(status: int, error: str) -> Answer:
    return Answer(status, _JSON, json.dumps({"error": error}).encode())
