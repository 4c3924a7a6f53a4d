"""Operators that make extensions wrong, by name."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from conformance.draw import Draw
from conformance.fhir.change import Change, Operator, replaced
from conformance.fhir.site import Site
from conformance.fhir.structure import Compiled


def _unknown_extension(site: Site, compiled: Compiled, _draw: Draw) -> Change | None:
    if site.name != "extension":
        return None
    top = "extension" not in site.holder
    url = f"{compiled.whole.constraints.guide}ror-inconnue" if top else "inconnue"
    constraints = compiled.whole.constraints
    open_ = [constraints.trees[one].children.get("extension") for one in constraints.open]
    if not top and not any(node.slices and not any(node is one for one in open_) for node in site.nodes):
        return None
    return replaced(site, [*site.value, {"url": url, "valueString": "x"}], (*site.path, len(site.value)),
                "structure.extension-unknown")


def _relative_url(site: Site, _compiled: Compiled, _draw: Draw) -> Change | None:
    if site.name != "extension" or "extension" in site.holder:
        return None
    return replaced(site, [*site.value, {"url": "partie", "valueString": "x"}], (*site.path, len(site.value)),
                "structure.extension-unknown")


def _parts(site: Site, word: str, test: Callable[[Any], bool]) -> Iterator[str]:
    for node in site.nodes:
        for part in node.slices.values():
            if part.evaluable and test(part.said.get(word)):
                yield part.url


def _drop_extension(site: Site, _compiled: Compiled, draw: Draw) -> Change | None:
    here = {one.get("url") for one in site.value} if site.name == "extension" else set()
    asked = [url for url in _parts(site, "min", bool) if url in here]
    if not asked or len(here) < 2:
        return None
    url = draw.one_of(asked)
    kept = [one for one in site.value if one.get("url") != url]
    return replaced(site, kept, site.path, "structure.extension-missing")


def _repeat_extension(site: Site, _compiled: Compiled, draw: Draw) -> Change | None:
    here = {one.get("url"): one for one in site.value} if site.name == "extension" else {}
    limited = [url for url in _parts(site, "max", lambda most: str(most) == "1") if url in here]
    if not limited:
        return None
    twice = copy.deepcopy(here[draw.one_of(limited)])
    return replaced(site, [*site.value, twice], site.path, "structure.extension-count")


def _valued(site: Site, draw: Draw, word: str = "value") -> int | None:
    """An extension of a list that has a value, or parts."""
    held = [index for index, one in enumerate(site.value) if any(name.startswith(word) for name in one)] \
        if site.name == "extension" else []
    return draw.one_of(held) if held else None


def _with(site: Site, index: int, value: Any, *codes: str) -> Change:
    return replaced(site, [*site.value[:index], value, *site.value[index + 1:]], (*site.path, index), *codes)


def _both(site: Site, _compiled: Compiled, draw: Draw) -> Change | None:
    at = _valued(site, draw)
    if at is None:
        return None
    more = [{"url": "https://exemple.fr/x", "valueCode": "x"}]
    return _with(site, at, {**site.value[at], "extension": more}, "structure.invariant", "structure.too-many")


def _value_beside_parts(site: Site, _compiled: Compiled, draw: Draw) -> Change | None:
    at = _valued(site, draw, "extension")
    return None if at is None else _with(site, at, {**site.value[at], "valueString": "x"}, "structure.invariant",
                                         "structure.too-many", "structure.extension-value")


def _neither(site: Site, _compiled: Compiled, draw: Draw) -> Change | None:
    at = _valued(site, draw)
    return None if at is None else _with(site, at, {"url": site.value[at]["url"]}, "structure.invariant",
                                         "structure.extension-value")


def _wrong_value_type(site: Site, compiled: Compiled, draw: Draw) -> Change | None:
    at = _valued(site, draw)
    if at is None or compiled.whole.extension(site.value[at]["url"]) is None:
        return None
    return _with(site, at, {"url": site.value[at]["url"], "valueTime": "08:00:00"}, "structure.extension-value")


def _two_values(site: Site, _compiled: Compiled, draw: Draw) -> Change | None:
    at = _valued(site, draw)
    if at is None:
        return None
    return _with(site, at, {**site.value[at], "valueTime": "08:00:00", "valueDate": "2026"}, "structure.too-many")


EXTENSION_OPERATORS: Mapping[str, Operator] = {
    "unknown-extension": _unknown_extension,
    "relative-url": _relative_url,
    "drop-extension": _drop_extension,
    "repeat-extension": _repeat_extension,
    "value-and-extensions": _both,
    "value-beside-parts": _value_beside_parts,
    "neither-value-nor-extensions": _neither,
    "wrong-type-of-value": _wrong_value_type,
    "two-values": _two_values,
}
