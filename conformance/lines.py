"""Judgements, driven steps and drawn questions as lines of a record, and back; what a line must hold."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from conformance.model import Ask, Exchange, Finding, Judgement, Place, Sent, Step, Weight
from conformance.profile import schema
from conformance.verdict import Cause, Effect, Verdict

_LONGEST = 200  # characters of what is wrong


@functools.cache
def _validators() -> Mapping[str, Any]:
    """What judges the lines of each type."""
    whole = schema("record")
    types = [one["$ref"].rpartition("/")[2] for one in whole["oneOf"]]
    return {name: jsonschema_rs.validator_for({**whole["$defs"][name], "$defs": whole["$defs"]}) for name in types}


def wrong(line: Mapping[str, Any]) -> str:
    """Why a line is none of a record (``reports/schemas/record.schema.json``); empty when it is one."""
    judge = _validators().get(line["type"])
    if judge is None:
        return f"lines of type {line['type'][:_LONGEST]!r} are not known to this rorqual"
    error = None if judge.is_valid(line) else next(iter(judge.iter_errors(line)), None)
    if error is None:
        return ""
    place = "/".join(map(str, error.instance_path))
    return f"{line['type']}{f', {place}' if place else ''}: {error.message[:_LONGEST]}"


def judgement_line(judgement: Judgement) -> dict[str, Any]:
    """A judgement as written in a record; what is at its default is left out of its findings."""
    one = judgement
    return {
        "profile": one.profile, "scenario": one.scenario, "step": one.step, "expectation": one.expectation,
        "check": one.check, "requirement": one.requirement, "verdict": one.verdict.word,
        "findings": [finding_line(found) for found in one.findings], "weight": _weight_line(one.weight),
        "exchanges": one.exchanges, "rests-on": one.rests_on,
    }


def _weight_line(one: Weight) -> dict[str, int]:
    return {"exchanges": one.exchanges, "resources": one.resources, "values": one.values,
            **({"draws": one.draws} if one.draws else {})}


def question_line(sent: Sent) -> dict[str, Any]:
    """A question of a drawn case as written in a record."""
    return {"role": sent.step.name, "exchanges": [one.id for one in sent.exchanges], "ending": sent.ending,
            "pages": sent.step.pages, "ask": sent.ask}


def finding_line(one: Finding) -> dict[str, Any]:
    """A finding as written in a record; what is at its default is left out."""
    line: dict[str, Any] = {"code": one.code, "expected": one.expected, "actual": one.actual,
                            "effect": one.effect.value, "cause": one.cause.value}
    if one.place:
        line["place"] = one.place
    if one.exchange:
        line["exchange"] = one.exchange
    if one.defect:
        line["defect"] = one.defect
    if one.count != 1:
        line["count"] = one.count
    if one.beside:
        line["beside"] = one.beside
    return line


def judgement_of(line: Mapping[str, Any]) -> Judgement:
    """A judgement from its line."""
    weight = line["weight"]
    return Judgement(
        line["profile"], line["scenario"], line["step"], line["expectation"], line["check"], line["requirement"],
        Verdict.of_word(line["verdict"]), tuple(finding_of(one) for one in line["findings"]),
        Weight(weight["exchanges"], weight["resources"], weight["values"], weight.get("draws", 0)),
        tuple(line["exchanges"]), tuple(line.get("rests-on", ())),
    )


def finding_of(line: Mapping[str, Any]) -> Finding:
    """A finding from its line."""
    return Finding(
        line["code"], line["expected"], line["actual"], line.get("place", ""), line.get("exchange", ""),
        Effect(line["effect"]), Cause(line["cause"]), line.get("defect", ""), line.get("count", 1),
        beside=tuple(line.get("beside", ())),
    )


def pairs(raw: Any) -> tuple[tuple[str, str], ...]:
    """Pairs of texts, as they were written."""
    return tuple((str(name), str(value)) for name, value in raw)


def ask_of(ask: Mapping[str, Any]) -> Ask:
    """A request from its line."""
    return Ask(ask["method"], ask["path"], pairs(ask["query"]), pairs(ask["headers"]), pairs(ask["form"]),
               ask.get("body", ""), ask.get("base", ""), ask.get("access", ""))


def sent_of(line: Mapping[str, Any], step: Step, exchanges: Mapping[str, Exchange]) -> Sent:
    """A driven step from its line, its scenario's step and the exchanges read so far."""
    return Sent(step, ask_of(line["ask"]), tuple(exchanges[one] for one in line["exchanges"]), line["ending"],
                line.get("outcome"))


def question_of(line: Mapping[str, Any], place: Place, exchanges: Mapping[str, Exchange]) -> Sent:
    """A question of a drawn case from its line."""
    ask = ask_of(line["ask"])
    step = Step(line["role"], ask.method, ask.path, ask.query, ask.headers, ask.form, line["pages"], (), place)
    return Sent(step, ask, tuple(exchanges[one] for one in line["exchanges"]), line["ending"])
