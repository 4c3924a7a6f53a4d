"""The data of the reference ROR: its region, completed by what the structures allow and its writer left out.

The region tells who offers what, where; the generator of resources (``fhir/maker``) draws the rest from the structures
of all versions, so that nearly each element that they speak of is met. A completed resource respects every version that
it respected before. The server itself shares nothing with what judges it: only these data pass.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance import nomenclature, profile
from conformance.checks.structure import structures
from conformance.draw import Seeded
from conformance.fhir.coding import judged
from conformance.fhir.maker import Maker
from conformance.fhir.structure import Structures
from conformance.nomenclature import Release
from conformance.reference.region import generate
from conformance.reference.territories import OUEST, Territory

Resource = dict[str, Any]
_EVERY = 3  # one resource of a type in so many is completed,
_RARE = frozenset(("Measure", "MeasureReport", "Questionnaire", "Task"))  # but each of these,
_MOST = 90  # among the first so many
_DRAWN = 24  # resources drawn of each type
_DAY = "2026-01-01"
_CODED = frozenset(("specialty", "characteristic"))  # lists of concepts, completed by those of other code systems
_TOLD_BY = {"input": "type", "output": "type", "useContext": "code"}  # lists completed by what these tell apart
_OWN = frozenset((  # what the region alone tells, for searches and hierarchies rest on it
    "active", "focus", "identifier", "managingOrganization", "meta", "mode", "name", "notAvailable", "period",
    "position", "providedBy", "status", "type"))
_OWN_OF = {"Organization": frozenset(("partOf",)), "HealthcareService": frozenset(("characteristic", "location"))}
_COUNTED = ("capacity", "equipment")  # extensions whose numbers must stay likely
_ATOMS = frozenset(("allDay", "coding", "reference", "system", "code", "value", "start"))  # whole or not at all


class _Generous(Seeded):
    """Takes what is optional more often than not."""

    def happens(self, chance: float) -> bool:
        """Whether something happens that has a chance from 0 to 1."""
        return super().happens(min(1.0, chance * 1.7))


class Filling:
    """Completes resources of a region, in their order, by what some versions allow."""

    def __init__(self, seed: int, names: Sequence[str]) -> None:
        release = nomenclature.shipped()
        self._release: Release = release
        versions = [profile.read(name) for name in names]
        self._versions: list[Structures] = [structures(one, release) for one in versions]
        rng = random.Random(f"{seed}|filling")  # noqa: S311 - a reproducible region, not a secret
        self._makers = [Maker(one, release, _Generous(rng)) for one in self._versions]
        self._drawn: dict[str, list[Resource]] = {}
        self._met: dict[str, list[str]] = {}

    def filled(self, resources: Iterator[Resource]) -> Iterator[Resource]:
        """The resources, some of the first of each type completed; what is added points at resources given before."""
        for one in resources:
            kind, met = str(one["resourceType"]), self._met.setdefault(str(one["resourceType"]), [])
            turn = kind in _RARE or len(met) % _EVERY == 0
            yield self._completed(kind, one, len(met)) if turn and len(met) < _MOST else one
            met.append(f"{kind}/{one['id']}")

    def _completed(self, kind: str, mine: Resource, rank: int) -> Resource:
        """The resource with all that a drawn one has beside, or with those parts of it that every version allows."""
        drawn = self._of(kind)
        if not drawn:
            return mine
        rank = rank if kind in _RARE else rank // _EVERY
        chosen, own = drawn[rank % len(drawn)], _OWN | _OWN_OF.get(kind, frozenset())
        versions = [one for one in self._versions if self._respects(one, kind, mine)]
        whole = self._merged(mine, chosen, own)
        if all(self._respects(one, kind, whole) for one in versions):
            return whole
        for part in _parts(chosen):
            made = self._merged(mine, part, own)
            mine = made if all(self._respects(one, kind, made) for one in versions) else mine
        return mine

    def _of(self, kind: str) -> list[Resource]:
        """Resources of a type drawn from the versions in turn, without what a structure says nothing of."""
        if kind not in self._drawn:
            self._drawn[kind] = found = []
            for index in range(_DRAWN):
                turn = index % len(self._versions)
                names = [name for name, one in self._versions[turn].structures.items() if one["type"] == kind]
                for name in names:
                    said = self._versions[turn].of(name).root.children
                    made = self._makers[turn].resource(name)
                    found.append({key: value for key, value in made.items() if key.lstrip("_") in said})
        return self._drawn[kind]

    def _respects(self, whole: Structures, kind: str, made: Resource) -> bool:
        structure = whole.of_type(kind)
        assert structure is not None
        seen = structure.seen(made, _DAY)
        if seen.invariants and structure.differences(made):
            return False
        told = judged(structure.codings(made), self._release, _DAY).differences if seen.codes else ()
        return all(one.code == "nomenclature.not-held" for one in told)

    def _merged(self, mine: Mapping[str, Any], drawn: Mapping[str, Any], own: frozenset[str]) -> Resource:
        made = dict(mine)
        for name, value in drawn.items():
            if name in own or name == "reference" or (name.startswith("_") and name[1:] not in mine):
                continue
            if name not in mine:
                rooted = self._rooted(value)
                if name.startswith("_") and isinstance(mine[name[1:]], list):
                    rooted = _beside(rooted, len(mine[name[1:]]))
                if rooted:
                    made[name] = rooted
            elif isinstance(value, list) and isinstance(mine[name], list):
                made[name] = self._list(name, mine[name], value)
            elif isinstance(value, dict) and isinstance(mine[name], dict) and not _ATOMS & set(mine[name]):
                made[name] = self._merged(mine[name], value, frozenset())
        return made

    def _list(self, name: str, mine: list[Any], drawn: list[Any]) -> list[Any]:
        if name == "extension":
            return self._extensions(mine, drawn)
        if name in _CODED:
            held = _systems(mine)
            return [*mine, *(one for one in drawn if not _systems([one]) & held)]
        if name in _TOLD_BY:
            told = [one.get(_TOLD_BY[name]) for one in mine]
            return [*mine, *(made for one in drawn if one.get(_TOLD_BY[name]) not in told
                             and (made := self._rooted(one)) is not None)]
        first, other = mine[0], drawn[0]
        if isinstance(first, dict) and isinstance(other, dict) and not {"coding", "reference"} & set(first):
            return [self._merged(first, other, _ATOMS), *mine[1:]]
        return mine

    def _extensions(self, mine: list[Any], drawn: list[Any]) -> list[Any]:
        """Those of other urls are added; one that holds others is completed by those of its parts that it lacks."""
        drawn = [one for one in drawn if not one["url"].endswith(_COUNTED)]
        held = {one["url"]: one for one in drawn}
        made = []
        for one in mine:
            other = held.get(one["url"])
            inside = other is not None and "extension" in one and "extension" in other
            made.append({**one, "extension": self._extensions(one["extension"], other["extension"])}
                        if other is not None and inside else one)
        urls = {one["url"] for one in mine}
        return [*made, *(rooted for one in drawn if one["url"] not in urls and (rooted := self._rooted(one)))]

    def _rooted(self, value: Any) -> Any:
        """The value with references that lead to resources given before; None where there is none of the type."""
        if isinstance(value, list):
            return [made for one in value if (made := self._rooted(one)) is not None] or None
        if not isinstance(value, dict):
            return value
        made = {name: self._target(one) if name == "reference" else self._rooted(one) for name, one in value.items()}
        return None if None in made.values() else made

    def _target(self, reference: str) -> str | None:
        met = self._met.get("".join(reference.split("/")[-2:-1]))
        return met[len(reference) % len(met)] if met else None


def _parts(drawn: Resource) -> Iterator[Resource]:
    """A resource in parts: its members, extensions one by one."""
    for name, value in drawn.items():
        for one in value if name == "extension" else [value]:
            yield {name: [one] if name == "extension" else one}


def _systems(concepts: Sequence[Any]) -> set[str]:
    return {str(coding.get("system")) for one in concepts for coding in one.get("coding", ())}


def _beside(value: Any, count: int) -> list[Any] | None:
    """The companions of the values of a list, as many as these."""
    held = (value if isinstance(value, list) else [value])[:count]
    return [*held, *[None] * (count - len(held))] if any(held) else None


def region(
    offers: int = 300, seed: int = 2017, territory: Territory = OUEST, versions: Sequence[str] = ()
) -> Iterator[Resource]:
    """The resources of the reference ROR: a territory with so many offers, from one seed, completed by what all
    versions allow, or some alone."""
    return Filling(seed, versions or profile.known()).filled(generate(offers, seed, territory))
