"""Where applications come in: a plain address, and one of TLS for each kind of server certificate, each with the
client that may come in by it."""

from __future__ import annotations

import contextlib
import secrets
import ssl
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from conformance import pki
from conformance.clock import Clock
from conformance.drive.channel import App, Channel, Heard, Manner
from conformance.drive.listener import Listener
from conformance.reference.guests import Guests

CONSULTATION, CAPACITIES, ANOMALIES = "/ws-diffusion-fhir", "/ws-synchro-dispo-lits-fhir", "/anomalies"
BASES = {CONSULTATION: "", CAPACITIES: "capacities", ANOMALIES: "anomalies", "/auth": "auth"}
PLAIN = ""
_TOKEN = "/auth/realms/ror/protocol/openid-connect/token"  # noqa: S105 - an address
# what an application is given with its client (ROR-SEC-022 to 026)
_HEADERS = {"Ror-Profil-Utilisateur-Code": "CU20", "Ror-Profil-Utilisateur-System": "1.2.250.1.213.1.6.1.66",
            "Ror-Role-Metier-Code": "AUTOMATE", "Ror-Role-Metier-System": "1.2.250.1.213.1.1.4.6"}
_HOST = "127.0.0.1"
_MOST = 20  # handshakes told at a time


class Doors:
    """``with Doors(clock, port) as doors``: listeners, each opened when it is first wanted; ``port`` is that of the
    usual one. The usual one speaks TLS where ``secure``."""

    def __init__(self, clock: Clock, port: int = 0, secure: bool = False) -> None:
        self._clock, self._port = clock, port
        self.usual = pki.GOOD if secure else PLAIN
        self._lock = threading.RLock()  # campaigns may share doors
        self._listeners: dict[str, Listener] = {}
        self._missed: dict[str, int] = {}  # what came in at no address, told so far
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
        with self._lock:
            if kind not in self._listeners:
                port = self._port if kind == self.usual else 0
                made = Listener(self._clock, port=port, tls=None if kind == PLAIN else self._context(kind))
                self._listeners[kind] = self._stack.enter_context(made)
            return self._listeners[kind]

    def strays(self) -> list[tuple[Heard, str]]:
        """What came in since the last time at no address of a scenario, with the listener that it came to."""
        found = []
        with self._lock:
            for kind, listener in self._listeners.items():
                missed = listener.strays()[0]
                found += [(one, listener.origin) for one in missed[self._missed.get(kind, 0) :]]
                self._missed[kind] = len(missed)
        return found

    def files(self, kind: str) -> Mapping[str, str]:
        """What an application needs to come in by TLS: the authority to trust, its own certificate and key."""
        if kind == PLAIN:
            return {}
        with self._lock:
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


class Door:
    """An address at the listeners, and the client that may come in by it; those of an earlier start where they are
    given. By TLS the client has a certificate in the place of a secret (ROR-SEC-012)."""

    def __init__(self, doors: Doors, key: str = "", client: tuple[str, str] | None = None) -> None:
        self._doors, self._key = doors, key or secrets.token_urlsafe(12)
        self.guests = Guests(client)
        self._channels: dict[str, Channel] = {}
        self._known: dict[str, tuple[int, int]] = {}  # handshakes told so far: begun, failed
        self._kind = doors.usual
        self.turn("", _unready, lambda _method, _path: None)

    @property
    def channel(self) -> Channel:
        """The address that an application is to call now."""
        return self._channels[self._kind]

    def turn(self, kind: str, app: App, manner: Manner) -> None:
        """From now on it is this kind of door (empty: the usual one), and this answers behind it."""
        self._kind = kind or self._doors.usual
        listener = self._doors.listener(self._kind)
        if self._kind not in self._channels:
            self._channels[self._kind] = listener.open(app, manner, self._key)
        self._known[self._kind] = listener.greeted(), len(listener.failed_handshakes())
        self.channel.turn(app, manner)

    def endpoint(self) -> Mapping[str, Any]:
        """Addresses and credentials for the application."""
        origin, files = self._origin(self._kind), self._doors.files(self._kind)
        return {"base-url": origin + CONSULTATION, "capacities-url": origin + CAPACITIES,
                "anomalies-url": origin + ANOMALIES, "token-url": origin + _TOKEN,
                "client-id": self.guests.client, "client-secret": "" if files else self.guests.secret,
                "headers": _HEADERS, **files}

    def _origin(self, kind: str) -> str:
        return self._doors.listener(kind).address(self._channels[kind])

    def take(self) -> list[tuple[Heard, str]]:
        """What came in since the last time, at any kind of it, with the address at which it did."""
        return [(one, self._origin(kind)) for kind, channel in self._channels.items() for one in channel.take()]

    def strays(self) -> list[tuple[Heard, str]]:
        """What missed it, and every other door."""
        return self._doors.strays()

    def greetings(self) -> list[str]:
        """What is new of handshakes at the present kind: that one began, why one failed."""
        listener = self._doors.listener(self._kind)
        begun, failed = self._known[self._kind]
        greeted, failures = listener.greeted(), listener.failed_handshakes()
        self._known[self._kind] = greeted, len(failures)
        return ["begun"] * min(greeted - begun, _MOST) + failures[failed:][:_MOST]

    def close(self) -> None:
        """Nothing is served any more."""
        for kind, channel in self._channels.items():
            self._doors.listener(kind).close(channel)


async def _unready(_scope: Any, _receive: Any, send: Any) -> None:
    """What answers before the first action."""
    await send({"type": "http.response.start", "status": 503, "headers": [(b"retry-after", b"1")]})
    await send({"type": "http.response.body", "body": b""})
