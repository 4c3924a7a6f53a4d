"""Of what units resources are, and what the access policy permits of them.

A unit is an offer; other resources are of the units that they serve. What cannot be told (the unit of a place that no
known offer uses, the level of a contact that says none) is told as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.fhir.bundle import Resource, key_of, objects, references

_SENSITIVE = "ror-healthcareservice-sensitive-unit"
_FIELD = "TRE_R227"
_SOCIAL, _CITY = "04", "05"
_LEVEL, _STATUS = "confidentiality-level", "capacityStatus"
_INSTALLED, _ADDITIONAL = "01", "06"
# terms that rest on the element, not on the unit
OF_ELEMENT = frozenset(("open", "not-very-restricted", "installed", "not-additional"))
_FAR = 8  # how many organizations may stand above another


@dataclass(frozen=True, slots=True)
class Unit:
    """Of what units a resource is: sensitive, of the medico-social field, of the city; None: it cannot be told."""

    sensitive: bool | None = None
    social: bool | None = None
    city: bool | None = None


class Units:
    """The units of resources, as known ones tell: an offer of itself, others by the offers that they serve."""

    def __init__(self, known: Iterable[Resource], before: Units | None = None) -> None:
        self._offers: dict[str, Unit] = dict(before._offers) if before else {}
        self._at: dict[str, frozenset[str]] = dict(before._at) if before else {}  # offers by place
        self._above: dict[str, str] = dict(before._above) if before else {}  # by offer or organization
        self._roles: dict[str, frozenset[str]] = dict(before._roles) if before else {}  # situations by professional
        self._served: dict[str, list[str]] = dict(before._served) if before else {}  # offers by situation
        for one in known:
            self._learn(one)
        self._social = {key for offer, unit in self._offers.items() if unit.social for key in self._over(offer)}

    def _learn(self, one: Resource) -> None:
        kind, key = one.get("resourceType"), key_of(one)
        if kind == "HealthcareService":
            self._offers[key] = _of_offer(one)
            self._above[key] = next(iter(references(one, "providedBy")), "")
            for place in references(one, "location"):
                self._at[place] = self._at.get(place, frozenset()) | {key}
        elif kind == "Organization":
            self._above[key] = next(iter(references(one, "partOf")), "")
        elif kind == "PractitionerRole":
            self._served[key] = references(one, "healthcareService")
            for who in references(one, "practitioner"):
                self._roles[who] = self._roles.get(who, frozenset()) | {key}

    def _over(self, key: str) -> Iterator[str]:
        for _ in range(_FAR):
            key = self._above.get(key, "")
            if not key:
                return
            yield key

    def of(self, resource: Resource) -> Unit:
        """The units of a resource."""
        key, kind = key_of(resource), resource.get("resourceType")
        if kind == "HealthcareService":
            return _of_offer(resource)
        if kind == "Organization":  # no condition on sensitive units; one known medico-social offer makes it one
            return Unit(False, True if key in self._social else None, None)
        offers = list(self._at.get(key, ()))
        if kind == "PractitionerRole":
            offers = references(resource, "healthcareService")
        elif kind == "Practitioner":
            offers = [offer for role in self._roles.get(key, ()) for offer in self._served[role]]
        units = [self._offers.get(offer, Unit()) for offer in offers]
        return Unit(*(_agreed(values) for values in (
            [one.sensitive for one in units], [one.social for one in units], [one.city for one in units])))


def _agreed(values: Sequence[bool | None]) -> bool | None:
    return values[0] if values and len(set(values)) == 1 else None


def _of_offer(offer: Resource) -> Unit:
    sensitive = next((one.get("valueBoolean") for one in objects(offer.get("extension"))
                      if str(one.get("url", "")).endswith(_SENSITIVE)), None)
    codes = {coding.get("code") for concept in objects(offer.get("type")) for coding in objects(concept.get("coding"))
             if _FIELD in str(coding.get("system"))}
    fields = (_SOCIAL in codes, _CITY in codes) if codes else (None, None)
    return Unit(sensitive if isinstance(sensitive, bool) else None, *fields)


def may_see(alternatives: Iterable[Iterable[str]], unit: Unit, element: Mapping[str, Any]) -> bool | None:
    """Whether one of the alternatives holds for an element of a resource of a unit; None when it cannot be told."""
    answers = [_all_hold(terms, unit, element) for terms in alternatives]
    return True if True in answers else None if None in answers else False


def _all_hold(terms: Iterable[str], unit: Unit, element: Mapping[str, Any]) -> bool | None:
    answers = [_holds(term, unit, element) for term in terms]
    return False if False in answers else None if None in answers else True


def _holds(term: str, unit: Unit, element: Mapping[str, Any]) -> bool | None:
    if term in ("always", "never"):
        return term == "always"
    if term in ("not-sensitive", "other-field"):
        value = unit.sensitive if term == "not-sensitive" else unit.social
        return None if value is None else not value
    if term in ("medico-social", "city"):
        return unit.social if term == "medico-social" else unit.city
    code = _told(element, _LEVEL if term in ("open", "not-very-restricted") else _STATUS)
    if code is None:
        return None
    return {"open": code == "1", "not-very-restricted": code in ("1", "2"), "installed": code == _INSTALLED,
            "not-additional": code != _ADDITIONAL}[term]


def _told(element: Mapping[str, Any], ending: str) -> str | None:
    """The code of the extension of an element whose url ends so."""
    for one in objects(element.get("extension")):
        concept = one.get("valueCodeableConcept")
        if str(one.get("url", "")).endswith(ending) and isinstance(concept, dict):
            return next((str(coding.get("code")) for coding in objects(concept.get("coding"))), None)
    return None
