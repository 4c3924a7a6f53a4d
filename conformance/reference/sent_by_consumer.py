"""What the sample application sends to be stored: a report of an anomaly, the patch of a capacity."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_ROR = "https://interop.esante.gouv.fr/ig/fhir/ror"
_CAPACITY = f"{_ROR}/StructureDefinition/ror-location-supported-capacity"
_NOS = "https://mos.esante.gouv.fr/NOS"
_STATE = f"{_NOS}/TRE_R352-StatutMetierAnomalie/FHIR/TRE-R352-StatutMetierAnomalie"
_SOURCE = f"{_NOS}/TRE_R335-TypeSourceCapacite/FHIR/TRE-R335-TypeSourceCapacite"
# the elements that tell one capacity of a place from the others, with the value of the action that each is
_TOLD_BY = {"capacityStatus": "status", "temporalityCapacity": "temporality", "genderCapacityAvailable": "gender",
            "temporaryAssignement": "assignment"}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _coding(value: str) -> dict[str, Any]:
    system, _, code = value.partition("|")
    return {"coding": [{"system": system, "code": code}]}


def anomaly(values: Mapping[str, str]) -> dict[str, Any]:
    """A report of an anomaly (Task) on an offer that is told by its identifier."""
    now = _now()
    return {
        "resourceType": "Task", "meta": {"profile": [f"{_ROR}/StructureDefinition/ror-task"]},
        "status": "in-progress", "businessStatus": _coding(f"{_STATE}|02"), "intent": "order",
        "description": values["description"], "authoredOn": now, "lastModified": now,
        "focus": {"type": "HealthcareService", "identifier": {"value": values["offer"]}},
        "reasonCode": _coding(values["reason"]),
    }


def capacity(values: Mapping[str, str], kind: str, form: str = "") -> dict[str, Any]:
    """A patch of one capacity of a place; ``kind``: replace or add; ``form``: json-patch for one that the guide does
    not have."""
    told = {name: _coding(values[value]) for name, value in {**_TOLD_BY, "capacityType": "type"}.items()}
    told["capacitySourceType"] = _coding(f"{_SOURCE}|02")
    inside: list[dict[str, Any]] = [{"url": name, "valueCodeableConcept": value} for name, value in told.items()]
    inside += [{"url": "nbCapacity", "valueInteger": int(values["number"])},
               {"url": "capacityUpdateDate", "valueDateTime": _now()}]
    one = {"url": _CAPACITY, "extension": inside}
    if form == "json-patch":
        return {"op": kind, "path": "/extension/-", "value": one}
    path = f"Location.extension.where(url='{_CAPACITY}')"
    if kind == "replace":
        codes = {name: values[value].partition("|")[2] for name, value in _TOLD_BY.items()}
        chosen = " and ".join(f"extension.where(url = '{name}' and valueCodeableConcept.coding.code = '{code}')"
                              for name, code in codes.items())
        path += f".where({chosen})"
    part = [{"name": "type", "valueString": kind}, {"name": "path", "valueString": path},
            {"name": "value", "part": [{"extension": [one]}]}]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": part}]}
