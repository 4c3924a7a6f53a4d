"""The run: one pass over the plan, told as events."""

from __future__ import annotations

import platform
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any

from conformance import __version__
from conformance.clock import Clock, stamp
from conformance.codes import CODES, finding
from conformance.drive.probe import Probe
from conformance.events import (
    Bound,
    Event,
    Exchanged,
    Finished,
    Judged,
    ScenarioFinished,
    Skipped,
    Started,
    StepSent,
)
from conformance.generation import Course, Generation, NoData
from conformance.model import Ask, Exchange, Finding, Judgement, Scenario, Sent, Step
from conformance.plan import Campaign, Planned
from conformance.scenario import ALL_PAGES
from conformance.verdict import Cause, Effect, concluded

RECORD = 1
_PATIENCE = 5


class Run:
    """One run of a campaign against one candidate."""

    def __init__(
        self, campaign: Campaign, probe: Probe, generation: Generation, clock: Clock,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.campaign, self.probe, self.generation = campaign, probe, generation
        self.clock, self.stop = clock, stop
        self._troubles = 0
        self._counts: dict[str, int] = {}
        self._explored: set[str] = set()
        self._statuses: set[str] = set()

    def events(self) -> Iterator[Event]:
        """Everything that happens, in order; the last event is Finished, unless the run is stopped."""
        yield Started(self._header(), len(self.campaign.planned))
        for planned in self.campaign.planned:
            if self.stop():
                return
            yield from self.scenario(planned)
        yield Finished({"finished": stamp(self.clock.now()), "counts": dict(sorted(self._counts.items()))})

    def _header(self) -> dict[str, Any]:
        campaign, candidate = self.campaign, self.campaign.candidate
        return {
            "record": RECORD,
            "rorqual": __version__,
            "python": platform.python_version(),
            "started": stamp(self.clock.now()),
            "seed": campaign.seed,
            "candidate": {
                "product": candidate.product, "version": candidate.version, "vendor": candidate.vendor,
                "role": candidate.role, "profiles": list(candidate.profiles),
                "use-cases": list(candidate.use_cases),
            },
            "profiles": [{"id": name, "hash": one.hash} for name, one in campaign.profiles.items()],
            "scenarios": campaign.scenarios_hash,
            "nomenclatures": campaign.release_hash,
            "planned": [[one.profile.id, one.scenario.id] for one in campaign.planned],
        }

    def _count(self, what: str) -> None:
        self._counts[what] = self._counts.get(what, 0) + 1

    def scenario(self, planned: Planned) -> Iterator[Event]:
        """One scenario; the candidate is explored before the first of a profile, for all those planned."""
        profile, scenario = planned.profile, planned.scenario
        if planned.skip:
            self._count("skipped")
            yield Skipped(profile.id, scenario.id, planned.skip)
            return
        if profile.id not in self._explored:
            self._explored.add(profile.id)
            yield from self._explore(profile.id)
        course = Course(profile, scenario)
        judgements: list[Judgement] = []
        missing = yield from self._bind(course)
        for step in scenario.steps:
            made = yield from (self._refused(course, step, missing) if missing else self._step(course, step))
            judgements += made
        self._count("scenarios")
        yield ScenarioFinished(profile.id, scenario.id, concluded(one.verdict for one in judgements))

    def _explore(self, profile: str) -> Iterator[Event]:
        """Asks what is needed to know the candidate's data; the same population serves every scenario."""
        scenarios: list[Scenario] = [one.scenario for one in self.campaign.planned
                                     if one.profile.id == profile and not one.skip]
        asking = self.generation.explore(self.campaign.profiles[profile], scenarios)
        try:
            ask = next(asking)
            while self._troubles < _PATIENCE:
                exchange = yield from self._send(ask, "explore", profile, "")
                self._statuses.add(_told(exchange))
                ask = asking.send(exchange)
        except StopIteration:
            return

    def _bind(self, course: Course) -> Generator[Event, None, Finding | None]:
        """Chooses the values of a scenario; the finding returned says which data the candidate lacks."""
        try:
            course.names = self.generation.bind(course, f"{self.campaign.seed}|{course.scenario.id}")
        except NoData as error:
            yield Bound(course.profile.id, course.scenario.id, {}, error.need.name)
            return self._lacking(error.need.name)
        if course.scenario.needs:
            yield Bound(course.profile.id, course.scenario.id, self.generation.kept(course.names))
        return None

    def _lacking(self, need: str) -> Finding:
        """Why a need is not met: no such data, or an exploration that saw no data at all."""
        if self.generation.readable():
            return finding("data.no-value", need, "none", f"bind.{need}")
        code = "configuration.access" if self._statuses & {"401", "403"} else "blocked.exploration"
        seen = ", ".join(sorted(self._statuses))
        return finding(code, "data to explore", f"{seen}, nothing readable", f"bind.{need}")

    def _refused(self, course: Course, step: Step, reason: Finding | None) -> Generator[Event, None, list[Judgement]]:
        assert reason is not None
        made = self.generation.refuse(course, step, reason)
        yield from self._told(made)
        return made

    def _told(self, judgements: list[Judgement]) -> Iterator[Event]:
        for judgement in judgements:
            self._count(judgement.verdict.word)
            yield Judged(judgement)

    def _step(self, course: Course, step: Step) -> Generator[Event, None, list[Judgement]]:
        where = course.profile.id, course.scenario.id
        if self._troubles >= _PATIENCE:
            given_up = finding("transport.network", "an answer", f"given up after {_PATIENCE} requests without one")
            return (yield from self._refused(course, step, given_up))
        sent = yield from self._drive(course, step)
        course.sent[step.name] = sent
        judgements = self.generation.judge(course, sent, True)
        confirmation = ""
        if any(_against(one) for judgement in judgements for one in judgement.findings):
            again = yield from self._send(sent.ask, "confirm", *where)
            confirmation = again.id
            if not self.generation.same(sent.exchanges[0], again):
                judgements = self.generation.judge(course, sent, False)
        yield StepSent(*where, sent, confirmation)
        yield from self._told(judgements)
        return judgements

    def _drive(self, course: Course, step: Step) -> Generator[Event, None, Sent]:
        """Sends the request of a step and follows its pages, as far as the step and the limits say."""
        where = course.profile.id, course.scenario.id
        ask = self.generation.ask(course, step)
        exchange = yield from self._send(ask, "step", *where)
        exchanges, visited = [exchange], {""}
        limit = self.probe.endpoint.limits.pages if step.pages == ALL_PAGES else step.pages
        ending = "one" if step.pages == 1 else "complete"
        while step.pages != 1:
            address = self.generation.next_page(exchange)
            if not address:
                if not _answered(exchange) and len(exchanges) > 1:
                    ending = "broken"
                break
            if len(exchanges) >= limit:
                ending = "limit"
                break
            target = self.probe.follows(address, exchange)
            if not target or address in visited:
                ending = "loop" if target else "elsewhere"
                break
            visited.add(address)
            exchange = yield from self._send(replace(ask, method="GET", path=target, query=(), form=()), "page", *where)
            exchanges.append(exchange)
        return Sent(step, ask, tuple(exchanges), ending)

    def _send(self, ask: Ask, purpose: str, profile: str, scenario: str) -> Generator[Event, None, Exchange]:
        exchange = self.probe.send(ask, purpose)
        lost = exchange.trouble is not None and (
            CODES[exchange.trouble.code].effect is Effect.PREVENTED or exchange.trouble.code == "transport.too-slow")
        self._troubles = self._troubles + 1 if lost else 0
        self._count("exchanges")
        yield Exchanged(profile, scenario, exchange)
        return exchange


def _told(exchange: Exchange) -> str:
    """The status of an exchange, or the code of its trouble."""
    if exchange.response is not None:
        return str(exchange.response.status)
    return exchange.trouble.code if exchange.trouble else ""


def _answered(exchange: Exchange) -> bool:
    return exchange.response is not None and exchange.response.status == 200


def _against(one: Finding) -> bool:
    """Whether a finding would be held against the candidate, so that the question is worth asking twice."""
    return one.effect is Effect.BROKEN and one.cause is Cause.CANDIDATE
