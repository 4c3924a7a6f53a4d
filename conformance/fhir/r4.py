"""What base FHIR R4 (4.0.1) says: the elements of resources and data types, written in ``profiles/fhir-r4``."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance import data, source
from conformance.errors import HarnessError

MANY = "*"
_INNER = ("BackboneElement", "Element")  # elements of these types say what they hold below their own path


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule of FHIR in FHIRPath, told of an element; ``severity`` is error, warning or best-practice."""

    key: str
    severity: str
    expression: str


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its types, how often it stands, where else its content is described (``same_as``)."""

    path: str
    least: int
    most: int | str
    types: tuple[str, ...]
    targets: tuple[str, ...] = ()
    value_set: str = ""
    strength: str = ""
    same_as: str = ""
    invariants: tuple[Invariant, ...] = ()

    @property
    def name(self) -> str:
        """The last word of the path, ``value`` for ``value[x]``."""
        return self.path.rsplit(".", 1)[-1].removesuffix("[x]")

    @property
    def choice(self) -> bool:
        """Whether its type is part of its name in JSON."""
        return self.path.endswith("[x]")

    @property
    def repeats(self) -> bool:
        """Whether it is a list in JSON."""
        return self.most == MANY or int(self.most) > 1

    def names(self) -> Iterator[tuple[str, str]]:
        """The names that it may have in JSON, each with its type."""
        for kind in self.types:
            yield (f"{self.name}{kind[:1].upper()}{kind[1:]}" if self.choice else self.name), kind


class R4:
    """The structures of FHIR R4 that we hold, by name, the primitive types, and the codes of the value sets that
    its required bindings name (those whose codes we hold)."""

    def __init__(
        self, structures: Sequence[Mapping[str, Any]], primitives: Mapping[str, Mapping[str, Any]],
        codes: Mapping[str, Sequence[str]],
    ) -> None:
        self.primitives, self.codes = primitives, codes
        self.kinds = {one["id"]: str(one["kind"]) for one in structures}
        self._base = {one["id"]: str(one.get("base", "")) for one in structures}
        self._rules = {one["id"]: tuple(_invariant(rule) for rule in one.get("invariants", ())) for one in structures}
        self._below: dict[str, dict[str, Element]] = {}
        for one in structures:
            for raw in one["elements"]:
                made = _element(raw)
                self._below.setdefault(made.path.rsplit(".", 1)[0], {})[made.name] = made

    def resource(self, kind: str) -> bool:
        """Whether a type is a resource that we hold, or any resource."""
        return self.kinds.get(kind) == "resource"

    def lineage(self, kind: str) -> Iterator[str]:
        """A structure and those that it is made from."""
        while kind:
            yield kind
            kind = self._base.get(kind, "")

    def everything(self) -> Iterator[Element]:
        """The elements of all structures."""
        for held in self._below.values():
            yield from held.values()

    def below(self, path: str) -> dict[str, Element]:
        """The elements of a structure, or of an element that holds others, by name; those of its base among them."""
        found: dict[str, Element] = {}
        kinds = self.lineage(path) if "." not in path else (path, *self.lineage("BackboneElement"))
        for kind in kinds:
            for name, one in self._below.get(kind, {}).items():
                found.setdefault(name, one)
        return found

    def holds(self, one: Element) -> str:
        """Where the content of an element is described: a type, a path, or nothing for a primitive."""
        if one.same_as:
            return one.same_as
        if one.types and one.types[0] in _INNER and one.path in self._below:
            return one.path
        return one.types[0] if one.types and one.types[0] not in self.primitives else ""

    def element(self, kind: str, path: Sequence[str]) -> Element | None:
        """The element at a path of names below a structure, through the types met; None when FHIR has none there."""
        places, found = [kind], None
        for name in path:
            found = next((one for place in places if (one := self._named(place, name)) is not None), None)
            if found is None:
                return None
            if found.choice:
                places = list(found.types) if name.endswith("[x]") else [dict(found.names())[name]]
            else:
                places = [self.holds(found)]
            # a primitive has an id and extensions beside its value
            places = [place if place and place not in self.primitives else "Element" for place in places]
        return found

    def _named(self, place: str, name: str) -> Element | None:
        below = self.below(place)
        one = below.get(name.removesuffix("[x]"))
        if one is not None and one.choice == name.endswith("[x]"):
            return one
        return next((each for each in below.values() if each.choice and name in dict(each.names())), None)

    def invariants(self, kind: str) -> Iterator[Invariant]:
        """The rules of a structure and of those that it is made from."""
        for one in self.lineage(kind):
            yield from self.own_invariants(one)

    def own_invariants(self, kind: str) -> tuple[Invariant, ...]:
        """The rules that a structure adds to those of the structures that it is made from."""
        return self._rules.get(kind, ())


def _invariant(raw: Mapping[str, Any]) -> Invariant:
    return Invariant(raw["key"], raw["severity"], raw["expression"])


def _element(raw: Mapping[str, Any]) -> Element:
    binding = raw.get("binding", {})
    return Element(
        path=raw["path"], least=raw.get("min", 0), most=raw.get("max", 1), types=tuple(raw.get("types", ())),
        targets=tuple(raw.get("targets", ())), value_set=binding.get("value-set", ""),
        strength=binding.get("strength", ""), same_as=raw.get("same-as", ""),
        invariants=tuple(_invariant(rule) for rule in raw.get("invariants", ())),
    )


@functools.cache
def r4() -> R4:
    """The facts shipped; HarnessError when they cannot be read, for they are ours."""
    path = data.path("profiles", "fhir-r4", "primitives.yaml")
    primitives, problems = source.load(path.read_bytes(), path.name)
    if problems:
        raise HarnessError(str(problems[0]))
    held = {name: json.loads(data.path("profiles", "fhir-r4", f"{name}.json").read_bytes())[name]
            for name in ("types", "resources", "value-sets")}
    codes = {one["id"]: [code for some in one["codes"].values() for code in some]
             for one in held["value-sets"] if "codes" in one}
    return R4([*held["types"], *held["resources"]], primitives["primitives"], codes)
