"""Who says which scenario an application plays next: by default the plan, on the page its operator."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from conformance.plan import Planned

Where = tuple[str, str]  # profile and scenario


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was told of a campaign before it was stopped: the scenarios at their end, those that had only begun, what
    was counted of each (under no scenario: what is of none), and the number of the last exchange."""

    finished: tuple[Where, ...] = ()
    begun: tuple[Where, ...] = ()
    counts: Mapping[Where, Mapping[str, int]] = field(default_factory=dict)
    exchanges: int = 0


class Usher(Protocol):
    """Says what is played. A scenario that was told already is told again, whole."""

    def upcoming(self, seconds: float) -> Planned | None:
        """The scenario to play now; None when that is not decided within so many seconds."""

    def ended(self) -> bool:
        """Whether nothing more is to be played."""

    def skips(self) -> bool:
        """Whether what is left of the scenario under way is not to be done."""

    def limit(self, seconds: float) -> float:
        """How long an action may take whatever comes in, of which the scenario says so many seconds."""


class InOrder:
    """One scenario after the other, as planned, but those that are at their end already."""

    def __init__(self, planned: Sequence[Planned], finished: Sequence[Where] = ()) -> None:
        over = frozenset(finished)
        self._left = deque(one for one in planned if (one.profile.id, one.scenario.id) not in over)

    def upcoming(self, seconds: float) -> Planned | None:  # noqa: ARG002 - it never hesitates
        """The next one."""
        return self._left.popleft() if self._left else None

    def ended(self) -> bool:
        """Whether all were played."""
        return not self._left

    def skips(self) -> bool:
        """None is skipped."""
        return False

    def limit(self, seconds: float) -> float:
        """As the scenario says."""
        return seconds
