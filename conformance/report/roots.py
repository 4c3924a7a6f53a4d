"""Which failures stand by themselves, and which are consequences of another requirement that is broken.

The simplest failing judgement speaks first: the one that rests on the fewest other requirements. A failure that
rests on a requirement already found broken is its consequence: told, but not counted as one more thing to fix.
"""

from __future__ import annotations

from collections.abc import Sequence

from conformance.model import Judgement
from conformance.verdict import Cause, Effect

# Among equally simple failures: what an answer is comes before what it holds, a parameter before its combinations.
_ORDER = ("ROR-HTTP-010", "ROR-HTTP-001", "ROR-HTTP-009", "ROR-HTTP-011", "ROR-HTTP-015", "ROR-HTTP-012", "ROR-SP-",
          "ROR-PAG-", "ROR-HTTP-", "ROR-")


def roots(judgements: Sequence[Judgement]) -> dict[int, str]:
    """For each judgement (by its place in the list) that is a consequence: the broken requirement it rests on."""
    failing = [(number, one) for number, one in enumerate(judgements) if broken(one)]
    failing.sort(key=lambda item: (len(item[1].rests_on), _rank(item[1].requirement), item[0]))
    found: set[tuple[str, str]] = set()
    consequences: dict[int, str] = {}
    for number, one in failing:
        cause = next((name for name in one.rests_on if (one.profile, name) in found), "")
        if cause and (one.profile, one.requirement) not in found:
            consequences[number] = cause
        elif not cause:
            found.add((one.profile, one.requirement))
    return consequences


def broken(judgement: Judgement) -> bool:
    """Whether a judgement is held against the candidate, at whatever strength."""
    return any(one.effect is Effect.BROKEN and one.cause is Cause.CANDIDATE for one in judgement.findings)


def _rank(requirement: str) -> int:
    return next(number for number, start in enumerate((*_ORDER, "")) if requirement.startswith(start))


