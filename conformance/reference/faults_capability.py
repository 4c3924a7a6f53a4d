"""Faults of the CapabilityStatement: what it declares and does not serve, what it serves and does not declare."""

from __future__ import annotations

from collections.abc import Callable

from conformance.reference.fault import Fault, Json

Change = Callable[[Json], Json]


def _resources(change: Change) -> Change:
    def apply(statement: Json) -> Json:
        rest = statement["rest"][0]
        return {**statement, "rest": [{**rest, "resource": [change(each) for each in rest["resource"]]}]}

    return apply


def _of(kind: str, change: Change) -> Change:
    return _resources(lambda resource: change(resource) if resource["type"] == kind else resource)


def _declaring(*codes: str) -> Change:
    return lambda resource: {
        **resource,
        "interaction": [*resource["interaction"], *({"code": code} for code in codes)],
    }


def _not_declaring(code: str) -> Change:
    return lambda resource: {
        **resource,
        "interaction": [each for each in resource["interaction"] if each["code"] != code],
    }


def _without_parameter(name: str) -> Change:
    return lambda resource: {
        **resource,
        "searchParam": [each for each in resource["searchParam"] if each["name"] != name],
    }


CAPABILITY: tuple[Fault, ...] = (
    Fault(
        "capability-declares-history",
        {
            "fr": "metadata déclare vread et history, qui répondent 404",
            "en": "metadata declares vread and history, which answer 404",
        },
        "ROR-CAP-001",
        {"ROR-HTTP-147": "vread and history are not of the guide"},
        capability=_of("HealthcareService", _declaring("vread", "history-instance")),
    ),
    Fault(
        "capability-omits-search",
        {
            "fr": "metadata oublie un paramètre de recherche du guide",
            "en": "metadata omits a search parameter of the guide",
        },
        "ROR-CAP-002",
        {},
        capability=_of("HealthcareService", _without_parameter("specialty")),
    ),
    Fault(
        "capability-omits-capacity",
        {"fr": "metadata oublie nb-capacity", "en": "metadata omits nb-capacity"},
        "ROR-CAP-002",
        {"ROR-HTTP-079": "nb-capacity is not declared"},
        capability=_of("Location", _without_parameter("nb-capacity")),
    ),
    Fault(
        "capability-omits-offer-read",
        {"fr": "metadata oublie la lecture des offres", "en": "metadata omits the reading of offers"},
        "ROR-HTTP-142",
        {},
        capability=_of("HealthcareService", _not_declaring("read")),
    ),
    Fault(
        "capability-omits-location-search",
        {"fr": "metadata oublie la recherche de lieux", "en": "metadata omits the search of places"},
        "ROR-HTTP-141",
        {},
        capability=_of("Location", _not_declaring("search-type")),
    ),
    Fault(
        "capability-omits-organization-read",
        {"fr": "metadata oublie la lecture des organisations", "en": "metadata omits the reading of organizations"},
        "ROR-HTTP-143",
        {},
        capability=_of("Organization", _not_declaring("read")),
    ),
    Fault(
        "capability-fhir-version",
        {"fr": "metadata annonce une autre version de FHIR", "en": "metadata announces another version of FHIR"},
        "ROR-HTTP-140",
        {"ROR-CAP-001": "R4 is served"},
        capability=lambda statement: {**statement, "fhirVersion": "3.0.2"},
    ),
)
