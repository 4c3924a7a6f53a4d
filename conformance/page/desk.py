"""Where the operator, on the page, and the engine meet: one lock, and what each has to tell the other."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from conformance.engine.usher import Where
from conformance.page.scene import ASIDE, NOW, OVER, TODO, Arrival, Row, Ruling, Task, View

_KEPT = 500  # requests of a step that the page shows
_FREE = ("welcome", "judged")  # stages in which no scenario is played
_BUSY = ("doing", "asking")
_DAY = 86400.0  # seconds: a person is never too slow


class Desk:
    """The state of a campaign; ``busy`` tells whether a request is being answered. Methods of the operator do nothing
    when their ``turn`` is no more the present one."""

    def __init__(
        self, rows: Sequence[Row], endpoint: Mapping[str, Any], facts: Mapping[str, str], *, again: bool = False,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        self._busy = busy
        self._lock = threading.Condition()
        self._run = secrets.token_hex(4)
        self._arrivals: deque[Arrival] = deque(maxlen=_KEPT)
        self._view = View(0, f"{self._run}-0", "welcome", tuple(rows), dict(endpoint), again=again, facts=facts)
        self._usual = dict(endpoint)
        self._wanted: Where | None = None
        self._skip = self._end = self._closed = self._answered = False
        self._stated: dict[str, Mapping[str, str]] = {}
        self._watchers: set[Callable[[], None]] = set()

    # --- what both read -------------------------------------------------------------------------------------

    def view(self) -> View:
        """What is so now."""
        with self._lock:
            return replace(self._view, arrivals=tuple(self._arrivals), busy=self._busy())

    @contextlib.contextmanager
    def watched(self, changed: Callable[[], None]) -> Iterator[None]:
        """Calls back, from any thread, at every change."""
        with self._lock:
            self._watchers.add(changed)
        try:
            yield
        finally:
            with self._lock:
                self._watchers.discard(changed)

    def settled(self, seconds: float) -> None:
        """Waits while the engine has the word, at most so long."""
        with self._lock:
            self._lock.wait_for(lambda: self._view.stage != "judging", seconds)

    def closed(self) -> bool:
        """Whether the operator has left."""
        with self._lock:
            return self._closed

    def until_closed(self) -> None:
        """Waits until the operator leaves."""
        with self._lock:
            self._lock.wait_for(lambda: self._closed)

    # --- the operator ---------------------------------------------------------------------------------------

    def play(self, turn: str, *, skip: bool = False) -> None:
        """Plays the scenario that is next, or skips it."""
        with self._lock:
            following = self._view.following
            if self._is(turn, _FREE) and following is not None:
                self._call(following.where, skip)

    def redo(self, turn: str, where: Where) -> None:
        """Plays a scenario again that is over, or the one at hand from its beginning."""
        with self._lock:
            if self._is(turn, _FREE) and any(one.where == where and one.state == OVER for one in self._view.rows):
                self._call(where, skip=False)
            elif self._is(turn, _BUSY) and where == self._view.current:
                self._wanted, self._skip = where, True
                self._change(stage="judging")

    def skip(self, turn: str) -> None:
        """What is left of the scenario at hand is not done."""
        with self._lock:
            if self._is(turn, _BUSY):
                self._skip = True
                self._change(stage="judging")

    def done(self, turn: str) -> None:
        """The operator has done what was asked."""
        with self._lock:
            if self._is(turn, ("doing",)) and self._view.task is not None:
                self._ask(0)

    def answer(self, turn: str, answered: Mapping[str, str]) -> None:
        """What the user of the application says to the question at hand: ``answer``, ``note``, ``screenshot``."""
        with self._lock:
            task = self._view.task
            if self._is(turn, ("asking",)) and task is not None:
                self._stated[task.questions[self._view.question].check] = dict(answered)
                self._ask(self._view.question + 1)

    def refuse(self, turn: str, problem: str) -> None:
        """An answer cannot be taken: the page says why."""
        with self._lock:
            if self._is(turn, ("asking",)):
                self._change(problem=problem, same=True)

    def end(self, turn: str) -> None:
        """Nothing more is played."""
        with self._lock:
            if self._is(turn, (*_FREE, *_BUSY)):
                self._end = self._skip = True
                self._change(stage="judging")

    def close(self) -> None:
        """The operator leaves."""
        with self._lock:
            self._closed = True
            self._change(same=True)

    # --- the engine: an usher -------------------------------------------------------------------------------

    def upcoming(self, where: Sequence[Where], seconds: float) -> int | None:
        """Which of the scenarios is called for; None when that is not decided within so many seconds. Of a campaign
        that is ended, all those that are left, to be skipped."""
        with self._lock:
            self._lock.wait_for(lambda: self._wanted is not None or self._end, seconds)
            following = self._view.following
            called = self._wanted if not self._end else following.where if following is not None else None
            self._wanted = None
            return None if called is None else where.index(called)

    def ended(self) -> bool:
        """Whether the operator ended the campaign, and no scenario is left to be told of."""
        with self._lock:
            return self._end and self._view.following is None

    def skips(self) -> bool:
        """Whether the scenario at hand is skipped."""
        with self._lock:
            return self._skip

    def limit(self, seconds: float) -> float:  # noqa: ARG002
        """A person takes the time that it takes."""
        return _DAY

    # --- the engine: what happens ---------------------------------------------------------------------------

    def began(self, where: Where) -> None:
        """A scenario is played."""
        with self._lock:
            self._arrivals.clear()
            self._change(stage="judging", rows=self._marked(where, NOW, ""), current=where, task=None, received=0,
                         rulings=(), endpoint=self._usual, moved=False)

    def act(self, task: Task, endpoint: Mapping[str, Any]) -> None:
        """The operator is asked to do something, by an application that calls this endpoint."""
        with self._lock:
            self._answered, self._stated = False, {}
            self._arrivals.clear()
            self._change(stage="doing", task=task, received=0, question=0, endpoint=dict(endpoint),
                         moved=endpoint["base-url"] != self._usual["base-url"])

    def answered(self) -> bool:
        """Whether the operator did it, and said what is to be said of it."""
        with self._lock:
            return self._answered

    def stated(self) -> dict[str, Mapping[str, str]]:
        """What was said, by check."""
        with self._lock:
            return dict(self._stated)

    def arrived(self, one: Arrival) -> None:
        """A request came in."""
        with self._lock:
            self._arrivals.append(one)
            self._change(received=self._view.received + 1, same=True)

    def over(self, where: Where, verdict: str, rulings: Sequence[Ruling]) -> None:
        """A scenario is at its end."""
        with self._lock:
            self._skip = self._end
            stage = "judging" if self._end or self._wanted is not None else "judged"
            self._change(stage=stage, rows=self._marked(where, OVER, verdict), current=where, task=None,
                         rulings=tuple(rulings))

    def aside(self, where: Where) -> None:
        """A scenario is not played, for a reason known before."""
        with self._lock:
            self._change(rows=self._marked(where, ASIDE, ""), same=True)

    def finished(self, decision: str, folder: str) -> None:
        """The campaign is at its end and its report written."""
        with self._lock:
            self._change(stage="ended", decision=decision, folder=folder)

    def failed(self, error: str) -> None:
        """The engine broke."""
        with self._lock:
            self._change(stage="failed", error=error)

    # --- under the lock -------------------------------------------------------------------------------------

    def _is(self, turn: str, stages: Sequence[str]) -> bool:
        return turn == self._view.turn and self._view.stage in stages

    def _call(self, where: Where, skip: bool) -> None:
        self._wanted, self._skip = where, skip
        self._change(stage="judging")

    def _ask(self, number: int) -> None:
        """Asks the question of a number, or hands over to the engine when there is none."""
        assert self._view.task is not None
        if number < len(self._view.task.questions):
            self._change(stage="asking", question=number)
        else:
            self._answered = True
            self._change(stage="judging")

    def _marked(self, where: Where, state: str, verdict: str) -> tuple[Row, ...]:
        return tuple(replace(one, state=state, verdict=verdict) if one.where == where else
                     replace(one, state=TODO) if one.state == NOW else one for one in self._view.rows)

    def _change(self, *, same: bool = False, **changes: Any) -> None:
        """Takes in changes and tells of them; unless the turn stays the ``same``, buttons made before act no more."""
        version = self._view.version + 1
        if not same:
            changes = {"turn": f"{self._run}-{version}", "problem": "", **changes}
        self._view = replace(self._view, version=version, **changes)
        self._lock.notify_all()
        for one in self._watchers:
            one()
