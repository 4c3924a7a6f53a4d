"""Judging: expectations × recorded facts → judgements. Pure: the same record gives the same judgements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from conformance.checks import CHECKS, TESTS_STATUS, Check, Ground
from conformance.checks.evidence import Evidence
from conformance.checks.footing import rests_on
from conformance.checks.http import unreadable
from conformance.codes import CODES, finding
from conformance.fhir import bundle
from conformance.model import Expectation, Finding, Judgement, Scenario, Sent, Weight
from conformance.scenario_words import over_run
from conformance.specification import Profile
from conformance.verdict import Cause, Effect, Strength, Verdict, consequence, worst

_KEPT = 5


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a judgement belongs: the profile and scenario under judgement."""

    profile: Profile
    scenario: Scenario


def judge_step(spot: Spot, evidence: Evidence, stable: bool = True) -> list[Judgement]:
    """The judgements of a step; ``stable`` is False when the same question had another answer (see engine)."""
    made: list[Judgement] = []
    for index, expectation in enumerate(evidence.current.step.expect):
        findings = [_of_specification(spot, one) for one in findings_of(expectation, evidence)]
        if not stable:
            findings = [_unstable(one) for one in findings]
        weight = _weight(evidence, expectation)
        made += _judgements(spot, evidence.current, index, expectation, findings, weight)
    return made


def not_sent(spot: Spot, sent: Sent, reason: Finding) -> list[Judgement]:
    """The judgements of a step that was not driven, for one reason."""
    made: list[Judgement] = []
    for index, expectation in enumerate(sent.step.expect):
        made += _judgements(spot, sent, index, expectation, [reason], Weight())
    return made


def findings_of(expectation: Expectation, evidence: Evidence) -> list[Finding]:
    """What the expectation's check finds, or why it could not look; a breakdown of ours is told as ours."""
    check = CHECKS[expectation.check]
    lacking = list(_ground(expectation.check, check, evidence))
    if lacking:
        return lacking
    try:
        return list(check.function(expectation.parameters, evidence))
    except RecursionError:
        return [finding("body.too-deep", "a resource of ordinary depth", "nested too deeply to be evaluated", "",
                        evidence.first.id)]
    except Exception as error:  # a fault of a check must not stop the run, nor be held against the candidate
        return [finding("harness.check", expectation.check, f"{type(error).__name__}: {error}", "",
                        evidence.first.id)]


def _ground(name: str, check: Check, evidence: Evidence) -> Iterator[Finding]:
    """Why the check has no ground to stand on; the check that is about the ground itself says it as broken."""
    if check.ground is Ground.GREETED:
        if not evidence.current.exchanges and not evidence.greetings:
            yield finding("bench.silent", "a connection of the application", "none")
        return
    if check.ground is Ground.HEARD:
        if not evidence.current.exchanges:
            yield finding("bench.silent", "requests of the application", "none")
        return
    first = evidence.first
    if check.ground is Ground.ASKED:
        return
    if first.response is None:
        trouble = first.trouble
        code = trouble.code if trouble else "transport.network"
        detail = trouble.detail if trouble else ""
        if name in TESTS_STATUS or CODES[code].effect is Effect.PREVENTED:
            yield finding(code, "an answer", detail, "", first.id)
        else:
            yield finding("blocked.no-answer", "an answer", code, "", first.id)
        return
    if check.ground >= Ground.SUCCESS and not 200 <= first.response.status < 300:
        yield finding("blocked.status", "status 2XX", first.response.status, "status", first.id)
        return
    if check.ground >= Ground.BODY:
        yield from _body(check, evidence)


def _body(check: Check, evidence: Evidence) -> Iterator[Finding]:
    error = unreadable(evidence)
    first = evidence.first.id
    if error is not None:
        own = check.reads and error.code != "http.not-utf8"
        yield finding(error.code if own else "blocked.body", "a JSON object in UTF-8", error.detail, "body", first)
    elif check.ground is Ground.SEARCHSET and not bundle.is_searchset(evidence.body):
        yield finding("blocked.body", "a Bundle of type searchset", evidence.body.get("resourceType", ""), "body",
                      first)


