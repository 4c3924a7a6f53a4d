"""The decision: a function of verdicts, causes, maturities and waivers, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from conformance.report.model import Decision
from conformance.verdict import Cause, Verdict

GRANTED, REFUSED, DEFERRED, NONE = "granted", "refused", "deferred", "none"


@dataclass(frozen=True, slots=True)
class Weighed:
    """One requirement as the decision sees it."""

    verdict: Verdict
    causes: frozenset[Cause]
    counts: bool


def decide(requirements: Iterable[Weighed], *, complete: bool, reached: bool) -> Decision:
    """The decision and its exit code.

    Refused by any requirement not respected; deferred by what could not be told, unless only the specification is
    the reason; advisory scenarios and waived requirements do not count.
    """
    counted = [one for one in requirements if one.counts]
    if not reached:
        return Decision(DEFERRED, ("unreachable",), 3)
    if any(one.verdict is Verdict.FAIL or _failed(one) for one in counted):
        reasons = ("failed",) if complete else ("failed", "incomplete")
        return Decision(REFUSED, reasons, 1)
    errors = [one for one in counted if one.verdict is Verdict.ERROR]
    if errors:
        return Decision(DEFERRED, ("error",), _error_code(errors))
    if not complete:
        return Decision(DEFERRED, ("incomplete",), 6)
    if not any(one.verdict is Verdict.PASS for one in counted):
        return Decision(NONE, ("nothing",), 6)
    if any(one.verdict is Verdict.INCONCLUSIVE and one.causes - {Cause.SPECIFICATION} for one in counted):
        return Decision(DEFERRED, ("inconclusive",), 6)
    return Decision(GRANTED, ("all-pass",), 0)


def _failed(one: Weighed) -> bool:
    """An error outranks a failure but hides none: the cause candidate tells that one was found."""
    return one.verdict is Verdict.ERROR and Cause.CANDIDATE in one.causes


def _error_code(errors: list[Weighed]) -> int:
    causes = {cause for one in errors for cause in one.causes}
    if Cause.HARNESS in causes:
        return 5
    return 4 if Cause.CONFIGURATION in causes else 6
