"""FHIRPath Patch on first-level attributes of a resource, as the guide uses it: add, replace, delete."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import fhirpathpy

from conformance.reference.fault import Json
from conformance.reference.refusal import Refusal

_PATH = re.compile(r"([A-Z][A-Za-z]+)(?:\.([a-z][A-Za-z]*))?(.*)", re.DOTALL)
_ALONE = re.compile(r"(extension\.where\(url = '[A-Za-z]+' and valueCodeableConcept\.coding\.code = '[^']+'\))(?!\.)")
_COMMON = frozenset(("extension", "identifier", "telecom", "contained"))
_REPEATED: Mapping[str, frozenset[str]] = {
    "HealthcareService": _COMMON
    | {
        "category",
        "type",
        "specialty",
        "location",
        "coverageArea",
        "characteristic",
        "availableTime",
        "notAvailable",
        "program",
        "communication",
        "endpoint",
    },
    "Location": _COMMON | {"alias", "type", "hoursOfOperation", "endpoint"},
    "Organization": _COMMON | {"alias", "type", "address", "contact", "endpoint"},
    "Practitioner": _COMMON | {"name", "address", "photo", "qualification", "communication"},
    "PractitionerRole": _COMMON
    | {"code", "specialty", "location", "healthcareService", "availableTime", "notAvailable"},
    "Task": _COMMON
    | {"basedOn", "partOf", "performerType", "insurance", "note", "relevantHistory", "input", "output"},
}


@dataclass(frozen=True, slots=True)
class _Operation:
    kind: str
    path: str
    name: str
    value: Any


def patched(resource: Mapping[str, Any], parameters: Any) -> Json:
    """A copy of a resource with every operation applied in order; Refusal (400) when one cannot be."""
    found = copy.deepcopy(dict(resource))
    for operation in _operations(parameters):
        _apply(found, operation)
    if (found.get("resourceType"), found.get("id")) != (resource["resourceType"], resource["id"]):
        raise Refusal(400, "business-rule", "the type and the id of a resource cannot be patched")
    return found


def _operations(parameters: Any) -> list[_Operation]:
    if not isinstance(parameters, dict) or parameters.get("resourceType") != "Parameters":
        raise Refusal(400, "structure", "a Parameters resource is expected")
    found = []
    for parameter in parameters.get("parameter", ()):
        if parameter.get("name") != "operation":
            raise Refusal(400, "structure", f"parameter {parameter.get('name')!r} is not an operation")
        parts = {part.get("name"): part for part in parameter.get("part", ())}
        values = {name: _value(part) for name, part in parts.items()}
        found.append(
            _Operation(
                str(values.get("type", "")),
                str(values.get("path", "")),
                str(values.get("name", "")),
                values.get("value"),
            )
        )
    if not found:
        raise Refusal(400, "structure", "no operation is given")
    return found


def _value(part: Mapping[str, Any]) -> Any:
    """The value of a part: ``value[x]``, or an object built from its own parts."""
    for key, value in part.items():
        if key.startswith("value"):
            return value
    whole = [each["extension"] for each in part.get("part", ()) if "name" not in each and "extension" in each]
    if whole:  # as the guide writes capacities: extensions in a part without a name
        held = [one for each in whole for one in each]
        return held[0] if len(held) == 1 else held
    inner: dict[str, Any] = {}
    for each in part.get("part", ()):
        name, value = each.get("name"), _value(each)
        if name in inner:
            inner[name] = [*(inner[name] if isinstance(inner[name], list) else [inner[name]]), value]
        else:
            inner[name] = [value] if name in ("extension", "coding") else value
    return inner or None


def _apply(resource: Json, operation: _Operation) -> None:
    match = _PATH.fullmatch(operation.path.strip())
    if match is None or match[1] != resource["resourceType"]:
        raise Refusal(400, "invalid", f"path {operation.path!r} does not start at {resource['resourceType']}")
    name, rest = match[2], match[3]
    if operation.kind == "add":
        _add(resource, operation.name or name or "", operation.value)
    elif operation.kind == "replace" and name:
        _replace(resource, name, rest, operation)
    elif operation.kind in ("delete", "remove") and name:  # the latter of earlier guides
        _delete(resource, name, rest, operation)
    else:
        raise Refusal(400, "not-supported", f"operation {operation.kind!r} on {operation.path!r} is not supported")


def _add(resource: Json, name: str, value: Any) -> None:
    if not name or value is None:
        raise Refusal(400, "invalid", "add needs the name of a first-level attribute and a value")
    if name in _REPEATED.get(resource["resourceType"], _COMMON):
        resource[name] = [*resource.get(name, ()), *(value if isinstance(value, list) else [value])]
    else:
        resource[name] = value


def _replace(resource: Json, name: str, rest: str, operation: _Operation) -> None:
    if operation.value is None:
        raise Refusal(400, "invalid", "replace needs a value")
    if isinstance(resource.get(name), list) and isinstance(operation.value, list):
        selected = fhirpathpy.evaluate(resource, _readable(operation.path), {})
        resource[name] = [*(one for one in resource[name] if one not in selected), *operation.value]
    elif isinstance(resource.get(name), list):
        resource[name][_position(resource, name, rest, operation.path)] = operation.value
    elif rest or name not in resource:
        raise _not_one(operation.path, name)
    else:
        resource[name] = operation.value


def _delete(resource: Json, name: str, rest: str, operation: _Operation) -> None:
    if name not in resource:
        return
    if isinstance(resource[name], list):
        del resource[name][_position(resource, name, rest, operation.path)]
        if resource[name]:
            return
    elif rest:
        raise _not_one(operation.path, name)
    del resource[name]


def _position(resource: Json, name: str, rest: str, path: str) -> int:
    """Where the single element that a path selects stands in its list."""
    items: list[Any] = resource[name]
    selected = items
    if rest:
        try:
            selected = fhirpathpy.evaluate(resource, _readable(path), {})
        except Exception:  # the library raises bare Exception on a path that it cannot read
            raise Refusal(400, "invalid", f"path {path!r} cannot be read") from None
    if len(selected) != 1 or selected[0] not in items:
        raise _not_one(path, name)
    return items.index(selected[0])


def _readable(path: str) -> str:
    """The path as our library reads it: the guide joins extensions by ``and`` where FHIRPath takes one item alone for
    true, which the library does not."""
    return _ALONE.sub(r"\1.exists()", path)


def _not_one(path: str, name: str) -> Refusal:
    return Refusal(404, "not-found", f"path {path!r} does not select one single {name}", _shortened(path))


def _shortened(path: str) -> str:
    """A path up to its first condition: that names what was not found."""
    head, bracket, rest = path.partition(")")
    return head + bracket if rest.startswith(".where(") else path
