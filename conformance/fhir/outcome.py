"""Reading an OperationOutcome, and telling the internals that must not show in one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_INTERNALS = (
    ("a Python stack trace", r"Traceback \(most recent call last\)|File \"[^\"]+\", line \d+"),
    ("a Java stack trace", r"\bat [a-z][\w$]*(?:\.[\w$]+){2,}\([\w$]+\.java:\d+\)|Caused by: [a-z][\w.]+Exception"),
    ("a .NET stack trace", r"\bat [A-Z]\w*(?:\.\w+)+\([^)]*\) in [^\s]+:line \d+"),
    ("a JavaScript stack trace", r"\bat [\w.<>]+ \([^)\s]+\.(?:js|ts):\d+:\d+\)"),
    ("a database query", r"\bSELECT\b.{1,200}\bFROM\b|\bINSERT INTO\b|ORA-\d{5}|SQLSTATE|PSQLException"),
    ("a qualified class name", r"\b(?:org|com|fr|ca|net|io)(?:\.[a-z][a-z0-9_]+){2,}\.[A-Z]\w+"),
    ("a path of the server", r"(?:/(?:usr|opt|var|home|srv|app)/[\w.-]+/[\w./-]+)|\b[A-Z]:\\\\?\w+\\"),
)
_PATTERNS = tuple((name, re.compile(pattern, re.DOTALL)) for name, pattern in _INTERNALS)


def is_outcome(body: Mapping[str, Any]) -> bool:
    """Whether the body is an OperationOutcome."""
    return body.get("resourceType") == "OperationOutcome"


def issues(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The issues of an OperationOutcome that are objects."""
    found = body.get("issue")
    return [issue for issue in found if isinstance(issue, dict)] if isinstance(found, list) else []


def internals(text: str) -> list[tuple[str, str]]:
    """What of the server's inside a text shows: kind and the words found."""
    return [(name, hit.group(0)[:120]) for name, pattern in _PATTERNS if (hit := pattern.search(text))]
