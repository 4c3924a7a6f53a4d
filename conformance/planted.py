"""Faults of structure, one for each requirement of an element that a resource of the reference can be made to break:
the resource is made wrong at that element by an operator (``fhir/mutation``), and a run must tell the requirement.

They are many, and each touches one resource, so a run carries as many as its resources can: what is found broken must
be all that was planted, and nothing else.
"""

from __future__ import annotations

import functools
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from conformance import data, nomenclature, profile, selftest
from conformance.checks.structure import structures
from conformance.clock import Clock, SystemClock
from conformance.draw import Seeded
from conformance.fhir.coding import judged
from conformance.fhir.engine import Path
from conformance.fhir.mutation import Mutant, mutants
from conformance.fhir.structure import ASPECTS, Compiled, Structures
from conformance.reference_data import region
from conformance.requirement_ids import nomenclature_id, structure_id
from conformance.specification import Profile

FILE = "planted.json"
_OFFERS, _SEED = 120, 5
_FIRST = 90  # resources of a type in which faults are planted; a run receives them
_TURNED = 6  # orders in which extensions are tried
_TURNS = 6  # times each operator is tried on a resource
_SELDOM = frozenset(("MeasureReport",))  # received by few scenarios
_TRIES = 40  # resources in which an element is made wrong in vain before it is given up
_UNBOUND = "any number of times"  # in the statement of a requirement
_ASPECT = re.compile(r"ROR-(STR|NOM)-[A-Z]{2,4}-[a-z]+$")  # of a whole type: told where no element is named
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Planted:
    """A resource made wrong by an operator at an element, the requirement that this breaks, and those of the same place
    that are told broken with it."""

    requirement: str
    operator: str
    resource: Mapping[str, Any]
    beside: frozenset[str]

    @property
    def key(self) -> Key:
        """The type and id of the resource."""
        return str(self.resource["resourceType"]), str(self.resource["id"])


@functools.cache
def resources(name: str) -> tuple[dict[str, Any], ...]:
    """The region in which faults of a version are planted: it has what this version alone knows, too."""
    return tuple(region(_OFFERS, _SEED, versions=(name,)))


def kept() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """By version, as measured last (``rorqual selftest --planted --keep``): the operator of the fault of each
    requirement, under ``faults``, and why others have none, under ``without``; nothing when it never was."""
    path = data.path("reports", FILE)
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def keep(name: str, tried: Tried) -> None:
    """Keeps what was caught of a version, and why the rest has no fault."""
    faults = {one.requirement: one.operator for one in tried.caught}
    held = {**kept(), name: {"faults": dict(sorted(faults.items())), "without": dict(sorted(tried.without.items()))}}
    text = json.dumps(dict(sorted(held.items())), indent=1) + "\n"
    data.path("reports", FILE).write_text(text, encoding="utf-8")


