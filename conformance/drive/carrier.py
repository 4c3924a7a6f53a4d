"""The harness's end of the process that talks to the candidate: starts it, hands it requests, takes their outcomes.

A process takes a while to start, so one that has done its work is kept for the next probe.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import select
import subprocess
import sys
from typing import Any

from conformance.drive.messages import Outcome, Sending
from conformance.endpoint import Endpoint
from conformance.errors import HarnessError, OperatorError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_ROOM = 1024 * 1024  # bytes of a pipe, so that the next question need not wait until an answer is taken
_KEPT = 2
_idle: list[Carrier] = []


class Carrier:
    """One process. Requests are sent one at a time, in their order; an urgent one before those that wait.

    HarnessError when it cannot be started.
    """

    def __init__(self) -> None:
        self._process = started("conformance.drive.carrying")
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._asked, self._told = self._process.stdin, self._process.stdout
        self._owner = os.getpid()
        self._handed = self._answered = 0
        self._outcomes: dict[int, Any] = {}
        with contextlib.suppress(OSError, AttributeError):  # not Linux, or more than this user may have
            fcntl.fcntl(self._told, fcntl.F_SETPIPE_SZ, _ROOM)

    def open(self, endpoint: Endpoint) -> None:
        """Begins to talk to a candidate; OperatorError when a certificate, key or authority is unusable."""
        refusal = self._receive(self._send(endpoint))
        if refusal:
            raise OperatorError(refusal)

    def post(self, sending: Sending, urgent: bool = False) -> int:
        """Hands over a request, to be sent after those before it; gives the number to ask its outcome by."""
        return self._send(sending, urgent)

    def outcome(self, number: int) -> Outcome:
        """What became of a request, once; waits for it. HarnessError: ours broke."""
        outcome: Outcome = self._receive(number)
        if outcome.fault:
            raise HarnessError(f"the process that talks to the candidate failed\n{outcome.fault}")
        return outcome

    def ready(self, number: int) -> bool:
        """Whether something came in since, which may be the outcome of that number; True where it cannot be told."""
        if number in self._outcomes:
            return True
        try:
            return bool(select.select([self._told], [], [], 0)[0])
        except (OSError, ValueError):  # Windows selects no pipes
            return True

    def release(self) -> None:
        """Ends the talk with the candidate; what was not sent yet is not sent."""
        self._outcomes.clear()
        if self._answered < self._handed or len(_idle) >= _KEPT:
            self.end()
            return
        with contextlib.suppress(HarnessError):  # it is not used again when it cannot hear us
            self._receive(self._send(None))
            _idle.append(self)

    def usable(self) -> bool:
        """Whether it lives and is ours, not that of the process we were forked from."""
        return self._owner == os.getpid() and self._process.poll() is None

    def end(self) -> None:
        """Ends the process, whatever it does."""
        if self._owner != os.getpid():
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._asked, self._told):
            with contextlib.suppress(OSError):
                pipe.close()

    def _send(self, message: Any, urgent: bool = False) -> int:
        self._handed += 1
        try:
            pickle.dump((not urgent, self._handed, message), self._asked, pickle.HIGHEST_PROTOCOL)
            self._asked.flush()
        except OSError:
            raise self._lost() from None
        return self._handed

    def _receive(self, number: int) -> Any:
        while number not in self._outcomes:
            try:
                answered, message = pickle.load(self._told)  # noqa: S301  (written by our own process)
            except (EOFError, OSError, pickle.UnpicklingError):
                raise self._lost() from None
            self._answered += 1
            self._outcomes[answered] = message
        return self._outcomes.pop(number)

    def _lost(self) -> HarnessError:
        self._process.kill()
        return HarnessError(f"the process that talks to the candidate ended (exit {self._process.wait()})")


def started(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    """A module of ours as a process, its input and output at hand; HarnessError when it cannot be started."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-P", "-m", module, *arguments]
    try:
        return subprocess.Popen(  # noqa: S603  (our own command)
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    except OSError as error:
        raise HarnessError(f"the process {module} cannot be started ({error})") from None


def warm() -> None:
    """Starts a process ahead of its need, where none is idle."""
    if not any(one.usable() for one in _idle):
        _idle.append(Carrier())


def take() -> Carrier:
    """A process that nobody uses."""
    while _idle:
        one = _idle.pop()
        if one.usable():
            return one
        one.end()
    return Carrier()


@atexit.register
def _end_all() -> None:
    for one in _idle:
        one.end()
