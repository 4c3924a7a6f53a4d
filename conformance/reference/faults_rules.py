"""Faults of the resources themselves: rules that hold between elements, and what references point at."""

from __future__ import annotations

from conformance.reference.changes import only, sometimes
from conformance.reference.fault import Fault, Json


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


RULES: tuple[Fault, ...] = (
    Fault(
        "hs-period-reversed",
        {"fr": "Une fermeture finit avant de commencer", "en": "A closing ends before it starts"},
        "ROR-STR-HealthcareService.notAvailable",
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
        },
        resource=only("HealthcareService", sometimes(_provided_by_a_place)),
    ),
)
