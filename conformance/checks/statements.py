"""What the user of an application said to the questions of its operator's page."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.checks.evidence import Evidence
from conformance.codes import finding
from conformance.model import Finding

ANSWERS = ("yes", "no", "unknown")


def statement(check: str, evidence: Evidence) -> tuple[str, str]:
    """What was answered to the question of a check (yes, no, unknown; empty when nothing was), and what was said or
    kept with it."""
    outcome = evidence.current.outcome
    stated = outcome.get("stated") if isinstance(outcome, dict) else None
    told = stated.get(check) if isinstance(stated, dict) else None
    if not isinstance(told, dict) or told.get("answer") not in ANSWERS:
        return "", ""
    return told["answer"], "; ".join(str(told[name]) for name in ("note", "screenshot") if told.get(name))


def denied(answer: str, said: str, wanted: str, evidence: Evidence) -> Iterator[Finding]:
    """Only who says yes is believed to have seen what was wanted."""
    if answer == "no":
        yield finding("shown.denied", wanted, f"no: {said}" if said else "no", "", evidence.first.id)
    elif answer != "yes":
        yield finding("bench.no-outcome", "what the application shows", "nothing told", "", evidence.first.id)
