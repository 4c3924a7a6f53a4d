"""Personal data in FHIR answers: found and masked before anything is recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.fhir.body import Bodies

Mask = Callable[[str, str], str]
_SIGNS = (b"Practitioner", b'"family"', b'"given"', b"exerciseLastName")
_PERSONS = ("Practitioner", "PractitionerRole", "Person", "Patient")
_EXTENSION_NAMES = ("exerciseFirstName", "exerciseLastName")


def scrubber(bodies: Bodies, mask: Mask) -> Callable[[bytes], bytes]:
    """A function that masks names, personal identifiers and telecoms in a FHIR JSON body.

    Bodies without any person are returned untouched, byte for byte; the others are written again.
    """

    def masked(body: bytes, value: Any) -> bool:
        return any(sign in body for sign in _SIGNS) and _visit(value, False, mask)

    return lambda body: bodies.scrubbed(body, masked)


def _visit(node: Any, person: bool, mask: Mask) -> bool:
    """Masks in place; whether anything was masked."""
    changed = False
    if isinstance(node, list):
        for item in node:
            if isinstance(item, dict | list):
                changed = _visit(item, person, mask) or changed
        return changed
    person = node.get("resourceType") in _PERSONS if "resourceType" in node else person
    for key in [key for key in ("family", "given") if key in node]:
        changed = _mask_text(node, key, key, mask) or changed
    if node.get("url") in _EXTENSION_NAMES:
        changed = _mask_text(node, "valueString", "name", mask) or changed
    if person:
        changed = _mask_person(node, mask) or changed
    for item in node.values():
        if isinstance(item, dict | list):
            changed = _visit(item, person, mask) or changed
    return changed


def _mask_person(node: dict[str, Any], mask: Mask) -> bool:
    changed = False
    for key in ("identifier", "telecom"):
        items = node.get(key)
        for item in items if isinstance(items, list) else [items]:
            if isinstance(item, dict):
                changed = _mask_text(item, "value", f"person {key}", mask) or changed
    if "name" in node and "resourceType" in node:
        names = node["name"]
        for item in names if isinstance(names, list) else [names]:
            if isinstance(item, dict):
                changed = _mask_text(item, "text", "name", mask) or changed
    return _mask_text(node, "birthDate", "birth date", mask) or changed


def _mask_text(node: dict[str, Any], key: str, kind: str, mask: Mask) -> bool:
    value = node.get(key)
    if isinstance(value, str):
        node[key] = mask(kind, value)
        return True
    if isinstance(value, list):
        node[key] = [mask(kind, item) if isinstance(item, str) else item for item in value]
        return True
    return False
