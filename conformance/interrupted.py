"""Interrupted runs: what they created is taken back, and they go on where they stopped; all from their record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from conformance import ledger, nomenclature, plan, workshop
from conformance.clock import Clock
from conformance.drive.probe import Probe
from conformance.endpoint import Endpoint
from conformance.engine.laws import NONE
from conformance.engine.turns import Before
from conformance.engine.writes import Writes
from conformance.errors import OperatorError
from conformance.events import Event
from conformance.fhir_generation import FhirGeneration
from conformance.model import Candidate, Written
from conformance.nomenclature import Release
from conformance.plan import Campaign

_LATE = 1.0  # seconds in which what a killed process had sent is served


def campaign(candidate: Candidate, folder: Path, release: Path | None = None) -> Campaign:
    """The campaign of an interrupted run: its scenarios, as they were written, on its profiles, with its seed.
    OperatorError when the run came to its end, was another candidate's, or of other profiles or nomenclatures."""
    return _again(candidate, _interrupted(folder), nomenclature.release(release))


def resume(
    made: Campaign, endpoint: Endpoint, folder: Path, clock: Clock, told: Callable[[Event], None]
) -> None:
    """Goes on with an interrupted run of a campaign, after taking back what it created and still stands."""
    record = _interrupted(folder)
    finished = frozenset(record.finished())
    begun = tuple(dict.fromkeys((line["profile"], line["scenario"]) for line in record.lines
                                if line.get("scenario") and (line["profile"], line["scenario"]) not in finished))
    before = Before(finished, begun, _standing(record), len(record.writings()), _counts(record))
    workshop.driven(made, endpoint, ledger.Ledger(record.folder, resume=True), clock, told, before, _last(record))


def clean(folder: Path, endpoint: Endpoint, clock: Clock) -> list[tuple[Written, str]]:
    """Takes back what an interrupted run created and still stands, and adds to its record what became of it. Gives each
    write with that. The record stays that of an interrupted run."""
    record = _interrupted(folder)
    standing = _standing(record)
    generation = FhirGeneration(nomenclature.release(None))
    probe = Probe(endpoint, generation.scrub, _last(record))
    book = ledger.Ledger(record.folder, resume=True)
    try:
        writes = Writes(probe, generation, workshop.read_profiles(), standing)
        for event in writes.undo():
            book.write(event)
        if writes.unseen:
            clock.sleep(_LATE)
            for event in writes.again():
                book.write(event)
    finally:
        book.close()
        probe.close()
    return ledger.read(record.folder).writings()


def _interrupted(folder: Path) -> ledger.Record:
    record = ledger.read(folder)
    if record.complete:
        raise OperatorError(f"{folder}: this run came to its end; there is nothing to go on with")
    return record


def _standing(record: ledger.Record) -> tuple[Written, ...]:
    return tuple(one for one, how in record.writings() if not how)


def _last(record: ledger.Record) -> int:
    """The number of the last exchange of a record."""
    return max((int(str(line["id"])[1:]) for line in record.of_type("exchange")), default=0)


def _counts(record: ledger.Record) -> dict[str, int]:
    """What was counted so far, as a run counts."""
    counts = Counter(one.verdict.word for one in record.judgements())
    named = (("exchange", "exchanges"), ("skipped", "skipped"), ("scenario", "scenarios"))
    return {**counts, **{name: count for kind, name in named if (count := sum(1 for _ in record.of_type(kind)))}}


def _again(candidate: Candidate, record: ledger.Record, release: Release) -> Campaign:
    header = record.header
    if header["candidate"]["product"] != candidate.product or header["candidate"]["version"] != candidate.version:
        raise OperatorError(f"the run was of {header['candidate']['product']} {header['candidate']['version']}, not of "
                            f"{candidate.product} {candidate.version}")
    profiles, found = workshop.library([record.folder / workshop.SCENARIOS])
    for one in header["profiles"]:
        if one["id"] not in profiles or profiles[one["id"]].hash != one["hash"]:
            raise OperatorError(f"the run was made with another {one['id']}; start a new one")
    if release.hash() != header["nomenclatures"]:
        raise OperatorError("the run judges by another release of nomenclatures; start a new one")
    wanted = {(profile, scenario) for profile, scenario in header["planned"]}
    planned = tuple(one for one in plan.plan(candidate, profiles, found, wanted=[p["id"] for p in header["profiles"]])
                    if (one.profile.id, one.scenario.id) in wanted)
    used = {one.profile.id: one.profile for one in planned}
    return Campaign(candidate, used, planned, header["scenarios"], release, header["seed"],
                    header.get("depth", NONE))
