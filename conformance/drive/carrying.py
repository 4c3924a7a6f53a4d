"""The process that talks to the candidate: requests come in on its standard input, outcomes go out on its output.

Apart from the harness, an exchange is timed and bounded whatever the harness is busy with, and hostile HTTP meets a
process that holds nothing else. ``carrier`` starts it; it ends when its input does.
"""

from __future__ import annotations

import faulthandler
import os
import pickle
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.clock import Clock, SystemClock
from conformance.drive.encoding import Undecodable, content
from conformance.drive.messages import Answer, Headers, Outcome, Sending
from conformance.drive.token import Tokens, altered, within
from conformance.drive.transport import Deadline, Http, Refused, connections, fetch
from conformance.endpoint import ALTERED, CURRENT, NOBODYS, OWN, Endpoint, Limits
from conformance.errors import OperatorError
from conformance.model import Trouble

_GRACE = 60.0  # seconds beyond all limits after which the process itself is what hangs


class Client:
    """One client of a candidate: its connections, and its token or that of the client of the run."""

    def __init__(
        self, endpoint: Endpoint, deadline: Deadline, clock: Clock, given: Callable[[str], None], run: Client | None
    ) -> None:
        self.http, self.unable = _offering(endpoint, deadline)
        self.given, self._altered = given, endpoint.bearer == ALTERED
        if endpoint.bearer == NOBODYS:
            endpoint = replace(endpoint, token="", oauth=None)
        own = Tokens(endpoint, self.http, deadline, clock, given)
        self.tokens: Tokens = own if run is None or endpoint.bearer in (OWN, NOBODYS) else run.tokens

    def authorized(self, headers: Headers) -> Headers:
        """The headers with the token, where one is wanted; Refused when there is none to be had."""
        token = self.tokens.current()
        if self._altered:
            token = altered(token)
            self.given(token)
        if not token or any(name.lower() == "authorization" for name, _ in headers):
            return headers
        return (*headers, ("Authorization", f"Bearer {token}"))


def _offering(endpoint: Endpoint, deadline: Deadline) -> tuple[Http, str]:
    """The connections of a client and, where this machine's TLS cannot offer what must be refused, why not."""
    try:
        return connections(endpoint, deadline), ""
    except OperatorError as error:
        if endpoint.offers == CURRENT:
            raise
        return connections(replace(endpoint, offers=CURRENT), deadline), str(error)


class Line:
    """The connections to one candidate, at its pace, within its limits; OperatorError when a certificate, a key or an
    authority is unusable."""

    def __init__(self, endpoint: Endpoint, clock: Clock) -> None:
        self.endpoint, self.clock = endpoint, clock
        self._ends = clock.monotonic() + endpoint.limits.run
        self._deadline = Deadline(clock, self._ends)
        self._secrets: list[str] = []
        run = Client(endpoint, self._deadline, clock, self._secrets.append, None)
        self._clients = {endpoint.access: run, **{
            one.access: Client(one, self._deadline, clock, self._secrets.append, run) for one in endpoint.others}}
        self._next_at = 0.0

    def close(self) -> None:
        """Closes the connections."""
        for one in self._clients.values():
            one.http.close()

    def exchanged(self, sending: Sending) -> Outcome:
        """What becomes of a request; whatever goes wrong with the candidate is told as its trouble."""
        self._pace()
        started, before = self.clock.now(), self.clock.monotonic()
        answer, trouble, headers = None, None, sending.headers
        try:
            if before >= self._ends:
                late = self._too_late()
                raise Refused(late.code, late.detail)
            client = self._clients[self.endpoint.of(sending.access).access]
            if not sending.url:
                raise Refused("transport.token", "no token endpoint is told for this client")
            if client.unable:
                raise Refused("transport.tls", client.unable)
            headers = headers if sending.asks_token else client.authorized(headers)
            self._deadline.start(self.endpoint.limits.total)
            answer = fetch(client.http, sending.method, sending.url, headers, sending.body, self.endpoint.limits.body)
            self._secrets += _tokens(answer, self.endpoint.limits.body) if sending.asks_token else ()
        except Refused as refused:
            trouble = self._too_late() if self._deadline.over else refused.trouble
        spent = round((self.clock.monotonic() - before) * 1000, 3)
        secrets = tuple(self._secrets)
        self._secrets.clear()
        return Outcome(started, spent, headers, secrets, answer, trouble)

    def _too_late(self) -> Trouble:
        """What keeps an exchange from its end when the time of the run is over: nobody's fault but of who gave it."""
        return Trouble("transport.run-time", f"the run lasts longer than {self.endpoint.limits.run:.0f} s")

    def _pace(self) -> None:
        if self.endpoint.limits.pace <= 0:
            return
        wait = self._next_at - self.clock.monotonic()
        if wait > 0:
            self.clock.sleep(min(wait, max(self._ends - self.clock.monotonic(), 0)))
        self._next_at = max(self._next_at, self.clock.monotonic()) + 1 / self.endpoint.limits.pace


