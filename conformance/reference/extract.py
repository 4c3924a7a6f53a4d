"""What each search parameter reads in a resource, written by hand: no FHIRPath here, the judge has its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from conformance.reference import dates
from conformance.reference.fragments import ROR
from conformance.reference.values import Quantity, fold

Resource = Mapping[str, Any]
Extract = Callable[[Resource], Iterator[Any]]
Pair = tuple[str, str]


def extensions(element: Mapping[str, Any], url: str) -> Iterator[Mapping[str, Any]]:
    """The extensions of an element with a url."""
    for extension in element.get("extension", ()):
        if extension.get("url") == url:
            yield extension


def concept(value: Mapping[str, Any] | None) -> Iterator[Pair]:
    """The tokens of a CodeableConcept."""
    for coding in (value or {}).get("coding", ()):
        if "code" in coding:
            yield coding.get("system", ""), str(coding["code"])


def concepts(name: str) -> Extract:
    """The tokens of an element of CodeableConcepts, one or many."""

    def read(resource: Resource) -> Iterator[Pair]:
        value = resource.get(name) or ()
        for each in (value,) if isinstance(value, Mapping) else value:
            yield from concept(each)

    return read


def coding(name: str) -> Extract:
    """The token of an element that is one Coding."""

    def read(resource: Resource) -> Iterator[Pair]:
        value = resource.get(name)
        if value and "code" in value:
            yield value.get("system", ""), str(value["code"])

    return read


def code(name: str, system: str) -> Extract:
    """The token of a code element, whose system is implied by its binding."""

    def read(resource: Resource) -> Iterator[Pair]:
        if name in resource:
            yield system, str(resource[name])

    return read


def tags(resource: Resource) -> Iterator[Pair]:
    """The tokens of meta.tag."""
    for tag in resource.get("meta", {}).get("tag", ()):
        yield tag.get("system", ""), str(tag.get("code", ""))


def technical_id(resource: Resource) -> Iterator[Pair]:
    """The logical id."""
    yield "", str(resource["id"])


def identifiers(resource: Resource) -> Iterator[Pair]:
    """The identifiers as system and value."""
    for identifier in _many(resource.get("identifier")):
        if "value" in identifier:
            yield identifier.get("system", ""), str(identifier["value"])


def typed_identifiers(resource: Resource) -> Iterator[tuple[str, str, str]]:
    """The identifiers as system of type, code of type, value: what ``:of-type`` reads."""
    for identifier in _many(resource.get("identifier")):
        for system, kind in concept(identifier.get("type")):
            yield system, kind, str(identifier.get("value", ""))


def _many(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list) else (value,)


def texts(*names: str) -> Extract:
    """The strings of first-level elements."""

    def read(resource: Resource) -> Iterator[str]:
        for name in names:
            yield from _many(resource.get(name))

    return read


def address(name: str) -> Extract:
    """A part of the addresses of a resource."""

    def read(resource: Resource) -> Iterator[str]:
        for each in _many(resource.get("address")):
            if name in each:
                yield each[name]

    return read


def reference(name: str) -> Extract:
    """The references of an element, as ``Type/id``."""

    def read(resource: Resource) -> Iterator[str]:
        for each in _many(resource.get(name)):
            if "reference" in each:
                yield "/".join(str(each["reference"]).rsplit("/", 2)[-2:])

    return read


def under(outer: str, *path: str) -> Callable[[Resource], Iterator[Mapping[str, Any]]]:
    """The extensions reached from a resource by a ROR extension and further urls inside it."""

    def read(resource: Resource) -> Iterator[Mapping[str, Any]]:
        level = list(extensions(resource, outer if "://" in outer else ROR + outer))
        for url in path:
            level = [inner for extension in level for inner in extensions(extension, url)]
        yield from level

    return read


def coded_extension(outer: str, *path: str) -> Extract:
    """The tokens of extensions whose value is a CodeableConcept."""
    found = under(outer, *path)
    return lambda resource: (pair for each in found(resource) for pair in concept(each.get("valueCodeableConcept")))


def flag(outer: str) -> Extract:
    """The token of an extension whose value is a boolean."""
    found = under(outer)

    def read(resource: Resource) -> Iterator[Pair]:
        for each in found(resource):
            if "valueBoolean" in each:
                yield "http://hl7.org/fhir/special-values", "true" if each["valueBoolean"] else "false"

    return read


def text_extension(outer: str) -> Extract:
    """The strings of extensions."""
    found = under(outer)
    return lambda resource: (each["valueString"] for each in found(resource) if "valueString" in each)


def integers(outer: str, *path: str) -> Extract:
    """The numbers of extensions whose value is an integer."""
    found = under(outer, *path)
    return lambda resource: (Decimal(str(each["valueInteger"])) for each in found(resource) if "valueInteger" in each)


def amounts(resource: Resource) -> Iterator[Decimal]:
    """The amounts of the prices of an organization."""
    for each in under("ror-organization-price", "amount")(resource):
        if "value" in each.get("valueMoney", {}):
            yield Decimal(str(each["valueMoney"]["value"]))


def quantity(value: Mapping[str, Any]) -> Quantity:
    """A Quantity as number, system, code, unit."""
    return Decimal(str(value["value"])), value.get("system", ""), value.get("code", ""), value.get("unit", "")


def age(side: str) -> Extract:
    """One side of the age range of an offer."""

    def read(resource: Resource) -> Iterator[Quantity]:
        for each in under("ror-healthcareservice-patient-type", "ageRange")(resource):
            bound = each.get("valueRange", {}).get(side)
            if bound and "value" in bound:
                yield quantity(bound)

    return read


def limits(resource: Resource) -> Iterator[Quantity]:
    """The limits of the equipment of a place, nested in the equipment extension."""
    for each in under("ror-location-equipment", ROR + "ror-location-equipment-limit", "limitValue")(resource):
        if "value" in each.get("valueQuantity", {}):
            yield quantity(each["valueQuantity"])


def moment(outer: str, *path: str) -> Extract:
    """The intervals of extensions whose value is a date or a dateTime."""
    found = under(outer, *path)

    def read(resource: Resource) -> Iterator[dates.Span]:
        for each in found(resource):
            span = dates.span(str(each.get("valueDateTime") or each.get("valueDate") or ""))
            if span:
                yield span

    return read


def instant(name: str) -> Extract:
    """The interval of a first-level date element."""

    def read(resource: Resource) -> Iterator[dates.Span]:
        span = dates.span(str(resource.get(name, "")))
        if span:
            yield span

    return read


def measure(resource: Resource) -> Iterator[str]:
    """The indicator that a report is about, by the end of its canonical address."""
    yield "/".join(str(resource.get("measure", "")).rsplit("/", 2)[-2:])


def use_context(resource: Resource) -> Iterator[tuple[str, str]]:
    """The codes of the contexts in which an entry model is used."""
    for each in resource.get("useContext", ()):
        for coding in each.get("valueCodeableConcept", {}).get("coding", ()):
            yield coding.get("system", ""), coding.get("code", "")


def last_updated(resource: Resource) -> Iterator[dates.Span]:
    """The interval of meta.lastUpdated."""
    span = dates.span(str(resource.get("meta", {}).get("lastUpdated", "")))
    if span:
        yield span


def period_end(resource: Resource) -> Iterator[dates.Span]:
    """The end of the period of use of an organization."""
    for each in under("http://hl7.org/fhir/StructureDefinition/organization-period")(resource):
        span = dates.span(str(each.get("valuePeriod", {}).get("end", "")))
        if span:
            yield span


def closing(resource: Resource) -> Iterator[dates.Span]:
    """The closing and reopening period of an offer."""
    for each in resource.get("notAvailable", ()):
        span = dates.period(each.get("during", {})) if each.get("id") == "closingReopeningDate" else None
        if span:
            yield span


def position(resource: Resource) -> Iterator[tuple[float, float]]:
    """The position of a place: latitude, longitude."""
    found = resource.get("position") or {}
    if "latitude" in found and "longitude" in found:
        yield float(found["latitude"]), float(found["longitude"])


def content(resource: Resource) -> Iterator[str]:
    """All the text of a resource, folded, without urls and references."""
    yield " ".join(fold(text) for text in _leaves(resource))


def _leaves(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            if name not in ("url", "system", "reference", "profile", "meta", "resourceType"):
                yield from _leaves(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, key)
    elif isinstance(value, str):
        yield value
