"""What generated resources draw their choices from: a seeded generator here, or Hypothesis (``strategy``)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")


class Draw(Protocol):
    """A source of choices."""

    def number(self, least: int, most: int) -> int:
        """A whole number between two, both included."""

    def one_of(self, values: Sequence[T]) -> T:
        """One of some values, of which there is at least one."""

    def happens(self, chance: float) -> bool:
        """Whether something happens that has a chance from 0 to 1."""


class Seeded:
    """Choices of ``random``: the same seed gives the same ones."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def number(self, least: int, most: int) -> int:
        """A whole number between two, both included."""
        return self._rng.randint(least, most)

    def one_of(self, values: Sequence[T]) -> T:
        """One of some values, of which there is at least one."""
        return values[self._rng.randrange(len(values))]

    def happens(self, chance: float) -> bool:
        """Whether something happens that has a chance from 0 to 1."""
        return self._rng.random() < chance
