"""The part of an answer that shows a finding, short enough to be read."""

from __future__ import annotations

import json
import re
from typing import Any

MOST = 1600
_PART = re.compile(r"([A-Za-z_][\w]*)|\[(\d+)\]")


def around(body: bytes, place: str) -> str:
    """The value at a place such as ``Bundle.entry[3].search``, or the beginning of the body."""
    text = body[: 64 * MOST].decode("utf-8", "replace") if not place else ""
    if place:
        try:
            value = _at(json.loads(body), place)
        except (ValueError, RecursionError):
            value = None
        if value is not None:
            return _shortened(json.dumps(value, ensure_ascii=False, indent=2))
        text = body[: 64 * MOST].decode("utf-8", "replace")
    try:
        return _shortened(json.dumps(json.loads(body), ensure_ascii=False, indent=2))
    except (ValueError, RecursionError):
        return _shortened(text)


def _at(value: Any, place: str) -> Any:
    """The nearest value on the way to the place that is worth showing."""
    parts = _PART.findall(place)[1:]
    shown = None
    for name, index in parts:
        if name and isinstance(value, dict) and name in value:
            value = value[name]
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            break
        if isinstance(value, dict):
            shown = value
    return shown


def _shortened(text: str) -> str:
    return text if len(text) <= MOST else text[:MOST] + "\n…"