def _unstable(one: Finding) -> Finding:
    """A rule broken by an answer that another asking did not repeat is not held against the candidate."""
    if one.effect is not Effect.BROKEN:
        return one
    return replace(one, code="blocked.unstable", effect=Effect.UNVERIFIABLE, actual=f"{one.code}: {one.actual}")


def _of_specification(spot: Spot, one: Finding) -> Finding:
    """A finding that rests on a known defect of the published specification is the specification's."""
    if one.cause is not Cause.CANDIDATE or one.effect is not Effect.BROKEN:
        return one
    for defect in spot.profile.defects:
        if defect.findings and one.code not in defect.findings:
            continue
        by_path = any(path and re.sub(r"\[\d+\]", "", one.place).endswith(path) for path in defect.paths)
        by_code = any(system in one.actual and f"|{code}" in f"{one.actual}|" for system, code in defect.codes)
        if by_path or by_code:
            return replace(one, cause=Cause.SPECIFICATION, defect=defect.id)
    return one


def _judgements(
    spot: Spot, sent: Sent, index: int, expectation: Expectation, findings: list[Finding], weight: Weight
) -> Iterator[Judgement]:
    verified = spot.profile.named(expectation.verifies)
    own: dict[str, list[Finding]] = {identifier: [] for identifier in verified}
    single = CHECKS[expectation.check].single
    of_all = [one for one in findings if one.requirement not in own and not (single and one.requirement)]
    narrower = _narrower(of_all)
    for one in findings:
        if one.requirement in own:
            own[one.requirement].append(one)
    for identifier in verified:
        requirement = spot.profile.requirements[identifier]
        folded = fold([*of_all, *own[identifier]])
        mine = tuple(_softened(one, spot.profile, identifier) for one in folded)
        yield Judgement(
            profile=spot.profile.id, scenario=spot.scenario.id, step=sent.step.name, expectation=index,
            check=expectation.check, requirement=identifier, verdict=verdict_of(mine, requirement.strength),
            findings=mine, weight=weight, exchanges=tuple(one.id for one in sent.exchanges),
            rests_on=(*rests_on(spot.profile, expectation, sent, identifier), *narrower) if mine else (),
        )


def _narrower(findings: Iterable[Finding]) -> tuple[str, ...]:
    """The requirements of single elements whose breach is all that a requirement of the whole tells."""
    broken = [one.requirement for one in findings if one.effect is Effect.BROKEN]
    return tuple(sorted(set(broken))) if all(broken) else ()


def _softened(one: Finding, profile: Profile, requirement: str) -> Finding:
    """A broken requirement whose own wording is a known defect is the specification's, not the candidate's."""
    if one.cause is not Cause.CANDIDATE or one.effect is not Effect.BROKEN:
        return one
    for defect in profile.defects:
        if defect.unevaluable and requirement in defect.requirements:
            return replace(one, cause=Cause.SPECIFICATION, defect=defect.id)
    return one


def verdict_of(findings: Iterable[Finding], strength: Strength) -> Verdict:
    """The verdict of an expectation that was judged: pass, unless a finding says worse, or that nothing was shown."""
    asked = [consequence(one.effect, one.cause, strength) for one in findings]
    nothing = Verdict.NONE in asked or Verdict.NOT_APPLICABLE in asked
    return worst(asked) if nothing else worst([Verdict.PASS, *asked])


def fold(findings: Iterable[Finding]) -> list[Finding]:
    """Findings of one code become at most five, the last of which counts those left out."""
    by_code: dict[str, list[Finding]] = {}
    for one in findings:
        by_code.setdefault(f"{one.code}|{one.cause}|{one.defect}", []).append(one)
    folded: list[Finding] = []
    for group in by_code.values():
        kept = group[:_KEPT]
        if len(group) > _KEPT:
            kept[-1] = replace(kept[-1], count=len(group) - _KEPT + 1)
        folded += kept
    return folded


def _weight(evidence: Evidence, expectation: Expectation) -> Weight:
    if over_run(expectation.parameters):
        return Weight(len(evidence.received.exchanges), len(evidence.received.keys))
    answered = [one for one in evidence.current.exchanges if one.response is not None]
    keys = {entry.key for _, entry in evidence.entries()}
    values = [value for value in evidence.names.values() if not isinstance(value, dict) or "resourceType" not in value]
    return Weight(len(answered), len(keys) or (1 if answered else 0), len(values))
