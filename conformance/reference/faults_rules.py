"""Faults of the resources themselves: rules that hold between elements, and what references point at."""

from __future__ import annotations

from conformance.reference.changes import Change, only, sometimes
from conformance.reference.fault import Asked, Fault, Json
from conformance.reference.fragments import ROR

_CONTACT, _SENSITIVE = f"{ROR}ror-healthcareservice-contact", f"{ROR}ror-healthcareservice-sensitive-unit"


def _reversed(resource: Json) -> Json:
    """A period of closing whose ends changed places."""
    if "notAvailable" not in resource:
        return resource
    return {**resource, "notAvailable": [
        {**one, "during": {"start": one["during"]["end"], "end": one["during"]["start"]}}
        if {"start", "end"} <= set(one.get("during", {})) else one for one in resource["notAvailable"]]}


def _at_home(resource: Json) -> Json:
    if "address" not in resource:
        return resource
    return {**resource, "address": [{**one, "use": "home"} for one in resource["address"]]}


def _same_ids(resource: Json) -> Json:
    """An address and a position of the same element id."""
    if "address" not in resource or "position" not in resource:
        return resource
    rest = {name: value for name, value in resource.items() if name not in ("address", "position")}
    return {**rest, "address": {"id": "a", **resource["address"]}, "position": {"id": "a", **resource["position"]}}


def _provided_by_a_place(resource: Json) -> Json:
    place = resource.get("location", [{"reference": "Location/1"}])[0]
    return {**resource, "providedBy": place}


def _without_level(name: str) -> Change:
    """The members of a list lose the level of confidentiality that they say."""
    def changed(resource: Json) -> Json:
        if name not in resource:
            return resource
        return {**resource, name: [{**one, "extension": _unlevelled(one.get("extension", []))}
                                   for one in resource[name]]}
    return changed


def _unlevelled(extensions: list[Json]) -> list[Json]:
    return [one for one in extensions if not str(one.get("url", "")).endswith("confidentiality-level")]


def _contact_without_level(resource: Json) -> Json:
    return {**resource, "extension": [
        {**one, "extension": _unlevelled(one["extension"])} if one["url"] == _CONTACT else one
        for one in resource["extension"]]}


def _open_contacts(resource: Json) -> Json:
    """The contacts of a sensitive unit are open to all."""
    if not any(one["url"] == _SENSITIVE and one.get("valueBoolean") for one in resource["extension"]):
        return resource
    return {**resource, "extension": [
        {**one, "extension": [_opened(inner) for inner in one["extension"]]} if one["url"] == _CONTACT else one
        for one in resource["extension"]]}


def _opened(extension: Json) -> Json:
    if extension["url"] != f"{ROR}ror-confidentiality-level":
        return extension
    coding = extension["valueCodeableConcept"]["coding"][0]
    return {**extension, "valueCodeableConcept": {"coding": [{**coding, "code": "1"}]}}


def _shrunk(bundle: Json, _asked: Asked) -> Json:
    """Distances in another unit than they say: ten times too short."""
    def longer(extension: Json) -> Json:
        value = extension["valueDistance"]
        return {**extension, "valueDistance": {**value, "value": round(value["value"] * 0.1, 3)}}

    entries = [{**one, "search": {**one["search"], "extension": [longer(each) for each in one["search"]["extension"]]}}
               if "extension" in one.get("search", {}) else one for one in bundle.get("entry", [])]
    return {**bundle, "entry": entries} if entries else bundle


RULES: tuple[Fault, ...] = (
    Fault(
        "hs-period-reversed",
        {"fr": "Une fermeture finit avant de commencer", "en": "A closing ends before it starts"},
        "ROR-STR-HealthcareService.notAvailable:closingReopeningDate",
        {
            "ROR-STR-HealthcareService.notAvailable:closingReopeningDate.during.start": "the dates changed places",
            "ROR-SP-HS-notavailable-closing-reopeningdate": "the dates changed places",
        },
        resource=only("HealthcareService", _reversed),
    ),
    Fault(
        "loc-element-id-twice",
        {"fr": "Deux éléments d'un lieu ont le même id", "en": "Two elements of a place have the same id"},
        "ROR-STR-Location.position",
        resource=only("Location", _same_ids),
    ),
    Fault(
        "org-address-at-home",
        {"fr": "L'adresse d'une organisation est un domicile", "en": "The address of an organization is a home"},
        "ROR-STR-Organization.address",
        resource=only("Organization", _at_home),
    ),
    Fault(
        "hs-reference-to-a-place",
        {"fr": "Une offre est rattachée à un lieu", "en": "An offer is provided by a place"},
        "ROR-STR-HealthcareService.providedBy",
        {
            "ROR-HTTP-033": "the reference leads nowhere",
            "ROR-HTTP-053": "the reference leads nowhere",
            "ROR-HTTP-058": "the reference leads nowhere",
        },
        resource=only("HealthcareService", sometimes(_provided_by_a_place)),
    ),
    Fault(
        "loc-telecom-without-level",
        {"fr": "Les telecoms d'un lieu ne disent pas leur niveau", "en": "Telecoms of a place do not say their level"},
        "ROR-SEC-055",
        {"ROR-STR-Location.telecom.extension:ror-telecom-confidentiality-level": "the same extension",
         "ROR-STR-Location.telecom.extension": "there must be two extensions"},
        resource=only("Location", sometimes(_without_level("telecom"))),
    ),
    Fault(
        "org-contact-without-level",
        {"fr": "Les contacts d'un établissement ne disent pas leur niveau",
         "en": "Contacts of an establishment do not say their level"},
        "ROR-SEC-056",
        {"ROR-STR-Organization.contact.extension:ror-contact-confidentiality-level": "the same extension",
         "ROR-STR-Organization.contact.extension": "there must be an extension"},
        resource=only("Organization", sometimes(_without_level("contact"))),
    ),
    Fault(
        "hs-contact-without-level",
        {"fr": "Les contacts d'une offre ne disent pas leur niveau",
         "en": "Contacts of an offer do not say their level"},
        "ROR-SEC-057",
        {"ROR-STR-ror-healthcareservice-contact.extension:ror-confidentiality-level": "the same extension",
         "ROR-STR-ror-healthcareservice-contact.extension": "the same extension",
         "ROR-SEC-064": "a contact of a sensitive unit without a level is not of the very restricted one"},
        resource=only("HealthcareService", sometimes(_contact_without_level)),
    ),
    Fault(
        "hs-sensitive-contact-open",
        {"fr": "Les contacts d'une unité sensible sont en libre accès", "en": "Contacts of a sensitive unit are open"},
        "ROR-SEC-064",
        resource=only("HealthcareService", _open_contacts),
    ),
    Fault(
        "distance-too-short",
        {"fr": "Les distances ne sont pas celles du WGS84", "en": "Distances are not those of WGS84"},
        "ROR-HTTP-043",
        bundle=_shrunk,
    ),
)
