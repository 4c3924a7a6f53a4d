"""Requests sent by the caller itself, where many candidates are asked at once: a process for each would cost more than
what it asks."""

from __future__ import annotations

from conformance.clock import Clock
from conformance.drive.carrying import Line
from conformance.drive.messages import Outcome, Sending
from conformance.endpoint import Endpoint
from conformance.errors import HarnessError


class Direct:
    """What a ``Carrier`` does, in the thread that waits for the outcome: a request is sent when that is asked for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._line: Line | None = None
        self._posted: dict[int, Sending] = {}
        self._handed = 0

    def open(self, endpoint: Endpoint) -> None:
        """Begins to talk to a candidate; OperatorError when a certificate, key or authority is unusable."""
        self._line = Line(endpoint, self._clock)

    def post(self, sending: Sending, urgent: bool = False) -> int:  # noqa: ARG002 - nothing waits before it
        """Takes a request; gives the number to ask its outcome by."""
        self._handed += 1
        self._posted[self._handed] = sending
        return self._handed

    def outcome(self, number: int) -> Outcome:
        """What becomes of a request, once."""
        if self._line is None:
            raise HarnessError("a request before its candidate is known")
        return self._line.exchanged(self._posted.pop(number))

    def ready(self, number: int) -> bool:  # noqa: ARG002
        """True: nothing is under way that one could wait for meanwhile."""
        return True

    def release(self) -> None:
        """Ends the talk with the candidate; what was not asked for is not sent."""
        self._posted.clear()
        if self._line is not None:
            self._line.close()
