"""Resources in files judged by the structures of a version and by a release of nomenclatures; nothing is asked of any
server. Findings are grouped by the requirement that they break, counted, with their first places.
"""

from __future__ import annotations

import platform
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from conformance import __version__, documents, nomenclature
from conformance import profile as profiles
from conformance.checks.structure import structures
from conformance.clock import Clock, stamp
from conformance.codes import finding
from conformance.documents import Piece
from conformance.errors import HarnessError
from conformance.fhir.body import Unreadable, parse
from conformance.fhir.bundle import Resource
from conformance.fhir.coding import judged
from conformance.fhir.resolve import resolved
from conformance.fhir.rule import Difference
from conformance.fhir.structure import Compiled, Structures
from conformance.ledger import Record
from conformance.model import Finding, Judgement, Weight
from conformance.report.model import Report
from conformance.report.summary import Ground, summarize
from conformance.requirement_ids import family, nomenclature_id, structure_id
from conformance.specification import Profile, Requirement, Text
from conformance.verdict import Effect, Strength, Verdict, consequence, worst

FILE = "FHIR-R4-file"
_FIRST = 5  # places kept of each kind of finding
_ALONE = 1  # pieces judged before others help: small files are done by then
_AHEAD = 3  # pieces that wait for each process
Key = tuple[str, str]


@dataclass
class Tally:
    """What was seen: documents read, resources by type, elements that resources carried, those with codes, and findings
    by requirement and code."""

    kinds: Counter[str] = field(default_factory=Counter)
    unjudged: Counter[str] = field(default_factory=Counter)
    elements: Counter[str] = field(default_factory=Counter)
    coded: Counter[str] = field(default_factory=Counter)
    read: int = 0
    found: dict[Key, list[Finding]] = field(default_factory=dict)

    def add(self, requirement: str, one: Finding) -> None:
        """Counts a finding; of each kind the first places are kept, the last of which counts for those left out."""
        seen = self.found.setdefault((requirement, one.code), [])
        if len(seen) < _FIRST:
            seen.append(one)
        else:
            seen[-1] = replace(seen[-1], count=seen[-1].count + one.count)

    def evidence(self) -> Counter[str]:
        """On how many resources what is said of each requirement rests."""
        return Counter({
            FILE: self.read, **{base(kind): count for kind, count in self.kinds.items()},
            **{structure_id(name): count for name, count in self.elements.items()},
            **{nomenclature_id(name): count for name, count in self.coded.items()}})

    def merge(self, other: Tally) -> None:
        """Takes in what was seen after."""
        self.kinds.update(other.kinds)
        self.unjudged.update(other.unjudged)
        self.elements.update(other.elements)
        self.coded.update(other.coded)
        self.read += other.read
        for (requirement, _), many in other.found.items():
            for one in many:
                self.add(requirement, one)


class Validator:
    """Judges documents by one version and one release, on one day (year-month-day)."""

    def __init__(self, profile: Profile, release: nomenclature.Release, day: str) -> None:
        self.profile, self.release, self.day = profile, release, day
        self._structures: Structures = structures(profile, release)
        self._known = frozenset(self._structures.facts.codes.get("resource-types", ()))
        self._judged = frozenset(one.id for one in profile.requirements.values() if one.topic in (
            "structure", "nomenclature"))

    def piece(self, piece: Piece) -> Tally:
        """The tally of some documents."""
        tally = Tally()
        for line, text in piece.documents:
            self._document(text, piece.place(line), tally)
        for line, why in piece.refused:
            tally.add(FILE, finding("file.refused", "a document that can be read", why, piece.place(line)))
        return tally

    def _document(self, text: bytes, place: str, tally: Tally) -> None:
        try:
            resource = parse(text)
        except Unreadable as error:
            tally.add(FILE, finding("file.unreadable", "a FHIR resource in JSON", error.detail, place))
            return
        tally.read += 1
        self._resource(resource, place, tally)

    def _resource(self, resource: Resource, place: str, tally: Tally) -> None:
        kind = resource.get("resourceType")
        if not isinstance(kind, str) or (kind not in self._known and kind != "Bundle"):
            what = repr(kind) if kind is not None else "none"
            tally.add(FILE, finding("file.unreadable", "a FHIR resource", f"resourceType {what}", place))
            return
        structure = self._structures.of_type(kind)
        if structure is None:
            tally.unjudged[kind] += 1
            return
        tally.kinds[kind] += 1
        named = f"{place} {kind}/{resource['id']}" if "id" in resource else place
        self._judge(resource, structure, named, tally)
        if kind == "Bundle":
            for index, inner in resolved(resource):
                self._resource(inner, f"{place} entry[{index}]", tally)

    def _judge(self, resource: Resource, structure: Compiled, place: str, tally: Tally) -> None:
        whole = base(structure.type)
        seen = structure.seen(resource, self.day)
        for one in structure.differences(resource) if seen.invariants else ():
            self._add(tally, structure_id(one.element), whole, one, place)
        for one in judged(structure.codings(resource), self.release, self.day).differences if seen.codes else ():
            if one.code == "nomenclature.ended":
                self._add(tally, ended(structure.type), whole, one, place)
            else:
                self._add(tally, nomenclature_id(one.element), whole, one, place)
        tally.elements.update(seen.elements)
        tally.coded.update(seen.coded)

    def _add(self, tally: Tally, requirement: str, whole: str, one: Difference, place: str) -> None:
        kept = requirement if requirement in self._judged or one.code == "nomenclature.ended" else whole
        tally.add(kept, finding(one.code, one.expected, one.actual, f"{place} {one.place}"))


