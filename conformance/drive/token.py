"""Bearer tokens: given once, or asked by OAuth 2.0 client credentials and renewed before they end (ROR-SEC-010)."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import urlencode

from conformance.clock import Clock
from conformance.drive.encoding import Undecodable, content
from conformance.drive.transport import Deadline, Http, Refused, fetch
from conformance.endpoint import Endpoint

_MARGIN = 10.0
_MOST = 1024 * 1024


def altered(token: str) -> str:
    """A token with one character of its last part, its signature where it has one, replaced."""
    at = (token.rfind(".") + 1 + len(token)) // 2
    return token[:at] + ("A" if token[at : at + 1] != "A" else "B") + token[at + 1 :] if token else ""


def within(body: bytes) -> tuple[str, ...]:
    """The tokens that an answer of a token endpoint gives."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return ()
    found = given.items() if isinstance(given, dict) else ()
    return tuple(value for name, value in found if name.endswith("_token") and isinstance(value, str))


class Tokens:
    """The bearer token to send now, empty when the candidate asks for none; ``given`` is told each new one."""

    def __init__(
        self, endpoint: Endpoint, http: Http, deadline: Deadline, clock: Clock, given: Callable[[str], None]
    ) -> None:
        self._endpoint, self._http, self._deadline = endpoint, http, deadline
        self._clock, self._given = clock, given
        self._token, self._ends = endpoint.token, float("inf")

    def current(self) -> str:
        """The token; Refused with code transport.token when the token endpoint does not give one."""
        oauth = self._endpoint.oauth
        if oauth is None or (self._token and self._clock.monotonic() < self._ends - _MARGIN):
            return self._token
        self._deadline.start(self._endpoint.limits.total)
        headers = (("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"))
        try:
            answer = fetch(self._http, "POST", oauth.token_url, headers, urlencode(oauth.form).encode(), _MOST)
            body = content(answer, _MOST)
        except (Refused, Undecodable) as refused:
            raise Refused("transport.token", f"no answer of the token endpoint: {refused.trouble.detail}") from None
        self._keep(answer.status, body)
        return self._token

    def _keep(self, status: int, body: bytes) -> None:
        try:
            given = json.loads(body)
            token, life = str(given["access_token"]), float(given.get("expires_in", 300))
        except (ValueError, KeyError, TypeError, RecursionError):
            raise Refused("transport.token", f"the token endpoint answered {status} without an access_token") from None
        if not (token.isascii() and token.isprintable() and " " not in token):
            raise Refused("transport.token", f"the token endpoint answered {status} with what is no token (RFC 6750)")
        self._token, self._ends = token, self._clock.monotonic() + life
        self._given(token)
