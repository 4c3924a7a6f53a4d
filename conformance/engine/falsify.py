"""Drawing cases of a law until one breaks it, then ever simpler ones: the only place that runs Hypothesis.

Hypothesis calls a function; the engine yields events. So Hypothesis runs in a thread of its own and hands over one case
at a time: whoever asks the candidate sends back whether the case broke the law. Until one does, that none will is taken
for granted and the next cases are drawn meanwhile (``foreseen``); after it nothing runs until that is known
(``falsify``). A thread draws for one law after the other: Hypothesis goes through the whole memory whenever it meets a
new one.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Mapping
from typing import Any, Generic, TypeVar

from conformance.draw import Chosen

Case = TypeVar("Case")
_BEFORE = 2  # cases that are drawn before they are asked


class Undrawn(Exception):
    """A case could not be drawn: ours broke; the message says how."""


class _Broken(Exception):
    """The law is broken: what Hypothesis looks for."""


class _Stopped(BaseException):
    """Nobody asks any more; not an Exception, so that Hypothesis does not take it for a finding."""


class _Drawer(threading.Thread):
    """A thread that does one piece of work after the other; between two of them it is among the idle ones."""

    def __init__(self) -> None:
        super().__init__(name="draw", daemon=True)
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.start()

    def begin(self, work: Callable[[], None]) -> None:
        """Has it do a piece of work."""
        self._work.put(work)

    def run(self) -> None:
        """What the thread does, to the end of the process."""
        while True:
            self._work.get()()
            _idle.append(self)


_idle: deque[_Drawer] = deque()


def _drawer() -> _Drawer:
    """A thread that nobody uses. Those of a process that we were forked from live in that one."""
    while _idle:
        with contextlib.suppress(IndexError):  # another one took the last
            one = _idle.pop()
            if one.is_alive():
                return one
    return _Drawer()


class _Handing(Generic[Case]):
    """Hands a case over to the other side, and waits for what became of it."""

    def __init__(self) -> None:
        self._cases: queue.SimpleQueue[tuple[Case | None, BaseException | None]] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[bool | None] = queue.SimpleQueue()
        self._ended = False

    def broken(self, case: Case) -> bool:
        """Whether a case breaks the law; _Stopped when nobody asks any more."""
        self._cases.put((case, None))
        answer = self._answers.get()
        if answer is None:
            raise _Stopped
        return answer

    def end(self, error: BaseException | None) -> None:
        """No case comes any more."""
        self._cases.put((None, error))

    def next(self) -> Case | None:
        """The next case; None when there is none any more. Undrawn when drawing it broke."""
        case, error = self._cases.get()
        self._ended = case is None
        if error is not None:
            raise Undrawn(f"{type(error).__name__}: {error}") from error
        return case

    def answer(self, broken: bool) -> None:
        """Tells what became of the case taken last."""
        self._answers.put(broken)

    def stop(self) -> None:
        """No other case is wanted; waits until the drawing has ended."""
        self._answers.put(None)
        while not self._ended:
            with contextlib.suppress(Undrawn):  # nobody asks any more
                self.next()


def foreseen(draws: int, seed: int, drawn: Callable[[Chosen], Case | None]) -> Generator[Case, None, None]:
    """The cases that come one after the other as long as none breaks the law, drawn while those before are asked. The
    same seed gives the same cases. Undrawn when ``drawn`` breaks."""
    handing: _Handing[Case] = _Handing()
    for _ in range(_BEFORE):
        handing.answer(False)
    _drawer().begin(lambda: _search(draws, seed, drawn, {}, handing))
    try:
        while (case := handing.next()) is not None:
            yield case
            handing.answer(False)
    finally:
        handing.stop()


def falsify(
    draws: int, seed: int, drawn: Callable[[Chosen], Case | None], known: Mapping[Case, bool] | None = None
) -> Generator[Case, bool, None]:
    """Cases, one after the other; whoever asks sends back whether it broke the law. After the first that does come
    simpler ones, and the last of those that broke it is the simplest that was found. Those of which it is ``known``
    already are not given. The same seed and the same answers give the same cases. Undrawn when ``drawn`` breaks."""
    handing: _Handing[Case] = _Handing()
    _drawer().begin(lambda: _search(draws, seed, drawn, dict(known or {}), handing))
    try:
        while (case := handing.next()) is not None:
            broken = yield case
            handing.answer(broken)
    finally:
        handing.stop()


def _search(
    draws: int, seed: int, drawn: Callable[[Chosen], Any], known: dict[Any, bool], handing: _Handing[Any]
) -> None:
    error: BaseException | None = None
    try:
        _hand_over(draws, seed, drawn, known, handing)
    except (_Broken, _Stopped):
        pass
    except BaseException as other:  # ours: told where it can be seen
        error = other
    handing.end(error)


def _hand_over(
    draws: int, seed: int, drawn: Callable[[Chosen], Any], known: dict[Any, bool], handing: _Handing[Any]
) -> None:
    """Draws cases and hands them over; _Broken when one breaks the law and no simpler one does."""
    import hypothesis  # takes half a second: only where laws are asked
    from hypothesis import strategies

    @strategies.composite
    def cases(draw: Callable[[strategies.SearchStrategy[Any]], Any]) -> Any:
        return drawn(Chosen(lambda least, most: draw(strategies.integers(least, most)), draw))

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=draws, database=None, deadline=None, report_multiple_bugs=False, print_blob=False,
        suppress_health_check=list(hypothesis.HealthCheck), verbosity=hypothesis.Verbosity.quiet,
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink))
    @hypothesis.given(cases())
    def search(case: Any) -> None:
        hypothesis.assume(case is not None)
        if case not in known:
            known[case] = handing.broken(case)
        if known[case]:
            raise _Broken

    with contextlib.suppress(hypothesis.errors.Unsatisfiable):
        search()
