"""Codes judged by a release of the nomenclatures: of which system they are, whether they belong, whether they ended."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace

from conformance.fhir.coded import IMPLIED, Coded
from conformance.fhir.rule import Difference
from conformance.nomenclature import Release, ValueSet

NOMENCLATURE = {
    "system": ("nomenclature.system",),
    "code": ("nomenclature.code", "nomenclature.not-held"),
    "validity": ("nomenclature.ended",),
}


@dataclass(frozen=True, slots=True)
class Judged:
    """What is wrong with the codes of a resource, how many coded values could be told, and which elements had codes."""

    differences: tuple[Difference, ...]
    told: int
    elements: frozenset[str]


def judged(codings: Iterable[Coded], release: Release, day: str) -> Judged:
    """The coded values of a resource, judged on a day (year-month-day)."""
    found: list[Difference] = []
    elements: set[str] = set()
    told = 0
    for one in codings:
        differences, concerned, could_tell = judged_once(
            release, one.value_sets, one.codings, one.required, one.elements, one.strength, day)
        told += could_tell
        elements.update(concerned)
        found += [replace(each, place=one.place) for each in differences]
    return Judged(tuple(found), told, frozenset(elements))


@functools.lru_cache(maxsize=20_000)
def judged_once(
    release: Release, names: tuple[str, ...], codings: tuple[tuple[str, str], ...], required: bool,
    elements: tuple[str, ...], strength: str, day: str
) -> tuple[tuple[Difference, ...], tuple[str, ...], bool]:
    """What is wrong with codings that value sets bind, the elements that they are of, whether that could be told. The
    same codings are met in resource after resource."""
    sets = [(release.value_set(name), name, element) for name, element in zip(names, elements, strict=True)]
    held = [(one, element) for one, _, element in sets if one is not None]
    if len(held) < len(sets):
        name = next(name for one, name, _ in sets if one is None)
        if held or strength != "required":  # a code of a set that we hold may stand beside
            return (), (), False
        unknown = Difference("nomenclature.not-held", "", f"the content of {name}", _shown(codings), elements[0])
        return (unknown,), (), False
    systems = {system for one, _ in held for system in one.systems()}
    if codings[0][0] == IMPLIED:
        codings = tuple((system, code) for _, code in codings for system in sorted(systems)[:1])
    mine = [pair for pair in codings if pair[0] in systems]
    concerned = tuple(dict.fromkeys(element for pair in mine for one, element in held if pair[0] in one.systems()))
    if not mine:
        alike = {_spelling(system) for system in systems} & {_spelling(system) for system, _ in codings}
        if strength == "required" and (required or alike):
            wanted = " or ".join(sorted(systems))
            meant = {_spelling(system) for system, _ in codings}
            element = next((mine for one, mine in held if meant & {_spelling(each) for each in one.systems()}),
                           elements[0])
            return (Difference("nomenclature.system", "", wanted, _shown(codings), element),), (element,), True
        return (), concerned, True
    return tuple(_differences(held, mine, names, day)), concerned, True


def _differences(
    held: list[tuple[ValueSet, str]], codings: list[tuple[str, str]], names: tuple[str, ...], day: str
) -> Iterable[Difference]:
    for system, code in codings:
        mine = [(one, element) for one, element in held if system in one.systems()]
        having = next(((one, element) for one, element in mine if one.holds(system, code)), None)
        actual = f"{system}|{code}"
        if having is not None:
            ended = having[0].ended_by(system, code, day)
            if ended:
                successor = having[0].successors.get((system, code))
                wanted = f"a code valid on {day}" + (f", {successor} in its place" if successor else "")
                yield Difference("nomenclature.ended", "", wanted, f"{actual} (ended on {ended})", having[1])
        elif all(one.complete for one, _ in mine):
            yield Difference("nomenclature.code", "", f"a code of {' or '.join(names)}", actual, mine[0][1])
        else:
            name = next(one.name for one, _ in mine if not one.complete)
            yield Difference("nomenclature.not-held", "", f"the whole content of {name}", actual, mine[0][1])


def _shown(codings: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{system or 'no system'}|{code}" for system, code in codings) or "no coding"


def _spelling(system: str) -> str:
    """A system without what is easily misspelt: scheme, case, hyphen or underscore."""
    return system.lower().replace("http://", "https://").replace("_", "-").rstrip("/")
