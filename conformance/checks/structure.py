"""Checks of resources against the profile's structures and the nomenclature release."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any

from conformance.checks.evidence import Evidence
from conformance.codes import finding
from conformance.fhir.bundle import Resource
from conformance.fhir.coded import Coded
from conformance.fhir.extended import Extended, extended
from conformance.fhir.pool import Facts
from conformance.fhir.r4 import r4
from conformance.fhir.shape import Shape
from conformance.fhir.slices import Difference
from conformance.fhir.structure import Compiled
from conformance.model import Finding, Profile
from conformance.nomenclature import Release

_compiled: dict[tuple[str, str], Compiled] = {}


def compiled(profile: Profile, structure: str) -> Compiled:
    """A structure of a profile, compiled once."""
    key = (profile.hash, structure)
    if key not in _compiled:
        _compiled[key] = Compiled(profile.structures[structure], profile.extensions, Shape(r4()))
    return _compiled[key]


def _concerned(evidence: Evidence, kind: str) -> Iterator[tuple[str, str, Resource]]:
    for exchange, place, resource in evidence.resources():
        if resource.get("resourceType") == kind:
            yield exchange.id, place, resource


def conforms(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """The resources of the structure's type respect one of its aspects."""
    structure = compiled(evidence.profile, parameters["structure"])
    aspect = parameters["aspect"]
    seen = 0
    for exchange, place, resource in _concerned(evidence, structure.type):
        seen += 1
        facts, key = evidence.facts(resource), ("differences", structure, aspect)
        if key not in facts:
            facts[key] = list(structure.differences(resource, aspect, _extensions(facts, resource, structure)))
        for one in facts[key]:
            yield finding(one.code, one.expected, f"{one.actual} ({resource.get('id')})", _at(place, one), exchange)
    if not seen:
        yield finding("data.no-example", f"a resource {structure.type}", "none", "", evidence.first.id)


def codes(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """The codes of bound elements are of a system of their value set, and belong to it."""
    structure = compiled(evidence.profile, parameters["structure"])
    aspect = parameters["aspect"]
    seen = 0
    for exchange, place, resource in _concerned(evidence, structure.type):
        facts, key = evidence.facts(resource), ("codes", structure, aspect)
        if key not in facts:
            facts[key] = _coded(_codings(facts, resource, structure), evidence.release, aspect)
        told, differences = facts[key]
        seen += told
        for one in differences:
            yield finding(one.code, one.expected, one.actual, _at(place, one), exchange)
    if not seen:
        yield finding("data.no-example", f"a coded element of {structure.type}", "none", "", evidence.first.id)


def _at(place: str, one: Difference) -> str:
    return f"{place}.{one.place}" if place else one.place


def _extensions(facts: Facts, resource: Resource, structure: Compiled) -> list[Extended]:
    key = "extensions", structure.type
    if key not in facts:
        facts[key] = extended(resource, structure.type)
    found: list[Extended] = facts[key]
    return found


def _codings(facts: Facts, resource: Resource, structure: Compiled) -> list[Coded]:
    key = "codings", structure
    if key not in facts:
        facts[key] = list(structure.coded.of(resource, _extensions(facts, resource, structure)))
    found: list[Coded] = facts[key]
    return found


def _coded(codings: Iterable[Coded], release: Release, aspect: str) -> tuple[int, list[Difference]]:
    """How many coded values could be told, and what is wrong with them."""
    told = 0
    found: list[Difference] = []
    for one in codings:
        wrong = _judged(release, one.value_sets, one.codings, one.required, aspect)
        if wrong is not None:
            told += 1
            found += [Difference(code, one.place, expected, actual) for code, expected, actual in wrong]
    return told, found


def _spelling(system: str) -> str:
    """A system without what is easily misspelt: scheme, case, hyphen or underscore."""
    return system.lower().replace("http://", "https://").replace("_", "-").rstrip("/")


@functools.lru_cache(maxsize=20_000)
def _judged(
    release: Release, names: tuple[str, ...], codings: tuple[tuple[str, str], ...], required: bool, aspect: str
) -> list[tuple[str, str, str]] | None:
    """What is wrong with codings that value sets bind: code of finding, expected, actual; None when it cannot be
    told. The same codings are met in resource after resource."""
    sets = [found for name in names if (found := release.value_set(name)) is not None]
    if len(sets) < len(names):
        return None
    systems = {system for each in sets for system in each.systems()}
    held = [(system, code) for system, code in codings if system in systems]
    alike = {_spelling(system) for system in systems} & {_spelling(system) for system, _ in codings}
    if aspect == "system" and not held and (required or alike):
        shown = ", ".join(f"{system or 'no system'}|{code}" for system, code in codings) or "no coding"
        return [("nomenclature.system", " or ".join(sorted(systems)), shown)]
    if aspect == "code" and all(each.complete for each in sets):
        return [("nomenclature.code", f"a code of {' or '.join(names)}", f"{system}|{code}") for system, code in held
                if not any(each.holds(system, code) for each in sets)]
    return []