def _tokens(answer: Answer, most: int) -> tuple[str, ...]:
    """The tokens that an answer gives; what cannot be decoded gives none."""
    try:
        return within(content(answer, most))
    except Undecodable:
        return ()


def main() -> None:
    """Serves one harness until it closes our input: an endpoint opens a line, a request is answered on it, None closes
    it. An outcome that does not fit into the pipe holds up the next request until it is taken."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the harness is interrupted, and ends us
    asked, told = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    incoming: queue.PriorityQueue[tuple[bool, int, Any]] = queue.PriorityQueue()  # urgent first, then in their order
    threading.Thread(target=_read, args=(asked, incoming), daemon=True).start()
    clock = SystemClock()
    watch, line = Watch(clock), None
    while True:
        if incoming.empty():
            watch.rest()
        _, number, message = incoming.get()
        if isinstance(message, Sending):
            assert line is not None
            watch.over(line.endpoint.limits)
            _tell(told, (number, _outcome(line, message)))
            continue
        if line is not None:
            line.close()
        line, refusal = _opened(message, clock)
        _tell(told, (number, refusal))


def _opened(endpoint: Endpoint | None, clock: Clock) -> tuple[Line | None, str]:
    """The line to a candidate, or why there can be none."""
    try:
        return (Line(endpoint, clock) if endpoint is not None else None), ""
    except OperatorError as error:
        return None, str(error)


class Watch:
    """Ends the process when a request outlives every limit: no code of ours, and no peer, can make it hang."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._since = clock, float("-inf")

    def over(self, limits: Limits) -> None:
        """Watches from now on; at most every few seconds, for it costs a thread each time."""
        now = self._clock.monotonic()
        if now - self._since > _GRACE / 10:
            pause = 1 / limits.pace if limits.pace > 0 else 0
            faulthandler.dump_traceback_later(2 * (limits.total + limits.connect) + pause + _GRACE, exit=True)
            self._since = now

    def rest(self) -> None:
        """Nothing is under way."""
        if self._since > float("-inf"):
            faulthandler.cancel_dump_traceback_later()
            self._since = float("-inf")


def _outcome(line: Line, sending: Sending) -> Outcome:
    try:
        return line.exchanged(sending)
    except Exception:  # ours: told to the harness, which blames nobody else for it
        return Outcome(line.clock.now(), 0.0, sending.headers, fault=traceback.format_exc())


def _read(asked: Any, incoming: queue.PriorityQueue[Any]) -> None:
    try:
        while True:
            incoming.put(pickle.load(asked))  # noqa: S301  (written by our own parent)
    except (EOFError, OSError):
        os._exit(0)


def _tell(told: Any, message: Any) -> None:
    try:
        pickle.dump(message, told, pickle.HIGHEST_PROTOCOL)
        told.flush()
    except OSError:  # nobody listens any more
        os._exit(0)


if __name__ == "__main__":
    main()
