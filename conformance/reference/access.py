"""Optional access control: a bearer token, the four Ror-* headers, and a small token endpoint."""

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
from conformance.reference.refusal import Refusal

ROR_HEADERS = (
    "ror-profil-utilisateur-code",
    "ror-profil-utilisateur-system",
    "ror-role-metier-code",
    "ror-role-metier-system",
)
_LIFETIME = 300


@dataclass(frozen=True, slots=True)
class Access:
    """What a request must carry; ``client_id`` and ``client_secret`` open the token endpoint when they are given."""

    bearer: bool = False
    ror_headers: bool = False
    client_id: str = ""
    client_secret: str = ""

    @property
    def token(self) -> str:
        """The token that the endpoint gives to the client and that requests must carry."""
        return hashlib.sha256(f"{self.client_id}:{self.client_secret}".encode()).hexdigest()

    def check(self, given: Mapping[str, str], *, headers: bool = True) -> None:
        """Refusal 401 without a valid token, 403 without the four headers where they are wanted."""
        if self.bearer:
            scheme, _, token = given.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), self.token.encode()):
                raise Refusal(401, "login", "a valid bearer token is required")
        missing = [name for name in ROR_HEADERS if not given.get(name)] if self.ror_headers and headers else []
        if missing:
            raise Refusal(403, "forbidden", f"headers missing: {', '.join(missing)}")

    def issue(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer of the token endpoint to a client_credentials request (RFC 6749, section 4.4)."""
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        client, secret = _basic(headers.get("authorization", "")) or (
            form.get("client_id", ""),
            form.get("client_secret", ""),
        )
        if form.get("grant_type") != "client_credentials":
            return _json(400, {"error": "unsupported_grant_type"})
        known = bool(self.client_id) and hmac.compare_digest(client.encode(), self.client_id.encode())
        if not (known and hmac.compare_digest(secret.encode(), self.client_secret.encode())):
            return _json(401, {"error": "invalid_client"})
        return _json(200, {"access_token": self.token, "token_type": "Bearer", "expires_in": _LIFETIME})


def _basic(header: str) -> tuple[str, str] | None:
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
