"""Many pairs at once, few for each responder: what is slow waits for itself alone.

Each responder has a lane: its pairs wait there, and at most two are under way, one where it asks for a pace. Pairs that
take long do not count among those at work, so that others are begun in their place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field

from conformance.clock import Clock, stamp
from conformance.events import Visited
from conformance.visiting import Call, visited

AT_ONCE, WIDTH = 8, 2
SLOW = 2.0  # seconds after which a pair is not taken for one at work


@dataclass
class _Lane:
    """The pairs of a responder that wait, and how many are under way."""

    waiting: deque[Call] = field(default_factory=deque)
    busy: int = 0

    @property
    def free(self) -> bool:
        """Whether another pair may be begun."""
        paced = self.waiting and self.waiting[0].endpoint is not None and self.waiting[0].endpoint.limits.pace > 0
        return bool(self.waiting) and self.busy < (1 if paced else WIDTH)


class Lanes:
    """Tries pairs by an executor (threads, or a cluster), ``at_once`` of them at work; ``until`` is the instant
    (monotonic) after which none is begun any more."""

    def __init__(
        self, calls: Iterable[Call], executor: Executor, clock: Clock, at_once: int = AT_ONCE,
        until: float = float("inf"), visit: Callable[[Call], Visited] = visited,
    ) -> None:
        self._executor, self._clock, self._at_once, self._until = executor, clock, at_once, until
        self._visit = visit
        self._lanes: dict[str, _Lane] = {}
        for call in calls:
            self._lanes.setdefault(call.responder, _Lane()).waiting.append(call)
        self._order = deque(self._lanes.values())
        self._under_way: dict[Future[Visited], tuple[_Lane, Call, float]] = {}

    def visited(self) -> Iterator[Visited]:
        """The pairs, each as it comes to its end."""
        while self._begin() or self._under_way:
            done, _ = wait(self._under_way, SLOW / 4, FIRST_COMPLETED)
            for future in done:
                lane, call, _ = self._under_way.pop(future)
                lane.busy -= 1
                yield self._result(future, call)

    def _result(self, future: Future[Visited], call: Call) -> Visited:
        """What a pair came to; where the one that tried it was lost for good, that it is not tested."""
        error = future.exception()
        if error is None:
            return future.result()
        return Visited(call.requester, call.responder, call.profile, stamp(self._clock.now()), 0.0, (), call.use_cases,
                       "untested.harness", type(error).__name__)

    def left(self) -> list[Call]:
        """What was not begun in time."""
        return [call for lane in self._lanes.values() for call in lane.waiting]

    def _begin(self) -> bool:
        """Begins what may be begun; whether something waits still that will be."""
        now = self._clock.monotonic()
        if now > self._until:
            return False
        working = sum(now - begun < SLOW for _, _, begun in self._under_way.values())
        for _ in range(len(self._order)):
            if working >= self._at_once:
                break
            lane = self._order[0]
            self._order.rotate(-1)
            if lane.free:
                call = lane.waiting.popleft()
                lane.busy += 1
                self._under_way[self._executor.submit(self._visit, call)] = lane, call, now
                working += 1
        return any(lane.waiting for lane in self._lanes.values())
