"""Where the extensions of a resource stand, those inside others included; resources that it holds have their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.fhir.bundle import Resource
from conformance.fhir.tree import EXTENSIONS

Extended = tuple[str, Mapping[str, Any]]


def extended(resource: Resource, kind: str) -> list[Extended]:
    """The extensions of a resource, each with its place (``Location.extension[2].extension[0]``); those of contained
    resources, or of the entries of a Bundle, apart."""
    found: list[Extended] = []
    _visit(resource, (kind,), found)
    return found


def _visit(node: Mapping[str, Any], place: tuple[str, ...], found: list[Extended]) -> None:
    for key, value in node.items():
        if isinstance(value, dict) and "resourceType" not in value:
            _visit(value, (*place, ".", key), found)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, dict) and "resourceType" not in item:
                    inner = (*place, ".", key, f"[{index}]")
                    if key in EXTENSIONS:
                        found.append(("".join(inner), item))
                    _visit(item, inner, found)
