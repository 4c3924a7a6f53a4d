"""What the server refuses, as a status and an OperationOutcome without internals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Refusal(Exception):
    """A request that is answered with an error status and an OperationOutcome; ``allow`` are the methods that would
    have been served there."""

    def __init__(self, status: int, code: str, text: str, expression: str = "", allow: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text
        self.expression = expression
        self.allow = allow

    def outcome(self) -> dict[str, Any]:
        """The body of the answer."""
        return outcome(self.code, self.text, self.expression)


class UnknownParameter(Exception):
    """A search parameter that this server does not have; ignored unless the client asks for strict handling."""


def outcome(code: str, text: str, expression: str = "") -> dict[str, Any]:
    """An OperationOutcome of one error issue."""
    issue: dict[str, Any] = {"severity": "error", "code": code, "diagnostics": text}
    if expression:
        issue["expression"] = [expression]
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def bad_value(name: str, value: str, expected: str) -> Refusal:
    """The refusal of a search value of the wrong form."""
    return Refusal(400, "invalid", f"parameter {name}: {value!r} is not {expected}")
