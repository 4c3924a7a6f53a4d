"""Laws of a run: cases are drawn, asked, judged, and shrunk when one breaks the law."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace

from conformance.codes import finding
from conformance.engine.falsify import Undrawn, falsify
from conformance.events import CaseAsked, Event, LawEnded
from conformance.generation import Course, Generation
from conformance.model import Exchange, Finding, Judgement, Sent, Step, Tried

NONE, QUICK, STANDARD = "none", "quick", "standard"
DRAWS = {NONE: 0, QUICK: 12, STANDARD: 100, "deep": 1500}  # cases of each law, by depth
_AGAIN = 2  # times that the questions of a case which breaks a law are asked again
_SHRUNK = 200  # cases that are asked to make one that breaks a law simpler
# the answers to some questions in their order; fewer when the candidate stops answering
Asked = Callable[[Course, Sequence[Step]], Generator[Event, None, list[Sent]]]


class Laws:
    """The laws of scenarios, asked by ``asked``, as many cases of each as the depth says."""

    def __init__(self, generation: Generation, depth: str, seed: int, asked: Asked) -> None:
        self.generation, self.draws, self.seed, self.asked = generation, DRAWS[depth], seed, asked

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
            reason = finding("harness.check", course.scenario.laws[law].check, str(error))
        reason = reason or given_up()
        yield LawEnded(*where, law, len(cases), reason)
        return self.generation.settled(course, law, cases, reason)

    def _ask(
        self, course: Course, law: int, cases: list[Tried], given_up: Callable[[], Finding | None]
    ) -> Generator[Event, None, None]:
        """Asks cases until one breaks the law, then simpler ones, and adds them to those given."""
        seed = zlib.crc32(f"{self.seed}|{course.profile.id}|{course.scenario.id}|{law}".encode())
        drawn = falsify(self.draws, seed, lambda draw: self.generation.drawn(course, law, draw))
        first = 0  # the case that broke the law first
        steps = next(drawn, None) if given_up() is None else None
        while steps is not None:
            sents = yield from self.asked(course, steps)
            if len(sents) < len(steps):
                break
            one = self.generation.tried(course, law, len(cases) + 1, sents)
            if one.broken and not first:
                confirmed = yield from self._again(course, law, one)
                if confirmed is None:
                    break
                one = confirmed
                first = one.number if one.broken else 0
            else:
                yield self._told(course, law, one)
            cases.append(one)
            if not one.stable or (first and len(cases) - first > _SHRUNK):  # unstable: nothing can be held against it
                break
            try:
                steps = drawn.send(one.broken)
            except StopIteration:
                break
        drawn.close()
        last = next((one for one in reversed(cases) if one.broken), None)
        if last is not None and len(last.sents) == 1 and cases[-1].stable:
            last = yield from self._pared(course, law, cases, last)
        if last is not None and last.number != first:
            cases[last.number - 1] = (yield from self._again(course, law, last)) or last

    def _pared(self, course: Course, law: int, cases: list[Tried], one: Tried) -> Generator[Event, None, Tried]:
        """A case of one question without the criteria that are not needed: each is left out once, and stays out where
        the law is broken all the same. What was drawn together is seldom made simpler by drawing."""
        for pair in one.sents[0].step.query if len(one.sents[0].step.query) > 1 else ():
            step = one.sents[0].step
            left = [each for each in step.query if each != pair]
            sents = yield from self.asked(course, [replace(step, query=tuple(left))] if left else [])
            if not sents:
                continue
            tried = self.generation.tried(course, law, len(cases) + 1, sents)
            yield self._told(course, law, tried)
            cases.append(tried)
            one = tried if tried.broken else one
        return one

    def _again(self, course: Course, law: int, one: Tried) -> Generator[Event, None, Tried | None]:
        """A case that broke the law, its questions asked again, the last one first unless the law is about their order:
        another answer is not held against anybody. None when the candidate stops answering."""
        again: list[Exchange] = []
        turn = 1 if self.generation.in_order(course, law) else -1
        for _ in range(_AGAIN):
            turned = yield from self.asked(course, [replace(sent.step, pages=1) for sent in one.sents[::turn]])
            if len(turned) < len(one.sents):
                return None
            again += [sent.exchanges[0] for sent in turned[::turn]]
        yield self._told(course, law, one, tuple(exchange.id for exchange in again))
        return replace(one, stable=self.generation.steady(course, law, one.sents, again))

    def _told(self, course: Course, law: int, one: Tried, again: tuple[str, ...] = ()) -> CaseAsked:
        return CaseAsked(course.profile.id, course.scenario.id, law, one.number, one.sents, again)
