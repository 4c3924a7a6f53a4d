"""Receives an application that a person drives: one address for a whole campaign, actions done by the operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from conformance.bench import Stand
from conformance.checks.questions import questions
from conformance.clock import Clock
from conformance.doors import Door
from conformance.drive.ear import Ear
from conformance.engine.consume import Instruction
from conformance.engine.usher import Earlier
from conformance.events import Event, Exchanged, Judged, ScenarioFinished, Skipped
from conformance.fhir_generation import FhirGeneration
from conformance.generation import Course
from conformance.model import Exchange, Judgement, Step
from conformance.page.desk import Desk
from conformance.page.glance import TOKEN_REQUEST, Glance, rulings
from conformance.page.scene import Task
from conformance.plan import Campaign, Planned


class ByHand:
    """The usher of a campaign by hand: what the operator calls for, and at once what is skipped for a known reason."""

    def __init__(self, desk: Desk, planned: Sequence[Planned], earlier: Earlier) -> None:
        self._desk, self._planned = desk, planned
        self._aside = [one for one in planned
                       if one.skip and (one.profile.id, one.scenario.id) not in earlier.finished]
        self._places = [(one.profile.id, one.scenario.id) for one in planned]
        self.ended, self.skips, self.limit = desk.ended, desk.skips, desk.limit

    def upcoming(self, seconds: float) -> Planned | None:
        """The scenario that the operator called for; None when there is none within so many seconds."""
        if self._aside:
            return self._aside.pop(0)
        chosen = self._desk.upcoming(self._places, seconds)
        return None if chosen is None else self._planned[chosen]


class Operated:
    """An action that the operator does: it is over when all that is to be said of it was said."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ended(self) -> bool:
        """Whether the operator has answered."""
        return self._desk.answered()

    def outcome(self) -> Any:
        """What the operator says that the user sees."""
        return {"stated": self._desk.stated()} if self._desk.answered() else None

    def failure(self) -> str:
        """None: what cannot be done is skipped."""
        return ""

    def stop(self) -> None:
        """The page shows what is so."""


class Room(Stand):
    """A scene at an address that stays: when it ends, the reference is served without manners."""

    def close(self) -> None:
        """No more manners."""
        self.turn({})


class OperatedHall:
    """Where an application is received that a person drives."""

    def __init__(
        self, door: Door, ear: Ear, generation: FhirGeneration, resources: Sequence[Any], desk: Desk, clock: Clock,
        campaign: Campaign,
    ) -> None:
        self._door, self._ear, self._resources, self._clock, self._desk = door, ear, resources, clock, desk
        self.glance = Glance(campaign.planned, generation)
        first = campaign.planned[0]
        self.course, self.step = Course(first.profile, first.scenario), first.scenario.steps[0]
        self._room = self._opened(first.profile.id)
        self._room.close()

    def _opened(self, profile: str) -> Room:
        return Room(self._door, self._ear, profile, self._resources, self._clock)

    def open(self, course: Course) -> Room:
        """The scene of a scenario; where it looks at how a token is asked, those that were given are good no more."""
        self.course, self.step = course, course.scenario.steps[0]
        if any(one.check == TOKEN_REQUEST for one in course.scenario.expectations):
            self._door.guests.forget()
        self._desk.began((course.profile.id, course.scenario.id))
        self._room = self._opened(course.profile.id)
        return self._room

    def act(self, instruction: Instruction, course: Course, step: Step) -> Operated:
        """Shows the operator what to do, and what will be asked then."""
        self.step = step
        steps = course.scenario.steps
        asked = questions(step.expect, self.glance.evidence(course, step))
        self._desk.act(Task(steps.index(step) + 1, len(steps), instruction.words, instruction.values, tuple(asked)),
                       instruction.endpoint)
        return Operated(self._desk)

    def between(self) -> list[Exchange]:
        """What came in while no scenario was played."""
        missed = [self._ear.exchange(one, origin, {}) for one, origin in self._door.strays()]
        return self._room.take("between") + missed


class Teller:
    """Tells the desk what happens, and whoever else is to know."""

    def __init__(self, desk: Desk, hall: OperatedHall, campaign: Campaign, told: Callable[[Event], None]) -> None:
        self._desk, self._hall, self._told = desk, hall, told
        self._profiles = campaign.profiles
        self._judgements: list[Judgement] = []

    def tell(self, event: Event) -> None:
        """Takes in one event of the run."""
        if isinstance(event, Exchanged):
            self._desk.arrived(self._hall.glance.arrival(event.exchange, self._hall.course, self._hall.step))
        elif isinstance(event, Judged):
            self._judgements.append(event.judgement)
        elif isinstance(event, ScenarioFinished):
            made = rulings(self._judgements, self._profiles[event.profile])
            self._judgements = []
            self._desk.over((event.profile, event.scenario), event.verdict.word, made)
        elif isinstance(event, Skipped):
            self._desk.aside((event.profile, event.scenario))
        self._told(event)


def facts(campaign: Campaign) -> Mapping[str, str]:
    """What the head of the page says of a campaign."""
    who = campaign.candidate
    return {"product": who.product, "version": who.version, "vendor": who.vendor,
            "profiles": ", ".join(campaign.profiles)}
