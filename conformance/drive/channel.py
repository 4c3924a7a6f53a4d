"""The address of one scenario: an application (ASGI) answers there; manners may do so in its place, late, or never.

It knows HTTP and no body.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from conformance.clock import Clock
from conformance.drive.peer import NOBODY, Peer
from conformance.drive.strict import Strict

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
Pairs = tuple[tuple[str, str], ...]
_PIECES = 20  # of a body that goes out slowly


@dataclass(frozen=True, slots=True)
class Heard:
    """A request as it was sent, and what it was answered; ``cut`` is why it was not answered at all. With a reason in
    ``refused`` it reached no application: ``body`` is how it began, as far as it may be shown, and status 0 says that
    there was nobody to answer."""

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
    peer: Peer = NOBODY
    refused: str = ""


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
        self.key, self._clock = key, clock
        self._lock = threading.Condition()
        self._answering = app, manner
        self._heard: list[Heard] = []  # and not yet taken
        self._open = 0
        self._last = clock.monotonic()

    def turn(self, app: App, manner: Manner) -> None:
        """Another application answers from now on, with other manners."""
        with self._lock:
            self._answering = app, manner
            self._last = self._clock.monotonic()

    def take(self) -> list[Heard]:
        """What came in since the last time."""
        with self._lock:
            found, self._heard = self._heard, []
            return found

    def wait(self, seconds: float) -> None:
        """Waits until something comes in, at most so long."""
        with self._lock:
            self._lock.wait_for(lambda: self._heard, seconds)

    def idle(self) -> float:
        """Seconds since the last request came in or was answered; 0 while one is under way."""
        with self._lock:
            return 0.0 if self._open else self._clock.monotonic() - self._last

    def keep(self, heard: Heard) -> None:
        """Keeps what came in."""
        with self._lock:
            self._heard.append(heard)
            self._last = self._clock.monotonic()
            self._lock.notify_all()

    async def serve(self, scope: MutableMapping[str, Any], receive: Receive, send: Send, connection: Strict) -> None:
        """Answers one request and keeps both; of one that did not come in whole, the connection tells."""
        started, before = self._clock.now(), self._clock.monotonic()
        with self._lock:
            self._open += 1
            app, manner = self._answering
        made = _Exchange(scope, started)
        try:
            if await made.run(app, manner, receive):
                spent = round((self._clock.monotonic() - before) * 1000, 3)
                self.keep(made.heard(spent, connection.peer))  # before it is answered: who has the answer finds it
                if made.reply.cut:
                    connection.cut()
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

    async def run(self, app: App, manner: Manner, receive: Receive) -> bool:
        """Whether the request came in whole, and was thought over."""
        if not await self._read(receive):
            return False
        try:
            own = manner(self.scope["method"], self.scope["path"])
            if own is not None and own.delay:
                await asyncio.sleep(own.delay)
            if own is None or not (own.status or own.cut) or own.through:
                self.reply = await self._asked(app)
            if own is not None:
                self.reply = own if own.status or own.cut else replace(self.reply, spread=own.spread)
        except Exception as error:  # ours: nobody is kept waiting, and it is seen in the record
            self.reply = Reply(500, (), f"the bench failed: {type(error).__name__}".encode())
        return True

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
        """Takes in the body; False when it does not come in whole."""
        parts, more = [], True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return False
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        self.body = b"".join(parts)
        return True

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

        await app(self.scope, receive, send)
        return Reply(told["status"], _text(told["headers"]), b"".join(parts))

    def heard(self, milliseconds: float, peer: Peer) -> Heard:
        return Heard(
            self.started, milliseconds, self.scope["method"], _path(self.scope),
            self.scope["query_string"].decode("latin-1"), _text(self.scope["headers"]), self.body,
            self.reply.status, self.reply.headers, self.reply.body, self.reply.cut, peer)


def _text(headers: Sequence[tuple[bytes, bytes]]) -> Pairs:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


def _path(scope: MutableMapping[str, Any]) -> str:
    """The path as it was sent, under the address of the channel."""
    raw: str = scope.get("raw_path", scope["path"].encode()).partition(b"?")[0].decode("latin-1")
    return raw.removeprefix(scope["root_path"])