class _Planter:
    """Finds a fault for each requirement of an element of a version."""

    def __init__(self, made: Profile, day: str) -> None:
        self.release, self.day = nomenclature.shipped(), day
        self.whole = structures(made, self.release)
        self._known = made.requirements
        self.left = {one.id for one in made.requirements.values() if one.topic in ("structure", "nomenclature")}
        self.found: list[Planted] = []
        self._draw = Seeded(random.Random(_SEED))  # noqa: S311 - reproducible, not a secret
        self._open: dict[str, bool] = {}
        self._aspects = _aspects(made, self.whole)
        self._tries, self._shown, self._moved = Counter[str](), set[str](), set[str]()

    def shows(self, resource: Mapping[str, Any], compiled: Compiled) -> bool:
        """Whether a resource shows an element for which there is no fault yet."""
        seen = compiled.seen(dict(resource), self.day)
        self._shown.update(map(structure_id, seen.elements), map(nomenclature_id, seen.coded))
        return any(map(self._is_open, seen.elements))

    def plant(self, resource: Mapping[str, Any], compiled: Compiled) -> None:
        """Makes a resource wrong wherever that breaks a requirement for which there is no fault yet."""
        tried = set[str]()
        for turn in range(_TURNED):
            turned = _turned(resource, turn)
            if turn and turned == resource:
                return

            def wanted(path: Path, here: Any = turned) -> bool:
                element = compiled.element(here, path)
                if element not in tried and self._is_open(element):
                    tried.add(element)
                    self._tries[element] += 1
                return element in tried and self._is_open(element) and self._tries[element] <= _TRIES

            for one in mutants(turned, compiled, self._draw, _TURNS, wanted):
                if one.moved:
                    self._moved.add(compiled.element(turned, one.path))
                if _in_place(one, resource):
                    told = self._told(compiled, one)
                    for mine in sorted(told & self.left):
                        self.left.discard(mine)
                        self._open.clear()
                        self.found.append(Planted(mine, one.operator, one.resource, frozenset(told - {mine})))

    def _told(self, compiled: Compiled, one: Mutant) -> set[str]:
        """The requirements that the resource alone is told to break: of elements, and of the whole type where the
        structure says nothing of the element."""
        codes = judged(compiled.codings(one.resource), self.release, self.day).differences
        told = {nomenclature_id(each.element) for each in codes
                if each.element and each.code != "nomenclature.not-held"}
        for each in compiled.differences(one.resource):
            told |= {structure_id(each.element)} if each.element else self._aspects.get(
                (compiled.type, each.code), frozenset())
        return told

    def _is_open(self, element: str) -> bool:
        """Whether there is no fault yet for the element, a slice or a part of it."""
        if element not in self._open:
            self._open[element] = any(_within(one, element) for one in self.left)
        return self._open[element]


    def without(self) -> dict[str, str]:
        """Why requirements have no fault: ``defect`` of the guide, ``not-carried`` by any resource of the reference,
        ``tells-slice`` where another value is of another slice, of which nothing is asked, ``of-parts`` where it may be
        there any number of times and only its parts, with faults of their own, can be wrong; else ``none-found``."""
        found = {}
        for name in self.left:
            element = name.split("-", 2)[2]
            if self._known[name].note:
                found[name] = "defect"
            elif _ASPECT.match(name):  # what is wrong is told of an element
                found[name] = "of-parts"
            elif name not in self._shown:
                found[name] = "not-carried"
            elif any(f"{one}.".startswith((f"{element}.", f"{element}:")) for one in self._moved):
                found[name] = "tells-slice"
            else:
                found[name] = "of-parts" if _UNBOUND in self._known[name].statement.en else "none-found"
        return found


def planted(made: Profile, clean: Iterable[Mapping[str, Any]], day: str) -> tuple[list[Planted], Mapping[str, str]]:
    """A fault for each requirement of an element that one can be planted for, and why there is none for others."""
    planter, seen = _Planter(made, day), dict[str, int]()
    for resource in clean:
        kind = str(resource["resourceType"])
        compiled = planter.whole.of_type(kind)
        seen[kind] = seen.get(kind, 0) + 1
        if compiled is not None and seen[kind] <= _FIRST and planter.shows(resource, compiled):
            planter.plant(resource, compiled)
    return planter.found, planter.without()


def _turned(value: Any, turn: int) -> Any:
    """A resource whose lists of extensions begin with another one: operators take the first that they can use."""
    if isinstance(value, list):
        return [_turned(one, turn) for one in value]
    if not isinstance(value, dict):
        return value
    made = {name: _turned(one, turn) for name, one in value.items()}
    held = made.get("extension")
    if isinstance(held, list) and held:
        at = turn % len(held)
        made["extension"] = [*held[at:], *held[:at]]
    return made


def _in_place(one: Mutant, resource: Mapping[str, Any]) -> bool:
    """Whether the resource can still be served and known as the one that it was."""
    return (one.resource.get("resourceType"), one.resource.get("id")) == (resource["resourceType"], resource["id"])


