"""Putting bound values and constants into the templates of a scenario."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from conformance.scenario_words import PLACEHOLDER

_SPECIAL = re.compile(r"([\\,|$])")


def fill(template: str, known: Mapping[str, Any], *, plain: bool = False) -> str:
    """The template with values in place of ``{name.part}``; escaped as a FHIR search value unless ``plain``.

    Constants are addresses of code systems, which need no escape; a part that a value does not have is empty.
    """

    def put(hit: re.Match[str]) -> str:
        name, path = hit.group(1), hit.group(2)
        value = known[name]
        for part in path.split(".") if path else ():
            value = _part(value, part)
        text = str(value).lower() if isinstance(value, bool) else str(value)
        constant = not path and isinstance(value, str) and "://" in value
        return text if plain or constant else _SPECIAL.sub(r"\\\1", text)

    return PLACEHOLDER.sub(put, template)


def _part(value: Any, part: str) -> Any:
    if isinstance(value, list):
        return value[int(part)] if part.isdigit() and int(part) < len(value) else ""
    return value.get(part, "") if isinstance(value, dict) else ""
