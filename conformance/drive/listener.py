"""The harness as a server: applications call it, each scenario at an address of its own, and all that comes in is kept.

It knows HTTP and no body: an application (ASGI) answers, and manners may answer in its place, late, or not at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Any

import uvicorn

from conformance.clock import Clock
from conformance.errors import HarnessError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
Pairs = tuple[tuple[str, str], ...]
_MOST = 16 * 1024 * 1024  # bytes of a body that comes in
_START = 10.0  # seconds
_PIECES = 20  # of a body that goes out slowly
_NOWHERE = b'{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]}'


@dataclass(frozen=True, slots=True)
class Heard:
    """A request as it was sent, and what it was answered; ``cut`` is why it was not answered at all."""

    started: datetime
    milliseconds: float
    method: str
    path: str
    query: str
    headers: Pairs
    body: bytes
    status: int
    answer_headers: Pairs
    answer: bytes = field(repr=False)
    cut: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered in the place of the application (with a status or a cut), or how its answer goes out. ``cut``
    closes the connection without any answer, after the application did what was asked where it is ``through``."""

    status: int = 0
    headers: Pairs = ()
    body: bytes = b""
    cut: str = ""
    through: bool = False
    delay: float = 0.0  # seconds before it
    spread: float = 0.0  # seconds over which its body goes out


# what a request, by method and path, is answered in the place of the application; None to let it through
Manner = Callable[[str, str], Reply | None]


class Channel:
    """The address of one scenario: what answers there, and what came in, in the order in which it was answered."""

    def __init__(self, key: str, app: App, manner: Manner, clock: Clock) -> None:
        self.key, self._app, self._manner, self._clock = key, app, manner, clock
        self._lock = threading.Condition()
        self._heard: list[Heard] = []
        self._open = 0
        self._last = clock.monotonic()

    def turn(self, app: App, manner: Manner) -> None:
        """Another application answers from now on, with other manners."""
        self._app, self._manner = app, manner
        with self._lock:
            self._last = self._clock.monotonic()

    def take(self) -> list[Heard]:
        """What came in since the last time."""
        with self._lock:
            found, self._heard = self._heard, []
            return found

    def wait(self, seconds: float) -> None:
        """Waits until something comes in, at most so long."""
        with self._lock:
            if not self._heard:
                self._lock.wait(seconds)

    def idle(self) -> float:
        """Seconds since the last request came in or was answered; 0 while one is under way."""
        with self._lock:
            return 0.0 if self._open else self._clock.monotonic() - self._last

    async def serve(
        self, scope: MutableMapping[str, Any], receive: Receive, send: Send, abort: Callable[[], None]
    ) -> None:
        """Answers one request and keeps both; ``abort`` closes its connection."""
        started, before = self._clock.now(), self._clock.monotonic()
        with self._lock:
            self._open += 1
        made = _Exchange(scope, started)
        try:
            await made.run(self._app, self._manner, receive)
            spent = round((self._clock.monotonic() - before) * 1000, 3)
            with self._lock:  # kept before it is answered: who has the answer finds it here
                self._heard.append(made.heard(spent))
                self._lock.notify_all()
            if made.reply.cut:
                abort()
            else:
                await made.answered(send)
        finally:
            with self._lock:
                self._open -= 1
                self._last = self._clock.monotonic()


