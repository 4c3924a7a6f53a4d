"""Plain FHIRPath, fast: member names, ``where(url = '…')`` or ``where(id = '…')``, ``|``; nothing else.

Exploring a candidate evaluates such paths on every resource for every search parameter, where the general
evaluator costs fifty times more. A test holds both to the same answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_STEP = re.compile(
    r"\s*(?:(?P<name>[A-Za-z_]\w*)(?!\w*\()|where\(\s*(?P<key>url|id)\s*=\s*'(?P<wanted>[^'\\]*)'\s*\))\s*(?:\.|$)"
)
_CHOICES = frozenset(("value",))
Selection = Callable[[Mapping[str, Any]], list[Any]]


def plain(expression: str) -> Selection | None:
    """The selection of a plain path; None when the expression needs the general evaluator."""
    branches = [_branch(part) for part in expression.split("|")] if "'" not in expression else [_branch(expression)]
    chosen = [branch for branch in branches if branch is not None]
    if len(chosen) != len(branches):
        return None
    if len(chosen) == 1:
        return chosen[0]
    return lambda resource: [value for branch in chosen for value in branch(resource)]


def _branch(text: str) -> Selection | None:
    steps: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        found = _STEP.match(text, position)
        if found is None:
            return None
        steps.append(("", found["name"]) if found["name"] else (found["key"], found["wanted"]))
        position = found.end()
    if not steps or text.rstrip().endswith("."):
        return None
    return lambda resource: _walk(resource, steps)


def _walk(resource: Mapping[str, Any], steps: list[tuple[str, str]]) -> list[Any]:
    here: list[Any] = [resource]
    for index, (key, name) in enumerate(steps):
        if index == 0 and not key and name[:1].isupper():
            if resource.get("resourceType") != name:
                return []
            continue
        if key:
            here = [item for item in here if isinstance(item, dict) and item.get(key) == name]
            continue
        deeper: list[Any] = []
        for item in here:
            value = _member(item, name)
            if isinstance(value, list):
                deeper += [one for one in value if one is not None]
            elif value is not None:
                deeper.append(value)
        here = deeper
    return here


def _member(item: Any, name: str) -> Any:
    if not isinstance(item, dict):
        return None
    if name in item or name not in _CHOICES:
        return item.get(name)
    return next((value for key, value in item.items() if key.startswith(name) and key[len(name) :][:1].isupper()), None)
