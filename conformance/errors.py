"""What stops us, by blame. The type of the error is the blame, and decides the exit code of the command line.

    RorqualError
    ├── AuthorError      a scenario, profile, candidate or waiver file is wrong (exit 4)
    ├── OperatorError    the command was asked something that cannot be done (exit 4)
    ├── UnreachableError the candidate cannot be reached at all (exit 3)
    ├── RecordError      a record cannot be read, or is incomplete (exit 6)
    └── HarnessError     a fault of ours (exit 5)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a file: the place, what was expected, what was found, and what to do."""

    file: str
    line: int
    column: int
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        tail = f"\n    {self.remedy}" if self.remedy else ""
        return f"{self.file}:{self.line}:{self.column}: {self.message}{tail}"


class RorqualError(Exception):
    """The root of the errors that the command line tells in one sentence, without a traceback."""

    exit_code = 5


class AuthorError(RorqualError):
    """Files written by a person are wrong; carries every problem found, in file order."""

    exit_code = 4

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class OperatorError(RorqualError):
    """What the operator asked cannot be done as asked; the text says what to change."""

    exit_code = 4


class UnreachableError(RorqualError):
    """The candidate does not answer at all; the text names the step that failed and the remedy."""

    exit_code = 3


class RecordError(RorqualError):
    """A record cannot be read, or has no footer."""

    exit_code = 6


class HarnessError(RorqualError):
    """Something of ours broke; never counted against a candidate."""

    exit_code = 5
