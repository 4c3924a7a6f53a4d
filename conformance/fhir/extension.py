"""What an extension holds, read from its elements: one value, or parts of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Raw = Mapping[str, Any]
_KEPT = ("types", "targets", "binding", "fixed", "pattern")


def held(extension: Raw) -> dict[str, Any]:
    """The extension with its ``value`` (types, targets, binding) or its ``parts`` (each with url, min, max and what its
    value is), as whoever judges or makes extensions wants them."""
    elements = extension["elements"]
    parts = [_part(one, elements) for one in elements if one["path"] == "Extension.extension" and "slice" in one]
    if parts:
        return {**extension, "parts": parts}
    values = [one for one in elements if one["path"] == "Extension.value[x]" and not one.get("within")]
    return {**extension, "value": {"types": [], **(_value(values[0]) if values else {})}}


def _part(one: Raw, elements: list[Raw]) -> dict[str, Any]:
    """A part: an extension defined elsewhere, or one of its own that its name or fixed url tells."""
    inside = {each["path"]: each for each in elements if each.get("within") == one["slice"] and "slice" not in each}
    url = one.get("extension") or inside.get("Extension.extension.url", {}).get("fixed") or one["slice"]
    return {"url": url, "min": one.get("min", 0), "max": one.get("max", "*"),
            **_value(inside.get("Extension.extension.value[x]", {}))}


def _value(one: Raw) -> dict[str, Any]:
    return {key: one[key] for key in _KEPT if key in one}
