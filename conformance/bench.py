"""The bench of applications: the reference ROR behind doors, with an address and data of its own for each scenario."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from conformance import ledger
from conformance.clock import Clock
from conformance.continued import earlier_of
from conformance.doors import ANOMALIES, BASES, CAPACITIES, CONSULTATION, Door, Doors
from conformance.drive.channel import Manner, Reply
from conformance.drive.ear import Ear
from conformance.engine.consume import Acting, Consuming, Instruction
from conformance.events import Event
from conformance.fhir_generation import FhirGeneration
from conformance.generation import Course
from conformance.model import Exchange, Step
from conformance.plan import Campaign
from conformance.reference.app import create_app
from conformance.reference.detours import Detours
from conformance.reference.manners import mannered
from conformance.reference.refusal import outcome
from conformance.reference.server import stored
from conformance.reference_data import region
from conformance.workshop import keep_inputs

OFFERS = 90
_OF = {"consultation": CONSULTATION, "capacities": CAPACITIES, "anomalies": ANOMALIES}
_FHIR = (("content-type", "application/fhir+json"),)
Act = Callable[[Instruction], Acting]


class Stand:
    """One scenario's scene behind a door: the reference with the manners asked for."""

    def __init__(self, door: Door, ear: Ear, profile: str, resources: Sequence[Any], clock: Clock) -> None:
        self._door, self._ear, self._profile = door, ear, profile
        self._resources, self._clock = resources, clock

    def _app(self, serve: Mapping[str, Any]) -> Any:
        detours = Detours(CONSULTATION, "moved" in serve)
        manners = mannered(serve, detours)
        store = stored(self._resources, manners)
        app = create_app(store, profile_id=self._profile, fault=manners, access=self._door.guests)
        return detours.before(app)

    def endpoint(self) -> Mapping[str, Any]:
        """Addresses and credentials for the application."""
        return self._door.endpoint()

    def turn(self, serve: Mapping[str, Any]) -> None:
        """From now on it has these manners, behind a server certificate of the kind that they want."""
        self._door.guests.end_after(serve["token-ends"]["after"] if "token-ends" in serve else None)
        self._door.turn(serve.get("certificate", ""), self._app(serve), _manner(serve.get("then"), self._clock))

    def take(self, purpose: str = "heard") -> list[Exchange]:
        """What came in since the last time, handshakes that led to no request among it."""
        greeted = [self._ear.greeting(told, self._clock.now()) for told in self._door.greetings()]
        return greeted + [self._ear.exchange(one, origin, BASES, purpose) for one, origin in self._door.take()]

    def wait(self, seconds: float) -> None:
        """Waits until something comes in, at most so long."""
        self._door.channel.wait(seconds)

    def idle(self) -> float:
        """Seconds since something came in."""
        return self._door.channel.idle()

    def close(self) -> None:
        """Nothing is served any more."""
        self._door.close()


def _manner(then: Mapping[str, Any] | None, clock: Clock) -> Manner:
    """What is answered in the place of the reference, or how its answer goes out, from a request on."""
    seen = 0
    where = _OF[then.get("of", "consultation")] if then is not None else ""

    def answered(_method: str, path: str) -> Reply | None:
        nonlocal seen
        if then is None or not path.startswith(where):
            return None
        seen += 1
        if not then["after"] < seen <= then["after"] + then.get("times", 1):
            return None
        if then.get("cut"):
            return Reply(cut="closed without an answer", through=then["cut"] == "after")
        headers: tuple[tuple[str, str], ...] = _FHIR
        if "retry-after" in then:
            wait = then["retry-after"]
            date = format_datetime(clock.now().replace(microsecond=0) + timedelta(seconds=wait + 1), usegmt=True)
            headers += (("retry-after", date if then.get("as") == "date" else str(wait)),)
        body = json.dumps(outcome("transient", "the bench is busy, as the scenario wants")).encode()
        return Reply(then.get("status", 0), headers, body, delay=then.get("delay", 0.0), spread=then.get("slow", 0.0))

    return answered


class Hall:
    """Receives applications: opens scenes behind doors of their own, and has actions done by ``act``."""

    def __init__(
        self, doors: Doors, generation: FhirGeneration, resources: Sequence[Any], act: Act, clock: Clock,
        finished: int = 0,
    ) -> None:
        self._doors, self._resources, self._clock = doors, resources, clock
        self._ear = Ear(generation.scrub, finished)
        self._act = act

    def open(self, course: Course) -> Stand:
        """A scene of a scenario."""
        door = Door(self._doors)
        return Stand(door, self._ear, course.profile.id, self._resources, self._clock)

    def act(self, instruction: Instruction, course: Course, step: Step) -> Acting:  # noqa: ARG002
        """Has the application act."""
        return self._act(instruction)

    def between(self) -> list[Exchange]:
        """What came in at no address of a scenario: none is open."""
        return [self._ear.exchange(one, origin, {}) for one, origin in self._doors.strays()]


@lru_cache(maxsize=4)
def served(offers: int, seed: int) -> tuple[Any, ...]:
    """The region of a bench; nothing that is served changes these resources, writes are made on copies."""
    return tuple(region(offers, seed))


def prepared(made: Campaign, offers: int) -> tuple[FhirGeneration, Mapping[str, Any], Sequence[Any]]:
    """What a campaign is served: the generation that knows it, what the record says of it, its resources."""
    data = {"offers": offers, "seed": made.seed}
    resources = served(offers, made.seed)
    generation = FhirGeneration(made.release)
    generation.knows(resources)
    return generation, data, resources


def receive(
    made: Campaign, act: Act, folder: Path, clock: Clock, told: Callable[[Event], None], *, offers: int = OFFERS,
    port: int = 0, secure: bool = False,
) -> None:
    """Runs a campaign on an application and writes its record; every event is told after it was written. A folder that
    holds the record of a part of it: the rest is run."""
    generation, data, resources = prepared(made, offers)
    earlier = earlier_of(made, data, folder)
    book = ledger.Ledger(folder, resume=earlier is not None)
    try:
        keep_inputs(made, book)
        with Doors(clock, port, secure) as doors:
            hall = Hall(doors, generation, resources, act, clock, earlier.exchanges if earlier else 0)
            for event in Consuming(made, generation, hall, clock, data, earlier=earlier).events():
                book.write(event)
                told(event)
    finally:
        book.close()
