"""Plain FHIRPath, fast: member names, ``where(a = b and …)``, a last ``exists()`` or ``empty()``, and ``|``.

Exploring and judging evaluate such paths on every resource for every search parameter, where the general
evaluator costs fifty times more. What is not plain goes to the general one; a test holds both to the same answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_OPERAND = r"(?:'[^'\\]*'|%[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
_TEST = re.compile(rf"\s*(\$this|[A-Za-z_]\w*)\s*=\s*({_OPERAND})\s*")
_STEP = re.compile(
    rf"\s*(?:(?P<last>exists|empty)\(\)(?=\s*$)|(?P<name>[A-Za-z_]\w*)(?![\w(])"
    rf"|where\((?P<tests>(?:\s*(?:\$this|[A-Za-z_]\w*)\s*=\s*{_OPERAND}\s*(?:and\b|(?=\))))+)\))\s*(?:\.|$)"
)
_CHOICES = frozenset(("value",))
Names = Mapping[str, Any]
Selection = Callable[[Mapping[str, Any], Names], list[Any]]


@dataclass(frozen=True, slots=True)
class _Step:
    """A member, a filter (tests of member and operand), or a last question about what was selected."""

    member: str = ""
    tests: tuple[tuple[str, str], ...] = ()
    last: str = ""


def plain(expression: str) -> Selection | None:
    """The selection of a plain path; None when the expression needs the general evaluator."""
    branches = [_branch(part) for part in (expression.split("|") if "'" not in expression else [expression])]
    chosen = [branch for branch in branches if branch is not None]
    if len(chosen) != len(branches):
        return None
    if len(chosen) == 1:
        steps = chosen[0]
        return lambda resource, names: _walk(resource, steps, names)
    return lambda resource, names: [one for steps in chosen for one in _walk(resource, steps, names)]


def _branch(text: str) -> Sequence[_Step] | None:
    steps: list[_Step] = []
    position = 0
    while position < len(text):
        found = _STEP.match(text, position)
        if found is None:
            return None
        if found["tests"]:
            tests = tuple((one[1], one[2]) for part in found["tests"].split(" and ") if (one := _TEST.match(part)))
            steps.append(_Step(tests=tests))
        else:
            steps.append(_Step(member=found["name"] or "", last=found["last"] or ""))
        position = found.end()
    return None if not steps or text.rstrip().endswith(".") else steps


def _walk(resource: Mapping[str, Any], steps: Sequence[_Step], names: Names) -> list[Any]:
    here: list[Any] = [resource]
    for index, step in enumerate(steps):
        if step.last:
            return [bool(here) is (step.last == "exists")]
        if step.tests:
            here = [item for item in here if _answers(item, step.tests, names)]
        elif index == 0 and step.member[0].isupper():
            if resource.get("resourceType") != step.member:
                return []
        else:
            here = _members(here, step.member)
    return here


def _answers(item: Any, tests: Sequence[tuple[str, str]], names: Names) -> bool:
    for member, operand in tests:
        wanted = operand[1:-1] if operand[0] == "'" else _named(operand[1:], names)
        held = item if member == "$this" else _member(item, member)
        if held is None or wanted is None or isinstance(held, bool) is not isinstance(wanted, bool) or held != wanted:
            return False
    return True


def _named(path: str, names: Names) -> Any:
    name, *parts = path.split(".")
    value = names.get(name)
    for part in parts:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _members(here: list[Any], name: str) -> list[Any]:
    found: list[Any] = []
    for item in here:
        value = _member(item, name)
        if isinstance(value, list):
            found += [one for one in value if one is not None]
        elif value is not None:
            found.append(value)
    return found


def _member(item: Any, name: str) -> Any:
    if not isinstance(item, dict):
        return None
    if name in item or name not in _CHOICES:
        return item.get(name)
    return next((value for key, value in item.items() if key.startswith(name) and key[len(name) :][:1].isupper()), None)


_LEVEL = re.compile(r"'(?:[^'\\]|\\.)*'|\(|\)|\b(?:and|or|xor|implies)\b")


def conjuncts(expression: str) -> list[str]:
    """The parts of a condition joined by ``and`` at its top; the whole when another operator stands there."""
    parts, start, depth = [], 0, 0
    for found in _LEVEL.finditer(expression):
        word = found.group(0)
        depth += (word == "(") - (word == ")")
        if depth == 0 and word == "and":
            parts.append(expression[start : found.start()].strip())
            start = found.end()
        elif depth == 0 and word in ("or", "xor", "implies"):
            return [expression]
    return [*parts, expression[start:].strip()]
