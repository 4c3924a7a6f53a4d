"""From what is asked to what is run: profiles × scenarios, each to be run or skipped with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conformance.codes import finding
from conformance.model import Candidate, Finding, Scenario
from conformance.nomenclature import Release
from conformance.policy import SEES_ALL
from conformance.scenario import Library, choose
from conformance.specification import Profile


@dataclass(frozen=True)
class Planned:
    """One scenario on one profile; ``skip`` is the reason why it is not run, empty when it is. ``refusal`` is why
    none of its steps is sent, though the profile asks for it."""

    profile: Profile
    scenario: Scenario
    skip: str = ""
    refusal: Finding | None = None


@dataclass(frozen=True)
class Campaign:
    """The inputs of a run; ``depth``: how many cases of laws are drawn (``engine/laws``)."""

    candidate: Candidate
    profiles: Mapping[str, Profile]
    planned: tuple[Planned, ...]
    scenarios_hash: str
    release: Release
    seed: int
    depth: str = "none"


def plan(
    candidate: Candidate, profiles: Mapping[str, Profile], library: Library, *, wanted: Sequence[str] = (),
    use_cases: Sequence[str] = (), only: Sequence[str] = (), laws: bool = True,
) -> tuple[Planned, ...]:
    """The scenarios of the candidate's role, profiles and use cases, in the order of profiles and ids; those that write
    come after those that read, those that look at all that a run received last.

    ``socle`` is always part of it: it holds what all use cases share. A use case that the candidate does not claim
    is skipped with its reason when it was not asked for by name. Without ``laws``, what holds nothing else is skipped.
    """
    planned: list[Planned] = []
    for name in wanted or candidate.profiles:
        chosen = (one for one in choose(library, profiles[name], use_cases, only) if one.role == candidate.role)
        for scenario in sorted(chosen, key=_turn):
            skip = _skip(candidate, scenario, use_cases, only)
            if not laws and not scenario.steps:
                skip = skip or "no case of a law is drawn (--depth none)"
            refusal = _refusal(candidate) if scenario.writes else _in_clear(candidate) if scenario.secured else None
            lacking = scenario.writes and not candidate.writes and not skip
            if lacking and _optional(scenario, profiles[name]):
                skip = "writes are not allowed (candidate.yaml)"
            planned.append(Planned(profiles[name], scenario, skip, refusal))
    return tuple(planned)


def _refusal(candidate: Candidate) -> Finding | None:
    """Why a scenario that writes is not played: it may not, or its client would not see all that it wrote."""
    if not candidate.writes:
        return finding("configuration.writes", "writes allowed", "refused", "candidate.yaml")
    if candidate.access not in ("", SEES_ALL):
        return finding("configuration.identity", f"a client of access profile {SEES_ALL}", candidate.access,
                       "candidate.yaml")
    return None


def _in_clear(candidate: Candidate) -> Finding | None:
    """Why it is not tried who a candidate lets in: another machine is asked in clear HTTP."""
    wanted = finding("configuration.stranger", "an https address", "http", "candidate.yaml")
    return wanted if candidate.remote and not candidate.secured else None


def _turn(scenario: Scenario) -> tuple[bool, bool]:
    """Those that read first, then those that write, then those that look at all that was received."""
    return scenario.closing, scenario.writes


def _optional(scenario: Scenario, profile: Profile) -> bool:
    """Whether a server may lack the transaction, so that without the right to write it is not applicable."""
    return bool({scenario.transaction, scenario.transaction.partition("/")[0]} & set(profile.optional_writes))


def _skip(candidate: Candidate, scenario: Scenario, use_cases: Sequence[str], only: Sequence[str]) -> str:
    claimed = {*candidate.use_cases, "socle"}
    if candidate.use_cases and scenario.use_case not in claimed and not use_cases and not only:
        return f"use case {scenario.use_case} not claimed"
    if scenario.secured and not candidate.secured and not candidate.remote:
        return "the candidate is on this machine, in clear HTTP (endpoint.base-url): who it lets in cannot be tried"
    return ""
