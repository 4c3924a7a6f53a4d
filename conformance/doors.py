"""Where applications come in: a plain address, and one of TLS for each kind of server certificate."""

from __future__ import annotations

import contextlib
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from conformance import pki
from conformance.clock import Clock
from conformance.drive.listener import Listener

PLAIN = ""
_HOST = "127.0.0.1"


class Doors:
    """``with Doors(clock, port) as doors``: listeners, each opened when it is first wanted; ``port`` is that of the
    usual one. The usual one speaks TLS where ``secure``."""

    def __init__(self, clock: Clock, port: int = 0, secure: bool = False) -> None:
        self._clock, self._port = clock, port
        self.usual = pki.GOOD if secure else PLAIN
        self._listeners: dict[str, Listener] = {}
        self._pki: pki.Pki | None = None
        self._client: pki.Pair | None = None
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Doors:
        self.listener(self.usual)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def listener(self, kind: str) -> Listener:
        """The listener of a kind: plain, or the kind of its certificate (``pki.SERVERS``)."""
        if kind not in self._listeners:
            port = self._port if kind == self.usual else 0
            made = Listener(self._clock, port=port, tls=None if kind == PLAIN else self._context(kind))
            self._listeners[kind] = self._stack.enter_context(made)
        return self._listeners[kind]

    def files(self, kind: str) -> Mapping[str, str]:
        """What an application needs to come in by TLS: the authority to trust, its own certificate and key."""
        if kind == PLAIN:
            return {}
        made = self._made()
        if self._client is None:
            self._client = made.client("application")
        return {"ca-file": str(made.authority), "client-certificate": str(self._client.certificate),
                "client-key": str(self._client.key)}

    def _made(self) -> pki.Pki:
        if self._pki is None:
            folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="rorqual-pki-"))
            self._pki = pki.Pki(Path(folder), self._clock.now())
        return self._pki

    def _context(self, kind: str) -> ssl.SSLContext:
        """A server context that asks for a client certificate and does without: whether one comes is judged."""
        made = self._made()
        pair = made.server(kind, _HOST)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(pair.certificate, pair.key)
        context.load_verify_locations(made.authority)
        context.verify_mode = ssl.CERT_OPTIONAL
        return context
