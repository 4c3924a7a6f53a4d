"""What a ROR describes, as few facts: establishments and legal entities, offers with where they stand. Resources are
learnt one by one and let go, so that a whole region fits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.fhir.bundle import Resource, key_of, objects, references
from conformance.nomenclature import Release, ValueSet

_GUIDE = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/"
_FINESS = "finess.esante.gouv.fr"
_NATIONAL = "40"  # identifier of structures, national
_FAR = 8


@dataclass(frozen=True, slots=True)
class Structure:
    """A legal entity (``category`` empty), an establishment, or an internal organisation (``internal``)."""

    key: str
    region: str
    finess: str
    national: str
    category: str
    legal: bool
    internal: bool
    closing: str
    above: str

    @property
    def open(self) -> bool:
        """Whether it is not closed for good."""
        return self.closing != "DEF"


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer, an elementary unit; ``complete`` are the criteria of description that it meets by itself."""

    key: str
    region: str
    name: str
    fields: frozenset[str]
    activities: frozenset[str]
    modes: frozenset[str]
    categories: frozenset[str]
    receptions: frozenset[str]
    closing: str
    sensitive: bool
    updated: str
    provider: str
    places: tuple[str, ...]
    complete: frozenset[str]

    @property
    def open(self) -> bool:
        """Whether it is not closed for good."""
        return self.closing != "DEF"


@dataclass(frozen=True, slots=True)
class Site:
    """A place: whether it has a whole address, how many beds and places are installed."""

    addressed: bool
    installed: int


@dataclass
class Estate:
    """All that was learnt; ``release`` says which codes there are."""

    release: Release
    structures: dict[str, Structure] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)
    sites: dict[str, Site] = field(default_factory=dict)
    rows: Counter[tuple[str, str]] = field(default_factory=Counter)  # by type and region
    latest: dict[tuple[str, str], str] = field(default_factory=dict)
    _met_keys: set[str] = field(default_factory=set, repr=False)

    def learn(self, one: Resource) -> None:
        """Takes in a resource; another one of the same id takes its place."""
        kind, key, region = str(one.get("resourceType", "")), key_of(one), _region(one)
        if key not in self._met_keys:
            self._met_keys.add(key)
            self.rows[kind, region] += 1
        self.latest[kind, region] = max(self.latest.get((kind, region), ""), _updated(one))
        if kind == "Organization":
            self.structures[key] = _structure(one, key, region)
        elif kind == "HealthcareService":
            self.offers[key] = self._offer(one, key, region)
        elif kind == "Location":
            self.sites[key] = _site(one)

    def _offer(self, one: Resource, key: str, region: str) -> Offer:
        characteristics = one.get("characteristic")
        return Offer(
            key, region, str(one.get("name", "")), _codes(one.get("type"), "TRE_R227"),
            _codes(one.get("specialty"), "TRE_R211"), _codes(characteristics, "TRE_R213"),
            _codes(one.get("category"), "TRE_R244"), _codes(characteristics, "TRE_R240"),
            next(iter(sorted(_codes(characteristics, "TRE_R286"))), ""),
            any(each.get("valueBoolean") is True for each in _extensions(one, "ror-healthcareservice-sensitive-unit")),
            _updated(one), next(iter(references(one, "providedBy")), ""), tuple(references(one, "location")),
            frozenset(self._met(one)),
        )

    def _met(self, one: Resource) -> Iterator[str]:
        """The criteria of description that an offer meets by itself."""
        for criterion, held, name in (
            ("field", one.get("type"), "JDV_J20-ChampActivite-ROR"),
            ("mode", one.get("characteristic"), "JDV_J19-ModePriseEnCharge-ROR"),
            ("activity", one.get("specialty"), "JDV_J17-ActiviteOperationnelle-ROR"),
            ("category", one.get("category"), "JDV_J238-TypeOffre-ROR"),
        ):
            if _held(held, self.release.value_set(name)):
                yield criterion
        ranges = [inner.get("valueRange") for each in _extensions(one, "ror-healthcareservice-patient-type")
                  for inner in objects(each.get("extension")) if inner.get("url") == "ageRange"]
        if any(isinstance(each, dict) and {"low", "high"} <= set(each) for each in ranges):
            yield "ages"
        if any(self._reachable(each) for each in _extensions(one, "ror-healthcareservice-contact")):
            yield "contact"

    def _reachable(self, contact: Mapping[str, Any]) -> bool:
        """Whether a contact has a nature that is known and a telecom with channel, address and level."""
        inside = objects(contact.get("extension"))
        natures = [one.get("valueCodeableConcept") for one in inside if one.get("url") == "purposeContact"]
        telecoms = [one for one in inside if str(one.get("url", "")).endswith("contact-telecom")]
        wanted = ("communication-channel", "telecomAddress", "confidentiality-level")
        return _held(natures, self.release.value_set("JDV_J221-NatureContact-ROR")) and any(
            all(any(str(part.get("url", "")).endswith(word) for part in objects(one.get("extension")))
                for word in wanted) for one in telecoms)

    def establishment(self, key: str) -> Structure | None:
        """The establishment that an offer or an internal organisation belongs to."""
        offer = self.offers.get(key)
        here = self.structures.get(offer.provider if offer else key)
        for _ in range(_FAR):
            if here is None or (here.category and not here.internal):
                return here
            here = self.structures.get(here.above)
        return None

    def establishments(self) -> list[Structure]:
        """The establishments, in their order."""
        return [one for one in self.structures.values() if one.category and not one.internal and not one.legal]

    def offers_by_establishment(self) -> dict[str, list[Offer]]:
        """The open offers by the key of their establishment."""
        found: dict[str, list[Offer]] = {}
        for offer in self.offers.values():
            house = self.establishment(offer.key)
            if house is not None and offer.open:
                found.setdefault(house.key, []).append(offer)
        return found


