"""One port that is served with and without TLS, as a faulty server would."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from types import TracebackType
from urllib.parse import urlsplit

_HANDSHAKE = b"\x16"  # the first byte of a connection by TLS
_MOST = 65536


class EitherWay:
    """``with EitherWay(secured, plain) as base_url``: what comes in is passed on to one of two addresses of this
    machine, as its first byte asks."""

    def __init__(self, secured: str, plain: str) -> None:
        self._secured, self._plain = urlsplit(secured), urlsplit(plain)
        relay = self

        class Passing(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                relay.passed_on(self.request)

        self._server = socketserver.ThreadingTCPServer((self._secured.hostname or "", 0), Passing)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        host, port = self._server.server_address[:2]
        return self._secured._replace(netloc=f"{host!s}:{port}").geturl()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def passed_on(self, coming: socket.socket) -> None:
        """Passes one connection on, both ways, until either side ends it."""
        first = coming.recv(1, socket.MSG_PEEK)
        target = self._secured if first == _HANDSHAKE else self._plain
        with socket.create_connection((target.hostname or "", target.port or 0)) as going:
            back = threading.Thread(target=_carried, args=(going, coming), daemon=True)
            back.start()
            _carried(coming, going)
            back.join()


def _carried(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(_MOST):
            other.sendall(data)
    for end in (one, other):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
