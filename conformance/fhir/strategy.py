"""Hypothesis strategies of resources: valid ones of a structure, for tests that shrink what they find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from hypothesis import strategies

from conformance.fhir.maker import Maker
from conformance.fhir.structure import Structures
from conformance.nomenclature import Release

T = TypeVar("T")


def resources(structures: Structures, release: Release, name: str) -> strategies.SearchStrategy[dict[str, Any]]:
    """Valid resources of a structure."""

    @strategies.composite
    def made(draw: Callable[[strategies.SearchStrategy[Any]], Any]) -> dict[str, Any]:
        return Maker(structures, release, Drawn(draw)).resource(name)

    return made()


class Drawn:
    """Choices of Hypothesis, inside a composite strategy; shrinking leads to the first value and to what does not
    happen."""

    def __init__(self, draw: Callable[[strategies.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw

    def number(self, least: int, most: int) -> int:
        """A whole number between two, both included."""
        return int(self._draw(strategies.integers(least, most)))

    def one_of(self, values: Sequence[T]) -> T:
        """One of some values, of which there is at least one."""
        return values[self.number(0, len(values) - 1)]

    def happens(self, chance: float) -> bool:
        """Whether something happens that has a chance from 0 to 1."""
        return self.number(0, 99) >= 100 - round(chance * 100)
