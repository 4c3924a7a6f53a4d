"""The check of the access policy: what a client of an access profile was shown, beside what there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from conformance.checks.evidence import Evidence
from conformance.codes import finding
from conformance.fhir.bundle import Resource
from conformance.fhir.units import Units
from conformance.fhir.visibility import Comparison, Difference
from conformance.model import Finding, Sent
from conformance.policy import SEES_ALL
from conformance.verdict import Effect


def access_profile(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """As a whole, the answer holds what the access profile may see."""
    for one in access_policy(parameters, evidence):
        if one.effect is not Effect.UNSHOWN or not one.requirement:
            yield one


def access_policy(_parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """The answer holds what the access profile may see of what access profile 1 was shown for the same question, and
    nothing else: each finding is of the requirement of its rule."""
    policy, access = evidence.profile.access, evidence.current.ask.access
    assert policy is not None
    whole = next((one for one in evidence.steps.values() if same_question(one, evidence.current)), None)
    there = _resources(evidence, whole) if whole is not None else {}
    if whole is None or not whole.exchanges or whole.exchanges[0].response is None or not there:
        yield finding("blocked.no-match", f"what access profile {SEES_ALL} is shown", "nothing", "", evidence.first.id)
        return
    if any(one.ending not in ("complete", "one") for one in (whole, evidence.current)):
        yield finding("blocked.pages", "every page of both answers", evidence.current.ending, "", evidence.first.id)
        return
    comparison = Comparison(policy, access, Units(there.values(), evidence.population.once(Units)))
    seen = _resources(evidence, evidence.current)
    matched = {entry.key for _, entry in evidence.matches(whole)}
    for one in comparison.differences(there, seen, there.keys() - matched):
        yield from _found(one, access, evidence.first.id)
    for requirement in comparison.requirements():
        if requirement not in comparison.told:
            lacking = finding("data.no-example", f"what access profile {access} may see in part", "none", "",
                              evidence.first.id)
            yield replace(lacking, requirement=requirement)
    if not comparison.told:
        yield finding("data.no-example", f"what access profile {access} may see in part", "none", "", evidence.first.id)


def same_question(one: Sent, other: Sent) -> bool:
    """Whether a step asked what another one asks, as the client that sees all."""
    bare = replace(other.ask, access=SEES_ALL)
    return one.ask == bare


def _resources(evidence: Evidence, sent: Sent) -> Mapping[str, Resource]:
    return {entry.key: entry.resource for _, entry in evidence.entries(sent)}


def _found(one: Difference, access: str, exchange: str) -> Iterator[Finding]:
    made = finding(f"access.{one.how}", f"access profile {access}: {one.terms or 'what access profile 1 sees'}",
                   one.value, one.place, exchange)
    for requirement in one.requirements:
        yield replace(made, requirement=requirement)
