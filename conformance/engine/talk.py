"""The talk with a candidate: questions under way, their answers in the order in which they were sent, and pages.

Questions are sent one after the other, never two at once. Those that do not wait for each other are handed over
together, the next page of one among the others, so that the candidate works while we read what it answered before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace

from conformance.codes import CODES
from conformance.drive.probe import Pending, Probe
from conformance.events import Event, Exchanged
from conformance.generation import Generation
from conformance.model import Ask, Exchange
from conformance.scenario import ALL_PAGES
from conformance.scenario_words import IDENTITIES
from conformance.verdict import Effect

PATIENCE = 5  # questions without an answer, one after the other, after which nothing more is asked
AHEAD = 32  # questions that are under way at most
ROOM = 64 * 1024 * 1024  # bytes of answers held, beyond which no walk goes on but the one that is awaited


class Trail:
    """The answer to a question, page by page, as far as ``pages`` says; ``ending`` tells how it ended, and is empty
    before it did."""

    def __init__(self, ask: Ask, pages: int) -> None:
        self.ask, self.pages = ask, pages
        self.exchanges: list[Exchange] = []
        self.ending = ""
        self._visited = {""}

    def take(self, exchange: Exchange, generation: Generation, probe: Probe) -> Ask | None:
        """Adds a page; gives the request of the one after it, None at the end."""
        self.exchanges.append(exchange)
        limit = probe.endpoint.limits.pages if self.pages == ALL_PAGES else self.pages
        address = generation.next_page(exchange) if self.pages != 1 else ""
        target = probe.follows(address, exchange) if address else ""
        if not address:
            self.ending = _ended(self)
        elif len(self.exchanges) >= limit:
            self.ending = "limit"
        elif not target or address in self._visited:
            self.ending = "loop" if target else "elsewhere"
        else:
            self._visited.add(address)
            return replace(self.ask, method="GET", path=target, query=(), form=())
        return None


class Walk:
    """Questions that are asked together, each followed to its end."""

    def __init__(self, trails: Sequence[Trail], where: tuple[str, str], purpose: str,
                 taken: Callable[[Exchange], None] = lambda _exchange: None) -> None:
        self.trails, self.where, self.purpose, self.taken = trails, where, purpose, taken
        self.held = 0  # bytes of its answers

    @property
    def over(self) -> bool:
        """Whether all is answered."""
        return all(one.ending for one in self.trails)


class Talk:
    """What is asked of one candidate in a run. ``count`` counts what happens; ``meanwhile`` does a part of some later
    work while an answer is awaited, and is False when there is none."""

    def __init__(
        self, probe: Probe, generation: Generation, count: Callable[[str], None], meanwhile: Callable[[], bool]
    ) -> None:
        self.probe, self.generation = probe, generation
        self._count, self._meanwhile = count, meanwhile
        self.troubles = 0  # questions without an answer since the last that had one
        self._waiting: deque[tuple[Walk, Trail, Ask]] = deque()
        self._under_way: deque[tuple[Walk, Trail, Pending]] = deque()
        self._held = 0  # bytes of the answers of walks that are not finished

    def begin(self, walk: Walk) -> None:
        """Sends the questions of a walk; it goes before what is asked ahead for later scenarios, if it is of one."""
        self._waiting.extend((walk, one, one.ask) for one in walk.trails)
        self._post(None)

    def finish(self, walk: Walk) -> Generator[Event, None, Sequence[Trail]]:
        """The trails of a walk at their end, its first ones only when the candidate stops answering. Other walks go on
        meanwhile."""
        self._post(walk)
        while not walk.over and self._under_way:
            yield from self._take(*self._under_way.popleft())
            self._post(walk)
        self._held -= walk.held
        ended = [bool(one.ending) for one in walk.trails]
        return walk.trails[: ended.index(False)] if False in ended else walk.trails

    def leave(self) -> Generator[Event, None, None]:
        """Takes the answers under way and follows none of them; no walk goes on."""
        while self._under_way:
            yield from self._take(*self._under_way.popleft())
        self._waiting.clear()
        self._held = 0

    def together(
        self, asks: Sequence[Ask], purpose: str, where: tuple[str, str],
        taken: Callable[[Exchange], None] = lambda _exchange: None,
    ) -> Generator[Event, None, list[Exchange]]:
        """The exchanges of questions that do not depend on each other; fewer when the candidate stops answering."""
        walk = Walk([Trail(one, 1) for one in asks], where, purpose, taken)
        self.begin(walk)
        trails = yield from self.finish(walk)
        yield from self.leave()
        return [one.exchanges[0] for one in trails]

    def send(self, ask: Ask, purpose: str, where: tuple[str, str]) -> Generator[Event, None, Exchange]:
        """The exchange of one question, asked before those that wait."""
        return (yield from self.taken(self.probe.ahead(ask, purpose, urgent=True), where))

    def pages(
        self, ask: Ask, pages: int, first: Exchange, where: tuple[str, str]
    ) -> Generator[Event, None, tuple[list[Exchange], str]]:
        """The pages after the first one, and how they ended."""
        trail = Trail(ask, pages)
        onward = trail.take(first, self.generation, self.probe)
        while onward is not None:
            page = yield from self.send(onward, "page", where)
            onward = trail.take(page, self.generation, self.probe)
        return trail.exchanges[1:], trail.ending

    def taken(self, pending: Pending, where: tuple[str, str]) -> Generator[Event, None, Exchange]:
        """The exchange of a request under way; until its answer is there, later work is done."""
        while not self.probe.ready(pending) and self._meanwhile():
            pass
        exchange = self.probe.finish(pending)
        lost = exchange.trouble is not None and exchange.request.access not in IDENTITIES and (
            CODES[exchange.trouble.code].effect is Effect.PREVENTED or exchange.trouble.code == "transport.too-slow")
        self.troubles = self.troubles + 1 if lost else 0
        self._count("exchanges")
        yield Exchanged(*where, exchange)
        return exchange

    def _post(self, awaited: Walk | None) -> None:
        """Sends what waits, as long as the candidate answers; of the walk that is awaited alone where much is held."""
        most = AHEAD if not self.troubles else 1 if self.troubles < PATIENCE else 0
        while self._waiting and len(self._under_way) < most:
            at = 0 if self._held < ROOM else next((at for at, one in enumerate(self._waiting) if one[0] is awaited), -1)
            if at < 0:
                return
            walk, trail, ask = self._waiting[at]
            del self._waiting[at]
            purpose = "page" if trail.exchanges else walk.purpose
            self._under_way.append((walk, trail, self.probe.ahead(ask, purpose, urgent=bool(walk.where[1]))))

    def _take(self, walk: Walk, trail: Trail, pending: Pending) -> Generator[Event, None, None]:
        exchange = yield from self.taken(pending, walk.where)
        walk.taken(exchange)
        size = len(exchange.response.body) if exchange.response is not None else 0
        walk.held += size
        self._held += size
        onward = trail.take(exchange, self.generation, self.probe)
        if onward is not None:
            self._waiting.append((walk, trail, onward))


def answered(exchange: Exchange) -> bool:
    """Whether there was an answer 200."""
    return exchange.response is not None and exchange.response.status == 200


def _ended(trail: Trail) -> str:
    """How a trail ended after whose last page there is none."""
    if trail.pages == 1:
        return "one"
    return "broken" if len(trail.exchanges) > 1 and not answered(trail.exchanges[-1]) else "complete"
