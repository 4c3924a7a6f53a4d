"""Exchanges as an application had them with the harness: born redacted, like those that the harness has."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qsl

from conformance.clock import stamp
from conformance.drive.channel import Heard
from conformance.drive.redact import Vault
from conformance.model import HANDSHAKE, REFUSED, Exchange, Request, Response, Trouble

Scrub = Callable[[bytes], bytes]
_FORM_SECRETS = ("client_secret", "client_assertion")


class Ear:
    """Makes exchanges of what was heard, numbered in that order after those ``finished`` before. ``scrub`` as for a
    probe; ``bases`` are the addresses of a channel, each with the name that stands for it in a record (empty: that of
    consultation)."""

    def __init__(self, scrub: Callable[[Vault], Scrub], finished: int = 0) -> None:
        self.vault = Vault()
        self._scrub = scrub(self.vault)
        self._finished = finished

    def exchange(self, heard: Heard, origin: str, bases: dict[str, str], purpose: str = "heard") -> Exchange:
        """The exchange of what was heard under the origin of a channel, whose paths have names (see the class)."""
        self._finished += 1
        self._learn(heard)
        shown = sorted(((f"{origin}{path}", f"[base {name}]" if name else "[base]") for path, name in bases.items()),
                       key=lambda one: -len(one[0]))

        def named(text: str) -> str:
            for address, word in shown:
                text = text.replace(address, word)
            return text.replace(origin, "[bench]")

        place = f"{origin}{heard.path}" if heard.path.startswith("/") else heard.path
        url = place + (f"?{heard.query}" if heard.query else "")
        answer_headers = tuple((name, named(value)) for name, value in heard.answer_headers)
        clear = gzip.decompress(heard.answer) if ("content-encoding", "gzip") in heard.answer_headers else heard.answer
        body = self._scrub(named(clear.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape"))
        return Exchange(
            id=f"x{self._finished}", purpose=REFUSED if heard.refused else purpose,
            request=Request(heard.method, self.vault.text(named(url)), self.vault.headers(heard.headers),
                            self.vault.text(self._scrub(heard.body).decode("utf-8", "replace"))),
            response=Response(heard.status, self.vault.headers(answer_headers), body,
                              len(heard.answer)) if heard.status and not heard.cut else None,
            trouble=_trouble(heard), started=stamp(heard.started), milliseconds=heard.milliseconds,
            tls=heard.peer.tls, client=heard.peer.client,
        )

    def greeting(self, told: str, now: datetime) -> Exchange:
        """A handshake of TLS that began, or why it failed; no request came of it yet."""
        self._finished += 1
        return Exchange(id=f"x{self._finished}", purpose=HANDSHAKE, request=Request("TLS", "[bench]"), response=None,
                        trouble=Trouble("bench.handshake", told), started=stamp(now), milliseconds=0.0)

    def _learn(self, heard: Heard) -> None:
        """The secrets that an exchange with the token endpoint shows."""
        if heard.refused or not heard.path.endswith("/token"):
            return
        for name, value in parse_qsl(heard.body.decode("utf-8", "replace")):
            if name in _FORM_SECRETS:
                self.vault.secret("secret", value)
        try:
            told = json.loads(heard.answer)
        except ValueError:
            return
        token = told.get("access_token") if isinstance(told, dict) else None
        if isinstance(token, str):
            self.vault.secret("token", token)


def _trouble(heard: Heard) -> Trouble | None:
    if heard.refused:
        return Trouble("bench.refused", heard.refused)
    return Trouble("bench.cut", heard.cut) if heard.cut else None
