"""The harness as a server: applications call it, each scenario at an address of its own, and all that comes in is kept.

What is malformed reaches no application (``strict``), and is kept as well, with the reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import re
import secrets
import socket
import ssl
import threading
from collections.abc import MutableMapping
from dataclasses import replace
from datetime import timedelta
from types import TracebackType
from typing import Any, cast
from urllib.parse import unquote

import uvicorn

from conformance.clock import Clock
from conformance.drive.channel import App, Channel, Heard, Manner, Receive, Send
from conformance.drive.peer import Handshakes, Peer
from conformance.drive.redact import masked
from conformance.drive.serving import Quiet, bound, ended, started
from conformance.drive.strict import KEPT, Refused, Strict
from conformance.errors import HarnessError

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

_WAITING = 1024  # connections
_KEEP_ALIVE = 75  # seconds: longer than a scenario has an application wait, which then meets no closing connection
_STRAYS = 1000  # that are kept
_FILES = 65_536  # open at a time, where the system grants them
_UNKNOWN = "an address of no scenario"
_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) +([!-~]+)")
_NOWHERE = b'{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]}'


class _Abrupt(Quiet):
    """Waits for no client at its end."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Closes at once."""
        for connection in cast(list[Strict], list(self.server_state.connections)):
            connection.cut()
        await super().shutdown(sockets)


class Listener:
    """``with Listener(clock) as listener``: a server on a port of its own (0: any free one), in a thread; with ``tls``
    it is a server context, of this listener alone. HarnessError when it cannot start."""

    def __init__(
        self, clock: Clock, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        self._clock, self._host, self._port = clock, host, port
        self._scheme = "http" if tls is None else "https"
        self._handshakes = None if tls is None else Handshakes(tls)
        self._channels: dict[str, Channel] = {}
        self._lock = threading.Lock()
        self._strays: list[Heard] = []
        self._more = 0  # strays that are not kept
        connection = cast(type[asyncio.Protocol], functools.partial(Strict, self, clock.monotonic))
        config = uvicorn.Config(  # log_config: else each server sets up the logs of all others again
            self.serve, http=connection, loop="asyncio", ws="none", lifespan="off", log_level="critical",
            access_log=False, interface="asgi3", proxy_headers=False, server_header=False,
            timeout_graceful_shutdown=1, timeout_keep_alive=_KEEP_ALIVE, log_config=None,
            ssl_context_factory=None if tls is None else lambda _config, _default: tls)
        self._server = _Abrupt(config)

    def __enter__(self) -> Listener:
        try:
            self._bound = bound(self._host, self._port, _WAITING)
        except OSError as error:
            raise HarnessError(f"{self._host}:{self._port} cannot be listened on ({error.strerror})") from None
        _grant_files()
        try:
            self._thread = started(self._server, self._bound, "bench", self._clock)
        except HarnessError:
            self._bound.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ended(self._server, self._thread)
        self._bound.close()

    @property
    def origin(self) -> str:
        """The address of the server itself."""
        return f"{self._scheme}://{self._host}:{self._bound.getsockname()[1]}"

    def open(self, app: App, manner: Manner, key: str = "") -> Channel:
        """An address that nobody else knows (that of a key, where it is given), served by an application."""
        channel = Channel(key or secrets.token_urlsafe(12), app, manner, self._clock)
        self._channels[channel.key] = channel
        return channel

    def address(self, channel: Channel) -> str:
        """Where a channel is called."""
        return f"{self.origin}/{channel.key}"

    def close(self, channel: Channel) -> None:
        """Nothing is served at its address any more."""
        self._channels.pop(channel.key, None)

    def greeted(self) -> int:
        """How many peers began a handshake of TLS, whether a request followed or not."""
        return self._handshakes.greeted() if self._handshakes is not None else 0

    def failed_handshakes(self) -> list[str]:
        """Why handshakes failed, in the words of OpenSSL; at most 1,000."""
        return self._handshakes.failures() if self._handshakes is not None else []

    def strays(self) -> tuple[list[Heard], int]:
        """What came in at no address of a scenario, at most 1,000, and how many more."""
        with self._lock:
            return list(self._strays), self._more

    async def serve(self, connection: Strict, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answers a request: its channel does, or nobody."""
        key = scope["raw_path"].partition(b"?")[0].decode("latin-1").split("/", 2)[1]
        channel = self._channels.get(key)
        if channel is None:
            target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
            line = f"{scope['method']} ".encode() + masked(target)[:KEPT]
            self._stray(self._refused(connection.peer, Refused(line, 404, _UNKNOWN, 0.0)))
            headers = [(b"content-type", b"application/fhir+json")]
            await send({"type": "http.response.start", "status": 404, "headers": headers})
            await send({"type": "http.response.body", "body": _NOWHERE})
            return
        extensions = {**scope.get("extensions", {}), "tls": {"client_cert_name": connection.peer.client or None}}
        path = scope["path"].removeprefix(f"/{key}") or "/"
        mine = {**scope, "extensions": extensions, "path": path, "root_path": f"/{key}"}
        await channel.serve(mine, receive, send, connection)

    def refuse(self, connection: Strict, refused: Refused) -> None:
        """Keeps what was malformed: in the channel that its request line names, else as a stray."""
        heard = self._refused(connection.peer, refused)
        for segment in re.split(r"[/\\]", unquote(heard.path)):
            channel = self._channels.get(segment)
            if channel is not None:
                channel.keep(replace(heard, path=heard.path.removeprefix(f"/{segment}")))
                return
        self._stray(heard)

    def _refused(self, peer: Peer, refused: Refused) -> Heard:
        line = _LINE.match(refused.raw)
        method, target = (part.decode("ascii") for part in line.groups()) if line else ("", "")
        path, _, query = target.partition("?")
        started = self._clock.now() - timedelta(milliseconds=refused.milliseconds)
        return Heard(started, refused.milliseconds, method, path, query, (), refused.raw, refused.status, (), b"",
                     peer=peer, refused=refused.reason)

    def _stray(self, heard: Heard) -> None:
        with self._lock:
            if len(self._strays) < _STRAYS:
                self._strays.append(heard)
            else:
                self._more += 1


def _grant_files() -> None:
    """Has the system let this process open more files, of which each connection is one."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(ValueError, OSError):  # some systems tell more than they grant
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
