"""What changed between two versions of the specification: structures element by element, and all that profiles hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.fhir.r4 import r4
from conformance.specification import Profile

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
Things = Mapping[str, Mapping[str, Any]]
_SPOT = ("path", "slice", "within")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not the same: its kind, where it stands, and for a change which word, from what to what."""

    change: str
    kind: str
    name: str
    word: str = ""
    before: Any = None
    after: Any = None


def differences(before: Profile, after: Profile) -> list[Change]:
    """All that differs, in the order of the kinds below, each kind in the order of its names."""
    found: list[Change] = []
    for kind, was, now in (
        ("structure", _structures(before), _structures(after)),
        ("element", _elements(before), _elements(after)),
        ("search parameter", _parameters(before), _parameters(after)),
        ("capability", _capability(before), _capability(after)),
        ("requirement", _requirements(before), _requirements(after)),
        ("defect", _defects(before), _defects(after)),
    ):
        found += _compared(kind, was, now)
    return _without_parts(found)


def _compared(kind: str, was: Things, now: Things) -> Iterator[Change]:
    for name in sorted({*was, *now}):
        if name not in was:
            yield Change(ADDED, kind, name)
        elif name not in now:
            yield Change(REMOVED, kind, name)
        else:
            for word in sorted({*was[name], *now[name]}):
                old, new = was[name].get(word), now[name].get(word)
                if _unordered(old) != _unordered(new):
                    yield Change(CHANGED, kind, name, word, old, new)


def _unordered(said: Any) -> Any:
    """Lists without their order, which says nothing."""
    return sorted(said, key=repr) if isinstance(said, list) else said


def _without_parts(found: list[Change]) -> list[Change]:
    """Elements of a structure that came or went as a whole say nothing more."""
    whole = {one.name for one in found if one.kind == "structure" and one.change != CHANGED}
    return [one for one in found if one.kind != "element" or one.name.split(" ")[0] not in whole]


def _described(profile: Profile) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Structures and extensions, by the name at the end of their url."""
    yield from profile.structures.items()
    for url, extension in profile.extensions.items():
        yield url.rsplit("/", 1)[-1], extension


def _structures(profile: Profile) -> Things:
    words = ("url", "type", "parent", "context")
    return {name: {word: one[word] for word in words if word in one} for name, one in _described(profile)}


def _elements(profile: Profile) -> Things:
    return {f"{name} {_place(element)}": {**_unsaid(one.get("type", "Extension"), element),
                                         **{word: said for word, said in element.items() if word not in _SPOT}}
            for name, one in _described(profile) for element in one["elements"]}


def _unsaid(kind: str, element: Mapping[str, Any]) -> dict[str, Any]:
    """What FHIR R4 says of an element, for what the structure leaves unsaid."""
    base = r4().element(kind, element["path"].split(".")[1:])
    if base is None:
        return {"min": 0, "max": "*"}
    types = {} if base.choice else {"types": list(base.types)}
    return {"min": 0 if "slice" in element else base.least, "max": base.most, **types}


def _place(element: Mapping[str, Any]) -> str:
    """The path with the slices that tell it from others."""
    slice_ = f":{element['slice']}" if "slice" in element else ""
    inside = f" in {element['within']}" if "within" in element else ""
    return f"{element['path']}{slice_}{inside}"


def _parameters(profile: Profile) -> Things:
    return {f"{resource}.{name}": {"type": one.type, "expression": one.expression, "targets": list(one.targets),
                                   "declared": one.declared, "draft": one.draft}
            for (resource, name), one in profile.search_parameters.items()}


def _capability(profile: Profile) -> Things:
    resources = {one["type"]: {word: said for word, said in one.items() if word != "type"}
                 for one in profile.capability["resources"]}
    return {**{kind: {word: _readable(said) for word, said in one.items()} for kind, one in resources.items()},
            "formats": {word: said for word, said in profile.capability.items() if "formats" in word}}


def _readable(said: Any) -> Any:
    """Search parameters by their names, for their types are told beside."""
    if isinstance(said, list) and said and isinstance(said[0], dict) and "name" in said[0]:
        return sorted(one["name"] for one in said)
    return said


def _requirements(profile: Profile) -> Things:
    return {name: {"strength": one.strength.name, "actor": one.actor, "statement": one.statement.en}
            for name, one in profile.requirements.items()}


def _defects(profile: Profile) -> Things:
    return {one.id: {"title": one.title.en} for one in profile.defects}


def sentence(one: Change) -> str:
    """A change on one line."""
    if one.change != CHANGED:
        return f"{one.kind} {one.name}"
    if isinstance(one.before, list) and isinstance(one.after, list):
        gone, came = _less(one.before, one.after), _less(one.after, one.before)
        moved = "".join(f" {sign}{told(each)}" for sign, many in (("-", gone), ("+", came)) for each in many)
        return f"{one.kind} {one.name}: {one.word}{moved}"
    return f"{one.kind} {one.name}: {one.word} {told(one.before)} → {told(one.after)}"


def plain(one: Change) -> dict[str, Any]:
    """A change as plain data, what it does not say left out."""
    return {word: data for word in ("change", "kind", "name", "word", "before", "after")
            if (data := _data(getattr(one, word))) not in ("", None) or word == "name"}


def _data(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _data(each) for key, each in value.items()}
    return [_data(each) for each in value] if isinstance(value, list | tuple) else value


def _less(these: list[Any], those: list[Any]) -> list[Any]:
    return [one for one in these if one not in those]


def told(value: Any) -> str:
    """A value in words; what is not said is told as such."""
    if value is None:
        return "not said"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {told(each)}" for key, each in value.items())
    if isinstance(value, list):
        return " ".join(map(told, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) or "none"
