"""The order of verdicts, and the one function by which a verdict worsens."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum


class Verdict(IntEnum):
    """What may be said of a requirement or a scenario; a greater value outranks a smaller one."""

    NONE = 0
    NOT_APPLICABLE = 1
    PASS = 2
    INCONCLUSIVE = 3
    FAIL = 4
    ERROR = 5

    @property
    def word(self) -> str:
        """The word used in files and reports: ``pass``, ``not-applicable``, ..."""
        return self.name.lower().replace("_", "-")

    @classmethod
    def of_word(cls, word: str) -> Verdict:
        """The verdict written as ``word``; ValueError when there is none."""
        for verdict in cls:
            if verdict.word == word:
                return verdict
        raise ValueError(f"no verdict is called {word!r}")


class Cause(StrEnum):
    """Where the reason of a verdict other than pass lies."""

    CANDIDATE = "candidate"
    DATA = "data"
    CONFIGURATION = "configuration"
    HARNESS = "harness"
    EXTERNAL = "external"
    SPECIFICATION = "specification"


class Strength(StrEnum):
    """The normative strength of a requirement. STATED: a fact reported without a normative word."""

    SHALL = "SHALL"
    SHOULD = "SHOULD"
    MAY = "MAY"
    STATED = "STATED"


class Severity(StrEnum):
    """How much a broken requirement weighs; derived from its strength, never written by hand."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"


class Effect(StrEnum):
    """What a finding does to the requirement it speaks of.

    UNSHOWN: the answer held nothing to which the rule applies; it says nothing, neither good nor bad.
    UNCONCERNED: no resource carries the element that the rule is about, and none has to.
    """

    UNSHOWN = "unshown"
    UNCONCERNED = "unconcerned"
    BROKEN = "broken"
    UNVERIFIABLE = "unverifiable"
    PREVENTED = "prevented"


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a whole from those of its parts: commutative, associative, idempotent; NONE for no part."""
    return max(verdicts, default=Verdict.NONE)


def concluded(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a whole that was planned: where nothing at all was shown, it could not be verified."""
    found = worst(verdicts)
    return Verdict.INCONCLUSIVE if found is Verdict.NONE else found


def severity(strength: Strength) -> Severity:
    """SHALL → error, SHOULD → warning, MAY and STATED → information."""
    if strength is Strength.SHALL:
        return Severity.ERROR
    return Severity.WARNING if strength is Strength.SHOULD else Severity.INFORMATION


def consequence(effect: Effect, cause: Cause, strength: Strength) -> Verdict:
    """The verdict that one finding asks for.

    A requirement broken for a reason of the specification is not held against the candidate, and a broken
    SHOULD, MAY or stated fact leaves a pass a pass (it shows as a warning or an information).
    """
    if effect is Effect.PREVENTED:
        return Verdict.ERROR
    if effect is Effect.UNSHOWN:
        return Verdict.NONE
    if effect is Effect.UNCONCERNED:
        return Verdict.NOT_APPLICABLE
    if cause is Cause.SPECIFICATION or effect is Effect.UNVERIFIABLE:
        return Verdict.INCONCLUSIVE
    return Verdict.FAIL if strength is Strength.SHALL else Verdict.PASS
