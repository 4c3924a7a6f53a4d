"""An exchange of the reference ROR, or of the sample application, in which a requirement is respected, one of a faulty
one in which it is broken."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from conformance import ledger, selftest, selftest_bench
from conformance.clock import Clock
from conformance.model import Judgement, Scenario
from conformance.plan import Campaign
from conformance.queries import AUTH
from conformance.reference.fault import Fault
from conformance.reference.faults import FAULTS
from conformance.reference.faults_consumer import SLIPS, Slip
from conformance.report.model import Report, Shown
from conformance.report.summary import shown
from conformance.scenario import Library
from conformance.specification import Profile, Text
from conformance.verdict import Verdict

_OFFERS, _SEED = 60, 1
_MOST = 4  # scenarios that are tried on each server
_OF_TOKENS = ("token-request", "presents-certificate", "no-secret")


@dataclass(frozen=True, slots=True)
class Example:
    """An exchange of a scenario; of a faulty server the fault, what it does wrong and what the judge says of it."""

    scenario: str
    shown: Shown
    fault: str = ""
    title: Text | None = None
    says: Text | None = None


def examples(
    profile: Profile, requirement: str, library: Library, clock: Clock
) -> tuple[Example | None, Example | None]:
    """An exchange that respects a requirement, and one that breaks it; None where there is none to be had: no scenario
    verifies it, no fault breaks it."""
    verifying = [one for one in library.of(profile.id) if requirement in profile.named(one.verifies)]
    verifying.sort(key=lambda one: (one.writes, not one.steps, len(one.steps), len(one.needs)))
    return (next(_respected(profile, requirement, verifying, clock), None),
            next(_broken(profile, requirement, verifying, clock), None))


def _respected(profile: Profile, requirement: str, verifying: Sequence[Scenario], clock: Clock) -> Iterator[Example]:
    for scenario in verifying[:_MOST]:
        with tempfile.TemporaryDirectory(prefix="rorqual-") as folder:
            for _, here in _played(profile, requirement, scenario, None, clock, Path(folder)):
                record = ledger.read(here)
                lines = {line["id"]: line for line in record.of_type("exchange")}
                for one in record.judgements():
                    if one.requirement == requirement and one.verdict is Verdict.PASS and one.exchanges:
                        yield Example(scenario.id, shown(record, _telling(one, lines)))


def _telling(judgement: Judgement, lines: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """Of the exchanges of a judgement the one that tells most: of an application the first that consults or stores,
    unless it is about the token."""
    held = [lines[name] for name in judgement.exchanges]
    about_token = judgement.check in _OF_TOKENS
    return next((one for one in held if about_token or not one["request"]["url"].startswith(AUTH)), held[0])


def _broken(profile: Profile, requirement: str, verifying: Sequence[Scenario], clock: Clock) -> Iterator[Example]:
    """By the faults that break the requirement first, then by those that break it too."""
    everything: list[Fault | Slip] = [*FAULTS.values(), *SLIPS.values()]
    own = [one for one in everything if one.breaks == requirement]
    beside = [one for one in everything if requirement in one.also]
    for fault in (*own, *beside):
        showing = [one for one in verifying if _shows(one, fault)]
        for scenario in showing[:_MOST]:
            with tempfile.TemporaryDirectory(prefix="rorqual-") as folder:
                for report, _ in _played(profile, requirement, scenario, fault, clock, Path(folder)):
                    yield from _told(report, requirement, scenario, fault)


def _shows(scenario: Scenario, fault: Fault | Slip) -> bool:
    """Whether a fault may show in a scenario: one of a server or of an application, as it is; by its law where it has
    one."""
    if isinstance(fault, Slip) or scenario.role == "consumer":
        return isinstance(fault, Slip) and scenario.role == "consumer"
    return any(use.check == fault.law for use in scenario.laws) if fault.law else bool(scenario.steps)


def _told(report: Report, requirement: str, scenario: Scenario, fault: Fault | Slip) -> Iterator[Example]:
    """The exchanges of a report that break a requirement."""
    for problem in report.problems:
        seen = [one for one in problem.occurrences if one.exchange in report.shown]
        if problem.requirement == requirement and problem.effect == "broken" and seen:
            yield Example(scenario.id, report.shown[seen[0].exchange], fault.name,
                          Text(fault.title["fr"], fault.title["en"]), problem.says)


def _played(
    profile: Profile, requirement: str, scenario: Scenario, fault: Fault | Slip | None, clock: Clock, folder: Path
) -> Iterator[tuple[Report, Path]]:
    """The scenario played alone, or its laws one after the other: report and folder of the record."""
    if scenario.role == "consumer":
        slip = fault.name if fault is not None else ""
        here = folder / "application"
        yield selftest_bench.judged(slip, profile.id, _SEED, clock, (scenario.id,), here), here
        return
    assert not isinstance(fault, Slip)
    size = max(_OFFERS, fault.offers) if fault is not None else _OFFERS
    for number, one in enumerate(_campaigns(profile, requirement, scenario, fault)):
        here = folder / str(number)
        here.mkdir()
        yield selftest.judged(one, fault, size, _SEED, clock, here), here


def _campaigns(
    profile: Profile, requirement: str, scenario: Scenario, fault: Fault | None
) -> Iterator[Campaign]:
    if scenario.steps:
        whole = selftest.campaign(profile.id, _SEED, guard=scenario.secured)
        yield replace(whole, planned=tuple(one for one in whole.planned if one.scenario.id == scenario.id))
        return
    law = fault.law if fault is not None else ""
    for one in selftest.lawful(profile.id, _SEED, law, requirement):
        if one.planned[0].scenario.id == scenario.id:
            yield one