def _within(requirement: str, element: str) -> bool:
    """Whether a requirement is of the element that an operator broke, of a slice or a part of it."""
    return any(requirement == made(element) or requirement.startswith((f"{made(element)}.", f"{made(element)}:"))
               for made in (structure_id, nomenclature_id)) if element else False


def _aspects(made: Profile, whole: Structures) -> Mapping[Key, frozenset[str]]:
    """The requirements of a whole type that a finding breaks where the structure names no element, by type and code."""
    found: dict[Key, frozenset[str]] = {}
    for use in (use for one in selftest.campaign(made.id, _SEED).planned for step in one.scenario.steps
                for use in step.expect if use.check == "conforms"):
        kind = whole.of(use.parameters["structure"]).type
        for code in ASPECTS[use.parameters["aspect"]]:
            found[kind, code] = found.get((kind, code), frozenset()).union(made.named(use.verifies))
    return found


def batches(faults: Sequence[Planted]) -> Iterator[list[Planted]]:
    """Faults that one run can carry: each in a resource of its own."""
    left = list(faults)
    while left:
        batch: dict[Key, Planted] = {}
        for one in left:
            batch.setdefault(one.key, one)
        yield list(batch.values())
        left = [one for one in left if one is not batch[one.key]]


@dataclass(frozen=True, slots=True)
class Tried:
    """The faults that were planted; why others were not; the requirements that were missed, and those told that none of
    them breaks."""

    found: Sequence[Planted]
    without: Mapping[str, str]
    missed: frozenset[str]
    unrelated: frozenset[str]

    @property
    def caught(self) -> list[Planted]:
        """The faults that a run told."""
        return [one for one in self.found if one.requirement not in self.missed]


def tried(name: str, jobs: int, clock: Clock, told: Callable[[str], None]) -> Tried:
    """Plants the faults of a version and plays them, as many servers at a time as there are jobs."""
    found, without = planted(profile.read(name), resources(name), clock.now().date().isoformat())
    every, lost, strange = list(batches(found)), set[str](), set[str]()
    with ProcessPoolExecutor(jobs) as pool:
        for number, (missing, unrelated) in enumerate(pool.map(functools.partial(_missed, name), every), 1):
            lost |= set(missing)
            strange |= set(unrelated)
            told(f"{number} of {len(every)} servers, {len(lost)} missed, {len(strange)} unrelated")
    return Tried(found, without, frozenset(lost), frozenset(strange))


def _missed(name: str, batch: Sequence[Planted]) -> tuple[list[str], list[str]]:
    return missed(name, batch, SystemClock())


def missed(name: str, batch: Sequence[Planted], clock: Clock) -> tuple[list[str], list[str]]:
    """The requirements of planted faults that a run did not find broken, and those found that none of them breaks."""
    clean = resources(name)
    mine = {one.key: one.resource for one in batch}
    served = [mine.get((one["resourceType"], one["id"]), one) for one in clean]
    made = selftest.campaign(name, _SEED)
    expected = {one.requirement for one in batch}
    kinds = {kind for kind, _ in mine}
    alone = tuple(one for one in made.planned if one.scenario.closing
                  or expected.intersection(one.profile.named(one.scenario.verifies))
                  or kinds.intersection(need.among for need in one.scenario.needs) & _SELDOM)
    report = selftest.of_resources(replace(made, planned=alone), served, None, clock)
    known = profile.read(name).requirements
    told = {one.requirement for one in report.problems if one.effect == "broken"}  # a defect of the guide may excuse it
    found = {one for one in told if known[one].topic in ("structure", "nomenclature")
             and (one in expected or not _ASPECT.match(one))}
    others = [one for one in selftest.broken(report) if one not in found and not _ASPECT.match(one)]
    allowed = expected.union(*(one.beside for one in batch))
    return sorted(expected - found), sorted({*(found - allowed), *others})
