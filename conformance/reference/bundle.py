"""The searchset Bundle of one page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from conformance.reference import extract
from conformance.reference.fault import Fault, Json
from conformance.reference.fragments import UCUM
from conformance.reference.includes import Key, included
from conformance.reference.proximity import Circle
from conformance.reference.searching import Found
from conformance.reference.store import Store

LOCATION_DISTANCE = "http://hl7.org/fhir/StructureDefinition/location-distance"


def searchset(
    found: Found, start: int, base: str, page_links: list[dict[str, str]], fault: Fault | None = None
) -> Json:
    """The Bundle of the page that starts at a match, with the resources included for the matches of that page."""
    store = found.store
    window = start, start + found.size
    if fault is not None and fault.window is not None:
        window = fault.window(*window)
    ranks = list(found.ranks[max(window[0], 0) : window[1]])
    others = included(store, found.kind, ranks, found.includes)
    if fault is not None and fault.included is not None:
        others = fault.included(store, found.kind, ranks, others)
    bundle: Json = {"resourceType": "Bundle", "type": "searchset", "total": len(found.ranks), "link": page_links}
    keys = [(found.kind, rank) for rank in ranks]
    entries = [
        *_entries(store, keys, "match", base, found.circles),
        *_entries(store, others, "include", base, found.circles),
    ]
    if entries:
        bundle["entry"] = entries
    return bundle


def _entries(store: Store, keys: Iterable[Key], mode: str, base: str, circles: Sequence[Circle]) -> Iterable[Json]:
    for kind, rank in keys:
        resource = store.at(kind, rank)
        entry: Json = {"fullUrl": f"{base}/{kind}/{resource['id']}", "resource": resource, "search": {"mode": mode}}
        if circles and kind == "Location":
            point = next(extract.position(resource), None)
            if point is not None:
                entry["search"]["extension"] = [_distance(min(circle.distance(point) for circle in circles))]
        yield entry


def _distance(kilometres: float) -> Json:
    """How far a place is from what was searched, in kilometres, as R4 and the guide put it in entry.search."""
    value = {"value": round(kilometres, 3), "unit": "km", "system": UCUM, "code": "km"}
    return {"url": LOCATION_DISTANCE, "valueDistance": value}
