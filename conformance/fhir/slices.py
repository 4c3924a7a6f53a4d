"""Fixed values inside slices that a value tells apart: an identifier of a type, a period of an id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.fhir.bundle import Resource

_DISCRIMINATORS = ("id", "type", "type.coding.code")


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which a resource differs from its structure."""

    code: str
    place: str
    expected: str
    actual: str


@dataclass
class _Slice:
    element: str
    name: str
    told_by: dict[str, Any] = field(default_factory=dict)
    fixed: dict[str, Any] = field(default_factory=dict)


class Slices:
    """The slices of the first level of a structure whose members carry fixed values."""

    def __init__(self, structure: Mapping[str, Any]) -> None:
        self.type = str(structure["type"])
        found: dict[tuple[str, str], _Slice] = {}
        for one in structure["elements"]:
            wanted, name = one.get("fixed", one.get("pattern")), one.get("within", "")
            parts = str(one["path"]).split(".")
            if wanted is None or not name or "/" in name or one.get("defect") or "extension" in parts:
                continue
            key, inner = (parts[1], name), ".".join(parts[2:])
            here = found.setdefault(key, _Slice(*key))
            (here.told_by if inner in _DISCRIMINATORS else here.fixed)[inner] = wanted
        self._slices = [one for one in found.values() if one.told_by and one.fixed]

    def differences(self, resource: Resource) -> Iterator[Difference]:
        """Members of a slice that do not carry what the slice fixes."""
        for one in self._slices:
            members = resource.get(one.element)
            for index, member in enumerate(members if isinstance(members, list) else ()):
                if not all(_carries(_at(member, path), wanted) for path, wanted in one.told_by.items()):
                    continue
                for path, wanted in one.fixed.items():
                    held = _at(member, path)
                    if held and not _carries(held, wanted):
                        yield Difference("structure.value", f"{self.type}.{one.element}[{index}].{path}", str(wanted),
                                         str(held[0]))


def _at(member: Any, path: str) -> list[Any]:
    here = [member]
    for name in path.split("."):
        values = [item.get(name) for item in here if isinstance(item, dict)]
        here = [inner for value in values if value is not None
                for inner in (value if isinstance(value, list) else [value])]
    return here


def _carries(held: list[Any], wanted: Any) -> bool:
    return any(_fits(one, wanted) for one in held)


def _fits(held: Any, wanted: Any) -> bool:
    """Whether a value carries a pattern: what it says is there, more may be."""
    if isinstance(wanted, dict):
        return isinstance(held, dict) and all(name in held and _fits(held[name], value)
                                              for name, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(held, list) and all(any(_fits(one, item) for one in held) for item in wanted)
    return bool(held == wanted)
