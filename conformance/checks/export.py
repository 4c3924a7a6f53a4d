"""Checks of an asynchronous extraction: accepted, told to its end by a manifest, its files served."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.checks.evidence import Evidence
from conformance.codes import finding
from conformance.fhir import export
from conformance.fhir.body import Unreadable
from conformance.fhir.bundle import reference_key
from conformance.fhir.path import holds
from conformance.model import Exchange, Finding

_ASKED = ("transactionTime", "request", "requiresAccessToken", "output", "error")


def accepted(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """The request is accepted, and says where the state of the extraction is told."""
    if evidence.response.status not in (200, 202):
        yield finding("blocked.status", "status 202 or 200", evidence.response.status, "status", evidence.first.id)
    elif not export.status_address(evidence.first):
        yield finding("export.no-status-address", "Content-Location", "absent", "Content-Location", evidence.first.id)
    elif evidence.current.ending == "elsewhere" and len(evidence.current.exchanges) == 1:
        yield finding("export.elsewhere", "an address of the candidate", export.status_address(evidence.first),
                      "Content-Location", evidence.first.id)


def ended(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """The extraction comes to its end, and its manifest lists its files as Bulk Data asks."""
    told = _manifest(evidence)
    if told is None and len(evidence.current.exchanges) == 1:
        yield finding("blocked.status", "an extraction that was accepted", evidence.response.status, "status",
                      evidence.first.id)
        return
    if told is None:
        last = evidence.current.exchanges[-1]
        seen = f"status {last.response.status}" if last.response else (last.trouble.code if last.trouble else "")
        yield finding("export.no-manifest", "a manifest (output)", f"{seen}, {evidence.current.ending}", "", last.id)
        return
    body = export.manifest(told, evidence.bodies)
    assert body is not None
    lacking = [name for name in _ASKED if name not in body]
    if lacking:
        yield finding("export.manifest-member", ", ".join(_ASKED), f"without {', '.join(lacking)}", "", told.id)
    elif len(export.output(body)) < len(body["output"]):
        yield finding("export.manifest-member", "output[].url", "a file without an address", "output", told.id)


def served(wanted: Any, evidence: Evidence) -> Iterator[Finding]:
    """Each file of the manifest is served and holds resources that can be read; together they hold each type wanted,
    and what ``every`` asks of a type is true of all its resources."""
    told = _manifest(evidence)
    body = export.manifest(told, evidence.bodies) if told is not None else None
    if body is None:
        yield finding("blocked.body", "a manifest", "none", "", evidence.first.id)
        return
    files = [one for one in evidence.current.exchanges if one.purpose == "file"]
    if len(files) < len(export.output(body)):
        yield finding("blocked.pages", "every file", evidence.current.ending, "output", evidence.first.id)
    kinds: set[str] = set()
    for one in files:
        yield from _file(one, wanted, evidence, kinds)
    expected = [kind for kind in wanted.get("types", ()) if kind in _shown(evidence)]
    missing = [kind for kind in expected if kind not in kinds]
    if missing and files:
        yield finding("export.type-missing", ", ".join(expected), f"without {', '.join(missing)}", "", files[-1].id)


def _shown(evidence: Evidence) -> set[str]:
    """The types that an extraction of offers should hold, as far as the exploration showed: offers, and what they point
    at that is known."""
    offers = evidence.population.all("HealthcareService")
    kinds = {"HealthcareService"} if offers else set()
    for one in offers:
        places = one.get("location")
        for held in (one.get("providedBy"), *(places if isinstance(places, list) else ())):
            key = reference_key(str(held.get("reference", ""))) if isinstance(held, dict) else ""
            if evidence.population.get(key) is not None:
                kinds.add(key.partition("/")[0])
    return kinds


def _file(one: Exchange, wanted: Any, evidence: Evidence, kinds: set[str]) -> Iterator[Finding]:
    if one.response is None or one.response.status != 200:
        seen = one.response.status if one.response else (one.trouble.code if one.trouble else "")
        yield finding("export.file", "status 200", seen, "", one.id)
        return
    names = {**evidence.profile.constants, **evidence.names}
    every = wanted.get("every", {})
    try:
        for resource in export.resources(one, evidence.bodies):
            kind = str(resource.get("resourceType", ""))
            kinds.add(kind)
            if kind in every and not holds(resource, every[kind], names):
                yield finding("export.outside", every[kind], f"{kind}/{resource.get('id')}", "", one.id)
    except Unreadable as error:
        yield finding("export.file", "resources in JSON, or one a line", error.detail, "", one.id)


def _manifest(evidence: Evidence) -> Exchange | None:
    """The answer that holds the manifest."""
    return next((one for one in evidence.current.exchanges
                 if one.purpose == "status" and export.manifest(one, evidence.bodies) is not None), None)
