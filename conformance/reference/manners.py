"""The legal manners of a server that applications must bear: pages, links, overlaps, what they do not know."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote

from conformance.reference.fault import Asked, Fault, Json

_EXTENSION = {"url": "https://example.invalid/fhir/StructureDefinition/of-a-later-version", "valueString": "inconnu"}
_CODING = {"system": "https://mos.esante.gouv.fr/NOS/TRE_R211-ActiviteOperationnelle/FHIR/TRE-R211-ActiviteOperationnelle",
           "code": "9999", "display": "Activité d'une version suivante"}
_CODED = "HealthcareService"


def mannered(serve: Mapping[str, Any]) -> Fault:
    """A server that behaves as a scenario wants: none of its requirements is broken."""
    size = serve.get("page-size")
    changes = [change for name, change in _CHANGES.items() if name in serve]
    without = serve.get("without", ())

    def resource(one: Json) -> Json:
        made = copy.deepcopy(one)
        for change in changes:
            change(made)
        for path in without:
            kind, _, element = path.partition(".")
            if made["resourceType"] == kind:
                made.pop(element, None)
        return made

    links = _LINKS.get(serve.get("links", ""))
    return Fault(
        "manners", {}, "", page_sizes=(size, size) if size else None,
        window=(lambda start, end: (max(start - 1, 0), end)) if serve.get("overlap") else None,
        bundle=None if links is None else lambda bundle, asked: _linked(bundle, asked, links),
        resource=resource if changes or without else None,
    )


def _extended(resource: Json) -> None:
    resource["extension"] = [*resource.get("extension", ()), dict(_EXTENSION)]


def _coded(resource: Json) -> None:
    if resource["resourceType"] == _CODED:
        resource.setdefault("specialty", []).append({"coding": [dict(_CODING)]})


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


_CHANGES: Mapping[str, Callable[[Json], None]] = {"unknown-extension": _extended, "unknown-code": _coded}
_LINKS: Mapping[str, Callable[[str, str], str]] = {"relative": _relative, "opaque": _opaque}