def _structure(one: Resource, key: str, region: str) -> Structure:
    types, closing = one.get("type"), ""
    for each in _extensions(one, "ror-organization-closing-type"):
        concept = each.get("valueCodeableConcept")
        closing = next(iter(sorted(_codes([concept], ""))), closing)
    numbers = {}
    for each in objects(one.get("identifier")):
        concept = each.get("type")
        code = next(iter(sorted(_codes([concept], "TRE_G07"))), "")
        numbers[code] = str(each.get("value", ""))
        if _FINESS in str(each.get("system", "")):
            numbers["finess"] = str(each.get("value", ""))
    return Structure(
        key, region, numbers.get("finess", ""), numbers.get(_NATIONAL, ""),
        next(iter(sorted(_codes(types, "TRE_R66") or _codes(types, "TRE_R316"))), ""), bool(_codes(types, "TRE_R72")),
        bool(_codes(types, "TRE_R207")), closing, next(iter(references(one, "partOf")), ""))


def _site(one: Resource) -> Site:
    address = one.get("address")
    address = address if isinstance(address, dict) else {}
    named = bool(address.get("line") or any(str(part.get("url", "")).startswith("http") and part.get("valueString")
                                            for line in objects(address.get("_line"))
                                            for part in objects(line.get("extension"))))
    installed = 0
    for each in _extensions(one, "ror-location-supported-capacity"):
        inside = {str(part.get("url", "")): part for part in objects(each.get("extension"))}
        status = inside.get("capacityStatus", {}).get("valueCodeableConcept")
        number = inside.get("nbCapacity", {}).get("valueInteger")
        if "01" in _codes([status], "TRE_R330") and isinstance(number, int):
            installed += number
    return Site(bool(address.get("city") and address.get("postalCode") and named), installed)


def _extensions(one: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [each for each in objects(one.get("extension")) if each.get("url") == _GUIDE + name]


def _pairs(concepts: Any) -> Iterator[tuple[str, str]]:
    for concept in objects(concepts):
        for coding in objects(concept.get("coding")):
            yield str(coding.get("system", "")), str(coding.get("code", ""))


def _codes(concepts: Any, system: str) -> frozenset[str]:
    """The codes of concepts in a code system, by its short name (all of them for none)."""
    wanted = re.compile(rf"{system}\b|{system}-") if system else None
    return frozenset(code for held, code in _pairs(concepts) if wanted is None or wanted.search(held))


def _held(concepts: Any, wanted: ValueSet | None) -> bool:
    return wanted is not None and any(wanted.holds(system, code) for system, code in _pairs(concepts))


def _meta(one: Resource) -> Mapping[str, Any]:
    meta = one.get("meta")
    return meta if isinstance(meta, dict) else {}


def _region(one: Resource) -> str:
    return next((str(tag.get("code", "")) for tag in objects(_meta(one).get("tag"))
                 if "TRE_R30" in str(tag.get("system", ""))), "")


def _updated(one: Resource) -> str:
    return str(_meta(one).get("lastUpdated", ""))


def fields_of(offers: Sequence[Offer]) -> frozenset[str]:
    """The fields of activity of some offers."""
    return frozenset(code for one in offers for code in one.fields)
