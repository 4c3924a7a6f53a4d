"""Judging laws: the answers to a case → what it tells; all cases of a law → judgements. Pure, as the checks are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from conformance.checks.footing import rests_on
from conformance.checks.judge import verdict_of
from conformance.codes import finding
from conformance.fhir.body import Bodies
from conformance.laws import LAWS, Law
from conformance.laws.answers import Answers
from conformance.laws.ground import Ground
from conformance.laws.relations import outcome
from conformance.model import Expectation, Finding, Judgement, Scenario, Sent, Tried, Weight
from conformance.specification import Profile

_ENDED = ("complete", "one")


def tried(use: Expectation, number: int, sents: Sequence[Sent], bodies: Bodies, ground: Ground) -> Tried:
    """What a case tells: how it breaks the law, or why it cannot tell."""
    law = LAWS[use.check]
    answers = Answers({one.step.name: one for one in sents}, bodies)
    void = next(_void(answers, law.by_page), None) if law.whole else None
    keys = frozenset(entry.key for role in answers.sents for entry in answers.entries(role))
    values = frozenset(pair for one in sents for pair in (*one.ask.query, *one.ask.form))
    if void is None and law.whole and not keys:
        void = finding("data.no-example", "criteria that select something", "none", "", sents[0].exchanges[0].id)
    found = [] if void is not None else _deviations(use, answers, ground)
    return Tried(number, tuple(sents), tuple(found), void, keys, values)


def _deviations(use: Expectation, answers: Answers, ground: Ground) -> list[Finding]:
    """How the answers break the law; a breakdown of ours is told as ours."""
    try:
        return [finding(one.code or f"law.{use.check}", one.expected, one.actual, answers.asked(one.role),
                        answers.showing(one.role, one.key, one.page),
                        tuple(answers.showing(role, one.key) for role in one.beside))
                for one in LAWS[use.check].agrees(answers, ground, use.parameters)]
    except Exception as error:  # a fault of a law must not stop the run, nor be held against the candidate
        return [finding("harness.check", use.check, f"{type(error).__name__}: {error}")]


def _void(answers: Answers, by_page: bool) -> Iterator[Finding]:
    """Why answers cannot be compared: one is no result, or not to its end."""
    for role, sent in answers.sents.items():
        why = outcome(answers, role)
        if why:
            yield finding("blocked.status", "status 200", why, answers.asked(role), answers.first(role))
        elif sent.ending == "limit" and not by_page:
            yield finding("data.too-many", "a result that can be walked to its end",
                          f"more than {len(sent.exchanges)} pages", "", answers.first(role))
        elif sent.ending not in (*_ENDED, "limit"):
            yield finding("blocked.pages", "every page of the result", sent.ending, "", answers.first(role))


def settled(
    profile: Profile, scenario: Scenario, law: int, cases: Sequence[Tried], reason: Finding | None
) -> list[Judgement]:
    """The judgements of a law from all its cases: broken by the last, and simplest, of those that broke it; else kept
    if a case told so; of an unstable candidate neither. ``reason``: why no more were asked. What has a code with
    requirements of its own is held against those only."""
    use = scenario.laws[law]
    sents = [sent for one in cases for sent in one.sents]
    weight = Weight(
        sum(len(one.exchanges) for one in sents), len(frozenset().union(*(one.keys for one in cases))),
        len(frozenset().union(*(one.values for one in cases))), len(cases))
    made = []
    for identifier in profile.named(use.verifies):
        last, held = _breaking(profile, cases, identifier)
        findings = tuple(_findings(LAWS[use.check], cases, last, held, reason))
        footing = {name for sent in last.sents for name in rests_on(profile, use, sent, identifier)} if last else set()
        made.append(Judgement(
            profile=profile.id, scenario=scenario.id, step=f"law-{law + 1}", expectation=law, check=use.check,
            requirement=identifier, verdict=verdict_of(findings, profile.requirements[identifier].strength),
            findings=findings, weight=weight, exchanges=tuple(x.id for one in sents for x in one.exchanges),
            rests_on=tuple(sorted(footing))))
    return made


def _breaking(profile: Profile, cases: Sequence[Tried], identifier: str) -> tuple[Tried | None, list[Finding]]:
    """The case that breaks a requirement, and how: of those asked again, the simplest, else the first one."""
    broken = [one for one in cases if one.findings and one.void is None]
    for one in (*broken[-1:], *broken[:1]):
        held = [each for each in one.findings if identifier in profile.checks.get(each.code, (identifier,))]
        if held:
            return one, held
    return None, []


def _findings(
    law: Law, cases: Sequence[Tried], last: Tried | None, held: Sequence[Finding], reason: Finding | None
) -> Iterator[Finding]:
    if last is not None and last.stable:
        yield from held
    elif last is not None:
        for one in held:
            yield finding("blocked.unstable", one.expected, f"{one.code}: {one.actual}", one.place, one.exchange,
                          one.beside)
    elif reason is not None:
        yield reason
    elif not any(one.void is None for one in cases):
        why = Counter(one.void for one in cases if one.void is not None).most_common(1)
        first = why[0][0] if why else finding("data.no-example", "values to draw from", "none")
        refused = law.optional and first.code == "blocked.status" and first.actual.startswith("status 4")
        if refused:
            first = finding("optional.not-served", "an answer", first.actual, first.place, first.exchange)
        yield first
