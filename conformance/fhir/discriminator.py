"""How a member of a list is told to be of a slice: as a JSON Schema that such members, and no others, respect."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from conformance.fhir.r4 import R4
from conformance.fhir.rule import Schema, of_type
from conformance.fhir.tree import EXTENSIONS, Node
from conformance.nomenclature import ValueSet

ValueSets = Callable[[str], ValueSet | None]


class Discriminators:
    """Tells members of slices, with the value sets of one release."""

    def __init__(self, facts: R4, value_sets: ValueSets) -> None:
        self._facts, self._value_sets = facts, value_sets

    def condition(self, one: Node, element: Node) -> Schema | None:
        """What tells a member of a slice of an element; None when the specification leaves it impossible to tell."""
        if not one.evaluable:
            return None
        if one.name in EXTENSIONS:
            return _has("url", {"const": one.url})
        by = one.said.get("by")
        if by is not None:
            parts = [self._ours(word, by, one, element) for word in ("path", "extension", "binding") if word in by]
        else:
            told = element.said.get("slicing", {}).get("by", ())
            parts = [self._theirs(kind, path, one, element) for kind, _, path in (each.partition(" ") for each in told)]
        known = [part for part in parts if part is not None]
        if not known or len(known) < len(parts):
            return None
        return known[0] if len(known) == 1 else {"allOf": known}

    def _ours(self, word: str, by: Mapping[str, Any], one: Node, element: Node) -> Schema | None:
        if word == "path":
            wanted = {"const": by["value"]} if "value" in by else pattern(by["pattern"])
            return self._at(element, by["path"].split("."), wanted)
        if word == "extension":
            return _extended(by["extension"], by.get("value"))
        if set(by) > {"binding"} and self._systems(by["binding"], one, element) is None:
            return {}  # the rest tells
        return self._systems(by["binding"], one, element)

    def _theirs(self, kind: str, path: str, one: Node, element: Node) -> Schema | None:
        """The condition of a discriminator as FHIR writes it, with what the slice says at its path."""
        words = [word for word in _steps(path) if word != "$this"]
        target = _inside(one, words)
        if kind == "exists":
            most = str(target.said.get("max", "1")) if target else "1"
            there = self._at(element, words[:-1], {"required": [words[-1]]})
            return {"not": there} if most == "0" else there
        if kind in ("value", "pattern") and target is not None:
            for word in ("fixed", "pattern"):
                if word in target.said:
                    wanted = {"const": target.said[word]} if word == "fixed" else pattern(target.said[word])
                    return self._at(element, words, wanted, target.types)
            if "binding" in target.said:
                return self._systems(target.said["binding"]["value-set"], target, element, words)
        if kind == "type" and target is not None and target.said.get("targets"):
            kinds = [kind for name in target.said["targets"] if (kind := self._kind(name))]
            pointing: Schema = {"type": "string", "pattern": of_type(kinds)}
            return self._at(element, words, _has("reference", pointing)) if kinds else None
        return None

    def _kind(self, canonical: str) -> str:
        name = canonical.rsplit("/", 1)[-1]
        return name if self._facts.resource(name) else ""

    def _at(self, element: Node, words: Sequence[str], wanted: Schema, kinds: Sequence[str] = ()) -> Schema:
        """That some value at a path below an element, of one of some types, respects a schema."""
        root, *path = plain(element.id)
        below = ["extension" if word.startswith("extension(") else word for word in words]
        made = wanted
        for number in range(len(words), 0, -1):
            found = self._facts.element(root, [*path, *below[:number]])
            found = found or self._facts.element(root, [*path, *below[: number - 1], f"{below[number - 1]}[x]"])
            if words[number - 1].startswith("extension("):
                made = {"allOf": [_has("url", {"const": _url(words[number - 1])}), made]}
            inner = _among(made) if found is not None and found.repeats else made
            names = dict(found.names()) if found is not None and found.choice else {below[number - 1]: ""}
            some = [_has(name, inner) for name, kind in names.items() if not kind or not kinds or kind in kinds]
            made = some[0] if len(some) == 1 else {"anyOf": some}
        return made

    def _systems(self, name: str, one: Node, element: Node, words: Sequence[str] = ()) -> Schema | None:
        """That a value is coded in a system of a value set; by its codes where another slice has the system too."""
        held = self._value_sets(name)
        if held is None:
            return None
        others = {system for each in element.slices.values() if each is not one
                  for other in _bound(each) if other != name and (found := self._value_sets(other))
                  for system in found.systems()}
        told = [_coding(system, held.codes[system] if system in others and held.complete else None)
                for system in sorted(held.systems())]
        coding: Schema = told[0] if len(told) == 1 else {"anyOf": told}
        where = self._facts.element(plain(element.id)[0], [*plain(element.id)[1:], *words])
        if where is not None and "Coding" in where.types and "CodeableConcept" not in where.types:
            return self._at(element, words, coding)
        if words[-1:] == ["system"]:
            return self._at(element, words[:-1], coding)
        return self._at(element, words, _has("coding", _among(coding)))


def pattern(wanted: Any) -> Schema:
    """A FHIR pattern: what it says must be there, more may be."""
    if isinstance(wanted, dict):
        return {"type": "object", "required": list(wanted),
                "properties": {name: pattern(value) for name, value in wanted.items()}}
    if isinstance(wanted, list):
        return {"type": "array", "allOf": [{"contains": pattern(item)} for item in wanted]}
    return {"const": wanted}


def plain(identifier: str) -> list[str]:
    """The words of an element's id without the slices."""
    return [word.partition(":")[0] for word in identifier.split(".")]


def _bound(one: Node) -> Iterator[str]:
    by = one.said.get("by", {})
    if "binding" in by:
        yield by["binding"]


def _coding(system: str, codes: Mapping[str, str] | None) -> Schema:
    made = _has("system", {"const": system})
    return made if codes is None else {"allOf": [made, _has("code", {"enum": sorted(codes)})]}


def _has(name: str, value: Schema) -> Schema:
    """A member with a value; what is no object, as a broken server may give, has none."""
    return {"type": "object", "required": [name], "properties": {name: value}}


def _among(value: Schema) -> Schema:
    return {"type": "array", "contains": value}


def _extended(url: str, value: Any) -> Schema:
    one: list[Schema] = [_has("url", {"const": url})]
    if value is not None:
        one.append({"anyOf": [_has("valueCode", {"const": value}), _has("valueString", {"const": value})]})
    return _has("extension", _among({"allOf": one}))


def _steps(path: str) -> list[str]:
    """The words of a discriminator's path; ``extension(url)`` is one word."""
    made: list[str] = []
    for word in path.split("."):
        if made and made[-1].count("(") > made[-1].count(")"):
            made[-1] += f".{word}"
        else:
            made.append(word)
    return made


def _inside(one: Node, words: Sequence[str]) -> Node | None:
    here = one
    for word in words:
        child = here.children.get(word) or here.children.get(f"{word}[x]")
        if child is None and word.startswith("extension("):
            url = _url(word)
            held = here.children.get("extension")
            child = next((each for each in held.slices.values() if each.url == url), None) if held else None
        if child is None:
            return None
        here = child
    return here


def _url(word: str) -> str:
    """The url of a path's ``extension('url')``."""
    return word.removeprefix("extension(").rstrip(")").strip("'\"")
