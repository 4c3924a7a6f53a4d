"""The CapabilityStatement of the server: what the profile asks for and the server really serves."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from conformance import data
from conformance.reference import includes
from conformance.reference.fault import Json
from conformance.reference.parameters import FILTERED, HAS, PARAMETERS

_SECURITY = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_SERVED = frozenset(("read", "search-type", "create", "update", "patch"))
# pages of the guide use these, which the server statement of one version or another does not list: served, not declared
_UNDECLARED = {
    "HealthcareService": frozenset(("create", "update", "patch")),
    "Location": frozenset(("create", "patch")),
    "Measure": frozenset(("read", "search-type")),
    "MeasureReport": frozenset(("read", "search-type")),
    "Organization": frozenset(("create", "update", "patch")),
    "Practitioner": frozenset(("create", "update", "patch")),
    "PractitionerRole": frozenset(("create", "update", "patch")),
    "Questionnaire": frozenset(("read", "search-type", "create", "update")),
    "Task": frozenset(("read", "search-type", "create", "patch")),
}


@dataclass(frozen=True, slots=True)
class Declared:
    """The capability of a profile, cut down to what the server serves; ``served`` adds what pages of the guide use and
    its statement leaves out."""

    resources: Mapping[str, Mapping[str, Any]]
    interactions: Mapping[str, frozenset[str]]
    served: Mapping[str, frozenset[str]]


@functools.cache
def declared(profile_id: str, folder: Path | None = None) -> Declared:
    """What ``capability.yaml`` of a profile says, read once; FileNotFoundError when there is no such profile."""
    path = (folder or data.path("profiles")) / profile_id / "capability.yaml"
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    resources = {row["type"]: row for row in document["resources"] if row["type"] in PARAMETERS}
    interactions = {kind: frozenset(row["interactions"]) & _SERVED for kind, row in resources.items()}
    served = {kind: interactions.get(kind, frozenset()) | _UNDECLARED.get(kind, frozenset())
              for kind in {*interactions, *_UNDECLARED}}
    return Declared(resources, interactions, served)


def statement(declared_here: Declared, date: str) -> Json:
    """The CapabilityStatement of kind instance; ``date`` is when the server was started."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "publisher": "rorqual",
        "kind": "instance",
        "software": {"name": "rorqual reference ROR"},
        "implementation": {"description": "Reference ROR over a generated fictitious region"},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "patchFormat": ["application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "security": {"cors": False, "service": [{"coding": [{"system": _SECURITY, "code": "OAuth"}]}]},
                "resource": [_resource(kind, row, declared_here) for kind, row in declared_here.resources.items()],
            }
        ],
    }


def _resource(kind: str, row: Mapping[str, Any], declared_here: Declared) -> Json:
    parameters = [entry for entry in row.get("search-parameters", ()) if _has_parameter(kind, entry["name"])]
    found: Json = {"type": kind}
    if row.get("structure"):
        found["profile"] = row["structure"]
    found["interaction"] = [
        {"code": code} for code in row["interactions"] if code in declared_here.interactions[kind]
    ]
    for key, word in (("search-include", "_include"), ("search-revinclude", "_revinclude")):
        values = [value for value in row.get(key, ()) if includes.read(word, value) is not None]
        if values:
            found["searchInclude" if word == "_include" else "searchRevInclude"] = values
    if parameters:
        found["searchParam"] = [
            {name: entry[name] for name in ("name", "definition", "type") if entry.get(name)} for entry in parameters
        ]
    return found


def _has_parameter(kind: str, name: str) -> bool:
    if name == "_filter":
        return kind in FILTERED
    if name == "_has":
        return kind in HAS
    return name in PARAMETERS[kind]
