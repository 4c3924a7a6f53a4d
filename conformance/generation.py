"""What a generation of the specification (FHIR REST, SOAP/CSD) must be able to do for the engine.

The engine, the drivers, the record and the reports know only this; what a body means stays behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from conformance.draw import Chosen
from conformance.drive.redact import Vault
from conformance.model import Ask, Exchange, Finding, Judgement, Need, Scenario, Sent, Step, Tried, Written
from conformance.specification import Profile


@dataclass
class Course:
    """A scenario under way on one profile: what was bound, what was sent so far."""

    profile: Profile
    scenario: Scenario
    names: dict[str, Any] = field(default_factory=dict)
    sent: dict[str, Sent] = field(default_factory=dict)


class NoData(Exception):
    """The candidate's data cannot carry the scenario; ``need`` is the first that could not be met."""

    def __init__(self, need: Need) -> None:
        self.need = need
        super().__init__(need.name)


# some requests that do not depend on each other, for which the exchanges are sent back in their order
Exploration = Generator[Sequence[Ask], Sequence[Exchange], None]


class Generation(Protocol):
    """The language of a candidate: exploration, binding, requests, judgement."""

    def scrub(self, vault: Vault) -> Callable[[bytes], bytes]:
        """A function that masks personal data and secrets in a body."""

    def explore(
        self, profile: Profile, scenarios: Iterable[Scenario], follows: Callable[[str, Exchange], str]
    ) -> Exploration:
        """Asks what is needed to know the candidate's data, once for all scenarios; ``learn`` takes in the answers.

        ``follows`` makes an absolute address of a link in an answer, empty when it leaves the candidate.
        """

    def learn(self, exchange: Exchange) -> None:
        """Takes in one exchange of an exploration."""

    def readable(self) -> bool:
        """Whether any answer of the exploration could be read."""

    def bind(self, course: Course, seed: str) -> dict[str, Any]:
        """Values of the candidate's own data for the needs of a scenario; NoData when it has none."""

    def kept(self, names: Mapping[str, Any]) -> dict[str, Any]:
        """The bound values as written in a record."""

    def restored(self, kept: Mapping[str, Any]) -> dict[str, Any]:
        """The bound values from their form in a record."""

    def words(self, course: Course, step: Step) -> Mapping[str, str]:
        """What an application is asked to do, by language, values put in."""

    def ask(self, course: Course, step: Step) -> Ask:
        """The request of a step, values put in."""

    def created(self, sent: Sent) -> str:
        """``Type/id`` of the resource that a step created; empty when its answer does not tell."""

    def captured(self, sent: Sent) -> dict[str, Any]:
        """The names that a step gives to what it created."""

    def awaited(self, course: Course, step: Step) -> str:
        """The earlier step of which this one needs the resource that it should have created; empty when none lacks."""

    def mark(self, course: Course, ask: Ask) -> str:
        """What tells the resource that a request creates from all others."""

    def found_again(self, written: Written) -> Ask:
        """Asks for what a write created, by its mark."""

    def keys(self, written: Written, exchange: Exchange) -> list[str] | None:
        """``Type/id`` of what a search for what a write created brought; None when its answer cannot be used."""

    def removal(self, profile: Profile, key: str, base: str) -> Ask:
        """Takes back a resource that was created, as the specification allows it; or reads it, when it must be known
        for that (``update``)."""

    def update(self, profile: Profile, key: str, base: str, read: Exchange) -> Ask | None:
        """Takes back a resource as it was read; None when it could not be."""

    def status_address(self, exchange: Exchange) -> str:
        """Where the state of an extraction is told; empty when the answer accepts none."""

    def files(self, exchange: Exchange) -> list[str]:
        """The addresses of the files that a manifest lists."""

    def next_page(self, exchange: Exchange) -> str:
        """The address of the page after this answer, empty when there is none."""

    def same(self, one: Exchange, other: Exchange) -> bool:
        """Whether two answers to the same question say the same."""

    def meanwhile(self, profile: Profile) -> bool:
        """Does some work of later judgements on a profile, while an answer is waited for; False when there is none."""

    def drawn(self, course: Course, law: int, draw: Chosen) -> tuple[Step, ...] | None:
        """The questions of a case of a law, by choices; None when none can be drawn."""

    def tried(self, course: Course, law: int, number: int, sents: Sequence[Sent]) -> Tried:
        """What the answers to the questions of a case tell."""

    def in_order(self, course: Course, law: int) -> bool:
        """Whether a case that breaks a law is asked again in its order, for the law is about what is asked before."""

    def steady(self, course: Course, law: int, sents: Sequence[Sent], again: Sequence[Exchange]) -> bool:
        """Whether the questions of a case, asked some times again, were always answered the same; ``again`` has the
        first answer to each, in the order of the case. Of a law that is asked in its order: whether it broke again."""

    def settled(self, course: Course, law: int, cases: Sequence[Tried], reason: Finding | None) -> list[Judgement]:
        """The judgements of a law, from all its cases; ``reason`` why no more were asked, if before the time."""

    def judge(self, course: Course, sent: Sent, stable: bool) -> list[Judgement]:
        """The judgements of a step that was sent."""

    def refuse(self, course: Course, step: Step, reason: Finding) -> list[Judgement]:
        """The judgements of a step that was not sent, for a reason."""
