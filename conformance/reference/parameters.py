"""The search parameters that the server has, by resource type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from conformance.reference import extract
from conformance.reference.extract import Extract, coded_extension, concepts, reference
from conformance.reference.fragments import ROR

ORDERED = frozenset(("date", "number", "quantity"))


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter: how it is compared, what it reads, where its references lead."""

    name: str
    kind: str
    extract: Extract
    target: str = ""


def _table(*rows: Parameter) -> Mapping[str, Parameter]:
    return MappingProxyType({row.name: row for row in rows})


_COMMON = (
    Parameter("_id", "token", extract.technical_id),
    Parameter("_lastUpdated", "date", extract.last_updated),
    Parameter("_tag", "token", extract.tags),
    Parameter("identifier", "token", extract.identifiers),
)


def _coded(name: str, outer: str, *path: str) -> Parameter:
    return Parameter(name, "token", coded_extension(outer, *path))


def _capacity(name: str, inner: str) -> Parameter:
    return _coded(name, "ror-location-supported-capacity", inner)


def _price(name: str, inner: str) -> Parameter:
    return _coded(name, "ror-organization-price", inner)


_LIMIT = ROR + "ror-location-equipment-limit"

_HEALTHCARE_SERVICE = _table(
    *_COMMON,
    Parameter("_content", "content", extract.content),
    Parameter("name", "string", extract.texts("name")),
    Parameter("service-category", "token", concepts("category")),
    Parameter("service-type", "token", concepts("type")),
    Parameter("characteristic", "token", concepts("characteristic")),
    Parameter("specialty", "token", concepts("specialty")),
    Parameter("location", "reference", reference("location"), "Location"),
    Parameter("organization", "reference", reference("providedBy"), "Organization"),
    Parameter("age-range-low", "quantity", extract.age("low")),
    Parameter("age-range-high", "quantity", extract.age("high")),
    _coded("intervention-zone", "ror-territorial-division", "codeTerritorialDivision"),
    Parameter("notavailable-closing-reopeningdate", "date", extract.closing),
    _coded("patient-type", "ror-healthcareservice-patient-type", "supportedPatientInfo"),
    Parameter("psychiatric-sector", "string", extract.text_extension("ror-healthcareservice-psychiatric-sector")),
)
_LOCATION = _table(
    *_COMMON,
    Parameter("_content", "content", extract.content),
    Parameter("type", "token", concepts("type")),
    Parameter("near", "near", extract.position),
    Parameter("near-insee-code", "near", extract.position),
    Parameter("status", "token", extract.code("status", "http://hl7.org/fhir/location-status")),
    Parameter("operational-status", "token", extract.coding("operationalStatus")),
    Parameter("address-postalcode", "string", extract.address("postalCode")),
    Parameter("address-city", "string", extract.address("city")),
    _capacity("additional-bed-type", "additionalBedType"),
    _capacity("capacity-closing-type", "capacityClosingType"),
    _capacity("capacity-status", "capacityStatus"),
    _capacity("capacity-type", "capacityType"),
    Parameter(
        "capacity-update-date", "date", extract.moment("ror-location-supported-capacity", "capacityUpdateDate")
    ),
    _coded("commune-cog", "ror-commune-cog"),
    _capacity("crisis-type", "crisisType"),
    _coded("equipment-feature", "ror-location-equipment", _LIMIT, "equipmentFeature"),
    _coded("equipment-type", "ror-location-equipment", "equipmentType"),
    _capacity("gender-capacity-available", "genderCapacityAvailable"),
    Parameter("limit-value", "quantity", extract.limits),
    Parameter("nb-capacity", "number", extract.integers("ror-location-supported-capacity", "nbCapacity")),
    Parameter(
        "residential-number", "number", extract.integers("ror-location-residential-capacity", "residentialNumber")
    ),
    _coded("residential-type", "ror-location-residential-capacity", "residentialType"),
    _capacity("temporality-capacity", "temporalityCapacity"),
    _capacity("temporary-assignement", "temporaryAssignement"),
)
_ORGANIZATION = _table(
    *_COMMON,
    Parameter("_content", "content", extract.content),
    Parameter("name", "string", extract.texts("name", "alias")),
    Parameter("type", "token", concepts("type")),
    Parameter("partof", "reference", reference("partOf"), "Organization"),
    # the SearchParameter says amount-value, the CapabilityStatement and the documentation price-amount-value
    Parameter("price-amount-value", "number", extract.amounts),
    Parameter("amount-value", "number", extract.amounts),
    _coded("closing-type", "ror-organization-closing-type"),
    Parameter("drop-zone", "token", extract.flag("ror-organization-drop-zone")),
    Parameter("period-end", "date", extract.period_end),
    _price("price-dependency-level", "dependencyLevel"),
    _price("price-residential-type", "residentialType"),
    _price("price-type", "priceType"),
    _price("price-unit", "priceUnit"),
    Parameter("price-validity-start-date", "date", extract.moment("ror-organization-price", "startDate")),
    _price("price-welcome-type", "welcomeType"),
    _price("special-price", "specialPrice"),
)
_PRACTITIONER_ROLE = _table(
    *_COMMON,
    Parameter("service", "reference", reference("healthcareService"), "HealthcareService"),
    Parameter("practitioner", "reference", reference("practitioner"), "Practitioner"),
)
_TASK = _table(
    *_COMMON,
    Parameter("_content", "content", extract.content),
    Parameter("focus", "reference", reference("focus"), "HealthcareService"),
    Parameter("business-status", "token", concepts("businessStatus")),
    Parameter("authored-on", "date", extract.instant("authoredOn")),
)

_QUESTIONNAIRE = _table(
    *_COMMON,
    Parameter("context", "token", extract.use_context),
    Parameter("status", "token", extract.code("status", "http://hl7.org/fhir/publication-status")),
    Parameter("name", "string", extract.texts("name")),
    Parameter("title", "string", extract.texts("title")),
)
_MEASURE_REPORT = _table(
    *_COMMON,
    Parameter("date", "date", extract.instant("date")),
    Parameter("measure", "reference", extract.measure, "Measure"),
)

PARAMETERS: Mapping[str, Mapping[str, Parameter]] = MappingProxyType(
    {
        "HealthcareService": _HEALTHCARE_SERVICE,
        "Location": _LOCATION,
        "Organization": _ORGANIZATION,
        "Practitioner": _table(*_COMMON),
        "PractitionerRole": _PRACTITIONER_ROLE,
        "Task": _TASK,
        "Questionnaire": _QUESTIONNAIRE,
        "Measure": _table(*_COMMON),
        "MeasureReport": _MEASURE_REPORT,
    }
)
# _filter and _has are served where the guide declares them
FILTERED = frozenset(("HealthcareService", "Location"))
HAS = frozenset(("HealthcareService", "Location", "Measure"))
