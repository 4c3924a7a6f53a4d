"""HTTP/1.1 as the listener takes it: what is malformed, too large, or can be read in two ways is refused and told.

h11 reads the bytes; what it lets pass that another reader would understand otherwise is refused here, before anything
answers. Who is refused is answered, given a moment to read that, and let go.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from conformance.drive.peer import NOBODY, peer_of
from conformance.drive.redact import masked

HEAD = 64 * 1024  # bytes of a request line and its headers
BODY = 16 * 1024 * 1024  # bytes of a body that comes in
KEPT = 4 * 1024  # bytes of a refused request
_LINGER = 1.0  # seconds in which a refused peer may read the answer
_DISCARDED = 32 * 1024 * 1024  # bytes that it may still send meanwhile
_CODES = {400: "structure", 413: "too-long", 431: "too-long"}
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_QUOTED = re.compile(r": (?:bytearray\()?b['\"].*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Refused:
    """What was refused: its first bytes, secrets masked, the status that answered (0: none), and why."""

    raw: bytes
    status: int
    reason: str
    milliseconds: float


class House(Protocol):
    """What stands behind the connections."""

    def serve(self, connection: Strict, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        """Answers a request."""

    def refuse(self, connection: Strict, refused: Refused) -> None:
        """Keeps what was refused."""


class _Reader(h11.Connection):
    """Reads requests; RemoteProtocolError for those that are not to be answered, with the reason and the status."""

    def __init__(self) -> None:
        super().__init__(h11.SERVER, HEAD)
        self.kept = bytearray()  # the first bytes of the request that comes in
        self.error: h11.RemoteProtocolError | None = None  # why no more is read
        self._size = 0  # of its body

    def receive_data(self, data: bytes) -> None:
        if self.their_state is h11.IDLE or (self.their_state is h11.SEND_BODY and len(self.kept) < KEPT):
            self.kept += data
        super().receive_data(data)

    def start_next_cycle(self) -> None:
        super().start_next_cycle()
        self.kept = bytearray(self.trailing_data[0])

    def next_event(self) -> Any:
        try:
            event = super().next_event()
            if isinstance(event, h11.Request):
                self._begin(event)
            elif isinstance(event, h11.Data):
                self._size += len(event.data)
                if self._size > BODY:
                    raise h11.RemoteProtocolError(f"a body of more than {BODY} bytes", 413)
        except h11.RemoteProtocolError as error:
            self.error = error
            raise
        return event

    def _begin(self, request: h11.Request) -> None:
        head = self.kept[: len(self.kept) - len(self.trailing_data[0])]
        wrong = _wrong_head(bytes(head), request)
        if wrong is not None:
            self.kept = head
            raise h11.RemoteProtocolError(wrong[1], wrong[0])
        del self.kept[KEPT:]
        self._size = 0


def _wrong_head(head: bytes, request: h11.Request) -> tuple[int, str] | None:
    """Why a request line with its headers is not taken, with the status to answer; None where it is."""
    lines = head.split(b"\r\n")
    names = [line.partition(b":")[0].lower() for line in lines[1:]]
    lengths = [value for name, value in request.headers if name == b"content-length"]
    if len(head) > HEAD:
        return 431, f"headers of more than {HEAD} bytes"
    if _BARE.search(head):
        return 400, "a line that does not end by CR LF"
    if any(line[:1] in (b" ", b"\t") for line in lines):
        return 400, "a header folded over lines"
    if request.http_version not in (b"1.0", b"1.1"):
        return 400, f"HTTP/{request.http_version.decode('latin-1')} in place of HTTP/1.1"
    if names.count(b"content-length") > 1 or b"," in b"".join(line for line in lines if _is_length(line)):
        return 400, "several values of Content-Length"
    if lengths and b"transfer-encoding" in names:
        return 400, "both Content-Length and Transfer-Encoding"
    if b"transfer-encoding" in names and request.http_version == b"1.0":
        return 400, "Transfer-Encoding in HTTP/1.0"
    if lengths and int(lengths[0]) > BODY:
        return 413, f"a body of more than {BODY} bytes"
    why = _wrong_target(request.target)
    return (400, why) if why else None


def _is_length(line: bytes) -> bool:
    return line.partition(b":")[0].lower() == b"content-length"


def _wrong_target(target: bytes) -> str:
    """Why the target of a request is not taken; empty where it is."""
    path = target.partition(b"?")[0]
    clear = unquote_to_bytes(path)
    if not target.startswith(b"/"):
        return "a target that is not a path"
    if b"//" in path:
        return "an empty segment in the path"
    if clear.count(b"/") != path.count(b"/") or b"\\" in clear:
        return "an encoded slash, or a backslash, in the path"
    if _CONTROL.search(clear):
        return "an encoded control character in the path"
    if any(segment in (b".", b"..") for segment in clear.split(b"/")):
        return "a segment of dots in the path"
    return "a # in the target" if b"#" in target else ""


class Strict(H11Protocol):
    """A connection of the listener; ``peer`` is who is at its other end."""

    conn: _Reader

    def __init__(self, house: House, now: Callable[[], float], *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.conn = _Reader()
        self.app = self._answer
        self.peer = NOBODY
        self._house, self._now = house, now
        self._since = now()  # the request that comes in
        self._over = False  # nothing that still comes in is read
        self._discarded = 0

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        await self._house.serve(self, scope, receive, send)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A peer is there."""
        super().connection_made(transport)
        self.peer = peer_of(transport.get_extra_info("ssl_object"))

    def data_received(self, data: bytes) -> None:
        """A peer sends."""
        if self._over:
            self._discarded += len(data)
            if self._discarded > _DISCARDED:
                self.transport.abort()
            return
        if self.conn.their_state is h11.IDLE and not self.conn.kept:
            self._since = self._now()
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """A peer is gone."""
        reading, cycle = self.conn.their_state, self.cycle
        if not self._over and reading is h11.IDLE and self.conn.kept:
            self._tell(bytes(self.conn.kept), 0, "closed in the middle of the headers")
        elif not self._over and reading is h11.SEND_BODY and not cycle.response_complete:
            self._tell(bytes(self.conn.kept), 0, "closed in the middle of the body")
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuses what cannot be read or should not: tells it, answers where no answer has begun, and ends."""
        error, cycle = self.conn.error, self.cycle
        status = error.error_status_hint if error and error.error_status_hint in _CODES else 400
        waiting = cycle is not None and not cycle.response_complete
        trailing = waiting and not cycle.more_body  # behind a request that is whole, which will be answered
        mute = trailing or self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE)
        raw = bytes(self.conn.trailing_data[0] if trailing else self.conn.kept)
        reason = "TLS, where plain HTTP is spoken" if raw[:1] == b"\x16" else _QUOTED.sub("", str(error or msg))
        self._over = True
        self._tell(raw, 0 if mute else status, reason)
        if trailing:
            return
        if waiting:
            cycle.disconnected = True
            cycle.message_event.set()
        if mute:
            self.transport.close()
        else:
            self._last_word(status, reason)

    def shutdown(self) -> None:
        """The listener ends."""
        if not self._over:
            super().shutdown()

    def cut(self) -> None:
        """Closes the connection without a word; nothing is held against who sends."""
        self._over = True
        if self.cycle is not None:
            self.cycle.disconnected = True
        self.transport.abort()

    def _tell(self, raw: bytes, status: int, reason: str) -> None:
        spent = round((self._now() - self._since) * 1000, 3)
        self._house.refuse(self, Refused(masked(raw[:KEPT])[:KEPT], status, reason, spent))

    def _last_word(self, status: int, reason: str) -> None:
        """Answers, and gives the peer a moment to read that, whatever it still sends."""
        issue = {"severity": "error", "code": _CODES[status], "diagnostics": reason}
        body = json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}).encode()
        head = (f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/fhir+json\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n")
        self.transport.write(head.encode() + (b"" if self.conn.kept.startswith(b"HEAD ") else body))
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(_LINGER, self.transport.close)
