"""Checks of resources against the profile's structures and the nomenclature release."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from conformance.checks.evidence import Evidence
from conformance.codes import finding
from conformance.fhir.bundle import Resource
from conformance.fhir.coding import NOMENCLATURE, Judged, judged
from conformance.fhir.pool import Facts
from conformance.fhir.r4 import r4
from conformance.fhir.rule import Difference
from conformance.fhir.structure import ASPECTS, Compiled, Structures
from conformance.fhir.survey import Seen
from conformance.model import Finding, Profile
from conformance.nomenclature import Release
from conformance.requirement_ids import family, nomenclature_id, structure_id

_structures: dict[tuple[str, int], Structures] = {}


def structures(profile: Profile, release: Release) -> Structures:
    """The structures of a profile, compiled once, with the value sets of a release."""
    key = (profile.hash, id(release))
    if key not in _structures:
        _structures[key] = Structures(profile.structures, profile.extensions, profile.canonical, release, r4())
    return _structures[key]


def _concerned(evidence: Evidence, kind: str) -> Iterator[tuple[str, str, Resource]]:
    for exchange, place, resource in evidence.resources():
        if resource.get("resourceType") == kind:
            yield exchange.id, place, resource


def conforms(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """The resources of the structure's type respect one of its aspects."""
    structure = structures(evidence.profile, evidence.release).of(parameters["structure"])
    codes = ASPECTS[parameters["aspect"]]
    seen = 0
    for exchange, place, resource in _concerned(evidence, structure.type):
        seen += 1
        for one in _differences(evidence.facts(resource), resource, structure, _day(evidence, exchange)):
            if one.code in codes:
                seen_as = f"{one.actual} ({resource.get('id')})"
                told = finding(one.code, one.expected, seen_as, _at(place, one), exchange)
                yield replace(told, requirement=structure_id(one.element) if one.element else "")
    if not seen:
        yield finding("data.no-example", f"a resource {structure.type}", "none", "", evidence.first.id)


def codes(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """The codes of bound elements are of a system of their value set, belong to it, and are valid on the day."""
    structure = structures(evidence.profile, evidence.release).of(parameters["structure"])
    wanted = NOMENCLATURE[parameters["aspect"]]
    seen = 0
    for exchange, place, resource in _concerned(evidence, structure.type):
        judged = _nomenclature(evidence, exchange, resource, structure)
        seen += judged.told
        for one in judged.differences:
            if one.code in wanted:
                yield _of_element(nomenclature_id(one.element), one, place, exchange)
    if not seen:
        yield finding("data.no-example", f"a coded element of {structure.type}", "none", "", evidence.first.id)


def elements(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """Each constrained element respects what the structure, or the definition of its extension, asks of it."""
    structure = structures(evidence.profile, evidence.release).of(parameters["structure"])
    mine = set(evidence.profile.families[family(structure.type)])
    carried: set[str] = set()
    seen = 0
    for exchange, place, resource in _concerned(evidence, structure.type):
        seen += 1
        facts, day = evidence.facts(resource), _day(evidence, exchange)
        for one in _differences(facts, resource, structure, day):
            if structure_id(one.element) in mine:
                yield _of_element(structure_id(one.element), one, place, exchange)
        judged = _nomenclature(evidence, exchange, resource, structure)
        for one in judged.differences:
            if one.code != "nomenclature.ended" and nomenclature_id(one.element) in mine:
                yield _of_element(nomenclature_id(one.element), one, place, exchange)
        carried.update(map(structure_id, _seen(facts, resource, structure, day).elements))
        carried.update(nomenclature_id(element) for element in judged.elements)
    if not seen:
        yield finding("data.no-example", f"a resource {structure.type}", "none", "", evidence.first.id)
        return
    for identifier in sorted(mine - carried):
        defect = evidence.profile.requirements[identifier].note
        code = "specification.unevaluable" if defect else "data.not-carried"
        yield replace(finding(code, identifier, "none", "", evidence.first.id), requirement=identifier, defect=defect)


def _of_element(identifier: str, one: Difference, place: str, exchange: str) -> Finding:
    return replace(finding(one.code, one.expected, one.actual, _at(place, one), exchange), requirement=identifier)


def _seen(facts: Facts, resource: Resource, structure: Compiled, day: str) -> Seen:
    """What a walk over the resource tells; most resources need no closer look."""
    key = "seen", structure, day
    if key not in facts:
        facts[key] = structure.seen(resource, day)
    found: Seen = facts[key]
    return found


def _differences(facts: Facts, resource: Resource, structure: Compiled, day: str) -> list[Difference]:
    key = "differences", structure
    if key not in facts:
        closer = _seen(facts, resource, structure, day).invariants
        facts[key] = structure.differences(resource) if closer else []
    found: list[Difference] = facts[key]
    return found


def _at(place: str, one: Difference) -> str:
    return f"{place}.{one.place}" if place else one.place


def _day(evidence: Evidence, exchange: str) -> str:
    """The day of an exchange: on it codes must be valid."""
    return next((one.started[:10] for one in evidence.current.exchanges if one.id == exchange), "")


def _nomenclature(evidence: Evidence, exchange: str, resource: Resource, structure: Compiled) -> Judged:
    """What the release says of the codes of a resource, on the day of the exchange."""
    day = _day(evidence, exchange)
    facts, key = evidence.facts(resource), ("codes", structure, day)
    if key not in facts:
        seen = _seen(facts, resource, structure, day)
        facts[key] = (judged(structure.codings(resource), evidence.release, day) if seen.codes
                      else Judged((), len(seen.coded), frozenset(seen.coded)))
    found: Judged = facts[key]
    return found
