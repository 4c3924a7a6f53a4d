"""The run of an application: told what to do, it acts, and what it sends is kept and judged.

The harness is the ROR: each scenario has an address and data of its own, served with the manners that it wants.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from conformance import __version__
from conformance.clock import Clock, stamp
from conformance.codes import finding
from conformance.engine.run import RECORD
from conformance.engine.usher import Earlier, InOrder, Usher, Where
from conformance.events import (
    Bound,
    Event,
    Exchanged,
    Finished,
    Judged,
    Resumed,
    ScenarioFinished,
    Skipped,
    Started,
    StepSent,
)
from conformance.generation import Course, Generation, NoData
from conformance.model import REFUSED, Ask, Exchange, Finding, Judgement, Sent, Step
from conformance.plan import Campaign, Planned
from conformance.verdict import concluded

_TICK = 0.1  # seconds between two looks at what came in
_LAST = 0.05  # seconds without a request after which an application that said so is done
_PAUSE = 0.5  # seconds between two looks at what came in while no scenario is played
_NOWHERE: Where = "", ""  # what is of no scenario
_TOLD = ("shown", "stated", "confirmed")  # what an outcome says that is known of what is shown


@dataclass(frozen=True, slots=True)
class Instruction:
    """What an application is to do, and where: the name of the action, its values, the addresses and credentials."""

    action: str
    values: Mapping[str, str]
    words: Mapping[str, str]
    endpoint: Mapping[str, Any]


class Scene(Protocol):
    """What one scenario serves."""

    def endpoint(self) -> Mapping[str, Any]:
        """Addresses and credentials for the application."""

    def turn(self, serve: Mapping[str, Any]) -> None:
        """From now on it has these manners."""

    def take(self) -> list[Exchange]:
        """What came in since the last time."""

    def wait(self, seconds: float) -> None:
        """Waits until something comes in, at most so long."""

    def idle(self) -> float:
        """Seconds since something came in."""

    def close(self) -> None:
        """Nothing is served any more."""


class Acting(Protocol):
    """An action under way."""

    def ended(self) -> bool:
        """Whether the application says that it is done."""

    def outcome(self) -> Any:
        """What it shows; None when that is not known."""

    def failure(self) -> str:
        """Why it was not done; empty when it was."""

    def stop(self) -> None:
        """Ends it, whatever it does."""


class Hall(Protocol):
    """Where applications are received: opens a scene for a scenario, and has an action done."""

    def open(self, course: Course) -> Scene:
        """A scene of a scenario."""

    def act(self, instruction: Instruction, course: Course, step: Step) -> Acting:
        """Has an action done, that of a step."""

    def between(self) -> list[Exchange]:
        """What came in since the last time while no scenario was played."""


class Consuming:
    """One run of a campaign against one application; ``usher`` says what is played when (all, in order), ``earlier`` is
    the part of it that was told before it was stopped."""

    def __init__(
        self, campaign: Campaign, generation: Generation, hall: Hall, clock: Clock, data: Mapping[str, Any],
        usher: Usher | None = None, earlier: Earlier | None = None,
    ) -> None:
        self.campaign, self.generation, self.hall, self.clock = campaign, generation, hall, clock
        self.data, self.earlier = data, earlier
        known = earlier or Earlier()
        self.usher = usher or InOrder(campaign.planned, known.finished)
        self._started = stamp(clock.now())
        self._over: set[Where] = set(known.finished)
        self._counts: dict[Where, Counter[str]] = {where: Counter(counts) for where, counts in known.counts.items()}

    def events(self) -> Iterator[Event]:
        """Everything that happens, in order; the last event is Finished."""
        if self.earlier is None:
            yield Started(self._header(), len(self.campaign.planned))
        else:
            yield Resumed(self._started, self.earlier.begun)
        while not self.usher.ended():
            planned = self.usher.upcoming(_PAUSE)
            yield from self._between()
            if planned is not None:
                yield from self._again(planned)
                yield from self._scenario(planned)
        yield from self._between()
        counts: Counter[str] = sum(self._counts.values(), Counter())
        yield Finished({"finished": stamp(self.clock.now()), "counts": dict(sorted(counts.items()))})

    def _between(self) -> Iterator[Event]:
        for one in self.hall.between():
            self._count(_NOWHERE, "exchanges")
            yield Exchanged("", "", one)

    def _again(self, planned: Planned) -> Iterator[Event]:
        """Takes back what was told of a scenario that is played another time."""
        where = planned.profile.id, planned.scenario.id
        if where in self._over:
            self._over.remove(where)
            self._counts[where] = Counter(exchanges=self._counts[where]["exchanges"])
            yield Resumed(stamp(self.clock.now()), (where,))

    def _header(self) -> dict[str, Any]:
        campaign, candidate = self.campaign, self.campaign.candidate
        return {
            "record": RECORD, "rorqual": __version__, "python": platform.python_version(), "started": self._started,
            "seed": campaign.seed, "depth": campaign.depth, "data": self.data,
            "candidate": {
                "product": candidate.product, "version": candidate.version, "vendor": candidate.vendor,
                "role": candidate.role, "profiles": list(candidate.profiles), "use-cases": list(candidate.use_cases),
            },
            "profiles": [{"id": name, "hash": one.hash} for name, one in campaign.profiles.items()],
            "scenarios": campaign.scenarios_hash, "nomenclatures": campaign.release.hash(),
            "planned": [[one.profile.id, one.scenario.id] for one in campaign.planned],
        }

    def _count(self, where: Where, what: str) -> None:
        self._counts.setdefault(where, Counter())[what] += 1

    def _scenario(self, planned: Planned) -> Iterator[Event]:
        profile, scenario = planned.profile, planned.scenario
        where = profile.id, scenario.id
        if planned.skip:
            self._count(where, "skipped")
            yield Skipped(profile.id, scenario.id, planned.skip)
            return
        course = Course(profile, scenario)
        missing = yield from self._bound(course)
        judgements: list[Judgement] = []
        scene = None if missing else self.hall.open(course)
        try:
            for step in scenario.steps:
                if scene is None or missing is not None:
                    assert missing is not None
                    made = self.generation.refuse(course, step, missing)
                else:
                    made = yield from self._step(course, step, scene)
                for one in made:
                    self._count(where, one.verdict.word)
                    yield Judged(one)
                judgements += made
            if scene is not None:  # what came in since is kept, and nobody judges it
                yield from self._come_in(course, scene)
        finally:
            if scene is not None:
                scene.close()
        self._count(where, "scenarios")
        self._over.add(where)
        yield ScenarioFinished(profile.id, scenario.id, concluded(one.verdict for one in judgements))

    def _bound(self, course: Course) -> Generator[Event, None, Finding | None]:
        """Chooses the values of a scenario in the data that is served."""
        where = course.profile.id, course.scenario.id
        try:
            course.names = self.generation.bind(course, f"{self.campaign.seed}|{course.scenario.id}")
        except NoData as error:
            yield Bound(*where, {}, error.need.name)
            return finding("data.no-value", error.need.name, "none", f"bind.{error.need.name}")
        if course.names:
            yield Bound(*where, self.generation.kept(course.names))
        return None

    def _step(self, course: Course, step: Step, scene: Scene) -> Generator[Event, None, list[Judgement]]:
        """Has an action done; one that was not is refused, and the exchanges with it tell nothing."""
        assert step.action is not None
        if self.usher.skips():
            return self.generation.refuse(course, step, finding("bench.skipped", "the action done", "skipped"))
        ask = self.generation.ask(course, step)
        scene.turn(step.action.serve)
        acting = self.hall.act(Instruction(step.action.name, dict(ask.query), self.generation.words(course, step),
                                           scene.endpoint()), course, step)
        sent = yield from self._acted(course, step, ask, scene, acting)
        if self.usher.skips():
            return self.generation.refuse(course, step, finding("bench.skipped", "the action done", "skipped"))
        failure = acting.failure()
        if failure:
            return self.generation.refuse(course, step, finding("bench.drive", "the action done", failure))
        course.sent[step.name] = sent
        yield StepSent(course.profile.id, course.scenario.id, sent)
        return self.generation.judge(course, sent, True)

    def _acted(
        self, course: Course, step: Step, ask: Ask, scene: Scene, acting: Acting
    ) -> Generator[Event, None, Sent]:
        """What comes in while an application acts, and what it shows."""
        assert step.action is not None
        exchanges: list[Exchange] = []
        try:
            ending = ""
            until = self.clock.monotonic() + self.usher.limit(step.action.at_most)
            while not ending:
                scene.wait(_TICK)
                exchanges += yield from self._come_in(course, scene)
                ending = "skipped" if self.usher.skips() else self._ending(acting, scene, step.action.idle, until)
            exchanges += yield from self._come_in(course, scene)
        finally:
            acting.stop()
        return Sent(step, ask, tuple(exchanges), ending, acting.outcome())

    def _come_in(self, course: Course, scene: Scene) -> Generator[Event, None, list[Exchange]]:
        """What came in and is to be judged; what was refused is told, and judged by nobody."""
        taken = scene.take()
        for one in taken:
            self._count((course.profile.id, course.scenario.id), "exchanges")
            yield Exchanged(course.profile.id, course.scenario.id, one)
        return [one for one in taken if one.purpose != REFUSED]

    def _ending(self, acting: Acting, scene: Scene, idle: float, until: float) -> str:
        """Why nothing more is waited for; empty while it is. Who says what is shown is done; who does not has only
        begun, and is done when nothing came in for a time."""
        if acting.ended():
            outcome = acting.outcome()
            told = isinstance(outcome, dict) and any(name in outcome for name in _TOLD)
            if acting.failure() or scene.idle() > (_LAST if told else idle):
                return "done" if told else "idle"
        return "late" if self.clock.monotonic() > until else ""
