"""The run of an application: told what to do, it acts, and what it sends is kept and judged.

The harness is the ROR: each scenario has an address and data of its own, served with the manners that it wants.
"""

from __future__ import annotations

import platform
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from conformance import __version__
from conformance.clock import Clock, stamp
from conformance.codes import finding
from conformance.engine.run import RECORD
from conformance.events import Bound, Event, Exchanged, Finished, Judged, ScenarioFinished, Skipped, Started, StepSent
from conformance.generation import Course, Generation, NoData
from conformance.model import Exchange, Finding, Judgement, Sent, Step
from conformance.plan import Campaign, Planned
from conformance.verdict import concluded

_TICK = 0.1  # seconds between two looks at what came in
_LAST = 0.05  # seconds without a request after which an application that said so is done


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

    def act(self, instruction: Instruction) -> Acting:
        """Has an action done."""

    def strays(self) -> list[Exchange]:
        """What came in at no address of a scenario."""


class Consuming:
    """One run of a campaign against one application."""

    def __init__(
        self, campaign: Campaign, generation: Generation, hall: Hall, clock: Clock, data: Mapping[str, Any]
    ) -> None:
        self.campaign, self.generation, self.hall, self.clock = campaign, generation, hall, clock
        self.data = data
        self._started = stamp(clock.now())
        self._counts: dict[str, int] = {}

    def events(self) -> Iterator[Event]:
        """Everything that happens, in order; the last event is Finished."""
        yield Started(self._header(), len(self.campaign.planned))
        for one in self.campaign.planned:
            yield from self._scenario(one)
        for stray in self.hall.strays():
            self._count("strays")
            yield Exchanged("", "", stray)
        yield Finished({"finished": stamp(self.clock.now()), "counts": dict(sorted(self._counts.items()))})

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

    def _count(self, what: str) -> None:
        self._counts[what] = self._counts.get(what, 0) + 1

    def _scenario(self, planned: Planned) -> Iterator[Event]:
        profile, scenario = planned.profile, planned.scenario
        if planned.skip:
            self._count("skipped")
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
                    self._count(one.verdict.word)
                    yield Judged(one)
                judgements += made
            if scene is not None:  # what came in since is kept, and nobody judges it
                yield from self._come_in(course, scene)
        finally:
            if scene is not None:
                scene.close()
        self._count("scenarios")
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
        where = course.profile.id, course.scenario.id
        assert step.action is not None
        ask = self.generation.ask(course, step)
        scene.turn(step.action.serve)
        acting = self.hall.act(Instruction(step.action.name, dict(ask.query), self.generation.words(course, step),
                                           scene.endpoint()))
        exchanges: list[Exchange] = []
        try:
            ending = ""
            until = self.clock.monotonic() + step.action.at_most
            while not ending:
                scene.wait(_TICK)
                exchanges += yield from self._come_in(course, scene)
                ending = self._ending(acting, scene, step.action.idle, until)
            exchanges += yield from self._come_in(course, scene)
        finally:
            acting.stop()
        sent = Sent(step, ask, tuple(exchanges), ending, acting.outcome())
        course.sent[step.name] = sent
        yield StepSent(*where, sent)
        failure = acting.failure()
        if failure:
            return self.generation.refuse(course, step, finding("bench.drive", "the action done", failure))
        return self.generation.judge(course, sent, True)

    def _come_in(self, course: Course, scene: Scene) -> Generator[Event, None, list[Exchange]]:
        """What came in and is to be judged; what was refused is told, and judged by nobody."""
        taken = scene.take()
        for one in taken:
            self._count("refused" if one.purpose == "refused" else "exchanges")
            yield Exchanged(course.profile.id, course.scenario.id, one)
        return [one for one in taken if one.purpose != "refused"]

    def _ending(self, acting: Acting, scene: Scene, idle: float, until: float) -> str:
        """Why nothing more is waited for; empty while it is. Who says what is shown is done; who does not has only
        begun, and is done when nothing came in for a time."""
        if acting.ended():
            outcome = acting.outcome()
            told = isinstance(outcome, dict) and "shown" in outcome
            if acting.failure() or scene.idle() > (_LAST if told else idle):
                return "done" if told else "idle"
        return "late" if self.clock.monotonic() > until else ""

