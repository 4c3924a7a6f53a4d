"""Checks of resources against the profile's structures and the nomenclature release."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from conformance import data, source
from conformance.checks.evidence import Evidence
from conformance.codes import finding
from conformance.errors import HarnessError
from conformance.fhir.bundle import Resource
from conformance.fhir.coded import Coded
from conformance.fhir.slices import Difference
from conformance.fhir.structure import Compiled
from conformance.model import Finding, Profile
from conformance.nomenclature import Release, ValueSet


@functools.cache
def _base() -> Mapping[str, Any]:
    """The FHIR R4 elements that we hold; ours, so that a file that cannot be read is our fault."""
    path = data.path("profiles", "fhir-r4", "types.yaml")
    document, problems = source.load(path.read_bytes(), path.name)
    if problems:
        raise HarnessError(str(problems[0]))
    loaded: Mapping[str, Any] = document
    return loaded


_compiled: dict[tuple[str, str], Compiled] = {}


def compiled(profile: Profile, structure: str) -> Compiled:
    """A structure of a profile, compiled once."""
    key = (profile.hash, structure)
    if key not in _compiled:
        _compiled[key] = Compiled(profile.structures[structure], profile.extensions, _base())
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
            facts[key] = list(structure.differences(resource, aspect))
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
            facts[key] = _coded(structure, evidence.release, aspect, resource)
        told, differences = facts[key]
        seen += told
        for one in differences:
            yield finding(one.code, one.expected, one.actual, _at(place, one), exchange)
    if not seen:
        yield finding("data.no-example", f"a coded element of {structure.type}", "none", "", evidence.first.id)


def _at(place: str, one: Difference) -> str:
    return f"{place}.{one.place}" if place else one.place


def _coded(structure: Compiled, release: Release, aspect: str, resource: Resource) -> tuple[int, list[Difference]]:
    """How many coded values could be told, and what is wrong with them."""
    told = 0
    found: list[Difference] = []
    for one in structure.coded.of(resource):
        sets = [held for name in one.value_sets if (held := release.value_set(name)) is not None]
        if len(sets) == len(one.value_sets):
            told += 1
            found += _judged(one, sets, aspect)
    return told, found


def _spelling(system: str) -> str:
    """A system without what is easily misspelt: scheme, case, hyphen or underscore."""
    return system.lower().replace("http://", "https://").replace("_", "-").rstrip("/")


def _judged(one: Coded, sets: list[ValueSet], aspect: str) -> Iterator[Difference]:
    systems = {system for each in sets for system in each.systems()}
    held = [(system, code) for system, code in one.codings if system in systems]
    names = " or ".join(one.value_sets)
    alike = {_spelling(system) for system in systems} & {_spelling(system) for system, _ in one.codings}
    if aspect == "system" and not held and (one.required or alike):
        shown = ", ".join(f"{system or 'no system'}|{code}" for system, code in one.codings) or "no coding"
        yield Difference("nomenclature.system", one.place, " or ".join(sorted(systems)), shown)
    if aspect == "code":
        for system, code in held:
            if all(each.complete for each in sets) and not any(each.holds(system, code) for each in sets):
                yield Difference("nomenclature.code", one.place, f"a code of {names}", f"{system}|{code}")
