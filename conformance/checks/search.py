"""Checks of what a search selects: nothing outside, nothing missing, in order, at a distance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from conformance.checks.evidence import Evidence
from conformance.codes import finding
from conformance.fhir import bundle, dates
from conformance.fhir.bundle import Resource
from conformance.fhir.distance import distance_km, position
from conformance.fhir.fill import fill
from conformance.fhir.path import holds, select
from conformance.fhir.search import Criterion, folded
from conformance.model import Finding

_DISTANCE = "http://hl7.org/fhir/StructureDefinition/location-distance"
_SLACK_KM = 0.5


def _test(parameters: Mapping[str, Any], evidence: Evidence) -> tuple[str, Callable[[Resource], bool | None]]:
    """What is tested, in words, and the test: a FHIRPath expression or the criteria of the request."""
    if "fhirpath" in parameters:
        expression = str(parameters["fhirpath"])
        names = {**evidence.profile.constants, **evidence.names}
        return expression, lambda resource: holds(resource, expression, names)
    wanted = evidence.criteria(parameters.get("criteria", ()))
    return _shown(wanted), evidence.test(wanted)


def _shown(wanted: Sequence[Criterion]) -> str:
    return " & ".join(f"{one.name}={one.value}" for one in wanted)


def every_match(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """Each match answers the criteria of the request, or the expression given."""
    shown, test = _test(parameters, evidence)
    matches = evidence.matches()
    told = 0
    for exchange, entry in matches:
        answer = test(entry.resource)
        told += answer is not None
        if answer is False:
            yield finding("search.outside", shown, f"{entry.key} does not answer it", f"{entry.place}.resource",
                          exchange.id)
    if not matches:
        yield finding("blocked.no-match", f"at least one match for {shown}", "none", "Bundle.entry",
                      evidence.first.id)
    elif not told:
        yield finding("data.no-example", f"matches on which {shown} can be told", "none", "", evidence.first.id)


def none_missing(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """Each explored resource that answers is among the matches."""
    if "fhirpath" in parameters:
        shown, test = _test(parameters, evidence)
        answering = [one for one in evidence.population.all(evidence.searched) if test(one)]
    else:
        wanted = evidence.criteria(parameters.get("criteria", ()))
        shown, answering = _shown(wanted), evidence.answering(wanted)
    expected = [bundle.key_of(one) for one in answering]
    found = {entry.key for _, entry in evidence.matches()}
    missing = [key for key in expected if key not in found]
    if not expected:
        yield finding("data.no-example", f"an explored {evidence.searched} that answers {shown}", "none", "",
                      evidence.first.id)
    elif evidence.current.ending == "limit" and missing:
        yield finding("data.too-many", "a result that can be walked to its end",
                      f"more than {len(evidence.current.exchanges)} pages", "", evidence.first.id)
    elif not evidence.complete:
        yield finding("blocked.pages", "every page of the result", evidence.current.ending, "", evidence.first.id)
    else:
        for key in missing:
            yield finding("search.missing", f"{key} among the matches of {shown}", "absent", key, evidence.first.id)


def sorted_by(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """Matches come in the order of a value, over all the pages read; those without it are left aside."""
    descending = parameters.get("order", "ascending") == "descending"
    keyed = []
    for exchange, entry in evidence.matches():
        values = select(entry.resource, parameters["by"])
        if values:
            keyed.append((_rank(values[0]), values[0], exchange, entry))
    if len({rank for rank, *_ in keyed}) < 2:
        yield finding("data.no-example", f"matches with different {parameters['by']}", "fewer than two values", "",
                      evidence.first.id)
    for before, after in pairwise(keyed):
        wrong = before[0] < after[0] if descending else before[0] > after[0]
        if wrong:
            yield finding("search.unsorted", f"{parameters['by']} {parameters.get('order', 'ascending')}",
                          f"{before[1]} before {after[1]}", after[3].place, after[2].id)


def _rank(value: Any) -> Any:
    interval = dates.of_value(value)
    if interval is not None:
        return interval[0].isoformat()
    return folded(str(value))


def same_matches(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """The matches are those of another step, in whatever order."""
    other = evidence.steps[parameters["as"]]
    here, there = _keys(evidence), {entry.key for _, entry in evidence.matches(other)}
    if not here and not there:
        yield finding("blocked.no-match", "matches to compare", "none", "Bundle.entry", evidence.first.id)
    for key in sorted(there - here):
        yield finding("search.differs", f"{key}, found by the step {parameters['as']}", "absent", key,
                      evidence.first.id)
    for key in sorted(here - there):
        yield finding("search.differs", f"only what the step {parameters['as']} finds", f"{key} too", key,
                      evidence.first.id)


def narrower(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """The matches are all among those of another step."""
    other = evidence.steps[parameters["than"]]
    here, there = _keys(evidence), {entry.key for _, entry in evidence.matches(other)}
    if not here:
        yield finding("blocked.no-match", "matches to compare", "none", "Bundle.entry", evidence.first.id)
    for key in sorted(here - there):
        yield finding("search.not-narrower", f"only what the step {parameters['than']} finds", f"{key} too", key,
                      evidence.first.id)


def _keys(evidence: Evidence) -> set[str]:
    return {entry.key for _, entry in evidence.matches()}


def location_distance(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """Each place brought by a proximity search says its distance, and those of a match lie within the radius."""
    places = [(exchange, entry) for exchange, page in evidence.pages() for entry in bundle.entries(page)
              if entry.resource.get("resourceType") == "Location" and position(entry.resource) is not None]
    if not places:
        yield finding("blocked.no-match", "places with a position in the answer", "none", "Bundle.entry",
                      evidence.first.id)
    told: dict[str, float] = {}
    for exchange, entry in places:
        kilometres = _distance(entry.search)
        if kilometres is None:
            yield finding("search.distance-missing", "the extension location-distance, in km", "absent",
                          f"{entry.place}.search.extension", exchange.id)
            continue
        told[entry.key] = kilometres
        yield from _measured(parameters, entry, kilometres, evidence, exchange.id)
    if told:
        yield from _within(parameters["at-most-km"], evidence, told)


def _distance(search: Mapping[str, Any]) -> float | None:
    extensions = search.get("extension")
    for one in extensions if isinstance(extensions, list) else ():
        if isinstance(one, dict) and one.get("url") == _DISTANCE and isinstance(one.get("valueDistance"), dict):
            value = one["valueDistance"].get("value")
            unit = one["valueDistance"].get("unit") or one["valueDistance"].get("code")
            if isinstance(value, int | float) and unit in ("km", None):
                return float(value)
    return None


def _measured(
    parameters: Any, entry: bundle.Entry, said: float, evidence: Evidence, exchange: str
) -> Iterator[Finding]:
    """Where the centre is known, the distance said is the one between the centre and the place."""
    here = position(entry.resource)
    if "from" not in parameters or here is None:
        return
    centre = fill(str(parameters["from"]), evidence.names, plain=True)
    latitude, longitude = (float(part) for part in centre.split("|")[:2])
    measured = distance_km((latitude, longitude), here)
    if abs(measured - said) > _SLACK_KM + measured * 0.01:
        yield finding("search.distance", f"{measured:.1f} km", f"{said:.1f} km", f"{entry.place}.search.extension",
                      exchange)


def _within(radius: float, evidence: Evidence, told: Mapping[str, float]) -> Iterator[Finding]:
    for exchange, entry in evidence.matches():
        keys = bundle.references(entry.resource, "location") if evidence.searched != "Location" else [entry.key]
        distances = [told[key] for key in keys if key in told]
        if distances and min(distances) > radius + _SLACK_KM:
            yield finding("search.distance", f"at most {radius} km", f"{min(distances):.1f} km", entry.place,
                          exchange.id)
