"""Pairs tried by processes of this machine, one for each processor, with threads of their own: what is judged in
one does not wait for the other. A ``concurrent.futures`` executor; ``python -m conformance.crew`` is one of its hands.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, BinaryIO

from conformance.drive.carrier import started
from conformance.errors import HarnessError
from conformance.workshop import collected_rarely


class _Hand:
    """One process, what it was given and has not brought back yet, and the thread that waits for it."""

    def __init__(self, threads: int) -> None:
        self.process = started("conformance.crew", str(threads))
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._asked, self._told = self.process.stdin, self.process.stdout
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self.given: dict[int, Future[Any]] = {}
        self._ended = False
        threading.Thread(target=self._listen, daemon=True).start()

    def give(self, work: Callable[..., Any], *parts: Any) -> Future[Any]:
        """Hands over a piece of work."""
        future: Future[Any] = Future()
        with self._lock:
            number = next(self._numbers)
            self.given[number] = future
            try:
                if self._ended:
                    raise BrokenPipeError
                pickle.dump((number, work, parts), self._asked, pickle.HIGHEST_PROTOCOL)
                self._asked.flush()
            except OSError:
                self.given.pop(number, None)
                future.set_exception(HarnessError("a process that tries pairs ended"))
        return future

    def _listen(self) -> None:
        with contextlib.suppress(Exception):  # it ended, maybe in the middle of what it told
            while True:
                number, result, error = pickle.load(self._told)  # noqa: S301  (written by our own process)
                future = self.given.pop(number)
                if error is None:
                    future.set_result(result)
                else:
                    future.set_exception(error)
        with self._lock:
            self._ended = True
            lost, self.given = self.given, {}
        for future in lost.values():
            if not future.done():
                future.set_exception(HarnessError("a process that tries pairs ended"))

    def end(self) -> None:
        """Ends the process, whatever it does."""
        self.process.kill()
        self.process.wait()


class Crew(Executor):
    """So many processes; a piece of work goes to the one that has least. HarnessError when one cannot be started."""

    def __init__(self, processes: int, threads: int) -> None:
        self._hands = [_Hand(threads) for _ in range(processes)]

    @property
    def processes(self) -> list[subprocess.Popen[bytes]]:
        """The processes."""
        return [one.process for one in self._hands]

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Begins a piece of work: a function that can be named, with what it takes in order."""
        if kwargs:
            raise TypeError("what a crew does takes its parts in order")
        living = [one for one in self._hands if one.process.poll() is None] or self._hands
        return min(living, key=lambda one: len(one.given)).give(fn, *args)

    def ready(self, fn: Callable[..., Any], *args: Any) -> None:
        """Has every process do something before its work."""
        for one in self._hands:
            one.give(fn, *args)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """Ends the processes; what they were doing is lost."""
        for one in self._hands:
            one.end()


def main() -> None:
    """Does what comes in on the standard input, by threads; ends when that does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started us is interrupted, and ends us
    asked, told = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    lock = threading.Lock()
    with collected_rarely(), ThreadPoolExecutor(int(sys.argv[1])) as pool:
        try:
            while True:
                number, work, parts = pickle.load(asked)  # noqa: S301  (written by who started us)
                pool.submit(_done, told, lock, number, work, parts)
        except (EOFError, OSError):
            os._exit(0)


def _done(told: BinaryIO, lock: threading.Lock, number: int, work: Callable[..., Any], parts: Any) -> None:
    try:
        result, error = work(*parts), None
    except Exception as broke:  # told to who asked
        result, error = None, HarnessError(f"{type(broke).__name__}: {broke}")
    encoded = pickle.dumps((number, result, error), pickle.HIGHEST_PROTOCOL)
    try:
        with lock:
            told.write(encoded)
            told.flush()
    except OSError:  # nobody listens any more
        os._exit(0)


if __name__ == "__main__":
    main()
