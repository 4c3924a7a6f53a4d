"""Scenarios and questions on their way through a run, and what an earlier, interrupted run told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from conformance.drive.probe import Pending
from conformance.events import Bound
from conformance.generation import Course
from conformance.model import Ask, Finding, Step, Written


@dataclass(frozen=True, slots=True)
class Turn:
    """A scenario ready to be driven: its values chosen, or the finding that says which the candidate lacks."""

    course: Course
    bound: Bound | None
    missing: Finding | None


@dataclass(frozen=True, slots=True)
class Question:
    """The request of a step; ``pending`` when it is under way, None when it waits for its turn."""

    course: Course
    step: Step
    ask: Ask | None
    pending: Pending | None


@dataclass(frozen=True, slots=True)
class Before:
    """What an interrupted run told already: the scenarios at their end, all that it wrote and what of it still stands,
    the scenarios that it had begun, its counts."""

    finished: frozenset[tuple[str, str]] = frozenset()
    begun: tuple[tuple[str, str], ...] = ()
    open_: tuple[Written, ...] = ()
    writings: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
