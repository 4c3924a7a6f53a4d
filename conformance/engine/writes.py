"""What a run changes on the server, and how it takes back what it created: after each scenario, after an interrupt, or
later from the record alone. What is about to be changed is told, and on the disk, before the request is sent."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import replace

from conformance.drive.probe import Probe
from conformance.events import Created, Event, Exchanged, Undone, Writing
from conformance.generation import Course, Generation
from conformance.model import Ask, Exchange, Sent, Written
from conformance.specification import Profile

_GONE = (404, 410)


class Writes:
    """The writes of one run. ``open_`` are those that an earlier part of it left, ``count`` how many it told."""

    def __init__(
        self, probe: Probe, generation: Generation, profiles: Mapping[str, Profile], open_: Iterable[Written] = (),
        count: int = 0,
    ) -> None:
        self._probe, self._generation, self._profiles = probe, generation, profiles
        self._open = {one.number: one for one in open_}
        self._count = count
        self._refused: set[int] = set()
        self._unseen: list[Written] = []  # of an earlier part, looked for and not found

    @property
    def unseen(self) -> bool:
        """Whether something was looked for and not found."""
        return bool(self._unseen)

    def begin(self, course: Course, ask: Ask) -> Iterator[Event]:
        """A request that changes something is about to be sent."""
        if not ask.writes:
            return
        self._count += 1
        made = Written(self._count, course.profile.id, course.scenario.id, ask.method, ask.path, ask.base,
                       self._generation.mark(course, ask))
        if ask.method == "POST":
            self._open[made.number] = made
        yield Writing(made)

    def ended(self, sent: Sent) -> Iterator[Event]:
        """The answer to it came, or did not."""
        if sent.ask.method != "POST" or not sent.ask.writes:
            return
        made = self._open[self._count]
        key = self._generation.created(sent)
        answer = sent.exchanges[0].response
        if key:
            self._open[made.number] = replace(made, key=key)
            yield Created(made.number, key)
        elif answer is not None and 400 <= answer.status < 500:
            self._refused.add(made.number)

    def undo(self) -> Iterator[Event]:
        """Takes back what was created and still stands, the last first."""
        for number in sorted(self._open, reverse=True):
            made = self._open[number]
            keys = [made.key] if made.key else (yield from self._sought(made))
            if keys is None:
                how = "absent" if number in self._refused else "left"
                yield Undone(number, "", how, "")
            elif not keys:
                self._unseen += [made] if number not in self._refused else []
                yield Undone(number, "", "absent", "")
            for key in keys or ():
                exchange = yield from self._removed(made, key)
                yield Undone(number, key, _how(exchange), exchange.id)
            del self._open[number]

    def again(self) -> Iterator[Event]:
        """Looks a second time for what was not found: a request under way when a run was killed may have been served
        after the first look."""
        for made in self._unseen:
            for key in (yield from self._sought(made)) or ():
                exchange = yield from self._removed(made, key)
                yield Undone(made.number, key, _how(exchange), exchange.id)
        self._unseen.clear()

    def _removed(self, made: Written, key: str) -> Generator[Event, None, Exchange]:
        """The exchange that took a resource back, or did not."""
        profile = self._profiles[made.profile]
        ask: Ask | None = self._generation.removal(profile, key, made.base)
        while True:
            assert ask is not None
            exchange = self._probe.send(ask, "undo")
            yield Exchanged(made.profile, made.scenario, exchange)
            if ask.writes:
                return exchange
            ask = self._generation.update(profile, key, made.base, exchange)
            if ask is None:
                return exchange

    def _sought(self, made: Written) -> Generator[Event, None, list[str] | None]:
        """What a write without a usable answer created: found again by its mark. None when it has none, for a search
        for nothing would find everything."""
        if not made.mark:
            return None
        exchange = self._probe.send(self._generation.found_again(made), "undo")
        yield Exchanged(made.profile, made.scenario, exchange)
        return self._generation.keys(made, exchange)


def _how(exchange: Exchange) -> str:
    if exchange.response is None:
        return "left"
    if exchange.response.status in _GONE:
        return "absent"
    done = exchange.request.method != "GET" and 200 <= exchange.response.status < 300
    return "removed" if done else "left"