def base(kind: str) -> str:
    """The id of what base FHIR R4 asks of a resource type."""
    return f"FHIR-R4-{kind}"


def ended(kind: str) -> str:
    """The id of the rule that codes are valid on the day."""
    return f"ROR-NOM-{kind}-validity"


_worker: Validator | None = None


def _prepare(profile: str, release: Path, day: str) -> None:
    """Makes the process ready; where processes are forked it has what its parent compiled."""
    global _worker
    if _worker is None:
        _worker = Validator(profiles.read(profile), nomenclature.Release(release), day)


def _work(piece: Piece) -> Tally:
    assert _worker is not None
    return _worker.piece(piece)


def tallied(
    pieces: Iterable[Piece], profile: str, release: nomenclature.Release, day: str, jobs: int,
    told: Callable[[Tally], None]
) -> Tally:
    """The tally of all pieces, judged by ``jobs`` processes; the same whatever their number. ``told`` sees it grow.

    HarnessError when a process is lost.
    """
    global _worker
    whole, waiting = Tally(), iter(pieces)
    _worker = mine = Validator(profiles.read(profile), release, day)
    for number, piece in enumerate(waiting, start=1):
        whole.merge(mine.piece(piece))
        told(whole)
        if jobs > 1 and number == _ALONE:
            break
    else:
        return whole
    with ProcessPoolExecutor(jobs, initializer=_prepare, initargs=(profile, release.folder, day)) as pool:
        try:
            for tally in _spread(pool, waiting, jobs):
                whole.merge(tally)
                told(whole)
        except BrokenProcessPool:
            raise HarnessError("a process that judged resources was lost (out of memory?); try --jobs 1") from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return whole


def _spread(pool: ProcessPoolExecutor, pieces: Iterator[Piece], jobs: int) -> Iterator[Tally]:
    """The tallies in the order of the pieces; few pieces wait at a time."""
    under_way: deque[Future[Tally]] = deque()
    for piece in pieces:
        under_way.append(pool.submit(_work, piece))
        if len(under_way) >= jobs * _AHEAD:
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()


def report(
    tally: Tally, profile: Profile, release: nomenclature.Release, what: str, started: str, clock: Clock
) -> Report:
    """The report of a tally, with the words and the decision of a run's."""
    mine = _requirements(tally, profile)
    evidence = tally.evidence()
    judgements = [_judgement(tally, profile.id, one, evidence[one.id]) for one in mine.values()]
    header: Mapping[str, Any] = {
        "candidate": {"product": what, "version": "", "vendor": "", "role": "data"}, "started": started,
        "profiles": [{"id": profile.id, "hash": profile.hash}], "planned": [], "seed": 0, "scenarios": "",
        "nomenclatures": release.hash(), "rorqual": __version__, "python": platform.python_version(),
    }
    record = Record(Path(), header, [], {"finished": stamp(clock.now())})
    judged_by = replace(profile, requirements=mine)
    return replace(summarize(record, Ground({profile.id: judged_by}, {}), judgements), rejudged=False)


def _requirements(tally: Tally, profile: Profile) -> dict[str, Requirement]:
    """What the resources seen were judged by: of their structures, of FHIR R4, of the files themselves."""
    names = [name for kind in tally.kinds for name in profile.families.get(family(kind), ())]
    made = {name: profile.requirements[name] for name in names}
    for identifier, _ in tally.found:
        if identifier in profile.requirements:
            made.setdefault(identifier, profile.requirements[identifier])
    made[FILE] = _requirement(FILE, "Chaque document est une ressource FHIR en JSON (UTF-8).",
                              "Each document is a FHIR resource in JSON (UTF-8).")
    for kind in sorted(tally.kinds):
        made[base(kind)] = _requirement(base(kind), f"{kind} respecte la base FHIR R4 et la forme des extensions.",
                                        f"{kind} respects base FHIR R4 and the form of extensions.")
        name = ended(kind)
        if (name, "nomenclature.ended") in tally.found:
            made[name] = _requirement(name, f"Les codes de {kind} sont valides le jour du contrôle.",
                                      f"The codes of {kind} are valid on the day of the check.", Strength.SHOULD)
    return made


def _requirement(name: str, french: str, english: str, strength: Strength = Strength.SHALL) -> Requirement:
    return Requirement(name, "structure", strength, "server", Text(french, english), "FHIR R4", "")


def _judgement(tally: Tally, profile: str, requirement: Requirement, carried: int) -> Judgement:
    findings = [one for (name, _), many in tally.found.items() if name == requirement.id for one in many]
    if not findings and not carried:
        unseen = finding("data.not-carried", requirement.id, "none")
        if requirement.note:
            unseen = finding("specification.unevaluable", requirement.id, "none")
        findings = [replace(unseen, effect=Effect.UNCONCERNED)]
    verdicts = [consequence(one.effect, one.cause, requirement.strength) for one in findings] or [Verdict.PASS]
    return Judgement(profile, "validate", "", 0, "validate", requirement.id, worst(verdicts), tuple(findings),
                     Weight(resources=carried))


def day_of(clock: Clock) -> str:
    """The day of today, as codes are judged on it."""
    return clock.now().date().isoformat()


def read(paths: list[Path], told: Callable[[int], None]) -> Iterator[Piece]:
    """The pieces of all files, in their order."""
    for path in paths:
        yield from documents.pieces(path, told)
