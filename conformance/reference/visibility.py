"""What each access profile sees of the region: a view for each, from what there is (ROR-SEC-045 to ROR-SEC-077).

Access profile 1 sees all. A unit is an offer; places, professionals and their situations are of the offers that they
serve, an establishment is medico-social when one of its offers is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.reference.fault import Json
from conformance.reference.fragments import ROR
from conformance.reference.nomenclature import system_url
from conformance.reference.store import Store

ALL = 1
_KNOWING = (1, 4)  # access profiles that see sensitive units
_LEVELS = {0: ("1",), 2: ("1", "2"), 3: ("1",), 4: ("1",), 5: ("1", "2")}
_SOCIAL, _CITY = "04", "05"
_NARROW = frozenset(system_url(name) for name in (
    "TRE_R210-ActeSpecifique", "TRE_R245-SpecialisationDePriseEnCharge", "TRE_R356-ProfessionRessource",
    "TRE_R243-CompetenceSpecifique"))
_CRISIS = (f"{ROR}ror-organization-level-recours-orsan", f"{ROR}ror-organization-drop-zone")
_CONTACT, _CONTACT_TELECOM = f"{ROR}ror-healthcareservice-contact", f"{ROR}ror-healthcareservice-contact-telecom"
_CAPACITY, _EQUIPMENT = f"{ROR}ror-location-supported-capacity", f"{ROR}ror-location-equipment"


@dataclass(frozen=True, slots=True)
class _Setting:
    """The units of a resource: whether all are sensitive, whether one is medico-social, or of the city."""

    sensitive: bool = False
    social: bool = False
    city: bool = False


class Views:
    """The views of a store, each made when it is first asked for; ``changed`` when the store was."""

    def __init__(self, store: Store, seen: Any = None) -> None:
        self._store, self._seen = store, seen
        self._views: dict[int, Store] = {}
        self._settings: dict[str, _Setting] = {}

    def of(self, access: int) -> Store:
        """What an access profile sees."""
        if access == ALL and self._seen is None:
            return self._store
        if access not in self._views:
            self._settings = self._settings or dict(_settings(self._store))
            self._views[access] = Store(self._view(access))
        return self._views[access]

    def changed(self) -> None:
        """Something was written: views are made again."""
        self._views.clear()
        self._settings.clear()

    def _view(self, access: int) -> Iterator[Json]:
        for kind in self._store.kinds():
            for rank in range(self._store.count(kind)):
                whole = self._store.at(kind, rank)
                setting = self._settings.get(f"{kind}/{whole['id']}", _Setting())
                shown = whole if access == ALL else visible(access, whole, setting)
                if self._seen is not None:
                    shown = self._seen(access, whole, shown)
                if shown is not None:
                    yield shown


def _settings(store: Store) -> Iterator[tuple[str, _Setting]]:
    """The units of every resource that has any."""
    offers = {f"HealthcareService/{one['id']}": one for one in _all(store, "HealthcareService")}
    served: dict[str, list[str]] = {}
    for key, offer in offers.items():
        served[key] = [key]
        for place in offer.get("location", ()):
            served.setdefault(str(place.get("reference")), []).append(key)
        for above in _above(store, offer):
            served.setdefault(above, []).append(key)
    for role in _all(store, "PractitionerRole"):
        mine = [str(one.get("reference")) for one in role.get("healthcareService", ())]
        served[f"PractitionerRole/{role['id']}"] = mine
        served.setdefault(str(role.get("practitioner", {}).get("reference")), []).extend(mine)
    facts = {key: (_sensitive(offer), *_field(offer)) for key, offer in offers.items()}
    for key, keys in served.items():
        known = [facts[one] for one in keys if one in facts]
        if known:
            sensitive, social, city = zip(*known, strict=True)
            yield key, _Setting(all(sensitive), any(social), any(city))


def _all(store: Store, kind: str) -> Iterator[Json]:
    return (store.at(kind, rank) for rank in range(store.count(kind)))


def _above(store: Store, offer: Json) -> Iterator[str]:
    reference = str(offer.get("providedBy", {}).get("reference", ""))
    while reference:
        yield reference
        organization = store.get("Organization", reference.partition("/")[2]) or {}
        reference = str(organization.get("partOf", {}).get("reference", ""))


def _sensitive(offer: Json) -> bool:
    return any(one.get("url") == f"{ROR}ror-healthcareservice-sensitive-unit" and one.get("valueBoolean") is True
               for one in offer.get("extension", ()))


def _field(offer: Json) -> tuple[bool, bool]:
    codes = {coding.get("code") for concept in offer.get("type", ()) for coding in concept.get("coding", ())}
    return _SOCIAL in codes, _CITY in codes


def visible(access: int, whole: Json, setting: _Setting) -> Json | None:
    """What an access profile, other than that of all, sees of a resource; None when it does not see it."""
    kind = whole["resourceType"]
    if kind != "Organization" and setting.sensitive and access not in _KNOWING:
        return None
    if kind in ("Practitioner", "PractitionerRole") and not _sees_professionals(access, setting):
        return None
    levels = _LEVELS[2] if access == 3 and setting.social else _LEVELS[access]
    narrow = access not in (0, 3) or (access == 3 and setting.social)
    part = {"HealthcareService": _offer, "Location": _place, "Organization": _organization,
            "PractitionerRole": _situation}.get(kind)
    return part(whole, access, levels, narrow) if part is not None else whole


def _sees_professionals(access: int, setting: _Setting) -> bool:
    return setting.city if access == 0 else setting.social if access == 3 else True


def _offer(whole: Json, _access: int, levels: tuple[str, ...], narrow: bool) -> Json:
    def contact(one: Json) -> Json | None:
        if one.get("url") != _CONTACT:
            return one
        if _level(one) not in levels:
            return None
        return _with(one, extension=[inner for inner in one["extension"] if inner.get("url") != _CONTACT_TELECOM
                                     or _level(inner) in levels])

    made = _with(whole, extension=_some(map(contact, whole.get("extension", ()))))
    if narrow:
        return made
    return _with(made, characteristic=[one for one in whole.get("characteristic", ()) if not _NARROW & _systems(one)])


def _place(whole: Json, access: int, levels: tuple[str, ...], narrow: bool) -> Json:
    def shown(one: Json) -> bool:
        url = one.get("url")
        if url == _CAPACITY:
            status = _coded(one, "capacityStatus")
            return narrow and (access == 4 or status == "01" or (access in (2, 3) and status != "06"))
        return narrow or url != _EQUIPMENT

    if access == 3 and not narrow:  # telecoms of places are of the medico-social field alone
        levels = ()
    return _with(whole, extension=[one for one in whole.get("extension", ()) if shown(one)],
                 telecom=_telecoms(whole, levels))


def _organization(whole: Json, access: int, levels: tuple[str, ...], _narrow: bool) -> Json:
    contacts = [_with(one, telecom=_telecoms(one, levels)) for one in whole.get("contact", ())
                if _level(one) in levels]
    hidden = () if access == 4 else _CRISIS
    return _with(whole, extension=[one for one in whole.get("extension", ()) if one.get("url") not in hidden],
                 contact=contacts)


def _situation(whole: Json, _access: int, levels: tuple[str, ...], _narrow: bool) -> Json:
    return _with(whole, telecom=_telecoms(whole, levels))


def _telecoms(holder: Mapping[str, Any], levels: tuple[str, ...]) -> list[Json]:
    return [one for one in holder.get("telecom", ()) if _level(one) in levels]


def _with(whole: Json, **members: list[Any]) -> Json:
    """An object with members replaced, without those that are empty; itself when nothing changes."""
    changed = {name: value for name, value in members.items() if value != whole.get(name, [])}
    if not changed:
        return whole
    return {name: changed.get(name, held) for name, held in whole.items() if changed.get(name, held) != []}


def _some(values: Any) -> list[Json]:
    return [one for one in values if one is not None]


def _systems(concept: Json) -> set[str]:
    return {str(coding.get("system")) for coding in concept.get("coding", ())}


def _level(element: Json) -> str:
    """The level of confidentiality that an element says; the strictest when it says none."""
    return _coded(element, "confidentiality-level") or "3"


def _coded(element: Json, ending: str) -> str:
    for one in element.get("extension", ()):
        if str(one.get("url", "")).endswith(ending):
            coding = one.get("valueCodeableConcept", {}).get("coding") or [{}]
            return str(coding[0].get("code", ""))
    return ""
