"""Puts the parts together for the shells: profiles, scenarios, a run written to a folder, reports made from it."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from conformance import __version__, data, ledger, nomenclature, plan, relied, replay, scenario
from conformance import candidate as candidates
from conformance import profile as profiles_
from conformance.clock import Clock
from conformance.drive.probe import Probe
from conformance.endpoint import Endpoint
from conformance.engine.laws import NONE
from conformance.engine.rejudge import Rejudge, turned
from conformance.engine.run import Run
from conformance.engine.turns import Before
from conformance.errors import OperatorError
from conformance.events import Event
from conformance.fhir_generation import FhirGeneration
from conformance.model import Candidate, Waiver
from conformance.plan import Campaign
from conformance.reference_data import region
from conformance.replay import Replay
from conformance.report import render
from conformance.report.model import Report, Score
from conformance.report.summary import Ground, summarize
from conformance.scenario import Library
from conformance.specification import Profile

SEED = 2017
CANDIDATE_FILE = "candidate.json"
SCENARIOS = "scenarios"


@dataclass(frozen=True)
class Choice:
    """What of the plan the operator wants: profiles, use cases, ids; all of it when empty.

    ``nomenclature`` is the folder of the release to judge codes by, None for the one shipped; ``depth`` how many cases
    of laws are drawn.
    """

    profiles: tuple[str, ...] = ()
    use_cases: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    scenarios: tuple[Path, ...] = ()
    seed: int = SEED
    nomenclature: Path | None = None
    depth: str = NONE


def read_profiles(wanted: Iterable[str] = ()) -> dict[str, Profile]:
    """The profiles of these ids, or all those shipped."""
    return {name: profiles_.read(name) for name in (tuple(wanted) or profiles_.known())}


def library(paths: Iterable[Path] = ()) -> tuple[dict[str, Profile], Library]:
    """All profiles, and the scenarios under the paths (those shipped by default)."""
    profiles = read_profiles()
    return profiles, scenario.read(profiles, paths)


def campaign(candidate: Candidate, choice: Choice) -> Campaign:
    """The inputs of a run; OperatorError when nothing is left to run."""
    everything, found = library(choice.scenarios)
    for name in choice.profiles:
        if name not in candidate.profiles:
            raise OperatorError(f"the candidate does not claim the profile {name!r}; "
                                f"it claims {', '.join(candidate.profiles)}")
    planned = plan.plan(candidate, everything, found, wanted=choice.profiles, use_cases=choice.use_cases,
                        only=choice.only, laws=choice.depth != NONE)
    if not planned:
        raise OperatorError("no scenario fits what was asked; see `rorqual list`")
    used = {one.profile.id: one.profile for one in planned}
    return Campaign(candidate, used, planned, found.hash, nomenclature.release(choice.nomenclature), choice.seed,
                    choice.depth)


def drive(made: Campaign, endpoint: Endpoint, folder: Path, clock: Clock, told: Callable[[Event], None]) -> None:
    """Runs a campaign and writes its record; every event is told after it was written. An interrupt takes back what the
    scenario at hand created before it stops the run; a second one leaves that to ``clean`` or ``resume``."""
    driven(made, endpoint, ledger.Ledger(folder), clock, told)


def driven(
    made: Campaign, endpoint: Endpoint, book: ledger.Ledger, clock: Clock, told: Callable[[Event], None],
    before: Before | None = None, finished: int = 0,
) -> None:
    """Runs a campaign, or the rest of it after what was told ``before``, into an open record, and closes this."""
    generation = FhirGeneration(made.release)
    try:
        probe = Probe(endpoint, generation.scrub, finished)
    except BaseException:
        book.close()
        raise

    def tell(events: Iterable[Event]) -> None:
        for event in events:
            book.write(event)
            told(event)

    run = Run(made, probe, generation, clock, before)
    try:
        if before is None:
            keep_inputs(made, book)
        with collected_rarely(), _undone_if_interrupted(run, tell):
            tell(run.events())
    finally:
        book.close()
        probe.close()


@contextlib.contextmanager
def _undone_if_interrupted(run: Run, tell: Callable[[Iterable[Event]], None]) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        tell(run.writes.undo())
        raise


@contextlib.contextmanager
def collected_rarely() -> Iterator[None]:
    """Parsed answers are hundreds of thousands of objects without cycles: looking for cycles among them at every
    step would double the time of a run. At its end they are among the old objects at once, not looked at first."""
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(1_000_000, 20, 20)
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*usual)
        gc.unfreeze()


def keep_inputs(made: Campaign, book: ledger.Ledger) -> None:
    """What a report needs beside the record: waivers, and the scenarios as they were written."""
    waivers = [vars_of(one) for one in made.candidate.waivers]
    book.keep(CANDIDATE_FILE, json.dumps({"waivers": waivers}, ensure_ascii=False) + "\n")
    for name, source in {one.scenario.id: one.scenario.source for one in made.planned}.items():
        book.keep(f"{SCENARIOS}/{name}.yaml", source)


def vars_of(one: Waiver) -> Mapping[str, str]:
    """A waiver as plain data."""
    return {"requirement": one.requirement, "profile": one.profile, "reason": one.reason,
            "reference": one.reference, "until": one.until}


def _waivers(folder: Path) -> tuple[Waiver, ...]:
    path = folder / CANDIDATE_FILE
    if not path.is_file():
        return ()
    raw = json.loads(path.read_text(encoding="utf-8"))
    return tuple(Waiver(w["requirement"], w["reason"], w["reference"], w["until"], w["profile"])
                 for w in raw["waivers"])


def kept(record: ledger.Record) -> tuple[dict[str, Profile], Library]:
    """All profiles, and the scenarios of a record as they were when it was made."""
    folder = record.folder / SCENARIOS
    return library([folder] if folder.is_dir() else [])


def contract(record: ledger.Record) -> dict[str, Any]:
    """What the application of a record relies on."""
    profiles, found = kept(record)
    return relied.contract(record, profiles, found.scenarios)


def keep_contract(folder: Path) -> None:
    """Writes what the application of a run relies on beside its record."""
    path = folder / relied.FILE
    try:
        path.write_text(relied.written(contract(ledger.read(folder))), encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{path}: cannot be written ({error.strerror})") from None


def replayed(record: ledger.Record) -> Replay:
    """The requests of the application of a record, as scenarios for a ROR."""
    profiles, found = kept(record)
    generation = FhirGeneration(nomenclature.release(None))
    if "data" in record.header:
        generation.knows(region(**record.header["data"]))
    return replay.of(record, profiles, found.scenarios, generation)


def report(
    folder: Path, rejudge: bool = False, paths: Sequence[Path] = (), release: Path | None = None,
    turn: tuple[str, str] | None = None,
) -> Report:
    """The report of a recorded run, as judged then or (``rejudge``) as judged now, codes by the ``release`` of a folder
    or the one shipped. ``turn`` keeps one version of those judged then (an id, empty for the only one), and
    judges by another (an id, or a folder)."""
    record = ledger.read(folder)
    kept = record.folder / SCENARIOS
    chosen = list(paths) or ([kept] if kept.is_dir() else [])
    profiles, found = library(chosen)
    for one in record.header["profiles"]:
        if one["id"] not in profiles:
            raise OperatorError(f"the record speaks of the profile {one['id']!r}, which this rorqual does not know")
    if turn is not None:
        record, profiles = _turned(record, profiles, found, *turn)
    ground = Ground(profiles, {one.id: one for one in found.scenarios}, _waivers(record.folder), score(profiles))
    if not rejudge:
        return summarize(record, ground)
    held = nomenclature.release(release)
    generation = FhirGeneration(held)
    if "data" in record.header:  # of an application: what it was served
        generation.knows(region(**record.header["data"]))
    judged = Rejudge(record, profiles, found, generation).judgements()
    known = (one for one in judged if one.requirement in profiles[one.profile].requirements)
    return summarize(record, replace(ground, nomenclatures=held.hash()), known)


def _turned(
    record: ledger.Record, profiles: Mapping[str, Profile], found: Library, old: str, new: str
) -> tuple[ledger.Record, dict[str, Profile]]:
    """A record as if another version had been asked for. Scenarios that say for which versions they hold are kept
    where they hold for it; a version that no scenario names (an imported one) is judged by those of the old."""
    held = [str(one["id"]) for one in record.header["profiles"]]
    if not old and len(held) > 1:
        raise OperatorError(f"the record has {' and '.join(held)}; say which is judged again: {held[0]}={new}")
    old = old or held[0]
    if old not in held:
        raise OperatorError(f"the record does not speak of the profile {old!r}")
    wanted = profiles.get(new) or profiles_.read(new)
    holding = found.of(wanted.id) or found.of(old)
    names = {one.id for one in holding}
    return turned(record, old, wanted, names), {**profiles, wanted.id: wanted}


def write_report(made: Report, folder: Path, formats: Iterable[str] = render.FORMATS) -> list[Path]:
    """Writes the report in the formats asked, and says where."""
    written = []
    for name in formats:
        path = folder / render.FILES[name]
        path.write_text(render.RENDERERS[name](made), encoding="utf-8")
        written.append(path)
    return written


def fingerprint(profiles: Mapping[str, Profile], found: Library | None = None) -> str:
    """What a score of the judge was measured on: profiles, scenarios and nomenclatures together."""
    chosen = found or scenario.read(profiles)
    digest = hashlib.sha256()
    for name in sorted(profiles):
        digest.update(profiles[name].hash.encode())
    digest.update(chosen.hash.encode())
    return digest.hexdigest()


def score(profiles: Mapping[str, Profile]) -> Score | None:
    """The score measured last (``rorqual selftest --keep``), and whether it is of these profiles and scenarios."""
    path = data.path("reports", "score.json")
    if not path.is_file():
        return None
    raw = json.loads(path.read_text(encoding="utf-8"))
    return Score(raw["caught"], raw["faults"], raw["false-alarms"], raw["measured-on"] == fingerprint(profiles))


def read_candidate(path: Path, waivers: Path | None = None) -> tuple[Candidate, Endpoint]:
    """The candidate of a file, with other waivers when they are given."""
    candidate, endpoint = candidates.read(path)
    if waivers is not None:
        candidate = replace(candidate, waivers=candidates.read_waivers(waivers))
    return candidate, endpoint


def version() -> str:
    """The version of rorqual."""
    return __version__
