"""Who asks: clients with the access profile of each, their tokens and where they are given; the four Ror-* headers."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from conformance.reference.fault import Answer
from conformance.reference.presented import common_name
from conformance.reference.refusal import Refusal
from conformance.reference.visibility import ALL

ROR_HEADERS = (
    "ror-profil-utilisateur-code",
    "ror-profil-utilisateur-system",
    "ror-role-metier-code",
    "ror-role-metier-system",
)
_LIFETIME = 300


@dataclass(frozen=True, slots=True)
class Client:
    """A client of the ROR: what opens the token endpoint to it, and its access profile (0 to 5)."""

    name: str
    secret: str
    access: int = ALL

    @property
    def token(self) -> str:
        """The token that the endpoint gives to it and that its requests carry."""
        return hashlib.sha256(f"{self.name}:{self.secret}".encode()).hexdigest()


# one client of each access profile: this ROR is fictitious, and so are they
CLIENTS = tuple(Client(f"client-profil-{number}", f"secret-fictif-{number}", number) for number in range(6))


@dataclass(frozen=True, slots=True)
class Access:
    """The clients, and whether a request must carry a token of one, and the four headers."""

    bearer: bool = False
    ror_headers: bool = False
    clients: tuple[Client, ...] = CLIENTS
    open_statement: bool = False  # whether the capability statement is read without a token
    listed: frozenset[str] | None = None  # the white list: common names of client certificates; None for no list

    def check(self, given: Mapping[str, str], *, headers: bool = True) -> int:
        """The access profile of who asks, that of all for no token where none is required. Refusal 401 for a token
        that is missing or not valid, 403 without the four headers where they are wanted, and for a client that is not
        on the white list."""
        if self.listed is not None and common_name() not in self.listed:
            raise Refusal(403, "forbidden", "this client is not on the white list")
        found = self._known(given.get("authorization", ""))
        missing = [name for name in ROR_HEADERS if not given.get(name)] if self.ror_headers and headers else []
        if missing:
            raise Refusal(403, "forbidden", f"headers missing: {', '.join(missing)}")
        return found

    def _known(self, authorization: str) -> int:
        if not authorization and not self.bearer:
            return ALL
        scheme, _, token = authorization.partition(" ")
        for one in self.clients if scheme.lower() == "bearer" else ():
            if hmac.compare_digest(token.strip().encode(), one.token.encode()):
                return one.access
        raise Refusal(401, "login", "a valid bearer token is required")

    def issue(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer of the token endpoint to a client_credentials request (RFC 6749, section 4.4)."""
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        client, secret = by_basic(headers.get("authorization", "")) or (
            form.get("client_id", ""),
            form.get("client_secret", ""),
        )
        if form.get("grant_type") != "client_credentials":
            return _json(400, {"error": "unsupported_grant_type"})
        for one in self.clients:
            same = hmac.compare_digest(client.encode(), one.name.encode())
            if hmac.compare_digest(secret.encode(), one.secret.encode()) and same:
                return _json(200, {"access_token": one.token, "token_type": "Bearer", "expires_in": _LIFETIME})
        return _json(401, {"error": "invalid_client"})


def by_basic(header: str) -> tuple[str, str] | None:
    """The client and the secret that a request tells by HTTP Basic (RFC 6749, section 2.3.1); None when it does not."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote(client), unquote(secret)


def _json(status: int, content: Mapping[str, object]) -> Answer:
    return Answer(
        status, {"content-type": "application/json", "cache-control": "no-store"}, json.dumps(content).encode()
    )
