"""What a run tells, in order. The command line shows events, the ledger writes them, pytest maps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.model import Exchange, Finding, Judgement, Sent, Written
from conformance.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Started:
    """The run begins; ``header`` is what the first line of the record says."""

    header: Mapping[str, Any]
    scenarios: int


@dataclass(frozen=True, slots=True)
class Exchanged:
    """One exchange took place."""

    profile: str
    scenario: str
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Bound:
    """The values of a scenario were chosen (or not: then ``missing`` names the need)."""

    profile: str
    scenario: str
    values: Mapping[str, Any]
    missing: str = ""


@dataclass(frozen=True, slots=True)
class StepSent:
    """A step was driven; ``confirmation`` is the exchange that asked the same question again, if any."""

    profile: str
    scenario: str
    sent: Sent
    confirmation: str = ""


@dataclass(frozen=True, slots=True)
class CaseAsked:
    """A drawn case of a law was asked, its questions in order; ``again`` are the exchanges that asked them again, in
    the same order, if any."""

    profile: str
    scenario: str
    law: int
    number: int
    sents: tuple[Sent, ...]
    again: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LawEnded:
    """No case of a law is drawn any more; ``reason`` says why before its time, if so."""

    profile: str
    scenario: str
    law: int
    cases: int
    reason: Finding | None = None


@dataclass(frozen=True, slots=True)
class Writing:
    """Something is about to be changed on the server: told before the request is sent."""

    written: Written


@dataclass(frozen=True, slots=True)
class Created:
    """A write created a resource."""

    number: int
    key: str


@dataclass(frozen=True, slots=True)
class Undone:
    """What a write created was taken back, or could not be: ``how`` says which (``removed``, ``absent``, ``left``)."""

    number: int
    key: str
    how: str
    exchange: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """An interrupted run goes on; what it had told of these (profile, scenario) is told again, whole."""

    started: str
    again: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """One expectation was judged for one requirement."""

    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Skipped:
    """A scenario was not run, for a reason known before the run."""

    profile: str
    scenario: str
    reason: str


@dataclass(frozen=True, slots=True)
class ScenarioFinished:
    """A scenario came to its end."""

    profile: str
    scenario: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Visited:
    """A pair of a matrix was tried with some use cases, and all that happened; ``untested`` is the cause
    (``cells.CAUSES``) why it was not carried through for a reason that is of none of the two, ``detail`` its words."""

    requester: str
    responder: str
    profile: str
    started: str
    seconds: float
    events: tuple[Event, ...]
    use_cases: tuple[str, ...] = ()
    untested: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """The run came to its end; ``footer`` is what the last line of the record says."""

    footer: Mapping[str, Any]


Event = (
    Started | Exchanged | Bound | StepSent | CaseAsked | LawEnded | Writing | Created | Undone | Resumed | Judged
    | Skipped | ScenarioFinished | Visited | Finished
)
