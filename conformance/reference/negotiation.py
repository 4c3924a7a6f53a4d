"""Formats: what the client wants back, what it sends."""

from __future__ import annotations

from conformance.reference.fault import Pairs
from conformance.reference.refusal import Refusal

MEDIA_TYPE = "application/fhir+json; charset=utf-8"
_FORMATS = frozenset(("json", "application/json", "application/fhir+json", "text/json"))
_RANGES = _FORMATS | {"*/*", "application/*"}


def refuse_other_formats(pairs: Pairs, accept: str) -> None:
    """Refusal (406) when neither _format, which comes first, nor Accept leaves FHIR JSON possible."""
    asked = [value for name, value in pairs if name == "_format"]
    if asked:
        # an unescaped + of a query string arrives as a space
        media = asked[-1].partition(";")[0].strip().replace(" ", "+")
        if media not in _FORMATS:
            raise Refusal(
                406, "not-supported", f"format {asked[-1]!r} cannot be produced, only application/fhir+json"
            )
        return
    if accept and not any(_accepted(part) for part in accept.split(",")):
        raise Refusal(406, "not-supported", f"none of {accept!r} can be produced, only application/fhir+json")


def _accepted(part: str) -> bool:
    media, *options = [option.strip().lower() for option in part.split(";")]
    refused = any(option.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for option in options)
    return media in _RANGES and not refused


def refuse_other_content(content_type: str, allowed: frozenset[str]) -> None:
    """Refusal (415) when a body is sent in another format than the allowed ones."""
    media = content_type.partition(";")[0].strip().lower()
    if media not in allowed:
        raise Refusal(
            415, "not-supported", f"content type {content_type or 'missing'!r} cannot be read, send {min(allowed)}"
        )
