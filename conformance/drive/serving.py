"""A server of the harness in a thread of its own: its socket, its start, its end."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

import uvicorn

from conformance.clock import Clock
from conformance.errors import HarnessError

_START = 10.0  # seconds


class Quiet(uvicorn.Server):
    """Leaves the signals of the process alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        """None is captured: the harness is interrupted, not its server alone."""
        yield


def bound(host: str, port: int, waiting: int) -> socket.socket:
    """A socket that listens (0: on any free port), with so many connections waiting at most. OSError when the port is
    not free."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    # the protocol is named: else asyncio does not recognise TCP, and answers wait 40 ms
    made = socket.socket(family, kind, protocol or socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(waiting)
    except OSError:
        made.close()
        raise
    return made


def started(server: uvicorn.Server, on: socket.socket, name: str, clock: Clock) -> threading.Thread:
    """The thread in which a server runs, once it serves; HarnessError when it does not."""
    thread = threading.Thread(target=server.run, args=([on],), name=name, daemon=True)
    thread.start()
    until = clock.monotonic() + _START
    while not server.started:
        if not thread.is_alive() or clock.monotonic() > until:
            ended(server, thread)
            raise HarnessError(f"the server of the {name} did not start")
        clock.sleep(0.005)
    return thread


def ended(server: uvicorn.Server, thread: threading.Thread) -> None:
    """Ends a server, and waits for its thread."""
    server.should_exit = True
    thread.join(_START)
