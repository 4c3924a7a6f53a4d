"""The legal manners of a server that applications must bear: pages, links, overlaps, what they do not know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, quote

from conformance.reference.detours import Detours
from conformance.reference.fault import Answer, Asked, Fault, Json

_EXTENSION = {"url": "https://example.invalid/fhir/StructureDefinition/of-a-later-version", "valueString": "inconnu"}
_CODING = {"system": "https://mos.esante.gouv.fr/NOS/TRE_R211-ActiviteOperationnelle/FHIR/TRE-R211-ActiviteOperationnelle",
           "code": "9999", "display": "Activité d'une version suivante"}
_CODED = "HealthcareService"
# an activity that its nomenclature no more has
_RETIRED = {"system": _CODING["system"], "code": "000", "display": "Activité retirée de la nomenclature"}
_EASTERN = timezone(timedelta(hours=14))


def mannered(serve: Mapping[str, Any], detours: Detours) -> Fault:
    """A server that behaves as a scenario wants: none of its requirements is broken."""
    size, overlap = serve.get("page-size"), serve.get("overlap")
    changes = [change for name, change in _CHANGES.items() if name in serve]
    without = serve.get("without", ())

    def resource(one: Json) -> Json:
        made = dict(one)  # changes put new values in the place of old ones, and alter none
        for change in changes:
            change(made)
        for path in without:
            kind, _, element = path.partition(".")
            if made["resourceType"] == kind:
                made.pop(element, None)
        return made

    steps = [_LINKS[serve["links"]]] if serve.get("links") in _LINKS else []
    if serve.get("links") == "elsewhere":
        steps.append(detours.elsewhere)
    if "empty-page" in serve:
        steps.append(detours.by_an_empty_page)

    def bundle(made: Json, asked: Asked) -> Json:
        if overlap == "changed" and asked.start:
            made = _first_changed(made)
        if "outcome-entry" in serve:
            made = {**made, "entry": [*made.get("entry", ()), dict(_WARNING)]}
        for step in steps:
            made = _linked(made, asked, step)
        return made

    return Fault(
        "manners", {}, "", page_sizes=(size, size) if size else None,
        window=(lambda start, end: (max(start - 1, 0), end)) if overlap else None,
        bundle=bundle, resource=resource if changes or without else None,
        answer=_versioned if "fhir-version" in serve else None,
    )


def _extended(resource: Json) -> None:
    resource["extension"] = [*resource.get("extension", ()), dict(_EXTENSION)]


def _with_activity(coding: Json) -> Callable[[Json], None]:
    def change(resource: Json) -> None:
        if resource["resourceType"] == _CODED:
            resource["specialty"] = [*resource.get("specialty", ()), {"coding": [dict(coding)]}]
    return change


def _of_later(resource: Json) -> None:
    """Elements of the base resource that a later version of the guide may begin to use."""
    if resource["resourceType"] == _CODED:
        resource["appointmentRequired"] = True
        resource["communication"] = [{"coding": [{"system": "urn:ietf:bcp:47", "code": "fr"}]}]


def _eastern(resource: Json) -> None:
    """The same instant, as it is told at the edge of the day."""
    told = resource.get("meta", {}).get("lastUpdated")
    if told:
        there = datetime.fromisoformat(told).astimezone(_EASTERN)
        resource["meta"] = {**resource["meta"], "lastUpdated": there.isoformat(timespec="milliseconds")}


def _relative(url: str, base: str) -> str:
    return url.removeprefix(f"{base}/")


def _opaque(url: str, _base: str) -> str:
    """The mark of the page alone: what was asked does not show in it."""
    address, _, query = url.partition("?")
    mark = dict(parse_qsl(query)).get("_page", "")
    return f"{address}?_page={quote(mark)}" if mark else url


def _linked(bundle: Json, asked: Asked, written: Callable[[str, str], str]) -> Json:
    links = [{**one, "url": written(one["url"], asked.base)} if one["relation"] == "next" else one
             for one in bundle.get("link", ())]
    return {**bundle, "link": links}


def _first_changed(bundle: Json) -> Json:
    """The first entry in a later version than on the page before."""
    entries = [dict(one) for one in bundle.get("entry", ())]
    if entries:
        resource = dict(entries[0]["resource"])
        meta = dict(resource.get("meta", {}))
        resource["meta"] = {**meta, "versionId": str(int(meta.get("versionId", "1")) + 1)}
        entries[0] = {**entries[0], "resource": {**resource, "comment": "Modifié entre deux pages"}}
    return {**bundle, "entry": entries}


def _versioned(answer: Answer, _asked: Asked) -> Answer:
    """A media type with all that R4 lets it say."""
    if not answer.headers.get("content-type", "").startswith("application/fhir+json"):
        return answer
    told = 'application/fhir+json; fhirVersion=4.0; charset="UTF-8"'
    return replace(answer, headers={**answer.headers, "content-type": told})


_REMARK = {"severity": "information", "code": "informational", "diagnostics": "a remark, as the scenario wants"}
_WARNING = {"resource": {"resourceType": "OperationOutcome", "issue": [_REMARK]}, "search": {"mode": "outcome"}}
_CHANGES: Mapping[str, Callable[[Json], None]] = {
    "unknown-extension": _extended, "unknown-code": _with_activity(_CODING), "retired-code": _with_activity(_RETIRED),
    "later-elements": _of_later, "time-zones": _eastern,
}
_LINKS: Mapping[str, Callable[[str, str], str]] = {"relative": _relative, "opaque": _opaque}
