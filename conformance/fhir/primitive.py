"""Values of the primitive types of FHIR R4, well formed, edges among them; and values that are not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.draw import Draw

_TEXTS = ("Centre de rééducation", "Équipe mobile", "L'Haÿ-les-Roses", "SSR « Les Œillets »", "a", "Saint-Étienne, 42",
          "Pôle|mère$enfant", "Accueil\nde jour", "😀 unité", "\u00a0insécable\u00a0x", "x" * 200)
_SIMPLE: Mapping[str, tuple[Any, ...]] = {
    "boolean": (True, False),
    "decimal": (0, 1, 12.5, -0.25, 47.2184, 1e10, 1234567.89),
    "integer": (0, 1, -1, 2147483647, -2147483648),
    "positiveInt": (1, 2, 2147483647),
    "unsignedInt": (0, 1, 2147483647),
    "string": _TEXTS,
    "markdown": (*_TEXTS, "# Titre\n\n* point"),
    "code": ("a", "active", "two words", "É-1"),
    "id": ("1", "a.b-C", "x" * 64),
    "uri": ("https://exemple.fr/a", "urn:oid:1.2.250.1", "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7"),
    "url": ("https://exemple.fr/a?b=%C3%A9",),
    "canonical": ("https://exemple.fr/Questionnaire/a|1.0",),
    "oid": ("urn:oid:1.2.250.1.213", "urn:oid:2.16.840"),
    "uuid": ("urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7",),
    "base64Binary": ("UmVwZXJ0b2lyZQ==", "AAAA"),
    "xhtml": ('<div xmlns="http://www.w3.org/1999/xhtml"><p>Unité &amp; lits</p></div>',),
    "date": ("2026", "2026-02", "2024-02-29", "1999-12-31"),
    "time": ("00:00:00", "08:30:00", "23:59:59.999"),
}
_DAYS = ("2024-02-29", "2026-01-31", "2026-11-24", "1999-12-31")
_TIMES = ("T00:00:00Z", "T23:59:59+02:00", "T08:30:15.123Z")
# What no value of a type may be, in the same type of JSON.
MALFORMED: Mapping[str, tuple[Any, ...]] = {
    "integer": (2147483648,), "positiveInt": (0, -3), "unsignedInt": (-1,),
    "string": ("", " "), "markdown": ("",), "code": ("", " a", "a  b", "a\n"),
    "id": ("", "a b", "é", "x" * 65), "uri": ("", "a b"), "url": ("a b",), "canonical": ("a b", ""),
    "oid": ("1.2.250", "urn:oid:a"), "uuid": ("53fefa32",), "base64Binary": ("é",),
    "date": ("", "24/11/2026", "2026-13", "2026-02-30", "26-01-01", "2026-1-1"),
    "dateTime": ("hier", "2026-02-30", "2026-01-01T10:00", "2026-01-01T10:00:00", "2026-01-01 10:00:00Z"),
    "instant": ("2026-01-01", "2026", "2026-01-01T10:00:00", "2026-01-01T25:00:00Z"),
    "time": ("8:30", "08:30", "24:00:00", "08:30:00Z"),
}


def well_formed(kind: str, draw: Draw) -> Any:
    """A value of a primitive type."""
    if kind == "dateTime":
        day = draw.one_of(("2026", "2026-02", *_DAYS))
        return day + (draw.one_of(_TIMES) if len(day) == 10 and draw.happens(0.6) else "")
    if kind == "instant":
        return draw.one_of(_DAYS) + draw.one_of(_TIMES)
    return draw.one_of(_SIMPLE[kind])
