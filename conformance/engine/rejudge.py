"""Judging a record again: the same exchanges, today's profiles, scenarios and checks; nothing is sent."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from typing import Any

from conformance import ledger
from conformance.codes import finding
from conformance.errors import RecordError
from conformance.generation import Course, Generation
from conformance.lines import finding_of, question_of, sent_of
from conformance.model import Exchange, Judgement, Scenario, Tried
from conformance.scenario import Library
from conformance.specification import Profile


def turned(record: ledger.Record, old: str, new: Profile, scenarios: Container[str]) -> ledger.Record:
    """What a record holds of one version, as if another had been asked for; of the scenarios only those given."""
    def kept(line: Mapping[str, Any]) -> bool:
        return line.get("profile") == old and (not line["scenario"] or line["scenario"] in scenarios)

    planned = [[new.id, name] for profile, name in record.header["planned"] if profile == old and name in scenarios]
    header = {**record.header, "profiles": [{"id": new.id, "hash": new.hash}], "planned": planned}
    return replace(record, header=header, lines=[{**line, "profile": new.id} for line in record.lines if kept(line)])


class Rejudge:
    """Re-reads the lines of a record in order, and judges each step where the record judged it."""

    def __init__(
        self, record: ledger.Record, profiles: Mapping[str, Profile], library: Library, generation: Generation
    ) -> None:
        self.record, self.profiles, self.generation = record, profiles, generation
        self._scenarios: dict[str, Scenario] = {one.id: one for one in library.scenarios}
        self._exchanges: dict[str, Exchange] = {}
        self._courses: dict[tuple[str, str], Course] = {}
        self._cases: dict[int, Tried] = {}

    def judgements(self) -> Iterator[Judgement]:
        """The judgements that the record's exchanges deserve today, in the order of the record."""
        sent: set[tuple[str, str, str]] = set()
        for line in self.record.lines:
            kind = line["type"]
            if kind == "exchange":
                self._exchange(line)
            elif kind == "bound":
                self._bound(line)
            elif kind == "step":
                sent.add((line["profile"], line["scenario"], line["step"]))
                yield from self._step(line)
            elif kind == "case":
                self._case(line)
            elif kind == "law":
                sent.add((line["profile"], line["scenario"], f"law-{line['law'] + 1}"))
                yield from self._law(line)
            elif kind == "scenario":
                self._exchanges.clear()
            elif kind == "judgement" and (line["profile"], line["scenario"], line["step"]) not in sent:
                sent.add((line["profile"], line["scenario"], line["step"]))
                yield from self._refused(line)

    def _exchange(self, line: Mapping[str, Any]) -> None:
        exchange = self.record.exchange(line)
        if line["scenario"]:
            self._exchanges[exchange.id] = exchange
        if exchange.purpose == "explore":
            self.generation.learn(exchange)

    def _course(self, line: Mapping[str, Any]) -> Course:
        key = line["profile"], line["scenario"]
        if key not in self._courses:
            self._courses.clear()
            try:
                self._courses[key] = Course(self.profiles[key[0]], self._scenarios[key[1]])
            except KeyError as error:
                raise RecordError(f"the record speaks of {error.args[0]!r}, which is not known here; "
                                  "give its scenarios with --scenarios") from None
        return self._courses[key]

    def _bound(self, line: Mapping[str, Any]) -> None:
        course = self._course(line)
        course.names = self.generation.restored(line["values"])

    def _step(self, line: Mapping[str, Any]) -> Iterator[Judgement]:
        course = self._course(line)
        step = next((one for one in course.scenario.steps if one.name == line["step"]), None)
        if step is None:
            return
        sent = sent_of(line, step, self._exchanges)
        course.sent[step.name] = sent
        course.names |= self.generation.captured(sent)
        stable = True
        if line["confirmation"]:
            stable = self.generation.same(sent.exchanges[0], self._exchanges[line["confirmation"]])
        yield from self.generation.judge(course, sent, stable)

    def _case(self, line: Mapping[str, Any]) -> None:
        """A drawn case of a law; one that was asked again is told once more, and then counts."""
        course = self._course(line)
        if line["law"] >= len(course.scenario.laws):
            return
        place = course.scenario.laws[line["law"]].place
        sents = [question_of(one, place, self._exchanges) for one in line["questions"]]
        again = [self._exchanges[one] for one in line["again"]]
        made = self.generation.tried(course, line["law"], line["number"], sents)
        stable = self.generation.steady(course, line["law"], sents, again)
        self._cases[line["number"]] = replace(made, stable=stable).lightened()

    def _law(self, line: Mapping[str, Any]) -> Iterator[Judgement]:
        course, cases = self._course(line), list(self._cases.values())
        self._cases.clear()
        if line["law"] < len(course.scenario.laws):
            reason = finding_of(line["reason"]) if "reason" in line else None
            yield from self.generation.settled(course, line["law"], cases, reason)

    def _refused(self, line: Mapping[str, Any]) -> Iterator[Judgement]:
        """A step that was not driven: for lack of data, or because the candidate had stopped answering."""
        course = self._course(line)
        step = next((one for one in course.scenario.steps if one.name == line["step"]), None)
        if step is None:
            return
        told = line["findings"][0]
        reason = finding(told["code"], told["expected"], told["actual"], told.get("place", ""))
        yield from self.generation.refuse(course, step, reason)
