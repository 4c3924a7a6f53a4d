"""A rule of a schema: what it is about, said in the comment of the part of the schema that asks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Schema = dict[str, Any]


class Rule(NamedTuple):
    """What a part of a schema is about: the code of a finding, the element, where below the place, what is wanted."""

    code: str
    element: str
    below: str
    expected: str

    def comment(self) -> str:
        """The rule as the comment of its schema."""
        return "|".join(self)

    @classmethod
    def of(cls, comment: str) -> Rule:
        """The rule that a comment says."""
        return cls(*comment.split("|", 3))


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which a resource differs from its structure; ``element`` is the constrained element concerned, empty
    where the structure says nothing of it and FHIR R4 alone asks."""

    code: str
    place: str
    expected: str
    actual: str
    element: str = ""


def of_type(kinds: Sequence[str]) -> str:
    """The pattern of references, relative or absolute, to resources of one of some types."""
    return rf"(^|/)({'|'.join(sorted(kinds))})/[A-Za-z0-9.\-]{{1,64}}(/_history/[A-Za-z0-9.\-]{{1,64}})?$"


def targets(kinds: Sequence[str], known: Sequence[str], element: str = "") -> Schema:
    """That a reference whose type can be told, being one that is known, points at a resource of one of some types."""
    accepted = sorted(set(kinds))
    rule = Rule("structure.reference", element, "", "a reference to " + " or ".join(accepted))
    return {"properties": {
        "reference": {"if": {"pattern": of_type(known)},
                      "then": {"$comment": rule.comment(), "pattern": of_type(accepted)}},
        "type": {"$comment": rule.comment(), "enum": accepted}}}
