"""Checks of how an application conducts itself over time: its pace, extractions followed to their end, what it reads
beside its matches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from conformance.checks.consumer import consultations
from conformance.checks.evidence import Evidence
from conformance.checks.query import given
from conformance.codes import finding
from conformance.fhir import export
from conformance.fhir.bundle import is_match, key_of, reference_key
from conformance.fhir.path import select
from conformance.fhir.received import shown
from conformance.fhir.search import criteria
from conformance.model import Exchange, Finding
from conformance.queries import BASE, is_at, kind_of, query_of

_WINDOW = timedelta(seconds=1)
_EXPORT = "$export"


def paced(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """No second sees more requests than the application was told; one more is left to the clocks."""
    most = parameters["at-most"]
    everyone = sorted(((datetime.fromisoformat(one.started), one) for one in evidence.current.exchanges),
                      key=lambda pair: pair[0])  # they are kept in the order of their answers
    if len(everyone) <= most:
        yield finding("bench.not-met", f"more than {most} requests", len(everyone), "", evidence.first.id)
        return
    worst: tuple[int, Exchange | None] = (0, None)
    first = 0
    for at, (when, one) in enumerate(everyone):
        while when - everyone[first][0] >= _WINDOW:
            first += 1
        worst = max(worst, (at - first + 1, one), key=lambda pair: pair[0])
    count, last = worst
    if count > most + 1 and last is not None:
        yield finding("request.pace", f"{most} requests a second", f"{count} in one second", "", last.id)


def receives(elements: Any, evidence: Evidence) -> Iterator[Finding]:
    """What the matches refer to by these elements was received as well, with the search or by requests of its own."""
    received = {key_of(one.resource) for exchange in evidence.current.exchanges
                for one in shown(exchange, evidence.bodies)}
    received |= {one.request.url.removeprefix(BASE) for one in evidence.current.exchanges
                 if one.response is not None and one.response.status == 304}
    matches = [(exchange, entry.resource) for exchange, entry in evidence.entries()
               if any(is_match(entry, one.partition(".")[0]) for one in elements)]
    if not matches:
        yield finding("bench.not-met", "matches", "none", "", evidence.first.id)
    for path in elements:
        kind, _, element = path.partition(".")
        for exchange, resource in matches:
            lacking = next((key for key in _references(resource, kind, element)
                            if key not in received and evidence.population.get(key) is not None), "")
            if lacking:
                yield finding("request.linked", lacking, f"{key_of(resource)} alone", path, exchange.id)
                break


def _references(resource: Any, kind: str, element: str) -> list[str]:
    if resource.get("resourceType") != kind:
        return []
    return [reference_key(str(one)) for one in select(resource, f"{element}.reference")]


def asks_async(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """The extraction is asked for as an asynchronous one."""
    asked = [one for one in consultations(evidence) if kind_of(one) == _EXPORT]
    if not asked:
        yield finding("bench.not-met", "an extraction", "none", "", evidence.first.id)
    for one in asked:
        told = ", ".join(value for name, value in one.request.headers if name.lower() == "prefer")  # it may be repeated
        if "respond-async" not in told.lower():
            yield finding("request.header", "Prefer: respond-async", told or "absent", "Prefer", one.id)


def polls(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """The state of an extraction is asked until its files are listed, and each of them is fetched."""
    everyone = evidence.current.exchanges
    started = [one for one in everyone if kind_of(one) == _EXPORT and export.status_address(one)]
    if not started:
        yield finding("bench.not-met", "an extraction that was accepted", "none", "", evidence.first.id)
        return
    # one that was asked again, its answer lost, is left for the other
    begun = next((one for one in started if any(is_at(other, export.status_address(one)) for other in everyone)),
                 started[-1])
    address = export.status_address(begun)
    asked = [one for one in everyone if is_at(one, address)]
    ended = next((one for one in asked if export.manifest(one, evidence.bodies) is not None), None)
    if ended is None:
        yield finding("request.poll", f"{address} asked until the files are listed", f"asked {len(asked)} times", "",
                      begun.id)
        return
    body = export.manifest(ended, evidence.bodies)
    assert body is not None
    fetched = [one for one in everyone if one.response is not None and one.response.status == 200]
    for at, file in enumerate(export.output(body)):
        if not any(is_at(one, file["url"]) for one in fetched):
            yield finding("request.poll", f"{file['url']} fetched", "not fetched", f"output[{at}].url", ended.id)
            return


def not_whole(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """Offers are not extracted whole by a search: one without any criterion."""
    for exchange in consultations(evidence):
        query = query_of(exchange)
        narrows = ("_summary", "count") in query or any(one.name != "_page" for one in criteria(query))
        path = exchange.request.url.partition("?")[0].removeprefix(BASE).removesuffix("/_search").rstrip("/")
        if path == "HealthcareService" and not narrows and not given(exchange, evidence):
            yield finding("request.missing", "$export", unquote(exchange.request.url), "", exchange.id)
            return
