"""Checks of resources against the profile's structures and the nomenclature release."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from conformance.checks.evidence import Evidence
from conformance.codes import finding
from conformance.fhir.coding import NOMENCLATURE, Judged, judged
from conformance.fhir.pool import Facts
from conformance.fhir.r4 import r4
from conformance.fhir.received import Receipt
from conformance.fhir.rule import Difference
from conformance.fhir.structure import ASPECTS, Compiled, Structures
from conformance.fhir.survey import Seen
from conformance.model import Finding
from conformance.nomenclature import Release
from conformance.requirement_ids import family, nomenclature_id, structure_id
from conformance.specification import Profile

_structures: dict[tuple[str, int], Structures] = {}


def structures(profile: Profile, release: Release) -> Structures:
    """The structures of a profile, compiled once, with the value sets of a release."""
    key = (profile.hash, id(release))
    if key not in _structures:
        _structures[key] = Structures(profile.structures, profile.extensions, profile.canonical, release, r4())
    return _structures[key]


def _concerned(parameters: Any, evidence: Evidence, kind: str) -> Iterator[Receipt]:
    return (one for one in evidence.receipts(parameters) if one.resource.get("resourceType") == kind)


def conforms(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """The resources of the structure's type respect one of its aspects."""
    structure = structures(evidence.profile, evidence.release).of(parameters["structure"])
    codes = ASPECTS[parameters["aspect"]]
    seen = 0
    for received in _concerned(parameters, evidence, structure.type):
        seen += 1
        for one in _differences(evidence, received, structure):
            if one.code in codes:
                seen_as = f"{one.actual} ({received.resource.get('id')})"
                told = finding(one.code, one.expected, seen_as, _at(received.place, one), received.exchange)
                yield replace(told, requirement=structure_id(one.element) if one.element else "")
    if not seen:
        yield finding("data.no-example", f"a resource {structure.type}", "none", "", evidence.first.id)


def codes(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """The codes of bound elements are of a system of their value set, belong to it, and are valid on the day."""
    structure = structures(evidence.profile, evidence.release).of(parameters["structure"])
    wanted = NOMENCLATURE[parameters["aspect"]]
    seen = 0
    for received in _concerned(parameters, evidence, structure.type):
        judged = _nomenclature(evidence, received, structure)
        seen += judged.told
        for one in judged.differences:
            if one.code in wanted:
                yield _of_element(nomenclature_id(one.element), one, received)
    if not seen:
        yield finding("data.no-example", f"a coded element of {structure.type}", "none", "", evidence.first.id)


def elements(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """Each constrained element respects what the structure, or the definition of its extension, asks of it."""
    structure = structures(evidence.profile, evidence.release).of(parameters["structure"])
    mine = set(evidence.profile.families[family(structure.type)])
    carried: set[str] = set()
    coded: set[str] = set()
    seen = 0
    for received in _concerned(parameters, evidence, structure.type):
        seen += 1
        for one in _differences(evidence, received, structure):
            if structure_id(one.element) in mine:
                yield _of_element(structure_id(one.element), one, received)
        judged = _nomenclature(evidence, received, structure)
        for one in judged.differences:
            if one.code != "nomenclature.ended" and nomenclature_id(one.element) in mine:
                yield _of_element(nomenclature_id(one.element), one, received)
        carried.update(_seen(evidence, received, structure).elements)
        coded.update(judged.elements)
    if not seen:
        yield finding("data.no-example", f"a resource {structure.type}", "none", "", evidence.first.id)
        return
    for identifier in sorted(mine - {structure_id(one) for one in carried} - {nomenclature_id(one) for one in coded}):
        defect = evidence.profile.requirements[identifier].note
        code = "specification.unevaluable" if defect else "data.not-carried"
        yield replace(finding(code, identifier, "none", "", evidence.first.id), requirement=identifier, defect=defect)


def _of_element(identifier: str, one: Difference, received: Receipt) -> Finding:
    told = finding(one.code, one.expected, one.actual, _at(received.place, one), received.exchange)
    return replace(told, requirement=identifier)


def _seen(evidence: Evidence, received: Receipt, structure: Compiled) -> Seen:
    """What a walk over the resource tells; most resources need no closer look."""
    return _looked_over(evidence.facts(received.resource), received, structure)


def _looked_over(facts: Facts, received: Receipt, structure: Compiled) -> Seen:
    key = "seen", structure, received.day
    if key not in facts:
        facts[key] = structure.seen(received.resource, received.day)
    found: Seen = facts[key]
    return found


def look_over(profile: Profile, release: Release, facts: Facts, received: Receipt) -> None:
    """Finds out of a resource what the checks of its structure will ask, before they do: whoever waits has the time."""
    structure = structures(profile, release).of_type(str(received.resource.get("resourceType")))
    if structure is not None:
        _looked_over(facts, received, structure)


def _differences(evidence: Evidence, received: Receipt, structure: Compiled) -> list[Difference]:
    facts, key = evidence.facts(received.resource), ("differences", structure)
    if key not in facts:
        closer = _seen(evidence, received, structure).invariants
        facts[key] = structure.differences(received.resource) if closer else []
    found: list[Difference] = facts[key]
    return found


def _at(place: str, one: Difference) -> str:
    return f"{place}.{one.place}" if place else one.place


def _nomenclature(evidence: Evidence, received: Receipt, structure: Compiled) -> Judged:
    """What the release says of the codes of a resource, on the day of the exchange."""
    facts, key = evidence.facts(received.resource), ("codes", structure, received.day)
    if key not in facts:
        seen = _seen(evidence, received, structure)
        facts[key] = (judged(structure.codings(received.resource), evidence.release, received.day) if seen.codes
                      else Judged((), len(seen.coded), frozenset(seen.coded)))
    found: Judged = facts[key]
    return found
