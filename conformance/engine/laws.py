"""Laws of a run: cases are drawn, asked, judged, and shrunk when one breaks the law."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace

from conformance.codes import finding
from conformance.draw import Chosen
from conformance.engine.falsify import Undrawn, falsify, foreseen
from conformance.engine.talk import Talk, Trail, Walk
from conformance.events import CaseAsked, Event, LawEnded
from conformance.generation import Course, Generation
from conformance.model import Ask, Exchange, Finding, Judgement, Sent, Step, Tried

NONE, QUICK, STANDARD = "none", "quick", "standard"
DRAWS = {NONE: 0, QUICK: 12, STANDARD: 100, "deep": 1500}  # cases of each law, by depth
_AGAIN = 2  # times that the questions of a case which breaks a law are asked again
_SHRUNK = 200  # cases that are asked to make one that breaks a law simpler
_TOGETHER = 4  # cases that are under way at once


class Laws:
    """The laws of scenarios, asked in a talk, as many cases of each as the depth says."""

    def __init__(self, generation: Generation, talk: Talk, depth: str, seed: int) -> None:
        self.generation, self.talk, self.draws, self.seed = generation, talk, DRAWS[depth], seed

    def judged(
        self, course: Course, law: int, given_up: Callable[[], Finding | None]
    ) -> Generator[Event, None, list[Judgement]]:
        """The judgements of a law; ``given_up`` tells why nothing more is asked, if so."""
        where = course.profile.id, course.scenario.id
        cases: list[Tried] = []
        reason = None
        try:
            yield from self._ask(course, law, cases, given_up)
        except Undrawn as error:  # ours, and held against nobody
            yield from self.talk.leave()
            reason = finding("harness.check", course.scenario.laws[law].check, str(error))
        reason = reason or given_up()
        yield LawEnded(*where, law, len(cases), reason)
        return self.generation.settled(course, law, cases, reason)

    def _ask(
        self, course: Course, law: int, cases: list[Tried], given_up: Callable[[], Finding | None]
    ) -> Generator[Event, None, None]:
        """Asks cases until one breaks the law, then simpler ones, and adds them to those given."""
        seed = zlib.crc32(f"{self.seed}|{course.profile.id}|{course.scenario.id}|{law}".encode())

        def drawn(draw: Chosen) -> tuple[Step, ...] | None:
            return self.generation.drawn(course, law, draw)

        if given_up() is not None:
            return
        coming = foreseen(self.draws, seed, drawn)
        known = yield from self._until_broken(course, law, cases, coming)
        coming.close()
        if not cases or not cases[-1].broken:
            return
        first = cases[-1].number
        yield from self._simplify(course, law, cases, falsify(self.draws, seed, drawn, known))
        last = next(one for one in reversed(cases) if one.broken)
        if len(last.sents) == 1 and cases[-1].stable:
            last = yield from self._pared(course, law, cases, last)
        if last.number != first:
            cases[last.number - 1] = (yield from self._again(course, law, last)) or last

    def _until_broken(
        self, course: Course, law: int, cases: list[Tried], coming: Iterator[tuple[Step, ...]]
    ) -> Generator[Event, None, dict[tuple[Step, ...], bool]]:
        """Asks the cases that come, the next ones while the answers to one are judged, until one breaks the law; tells
        of each whether it did. Answers to what was asked after that one tell nothing."""
        known: dict[tuple[Step, ...], bool] = {}
        asked: deque[tuple[tuple[Step, ...], Walk]] = deque()
        most = 1 if self.generation.in_order(course, law) else _TOGETHER
        while True:
            while len(asked) < (1 if self.talk.troubles else most) and (steps := next(coming, None)) is not None:
                asked.append((steps, self._begun(course, steps)))
            if not asked:
                return known
            steps, walk = asked.popleft()
            sents = yield from self._answers(steps, walk)
            if len(sents) < len(steps):
                break
            one = self.generation.tried(course, law, len(cases) + 1, sents)
            known[steps] = one.broken
            if one.broken:
                yield from self.talk.leave()
                confirmed = yield from self._again(course, law, one)
                cases += [confirmed] if confirmed is not None else []
                break
            yield self._told(course, law, one)
            cases.append(one.lightened())
        yield from self.talk.leave()
        return known

    def _simplify(
        self, course: Course, law: int, cases: list[Tried], simpler: Generator[tuple[Step, ...], bool, None]
    ) -> Generator[Event, None, None]:
        """Asks ever simpler cases than the last one, which broke the law, and adds them to those given."""
        first = len(cases)
        steps = next(simpler, None)
        while steps is not None and len(cases) - first <= _SHRUNK:
            sents = yield from self._asked(course, steps)
            if len(sents) < len(steps):
                break
            one = self.generation.tried(course, law, len(cases) + 1, sents)
            yield self._told(course, law, one)
            cases.append(one.lightened())
            try:
                steps = simpler.send(one.broken)
            except StopIteration:
                break
        simpler.close()

    def _begun(self, course: Course, steps: Sequence[Step]) -> Walk:
        """Sends the questions of a case."""
        asks = [Ask(one.method, one.path, one.query, form=one.form) for one in steps]
        walk = Walk([Trail(ask, one.pages) for ask, one in zip(asks, steps, strict=True)],
                    (course.profile.id, course.scenario.id), "draw")
        self.talk.begin(walk)
        return walk

    def _answers(self, steps: Sequence[Step], walk: Walk) -> Generator[Event, None, list[Sent]]:
        """The answers to the questions of a case; fewer when the candidate stops answering."""
        trails = yield from self.talk.finish(walk)
        return [Sent(step, one.ask, tuple(one.exchanges), one.ending)
                for step, one in zip(steps, trails, strict=False)]

    def _asked(self, course: Course, steps: Sequence[Step]) -> Generator[Event, None, list[Sent]]:
        """The answers to questions that are asked alone."""
        sents = yield from self._answers(steps, self._begun(course, steps))
        yield from self.talk.leave()
        return sents

    def _pared(self, course: Course, law: int, cases: list[Tried], one: Tried) -> Generator[Event, None, Tried]:
        """A case of one question without the criteria that are not needed: each is left out once, and stays out where
        the law is broken all the same. What was drawn together is seldom made simpler by drawing."""
        for pair in one.sents[0].step.query if len(one.sents[0].step.query) > 1 else ():
            step = one.sents[0].step
            left = [each for each in step.query if each != pair]
            sents = yield from self._asked(course, [replace(step, query=tuple(left))] if left else [])
            if not sents:
                continue
            tried = self.generation.tried(course, law, len(cases) + 1, sents)
            yield self._told(course, law, tried)
            cases.append(tried.lightened())
            one = tried if tried.broken else one
        return one

    def _again(self, course: Course, law: int, one: Tried) -> Generator[Event, None, Tried | None]:
        """A case that broke the law, its questions asked again, the last one first unless the law is about their order:
        another answer is not held against anybody. None when the candidate stops answering."""
        again: list[Exchange] = []
        turn = 1 if self.generation.in_order(course, law) else -1
        for _ in range(_AGAIN):
            turned = yield from self._asked(course, [replace(sent.step, pages=1) for sent in one.sents[::turn]])
            if len(turned) < len(one.sents):
                return None
            again += [sent.exchanges[0] for sent in turned[::turn]]
        yield self._told(course, law, one, tuple(exchange.id for exchange in again))
        return replace(one, stable=self.generation.steady(course, law, one.sents, again))

    def _told(self, course: Course, law: int, one: Tried, again: tuple[str, ...] = ()) -> CaseAsked:
        return CaseAsked(course.profile.id, course.scenario.id, law, one.number, one.sents, again)
