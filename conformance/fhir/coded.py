"""The coded elements of a resource and the value sets that bind them, slices and extensions included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.fhir.bundle import Resource
from conformance.fhir.extended import Extended


@dataclass(frozen=True, slots=True)
class Coded:
    """One coded value: its place, its codings (system, code), the value sets that may hold it.

    ``required`` is False where open slicing lets codes of other systems stand beside.
    """

    place: str
    codings: tuple[tuple[str, str], ...]
    value_sets: tuple[str, ...]
    required: bool


class CodedElements:
    """Where a structure and the extensions bind codes; finds them in resources."""

    def __init__(self, structure: Mapping[str, Any], extensions: Mapping[str, Any]) -> None:
        self._type, self._extensions = str(structure["type"]), extensions
        self._bound, self._mandatory = _bound_paths(structure), list(_mandatory(structure))

    def of(self, resource: Resource, extended: Sequence[Extended]) -> Iterator[Coded]:
        """The coded values of a resource that a required binding of its structure, or of an extension, concerns;
        ``extended`` are the extensions of the resource."""
        for path, (sets, sliced) in self._bound.items():
            for place, value in _values(resource, self._type, path):
                codings = _codings(value)
                if codings is not None:
                    yield Coded(place, codings, sets, not sliced)
        for path, name, value_set in self._mandatory:
            held = [pair for _, value in _values(resource, self._type, path) for pair in _codings(value) or ()]
            if held:
                yield Coded(f"{path}:{name}", tuple(held), (value_set,), True)
        for place, one in extended:
            definition = self._extensions.get(str(one.get("url")))
            if definition is not None:
                yield from _of_extension(one, place, definition, self._extensions)


def _mandatory(structure: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Where a slice told by its value set is mandatory: one of all the codings of the element must be of it."""
    for one in structure["elements"]:
        path, binding = str(one["path"]), one.get("binding")
        wanted = one.get("slice") and one.get("min", 0) >= 1 and not one.get("within")
        if wanted and binding and "extension" not in path:
            yield path, one["slice"], binding["value-set"]


def _bound_paths(structure: Mapping[str, Any]) -> dict[str, tuple[tuple[str, ...], bool]]:
    found: dict[str, tuple[list[str], bool]] = {}
    for one in structure["elements"]:
        path, binding = str(one["path"]), one.get("binding")
        if not binding or binding.get("strength") != "required" or one.get("within") or "extension" in path:
            continue
        if ":" in path or "[" in path:
            continue
        sets, sliced = found.get(path, ([], False))
        found[path] = [*sets, binding["value-set"]], sliced or bool(one.get("slice"))
    return {path: (tuple(sets), sliced) for path, (sets, sliced) in found.items()}


def _values(node: Any, place: str, path: str) -> Iterator[tuple[str, Any]]:
    found: list[tuple[str, Any]] = [(place, node)]
    for name in path.split(".")[1:]:
        deeper: list[tuple[str, Any]] = []
        for at, holder in found:
            value = holder.get(name) if isinstance(holder, dict) else None
            if isinstance(value, list):
                deeper += [(f"{at}.{name}[{index}]", item) for index, item in enumerate(value)]
            elif value is not None:
                deeper.append((f"{at}.{name}", value))
        found = deeper
    yield from found


def _codings(value: Any) -> tuple[tuple[str, str], ...] | None:
    """The codings of a CodeableConcept or Coding; None for what carries no system (a plain code)."""
    if not isinstance(value, dict):
        return None
    items: Sequence[Any] = value["coding"] if isinstance(value.get("coding"), list) else [value]
    found = [(str(one.get("system", "")), str(one.get("code", ""))) for one in items
             if isinstance(one, dict) and "code" in one]
    return tuple(found) if found else None


def _of_extension(
    one: Mapping[str, Any], place: str, definition: Mapping[str, Any], extensions: Mapping[str, Any]
) -> Iterator[Coded]:
    parts = definition.get("parts")
    if parts is None:
        rule = definition.get("value") or definition
        binding = rule.get("binding")
        if binding and binding.get("strength") == "required":
            for key in ("valueCodeableConcept", "valueCoding"):
                codings = _codings(one.get(key))
                if codings is not None:
                    yield Coded(f"{place}.{key}", codings, (binding["value-set"],), True)
        return
    known = {part["url"]: part for part in parts}
    held = one.get("extension")
    for index, part in enumerate(held if isinstance(held, list) else ()):
        if isinstance(part, dict):
            url = str(part.get("url"))
            inner = extensions.get(url) or known.get(url)
            if inner is not None:
                yield from _of_extension(part, f"{place}.extension[{index}]", inner, extensions)
