"""Who asks at a bench: one client, whose tokens are each another, end when they are told to, and are asked anew."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl

from conformance.reference.access import by_basic
from conformance.reference.fault import Answer
from conformance.reference.presented import PRESENTED
from conformance.reference.refusal import Refusal
from conformance.reference.visibility import ALL

_LIFETIME = 300
_JSON = {"content-type": "application/json", "cache-control": "no-store"}


class Guests:
    """The client of a scene, a new one unless its id and secret are given. ``check`` and ``issue`` as those of
    ``Access``, with tokens that pass."""

    open_statement = True  # it is read before there is a token

    def __init__(self, client: tuple[str, str] | None = None) -> None:
        self.client, self.secret = client or (f"client-{secrets.token_hex(4)}", secrets.token_urlsafe(18))
        self._good: set[str] = set()
        self._left: int | None = None

    def forget(self) -> None:
        """No token is good any more."""
        self._good.clear()
        self._left = None

    def end_after(self, requests: int | None) -> None:
        """The token that is good then ends after so many more requests; none does by itself."""
        self._left = requests

    def check(self, given: Mapping[str, str], *, headers: bool = True) -> int:  # noqa: ARG002
        """The access profile of who asks; Refusal 401 for a token that is missing, not ours, or ended."""
        scheme, _, token = given.get("authorization", "").partition(" ")
        if self._left is not None and self._good:
            if self._left == 0:
                self._good.clear()
                self._left = None
            else:
                self._left -= 1
        if scheme.lower() != "bearer" or token.strip() not in self._good:
            raise Refusal(401, "login", "a valid bearer token is required")
        return ALL

    def issue(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """A token for the client, by its secret in the form or by HTTP Basic, or by its certificate; any number of
        times. That the form must carry the client (ROR-SEC-015) is judged, not refused: what else the application does
        is then judged, too."""
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        if form.get("grant_type") != "client_credentials":
            return Answer(400, _JSON, b'{"error": "unsupported_grant_type"}')
        given = by_basic(headers.get("authorization", "")) or (form.get("client_id"), form.get("client_secret"))
        certified = form.get("client_id") == self.client and PRESENTED.get()  # the certificate stands for the secret
        if given != (self.client, self.secret) and not certified:
            return Answer(401, _JSON, b'{"error": "invalid_client"}')
        token = secrets.token_urlsafe(32)
        self._good.add(token)
        told = {"access_token": token, "token_type": "Bearer", "expires_in": _LIFETIME}
        return Answer(200, _JSON, json.dumps(told).encode())
