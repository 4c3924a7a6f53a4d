"""The part of an answer that shows a finding, short enough to be read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

MOST = 1600
_PART = re.compile(r"([A-Za-z_][\w]*)|\[(\d+)\]")
_KEY = re.compile(r"\b[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}(?=[\s,;]|$)")  # Type/id, in words
_ALWAYS = ("resourceType", "id", "meta")  # of a resource of which some elements are shown, of meta what follows
_DATED = ("lastUpdated",)
_SHAPING = frozenset(("_count", "_elements", "_format", "_include", "_page", "_revinclude", "_sort", "_summary"))


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


def named(words: str) -> list[str]:
    """The resources (``Type/id``) that a finding names, in its order."""
    return list(dict.fromkeys(_KEY.findall(words)))


def criteria(url: str) -> list[tuple[str, str]]:
    """What a request selects by, without what shapes its result."""
    return [(name, value) for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True)
            if name.partition(":")[0] not in _SHAPING]


@dataclass(frozen=True)
class Held:
    """What an answer holds: the JSON object that it is, the ``total`` of a searchset in words, and its resources by
    ``Type/id``; of another answer the resource that it is."""

    whole: Mapping[str, Any] = field(default_factory=dict)
    total: str = ""
    resources: Mapping[str, Any] = field(default_factory=dict)


def held(body: bytes) -> Held:
    """What an answer holds; nothing of what is no JSON object."""
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError):
        return Held()
    if not isinstance(whole, dict):
        return Held()
    entries = whole.get("entry")
    found = [one.get("resource") for one in entries if isinstance(one, dict)] if isinstance(entries, list) else [whole]
    total = whole.get("total")
    return Held(whole, str(total) if isinstance(total, int) else "",
                {f"{one.get('resourceType')}/{one.get('id')}": one for one in found if isinstance(one, dict)})


def of_resource(resource: Any, elements: Iterable[str]) -> str:
    """A resource with some of its elements (``meta.tag``: a part of one), and those of the address; whole where it has
    none of them."""
    heads = {one.partition(".")[0] for one in elements}
    if not heads & set(resource):
        return _shortened(json.dumps(resource, ensure_ascii=False, indent=2))
    shown = {name: value for name, value in resource.items() if name in {*_ALWAYS, *heads}}
    if isinstance(shown.get("meta"), dict):
        parts = {*_DATED, *(one.partition(".")[2] for one in elements if one.startswith("meta."))}
        shown["meta"] = {name: value for name, value in shown["meta"].items() if name in parts}
    return _shortened(json.dumps({**shown, "…": "…"}, ensure_ascii=False, indent=2))


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
    text = text.encode("utf-8", "replace").decode()  # what an answer escaped need be no character
    return text if len(text) <= MOST else text[:MOST] + "\n…"
