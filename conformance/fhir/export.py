"""Reading an asynchronous extraction (FHIR Bulk Data): its status address, its manifest, the resources of its files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.fhir.body import Bodies, Unreadable, parse
from conformance.fhir.bundle import Resource, entries
from conformance.model import Exchange


def status_address(exchange: Exchange) -> str:
    """Where the state of an extraction is told; empty when the answer does not accept one."""
    answer = exchange.response
    return answer.header("Content-Location") if answer is not None and answer.status in (200, 202) else ""


def manifest(exchange: Exchange, bodies: Bodies) -> Mapping[str, Any] | None:
    """The manifest of an extraction that ended; None when the answer is none."""
    body = bodies.of(exchange)
    return body if body is not None and isinstance(body.get("output"), list) else None


def output(body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The files that a manifest lists, those without an address left out."""
    return [one for one in body["output"] if isinstance(one, dict) and isinstance(one.get("url"), str)]


def resources(exchange: Exchange, bodies: Bodies) -> Iterator[Resource]:
    """The resources of a file: of a Bundle, of one resource, or of lines (NDJSON); Unreadable at the first that cannot
    be read."""
    assert exchange.response is not None
    try:
        body = bodies.read(exchange.response.body)
    except Unreadable:
        yield from map(parse, (line for line in exchange.response.body.splitlines() if line.strip()))
        return
    if body.get("resourceType") == "Bundle":
        yield from (one.resource for one in entries(body))
    else:
        yield body
