"""The run: one pass over the plan, told as events.

While an answer is judged, the next questions are under way, one after the other: the candidate works while the harness
does. What is told, and in which order, does not depend on it. A question that changes something waits until the one
before is judged, and nothing is sent ahead of it.
"""

from __future__ import annotations

import platform
import zlib
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from typing import Any

from conformance import __version__
from conformance.clock import Clock, stamp
from conformance.codes import finding
from conformance.drive.probe import Pending, Probe
from conformance.engine.export import Follower
from conformance.engine.laws import Laws
from conformance.engine.talk import AHEAD, PATIENCE, Talk
from conformance.engine.turns import Before, Question, Turn
from conformance.engine.writes import Writes
from conformance.events import (
    Bound,
    Event,
    Finished,
    Judged,
    Resumed,
    ScenarioFinished,
    Skipped,
    Started,
    StepSent,
)
from conformance.generation import Course, Generation, NoData
from conformance.model import Ask, Candidate, Exchange, Finding, Judgement, Scenario, Sent, Step
from conformance.plan import Campaign, Planned
from conformance.scenario import EXTRACTION
from conformance.scenario_words import IDENTITIES
from conformance.specification import Profile
from conformance.verdict import Cause, Effect, concluded

RECORD = 1


class Run:
    """One run of a campaign against one candidate; ``before`` is the part of it that an interrupt cut."""

    def __init__(
        self, campaign: Campaign, probe: Probe, generation: Generation, clock: Clock, before: Before | None = None
    ) -> None:
        self.campaign, self.probe, self.generation = campaign, probe, generation
        self.clock, self.before = clock, before
        earlier = before or Before()
        self.writes = Writes(probe, generation, campaign.profiles, earlier.open_, earlier.writings)
        self._started = stamp(clock.now())
        self.talk = Talk(probe, generation, self._count, self._meanwhile)
        self._counts: dict[str, int] = dict(earlier.counts)
        self._explored: set[str] = set()
        self._statuses: set[str] = set()
        self._turns: deque[Turn] = deque()
        self._prepared: deque[Turn] = deque()
        self._unprepared: deque[Planned] = deque()
        self._closing: list[Profile] = []
        self._coming: Iterator[Question | None] = iter(())
        self._under_way: deque[Question] = deque()

    def events(self) -> Iterator[Event]:
        """Everything that happens, in order; the last event is Finished."""
        planned = self.campaign.planned
        if self.before is None:
            yield Started(self._header(), len(planned))
        else:
            yield Resumed(self._started, self.before.begun)
            yield from self.writes.undo()
            planned = tuple(one for one in planned if (one.profile.id, one.scenario.id) not in self.before.finished)
        yield from self.scenarios(planned)
        yield from self.writes.again()
        yield Finished({"finished": stamp(self.clock.now()), "counts": dict(sorted(self._counts.items()))})

    def scenarios(self, planned: Sequence[Planned]) -> Iterator[Event]:
        """Some scenarios, one after the other; the candidate is explored before the first of a profile, for all
        those of the campaign."""
        asked = [one for one in planned if not one.skip]
        self._closing = list({one.profile.id: one.profile for one in asked if one.scenario.closing}.values())
        self._prepared.clear()
        self._unprepared = deque(asked)
        self._coming = self._questions(asked)
        for one in planned:
            yield from self._scenario(one)

    def _header(self) -> dict[str, Any]:
        campaign, candidate = self.campaign, self.campaign.candidate
        return {
            "record": RECORD,
            "rorqual": __version__,
            "python": platform.python_version(),
            "started": self._started,
            "seed": campaign.seed,
            "depth": campaign.depth,
            "candidate": {
                "product": candidate.product, "version": candidate.version, "vendor": candidate.vendor,
                "role": candidate.role, "profiles": list(candidate.profiles),
                "use-cases": list(candidate.use_cases),
            },
            "profiles": [{"id": name, "hash": one.hash} for name, one in campaign.profiles.items()],
            "scenarios": campaign.scenarios_hash,
            "nomenclatures": campaign.release.hash(),
            "planned": [[one.profile.id, one.scenario.id] for one in campaign.planned],
        }

    def _count(self, what: str) -> None:
        self._counts[what] = self._counts.get(what, 0) + 1

    def _scenario(self, planned: Planned) -> Iterator[Event]:
        profile, scenario = planned.profile, planned.scenario
        if planned.skip:
            self._count("skipped")
            yield Skipped(profile.id, scenario.id, planned.skip)
            return
        if profile.id not in self._explored:
            yield from self._explore(profile.id)
            self._explored.add(profile.id)
        self._look_ahead()
        turn = self._turns.popleft()
        if turn.bound:
            yield turn.bound
        judgements: list[Judgement] = []
        for step in scenario.steps:
            if turn.missing:
                judgements += yield from self._refused(turn.course, step, turn.missing)
            else:
                judgements += yield from self._step(turn.course, step)
        laws = Laws(self.generation, self.talk, self.campaign.depth, self.campaign.seed)
        for law in range(len(scenario.laws)):
            made = yield from laws.judged(turn.course, law, self._given_up)
            yield from self._told(made)
            judgements += made
        yield from self.writes.undo()
        self._count("scenarios")
        yield ScenarioFinished(profile.id, scenario.id, concluded(one.verdict for one in judgements))

    def _questions(self, planned: Sequence[Planned]) -> Iterator[Question | None]:
        """The requests of the scenarios in order, each sent when it is asked for; None while one cannot be sent yet."""
        for one in planned:
            while one.profile.id not in self._explored:
                yield None
            if not self._prepared:
                self._prepare()
            turn = self._prepared.popleft()
            self._turns.append(turn)
            for step in one.scenario.steps if not turn.missing else ():
                if one.scenario.writes or not self._has_client(step):  # what it asks may rest on what it created
                    yield Question(turn.course, step, None, None)
                    continue
                ask = self.generation.ask(turn.course, step)
                yield Question(turn.course, step, ask, self._sent_ahead(ask))

    def _prepare(self) -> None:
        """Chooses the values of the next scenario for which that was not done yet."""
        self._prepared.append(self._turn(self._unprepared.popleft()))

    def _meanwhile(self) -> bool:
        """Chooses the values of a later scenario, or does a part of what judging those at the end needs; False when
        there is nothing to do."""
        following = self._unprepared[0] if self._unprepared else None
        if following is not None and not following.scenario.writes and following.profile.id in self._explored:
            self._prepare()
            return True
        return any(self.generation.meanwhile(one) for one in self._closing)

    def _has_client(self, step: Step) -> bool:
        """Whether there is a client of the access profile or identity that a step is sent under, and, where it asks
        for a token as the client of the run does, whether that is told where and how."""
        who = self.campaign.candidate
        own = not step.access or step.access in IDENTITIES
        return (not step.access or step.access in who.accesses) and (not step.asks_token or not own or who.gives_tokens)

    def _sent_ahead(self, ask: Ask) -> Pending | None:
        return self.probe.ahead(ask, "step") if not ask.writes and not self.talk.troubles else None

    def _look_ahead(self) -> None:
        """Keeps some questions under way."""
        while len(self._under_way) < AHEAD and not (self._under_way and self._under_way[-1].pending is None):
            question = next(self._coming, None)
            if question is None:
                return
            self._under_way.append(question)

    def _explore(self, profile: str) -> Iterator[Event]:
        """Asks what is needed to know the candidate's data; the same population serves every scenario."""
        scenarios: list[Scenario] = [one.scenario for one in self.campaign.planned
                                     if one.profile.id == profile and not one.skip]
        asking = self.generation.explore(self.campaign.profiles[profile], scenarios, self.probe.follows)
        try:
            asks = next(asking)
            while True:
                exchanges = yield from self._asked(asks, profile)
                if len(exchanges) < len(asks):
                    return
                asks = asking.send(exchanges)
        except StopIteration:
            return

    def _asked(self, asks: Sequence[Ask], profile: str) -> Generator[Event, None, list[Exchange]]:
        """The exchanges of an exploration; fewer when the candidate stops answering."""
        def learnt(exchange: Exchange) -> None:
            self._statuses.add(_told(exchange))
            self.generation.learn(exchange)

        return (yield from self.talk.together(asks, "explore", (profile, ""), learnt))

    def _turn(self, planned: Planned) -> Turn:
        """Chooses the values of a scenario."""
        course = Course(planned.profile, planned.scenario)
        where = course.profile.id, course.scenario.id
        if planned.refusal is not None:
            return Turn(course, None, planned.refusal)
        try:
            course.names = self.generation.bind(course, f"{self.campaign.seed}|{course.scenario.id}")
        except NoData as error:
            return Turn(course, Bound(*where, {}, error.need.name), self._lacking(error.need.name))
        if course.scenario.writes:
            mark = zlib.crc32("|".join((self._started, str(self.campaign.seed), *where)).encode())
            course.names |= {"unique": f"rorqual-{mark:08x}", "now": stamp(self.clock.now())}
        return Turn(course, Bound(*where, self.generation.kept(course.names)) if course.names else None, None)

    def _lacking(self, need: str) -> Finding:
        """Why a need is not met: no such data, or an exploration that saw no data at all."""
        if self.generation.readable():
            return finding("data.no-value", need, "none", f"bind.{need}")
        code = "configuration.access" if self._statuses & {"401", "403"} else "blocked.exploration"
        seen = ", ".join(sorted(self._statuses))
        return finding(code, "data to explore", f"{seen}, nothing readable", f"bind.{need}")

    def _refused(self, course: Course, step: Step, reason: Finding) -> Generator[Event, None, list[Judgement]]:
        made = self.generation.refuse(course, step, reason)
        yield from self._told(made)
        return made

    def _told(self, judgements: list[Judgement]) -> Iterator[Event]:
        for judgement in judgements:
            self._count(judgement.verdict.word)
            yield Judged(judgement)

    def _step(self, course: Course, step: Step) -> Generator[Event, None, list[Judgement]]:
        where = course.profile.id, course.scenario.id
        self._look_ahead()
        question = self._under_way.popleft()
        given_up = self._given_up() if self.talk.troubles >= PATIENCE and question.pending is None else None
        if given_up is not None:
            return (yield from self._refused(course, step, given_up))
        if not self._has_client(step):
            return (yield from self._refused(course, step, lacking(step, self.campaign.candidate)))
        awaited = self.generation.awaited(course, step)
        if awaited:
            return (yield from self._refused(course, step, finding("blocked.not-created", awaited, "nothing usable")))
        sent = yield from self._drive(question)
        course.sent[step.name] = sent
        course.names |= self.generation.captured(sent)
        self._look_ahead()
        judgements = self.generation.judge(course, sent, True)
        confirmation = ""
        if not sent.ask.writes and any(_against(one) for judgement in judgements for one in judgement.findings):
            again = yield from self.talk.send(sent.ask, "confirm", where)
            confirmation = again.id
            if not self.generation.same(sent.exchanges[0], again):
                judgements = self.generation.judge(course, sent, False)
        yield StepSent(*where, sent, confirmation)
        yield from self._told(judgements)
        return judgements

    def _given_up(self) -> Finding | None:
        """Why nothing more is asked: the candidate has stopped answering, or nothing of it could be read."""
        if self.talk.troubles >= PATIENCE:
            return finding("transport.network", "an answer", f"given up after {PATIENCE} requests without one")
        return None if self.generation.readable() else self._lacking("laws")

    def _drive(self, question: Question) -> Generator[Event, None, Sent]:
        """Sends the request of a step and follows its pages, as far as the step and the limits say."""
        step, course = question.step, question.course
        ask = question.ask if question.ask is not None else self.generation.ask(course, step)
        where = course.profile.id, course.scenario.id
        yield from self.writes.begin(course, ask)
        if question.pending is not None:
            exchange = yield from self.talk.taken(question.pending, where)
        else:
            exchange = yield from self.talk.send(ask, "step", where)
        if step.pages == EXTRACTION:
            follower = Follower(self.probe, self.generation, self.clock,
                                lambda asks, why: self.talk.together(asks, why, where))
            followed, ending = yield from follower.follow(ask, exchange)
        else:
            followed, ending = yield from self.talk.pages(ask, step.pages, exchange, where)
        sent = Sent(step, ask, (exchange, *followed), ending)
        yield from self.writes.ended(sent)
        return sent


def lacking(step: Step, candidate: Candidate) -> Finding:
    """What of candidate.yaml keeps a step from being sent."""
    if not step.access or step.access in candidate.accesses:
        return finding("configuration.stranger", "a client that asks for tokens with its certificate", "none",
                       "candidate.yaml")
    if step.access in IDENTITIES:
        return finding("configuration.stranger", f"a client with {IDENTITIES[step.access]}", "none", "candidate.yaml")
    return finding("configuration.identity", f"a client of access profile {step.access}", "none", "candidate.yaml")


def _told(exchange: Exchange) -> str:
    """The status of an exchange, or the code of its trouble."""
    if exchange.response is not None:
        return str(exchange.response.status)
    return exchange.trouble.code if exchange.trouble else ""


def _against(one: Finding) -> bool:
    """Whether a finding would be held against the candidate, so that the question is worth asking twice."""
    return one.effect is Effect.BROKEN and one.cause is Cause.CANDIDATE
