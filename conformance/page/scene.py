"""What the page shows at one moment: frozen, in both languages, without I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from conformance.checks.questions import Question
from conformance.engine.usher import Where
from conformance.specification import Text

# ``welcome``: nothing is played; ``doing``: the operator acts in the application; ``asking``: what the user saw is
# asked; ``judging``: the engine has the word; ``judged``: a scenario is over; ``ended``: the campaign is; ``failed``
STAGES = ("welcome", "doing", "asking", "judging", "judged", "ended", "failed")
TODO, NOW, OVER, ASIDE = "todo", "now", "over", "aside"


@dataclass(frozen=True, slots=True)
class Remark:
    """What is wrong with one request, or why a requirement is not met."""

    title: Text
    says: Text
    remedy: Text


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that came in, with its first judgement: the status of its answer (or why there was none), whether the
    answer has a page after it, the moment from which the application may come back. A ``greeting`` is a handshake
    of TLS, of which no request came yet."""

    id: str
    at: datetime
    method: str
    target: str
    status: str
    remarks: tuple[Remark, ...] = ()
    more: bool = False
    back: datetime | None = None
    token: bool = False
    cut: bool = False
    greeting: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A scenario: ``todo``, ``now``, ``over`` with its verdict, or ``aside`` for a reason known before."""

    where: Where
    title: Text
    state: str = TODO
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a scenario says of one requirement."""

    requirement: str
    statement: Text
    verdict: str
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """What the operator is to do: a step, the words by language, the values by name."""

    number: int
    of: int
    words: Mapping[str, str]
    values: Mapping[str, str]
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """All that the page shows. ``turn`` names the state of the campaign that a button acts on, ``version`` every
    change; ``problem`` is the kind of answer that was refused, ``again`` tells that an earlier start is gone on
    with, ``busy`` that a request is being answered, ``moved`` that the endpoint is not the usual one."""

    version: int
    turn: str
    stage: str
    rows: tuple[Row, ...]
    endpoint: Mapping[str, Any]
    current: Where | None = None
    task: Task | None = None
    question: int = 0
    problem: str = ""
    arrivals: tuple[Arrival, ...] = ()
    received: int = 0
    rulings: tuple[Ruling, ...] = ()
    error: str = ""
    again: bool = False
    busy: bool = False
    moved: bool = False
    decision: str = ""
    folder: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def over(self) -> int:
        """How many scenarios are at their end."""
        return sum(1 for one in self.rows if one.state == OVER)

    @property
    def counted(self) -> int:
        """How many there are to play."""
        return sum(1 for one in self.rows if one.state != ASIDE)

    @property
    def following(self) -> Row | None:
        """The scenario that is next."""
        return next((one for one in self.rows if one.state == TODO), None)

    @property
    def row(self) -> Row | None:
        """The scenario at hand."""
        return next((one for one in self.rows if one.where == self.current), None)
