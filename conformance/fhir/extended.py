"""Where the extensions of a resource stand, those inside another extension left to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.fhir.bundle import Resource

Extended = tuple[str, Mapping[str, Any]]


def extended(resource: Resource, kind: str) -> list[Extended]:
    """The extensions of a resource, in its order, each with its place (``Location.extension[2]``)."""
    found: list[Extended] = []
    _visit(resource, (kind,), found)
    return found


def _visit(node: Mapping[str, Any], place: tuple[str, ...], found: list[Extended]) -> None:
    held = node.get("extension")
    if isinstance(held, list):
        at = "".join(place)
        found += [(f"{at}.extension[{index}]", one) for index, one in enumerate(held) if isinstance(one, dict)]
    for key, value in node.items():
        if key == "extension":
            continue
        if isinstance(value, dict):
            _visit(value, (*place, ".", key.lstrip("_")), found)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, dict):
                    _visit(item, (*place, ".", key.lstrip("_"), f"[{index}]"), found)
