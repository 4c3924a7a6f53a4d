"""What generated resources and requests draw their choices from: a seeded generator, or Hypothesis."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Draw(Protocol):
    """A source of choices."""

    def number(self, least: int, most: int) -> int:
        """A whole number between two, both included."""

    def one_of(self, values: Sequence[T]) -> T:
        """One of some values, of which there is at least one."""

    def happens(self, chance: float) -> bool:
        """Whether something happens that has a chance from 0 to 1."""


class Chosen:
    """Choices by whoever chooses a whole number between two. One that shrinks to the least number shrinks to the first
    of some values, and to what does not happen."""

    def __init__(self, number: Callable[[int, int], int], of: Callable[[Any], Any] | None = None) -> None:
        self._number, self._of = number, of

    def of(self, strategy: Any) -> Any:
        """What a strategy of Hypothesis gives, where Hypothesis chooses."""
        assert self._of is not None, "choices that are not made by Hypothesis"
        return self._of(strategy)

    def number(self, least: int, most: int) -> int:
        """A whole number between two, both included."""
        return self._number(least, most)

    def one_of(self, values: Sequence[T]) -> T:
        """One of some values, of which there is at least one."""
        return values[self._number(0, len(values) - 1)]

    def happens(self, chance: float) -> bool:
        """Whether something happens that has a chance from 0 to 1."""
        return self._number(0, 99) >= 100 - round(chance * 100)


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
