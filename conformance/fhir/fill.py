"""Putting bound values and constants into the templates of a scenario."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from conformance.fhir.search import escaped
from conformance.scenario_words import PLACEHOLDER


def fill(template: str, known: Mapping[str, Any], *, plain: bool = False) -> str:
    """The template with values in place of ``{name.part}``; escaped as a FHIR search value unless ``plain``.

    Constants are addresses of code systems, which need no escape; a part that a value does not have is empty.
    """

    def put(hit: re.Match[str]) -> str:
        name, path = hit.group(1), hit.group(2)
        value = part_of(known[name], path)
        text = str(value).lower() if isinstance(value, bool) else str(value)
        constant = not path and isinstance(value, str) and "://" in value
        return text if plain or constant else escaped(text)

    return PLACEHOLDER.sub(put, template)


def filled(template: Any, known: Mapping[str, Any]) -> Any:
    """A body with values in place of ``{name.part}`` in all its texts; a text that is one placeholder alone becomes the
    value itself."""
    if isinstance(template, dict):
        return {name: filled(value, known) for name, value in template.items()}
    if isinstance(template, list):
        return [filled(one, known) for one in template]
    if not isinstance(template, str):
        return template
    alone = PLACEHOLDER.fullmatch(template)
    return part_of(known[alone.group(1)], alone.group(2)) if alone else fill(template, known, plain=True)


def part_of(value: Any, path: str | None) -> Any:
    """What a placeholder's path takes of a value, the value itself when there is none."""
    for part in path.split(".") if path else ():
        value = _part(value, part)
    return value


def _part(value: Any, part: str) -> Any:
    if isinstance(value, list):
        return value[int(part)] if part.isdecimal() and int(part) < len(value) else ""
    return value.get(part, "") if isinstance(value, dict) else ""
