"""Hypothesis strategies of resources: valid ones of a structure, for tests that shrink what they find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies

from conformance.draw import Chosen
from conformance.fhir.maker import Maker
from conformance.fhir.structure import Structures
from conformance.nomenclature import Release


def resources(structures: Structures, release: Release, name: str) -> strategies.SearchStrategy[dict[str, Any]]:
    """Valid resources of a structure."""

    @strategies.composite
    def made(draw: Callable[[strategies.SearchStrategy[Any]], Any]) -> dict[str, Any]:
        return Maker(structures, release, Chosen(lambda least, most: draw(strategies.integers(least, most)))
                     ).resource(name)

    return made()
