"""Personal data in FHIR answers: found and masked before anything is recorded."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from conformance.fhir.body import Bodies, Unreadable, Vault

Mask = Callable[[str, str], str]
_SIGNS = (b"Practitioner", b'"family"', b'"given"', b"exerciseLastName")
_PERSONS = ("Practitioner", "PractitionerRole", "Person", "Patient")
_EXTENSION_NAMES = ("exerciseFirstName", "exerciseLastName")
PERSON_IDENTIFIER = "person identifier"  # the kind of the mask of it
_PARTS = (("identifier", "value", PERSON_IDENTIFIER), ("telecom", "value", "person telecom"),
          ("name", "text", "name"), ("address", "line", "address"), ("address", "text", "address"),
          ("text", "div", "narrative"))  # of a person: the element, the part of it that tells, the kind of its mask
WITHHELD = b"[" * 2000 + b"]" * 2000  # in the place of a body that cannot be masked: nested too deeply, and no more
_WORDS = rb"(?:family|given|text|value|valueString|birthDate|div)"
_LOOKS_PERSONAL = re.compile(
    rb"(?P<name>\"" + _WORDS + rb"\"\s*:\s*|<" + _WORDS + rb"\s+value\s*=\s*)"
    rb"(?P<value>\[[^\]]*|\"(?:[^\"\\]|\\.)*|'[^']*)")
_LETTER = re.compile(rb"[0-9A-Za-z]")


def scrubber(bodies: Bodies, vault: Vault) -> Callable[[bytes], bytes]:
    """A function that masks names, personal identifiers and telecoms in the body of a FHIR answer, and secrets.

    Bodies without any person or secret are returned untouched, byte for byte; others are written again. In one that is
    not JSON the letters and digits of what looks personal are struck out; one that is nested too deeply is withheld.
    """

    def masked(body: bytes, value: Any) -> bool:
        return any(sign in body for sign in _SIGNS) and _visit(value, False, vault.mask)

    def scrub(body: bytes) -> bytes:
        try:
            return bodies.scrubbed(body, masked, vault)
        except Unreadable as error:
            if not any(sign in body for sign in _SIGNS):
                return vault.body(body)
            return WITHHELD if error.code == "body.too-deep" else vault.body(_LOOKS_PERSONAL.sub(_struck, body))

    return scrub


def _struck(found: re.Match[bytes]) -> bytes:
    """Of the same length, so that what is wrong with the body stays where it was."""
    return found["name"] + _LETTER.sub(b"-", found["value"])


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
    for key, part, kind in _PARTS:
        if key == "name" and "resourceType" not in node:  # of a contact of something else
            continue
        items = node.get(key)
        for item in items if isinstance(items, list) else [items]:
            if isinstance(item, dict):
                changed = _mask_text(item, part, kind, mask) or changed
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
