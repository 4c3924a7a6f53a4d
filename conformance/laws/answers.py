"""The answers to the questions of a case, by their role, and relations between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from conformance.fhir import bundle
from conformance.fhir.body import Bodies
from conformance.fhir.bundle import Entry
from conformance.model import Exchange, Sent

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Deviation:
    """What a law says of the answer to one question beside others: what was expected and seen, in words; ``code``
    where the law tells several things apart. ``key`` is the first resource that it is about, ``page`` the page of the
    answer, from 1, where they are known."""

    role: str
    expected: str
    actual: str
    beside: tuple[str, ...] = ()
    code: str = ""
    key: str = ""
    page: int = 1


Relation = Callable[["Answers"], Iterator[Deviation]]


@dataclass
class Answers:
    """What was answered to each question; questions in their order."""

    sents: Mapping[str, Sent]
    bodies: Bodies
    _entries: dict[str, list[Entry]] = field(default_factory=dict, repr=False)

    def asked(self, role: str) -> str:
        """A question in words: ``HealthcareService?specialty=…``."""
        ask = self.sents[role].ask
        query = "&".join(f"{name}={value}" for name, value in (*ask.query, *ask.form))
        return f"{ask.path}?{query}" if query else ask.path

    def first(self, role: str) -> str:
        """The id of the first exchange of a question."""
        return self.sents[role].exchanges[0].id

    def showing(self, role: str, key: str = "", page: int = 1) -> str:
        """The id of the exchange that shows a resource among the pages of an answer, else of a page."""
        there = next((exchange.id for exchange, body in self.pages(role) if key
                      and any(entry.key == key for entry in bundle.entries(body))), "")
        return there or self.sents[role].exchanges[min(page, len(self.sents[role].exchanges)) - 1].id

    def pages(self, role: str) -> list[tuple[Exchange, Mapping[str, object]]]:
        """The readable pages of an answer."""
        found = []
        for one in self.sents[role].exchanges:
            body = self.bodies.of(one)
            if body is not None and bundle.is_searchset(body):
                found.append((one, body))
        return found

    def entries(self, role: str) -> list[Entry]:
        """The entries over the pages of an answer."""
        if role not in self._entries:
            self._entries[role] = [entry for _, page in self.pages(role) for entry in bundle.entries(page)]
        return self._entries[role]

    def matches(self, role: str) -> list[Entry]:
        """The matches over the pages of an answer, in their order, repeated ones included."""
        searched = self.sents[role].ask.path.split("/")[0]
        return [one for one in self.entries(role) if bundle.is_match(one, searched)]

    def keys(self, *roles: str) -> set[str]:
        """``Type/id`` of the matches of some answers together."""
        return {one.key for role in roles for one in self.matches(role)}


def listed(keys: Iterable[str]) -> str:
    """Some keys in words, the first ones of many."""
    found = sorted(keys)
    more = f" (+{len(found) - _NAMED})" if len(found) > _NAMED else ""
    return ", ".join(found[:_NAMED]) + more


def differing(
    answers: Answers, role: str, wanted: set[str], told: str, beside: Sequence[str], *, more: bool = True,
    less: bool = True,
) -> Iterator[Deviation]:
    """How the matches of one question differ from those wanted, in one direction or both."""
    held = answers.keys(role)
    if more and held - wanted:
        yield Deviation(role, f"only {told}", f"{listed(held - wanted)} too", tuple(beside),
                        key=min(held - wanted))
    if less and wanted - held:
        yield Deviation(role, f"all of {told}", f"without {listed(wanted - held)}", tuple(beside),
                        key=min(wanted - held))


def within(small: str, large: str) -> Relation:
    """What one question selects is among what another one does."""
    def relation(answers: Answers) -> Iterator[Deviation]:
        yield from differing(answers, small, answers.keys(large), f"what {answers.asked(large)} selects", [large],
                             less=False)
    return relation


def same(role: str, other: str) -> Relation:
    """Two questions select the same."""
    def relation(answers: Answers) -> Iterator[Deviation]:
        yield from differing(answers, role, answers.keys(other), f"what {answers.asked(other)} selects", [other])
    return relation


def union(role: str, *parts: str) -> Relation:
    """A question selects what one of others does, and nothing else; those that were not asked are left aside."""
    def relation(answers: Answers) -> Iterator[Deviation]:
        there = [one for one in parts if one in answers.sents]
        told = " or ".join(answers.asked(one) for one in there)
        yield from differing(answers, role, answers.keys(*there), f"what {told} selects", there)
    return relation


def common(role: str, first: str, second: str) -> Relation:
    """A question selects all that both of two others do; whether more is for ``within`` to tell."""
    def relation(answers: Answers) -> Iterator[Deviation]:
        told = f"what both {answers.asked(first)} and {answers.asked(second)} select"
        yield from differing(answers, role, answers.keys(first) & answers.keys(second), told, [first, second],
                             more=False)
    return relation


def complement(role: str, whole: str, part: str) -> Relation:
    """A question selects what one does and another does not."""
    def relation(answers: Answers) -> Iterator[Deviation]:
        told = f"what {answers.asked(whole)} but not {answers.asked(part)} selects"
        yield from differing(answers, role, answers.keys(whole) - answers.keys(part), told, [whole, part])
    return relation


def disjoint(role: str, other: str) -> Relation:
    """Nothing is selected by both of two questions, where both were asked."""
    def relation(answers: Answers) -> Iterator[Deviation]:
        if role not in answers.sents:
            return
        both = answers.keys(role) & answers.keys(other)
        if both:
            yield Deviation(role, f"nothing of what {answers.asked(other)} selects", f"{listed(both)} too", (other,),
                            key=min(both))
    return relation


def nothing(role: str) -> Relation:
    """A question selects nothing."""
    def relation(answers: Answers) -> Iterator[Deviation]:
        held = answers.keys(role)
        if held:
            yield Deviation(role, "no match", listed(held), key=min(held))
    return relation