class _Exchange:
    """One request on its way through a channel."""

    def __init__(self, scope: MutableMapping[str, Any], started: datetime) -> None:
        self.scope, self.started = scope, started
        self.body = b""
        self.reply = Reply()

    async def run(self, app: App, manner: Manner, receive: Receive) -> None:
        whole = await self._read(receive)
        own = manner(self.scope["method"], self.scope["path"]) if whole else Reply(413, (), b"")
        if own is not None and own.delay:
            await asyncio.sleep(own.delay)
        if own is None or not (own.status or own.cut) or own.through:
            self.reply = await self._asked(app)
        if own is not None:
            self.reply = own if own.status or own.cut else replace(self.reply, spread=own.spread)

    async def answered(self, send: Send) -> None:
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self.reply.headers]
        await send({"type": "http.response.start", "status": self.reply.status, "headers": headers})
        body, spread = self.reply.body, self.reply.spread
        size = -(-len(body) // _PIECES) if spread else 0
        while spread and len(body) > size:
            await send({"type": "http.response.body", "body": body[:size], "more_body": True})
            body = body[size:]
            await asyncio.sleep(spread / _PIECES)
        await send({"type": "http.response.body", "body": body})

    async def _read(self, receive: Receive) -> bool:
        """Takes in the body; False when it is too large to be taken in whole."""
        parts, size = [], 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                break
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > _MOST or not message.get("more_body"):
                break
        self.body = b"".join(parts)[:_MOST]
        return size <= _MOST

    async def _asked(self, app: App) -> Reply:
        told: dict[str, Any] = {"status": 500, "headers": []}
        parts: list[bytes] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": self.body, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                told.update(message)
            else:
                parts.append(message.get("body", b""))

        try:
            await app(self.scope, receive, send)
        except Exception as error:  # ours: nobody is kept waiting, and it is seen in the record
            return Reply(500, (), f"the bench failed: {type(error).__name__}".encode())
        return Reply(told["status"], _text(told["headers"]), b"".join(parts))

    def heard(self, milliseconds: float) -> Heard:
        return Heard(
            self.started, milliseconds, self.scope["method"], _path(self.scope),
            self.scope["query_string"].decode("latin-1"), _text(self.scope["headers"]), self.body,
            self.reply.status, self.reply.headers, self.reply.body, self.reply.cut)


def _text(headers: Sequence[tuple[bytes, bytes]]) -> Pairs:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


def _path(scope: MutableMapping[str, Any]) -> str:
    """The path as it was sent, under the address of the channel."""
    raw: str = scope.get("raw_path", scope["path"].encode()).partition(b"?")[0].decode("latin-1")
    return raw.removeprefix(scope["root_path"])


class _Quiet(uvicorn.Server):
    """Waits for no client at its end, and leaves the signals of the process alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        """None is captured: the harness is interrupted, not its server alone."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Closes at once."""
        for connection in list(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()
        await super().shutdown(sockets)


class Listener:
    """``with Listener(clock) as listener``: a server on a port of its own (0: any free one), in a thread; with ``tls``
    it is a server context. HarnessError when it cannot start."""

    def __init__(
        self, clock: Clock, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        self._clock, self._host, self._port = clock, host, port
        self._scheme = "http" if tls is None else "https"
        self._channels: dict[str, Channel] = {}
        config = uvicorn.Config(
            self._serve, ws="none", lifespan="off", log_level="critical", access_log=False, interface="asgi3",
            proxy_headers=False, timeout_graceful_shutdown=1,
            server_header=False, ssl_context_factory=None if tls is None else lambda _config, _default: tls)
        self._server = _Quiet(config)
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def __enter__(self) -> Listener:
        family, kind, protocol, _, address = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)[0]
        # the protocol is named: else asyncio does not recognise TCP, and answers wait 40 ms
        self._bound = socket.socket(family, kind, protocol or socket.IPPROTO_TCP)
        try:
            self._bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._bound.bind(address)
            self._bound.listen(1024)
        except OSError as error:
            self._bound.close()
            raise HarnessError(f"{self._host}:{self._port} cannot be listened on ({error.strerror})") from None
        self._thread.start()
        until = self._clock.monotonic() + _START
        while not self._server.started:
            if not self._thread.is_alive() or self._clock.monotonic() > until:
                raise HarnessError("the server of the bench did not start")
            self._clock.sleep(0.005)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(_START)
        self._bound.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._bound])

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

    async def _serve(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        _, key, rest = (*scope["path"].split("/", 2), "", "")[:3]
        channel = self._channels.get(key)
        if channel is None:
            headers = [(b"content-type", b"application/fhir+json")]
            await send({"type": "http.response.start", "status": 404, "headers": headers})
            await send({"type": "http.response.body", "body": _NOWHERE})
            return
        mine = {**scope, "path": f"/{rest}", "root_path": f"/{key}"}
        await channel.serve(mine, receive, send, lambda: self._abort(scope))

    def _abort(self, scope: MutableMapping[str, Any]) -> None:
        """Closes the connection of a request, without a word."""
        for connection in list(self._server.server_state.connections):
            if getattr(connection, "scope", None) is scope:
                connection.transport.abort()
