"""The judge judged: faulty candidates, each wrong in one way, must be caught by the requirement they break."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from conformance import workshop
from conformance.clock import Clock
from conformance.endpoint import Endpoint, OAuth
from conformance.model import Candidate, Scenario
from conformance.plan import Campaign, Planned
from conformance.reference.access import CLIENTS
from conformance.reference.app import create_app
from conformance.reference.fault import Fault
from conformance.reference.server import Running, bases, stored
from conformance.reference_data import region
from conformance.report.model import Report
from conformance.scenario import EXTRACTION

ACCESSES = tuple(str(one.access) for one in CLIENTS)
_MEMORY = Path("/dev/shm")  # noqa: S108 - records that are thrown away, in memory where the machine has such a place


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the judge said of one faulty candidate; ``broken`` are all requirements found broken, at any strength."""

    name: str
    expected: str
    also: tuple[str, ...]
    broken: tuple[str, ...]

    @property
    def caught(self) -> bool:
        """Whether the requirement that the fault breaks was found broken."""
        return self.expected in self.broken

    @property
    def unrelated(self) -> tuple[str, ...]:
        """Requirements found broken that the fault neither breaks nor names beside, with a reason."""
        return tuple(one for one in self.broken if one != self.expected and one not in self.also)


@lru_cache(maxsize=2)
def _region(offers: int, seed: int) -> tuple[dict[str, Any], ...]:
    """The same region for fault after fault; a fault that changes a resource changes a copy."""
    return tuple(region(offers, seed))


def endpoint(base: str) -> Endpoint:
    """How the reference at an address is reached: without credentials it shows all; by a client of each other access
    profile what this one may see."""
    made = Endpoint(base, bases=bases(base), access="1")
    door = f"{base.rpartition('/')[0]}/auth/token"
    others = (replace(made, access=str(one.access), oauth=OAuth(door, one.name, one.secret)) for one in CLIENTS
              if str(one.access) != made.access)
    return replace(made, others=tuple(others))


def broken(report: Report) -> tuple[str, ...]:
    """The requirements held against the candidate, at any strength."""
    return tuple(sorted({one.requirement for one in report.problems
                         if one.effect == "broken" and one.cause == "candidate"}))


def judged(made: Campaign, fault: Fault | None, offers: int, seed: int, clock: Clock, keep: Path | None) -> Report:
    """The report of a whole run on the reference, with or without a fault, of a size and a seed."""
    app = create_app(stored(_region(offers, seed), fault), profile_id=next(iter(made.profiles)), fault=fault)
    place = _MEMORY if _MEMORY.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="rorqual-", dir=place)) if keep is None else keep
    try:
        with Running(app) as base:
            workshop.drive(made, endpoint(base), folder, clock, lambda _event: None)
        return workshop.report(folder)
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def campaign(profile: str, seed: int, writes: bool | None = None) -> Campaign:
    """Every scenario of a profile, on the reference; or those that write or extract; or those that read, one for each
    transaction, the one that verifies most. What is received over the whole run is judged in all three."""
    who = Candidate("rorqual selftest", workshop.version(), "rorqual", "server", (profile,), (), writes=True,
                    accesses=ACCESSES)
    made = workshop.campaign(who, workshop.Choice(seed=seed))
    if writes is None:
        return made
    chosen = [one for one in made.planned if one.scenario.closing or _changes(one.scenario) is writes]
    if not writes:
        most: dict[str, Planned] = {}
        for one in chosen:
            known = most.get(one.scenario.transaction)
            if known is None or len(one.scenario.verifies) > len(known.scenario.verifies):
                most[one.scenario.transaction] = one
        chosen = [one for one in chosen if one.scenario.use_case == one.scenario.transaction or one.scenario.closing
                  or most[one.scenario.transaction] is one]
    return replace(made, planned=tuple(chosen))


def _changes(scenario: Scenario) -> bool:
    """Whether it writes on the server or extracts, which nothing else does."""
    return scenario.writes or any(step.pages == EXTRACTION for step in scenario.steps)


def outcome(fault: Fault, profile: str, offers: int, seed: int, clock: Clock) -> Outcome:
    """What the judge says of the reference made wrong by one fault."""
    report = judged(campaign(profile, seed, fault.writes), fault, max(offers, fault.offers), seed, clock, None)
    return Outcome(fault.name, fault.breaks, tuple(fault.also), broken(report))
