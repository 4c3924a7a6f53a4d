"""A StructureDefinition as somebody published it, as a structure or extension of ours: what it asks beyond FHIR R4.

Of a snapshot, which repeats its base, only what constrains is kept. A differential needs its base: FHIR R4, or a
definition at hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from conformance.fhir.definition import BASE, OURS, words_of
from conformance.fhir.r4 import R4, Element
from conformance.fhir.tree import EXTENSIONS, short
from conformance.package import dicts

Raw = Mapping[str, Any]
Written = dict[str, Any]
_ASIDE = ("unconfirmed", "defect")
_SAME = "id and path must say the same"
_TYPE_NAME = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
_BINDING = ("required", "extensible")  # the strengths that a validator looks at


class Wrong(Exception):
    """What a definition says cannot be read; carries the element, what is wrong and what to do."""

    def __init__(self, element: str, message: str, remedy: str = "") -> None:
        self.message, self.remedy = f"{element}: {message}" if element else message, remedy
        super().__init__(self.message)


class Published:
    """Reads definitions; ``others`` are those at hand, by url, and ``name_of`` names a value set."""

    def __init__(self, facts: R4, others: Mapping[str, Raw], name_of: Callable[[str], str]) -> None:
        self.facts, self.others, self.name_of = facts, others, name_of
        known = {rule.key for name in facts.kinds for rule in facts.own_invariants(name)}
        self._keys = known | {rule.key for name in facts.everything() for rule in name.invariants}

    def of(self, definition: Raw) -> Written:
        """A structure or extension of ours; Wrong with the element that cannot be read."""
        kind, url = str(definition["type"]), str(definition["url"])
        aside = beside(definition)
        elements = self._elements(definition, ())
        parent = aside.get("parent") or definition.get("baseDefinition")
        if kind == "Extension":
            contexts = [str(one.get("expression")) for one in dicts(definition.get("context"))]
            told = ", ".join(contexts)
            made: Written = {"url": url, **({"context": told} if told not in ("", "Element") else {})}
        else:
            made = {"id": str(definition.get("id")), "url": url, "type": kind,
                    **({"parent": parent} if parent else {})}
        made |= {word: True for word in ("parent-unconfirmed", "unconfirmed") if aside.get(word)}
        return {**made, "elements": elements}

    def _elements(self, definition: Raw, under_way: tuple[str, ...]) -> list[Written]:
        url, kind = str(definition["url"]), str(definition["type"])
        told, whole = (_listed(definition, word) for word in ("differential", "snapshot"))
        for some in (told, whole):
            _references(some, kind, self.facts)
        if whole:
            own = {str(one.get("id")): one for one in told}
            ids = dict.fromkeys([*(str(one.get("id")) for one in whole), *own])
            full = {str(one.get("id")): one for one in whole}
            return _without_root(kind, [self._element(kind, {**full.get(name, {}), **own.get(name, {})})
                                        for name in ids if name in own or self._constrains(kind, full[name])])
        if not told:
            raise Wrong("", "neither snapshot nor differential says anything",
                        "take the package as its publisher wrote it")
        inherited = self._inherited(definition, (*under_way, url))
        return _merged(inherited, _without_root(kind, [self._element(kind, one) for one in told]))

    def _inherited(self, definition: Raw, under_way: tuple[str, ...]) -> list[Written]:
        """What the base of a differential asks already."""
        base = str(definition.get("baseDefinition", "")).partition("|")[0]
        if base.startswith(BASE) and base.removeprefix(BASE) in self.facts.kinds:
            return []
        if base in under_way:
            raise Wrong("", "definitions that are each other's base: "
                        + " → ".join(one.rsplit("/", 1)[-1] for one in [*under_way[under_way.index(base):], base]),
                        "break the circle")
        if base not in self.others:
            raise Wrong("", f"a differential whose base {base or '(none told)'} is not at hand",
                        "give the package that holds it with --with, or one with snapshots")
        return self._elements(self.others[base], under_way)

    def _constrains(self, kind: str, one: Raw) -> bool:
        """Whether an element of a snapshot says more than FHIR R4 does of it."""
        path = str(one.get("path", ""))
        if path == kind:
            return True  # its invariants are looked at later
        base = self.facts.element(kind, path.split(".")[1:])
        if base is None or "sliceName" in one or one.get("mustSupport") is True or _valued(one):
            return True
        made = self._element(kind, one)
        binding = made.get("binding", {"strength": "example"})
        return (
            made.get("min", base.least) != base.least or str(made.get("max", base.most)) != str(base.most)
            or set(made.get("types", base.types)) != set(base.types) or "slicing" in made or "invariants" in made
            or (binding["strength"] in _BINDING and (binding["value-set"], binding["strength"]) != (
                self.name_of(base.value_set), base.strength))
            or ("targets" in made and {short(one) for one in made["targets"]} != {*(base.targets or ("Resource",))})
        )

    def _element(self, kind: str, one: Raw) -> Written:
        words, slices, base = self._spot(kind, one)
        *around, mine = slices
        made: Written = {"path": ".".join(words)}
        within = "/".join(filter(None, around))
        made |= {word: said for word, said in (("slice", mine), ("within", within)) if said}
        aside = beside(one)
        types = dicts(one.get("type"))
        made |= {"by": aside["by"]} if "by" in aside else {}
        profiles = [str(url) for each in types if each.get("code") == "Extension" for url in each.get("profile", ())]
        made |= {"extension": profiles[0].partition("|")[0]} if profiles and mine else {}
        made |= self._counts(one)
        made |= _types(types, base)
        made |= _slicing(one, words[-1])
        made |= self._binding(one)
        made |= _valued(one)
        rules = [{"key": str(rule.get("key")), "severity": rule.get("severity"), "expression": rule["expression"]}
                 for rule in dicts(one.get("constraint"))
                 if rule.get("key") not in self._keys and isinstance(rule.get("expression"), str)]
        made |= {"invariants": rules} if rules else {}
        made |= {"must-support": True} if one.get("mustSupport") is True else {}
        return made | {word: aside[word] for word in _ASIDE if word in aside}

    def _spot(self, kind: str, one: Raw) -> tuple[list[str], list[str], Element | None]:
        """The words of the path, the slice at each word, and what FHIR says of the element."""
        identifier, path = one.get("id"), one.get("path")
        if not isinstance(identifier, str) or not isinstance(path, str):
            raise Wrong(str(path or identifier or "an element"), "needs an id and a path", "FHIR asks both of it")
        plain, told = path.split("."), [word.partition(":") for word in words_of(identifier)]
        names = [name for _, _, name in told]
        if plain[0] != kind or len(names) != len(plain) or any("/" in name for name in names):
            if "/" in identifier:
                raise Wrong(identifier, "a slice of a slice is not read", "only definitions without such slices are")
            raise Wrong(identifier, f"its path is {path}", _SAME)
        base = None
        for number in range(1, len(plain)):
            base = self.facts.element(kind, plain[1: number + 1])
            if base is None:
                raise Wrong(identifier, f"FHIR R4 has no element {'.'.join(plain[: number + 1])}",
                            "see the path for a slip, or for an element of another version of FHIR")
            if told[number][0] != plain[number] and not base.choice:
                raise Wrong(identifier, f"its path is {path}", _SAME)
            if base.choice and not plain[number].endswith("[x]"):
                names[number], plain[number] = names[number] or plain[number], f"{base.name}[x]"
        return plain, names, base

    @staticmethod
    def _counts(one: Raw) -> Written:
        made: Written = {}
        if "min" in one:
            if not isinstance(one["min"], int) or isinstance(one["min"], bool) or one["min"] < 0:
                raise Wrong(str(one["id"]), f"min is {one['min']!r}", "a number is due")
            made["min"] = one["min"]
        if "max" in one:
            most = str(one["max"])
            if most != "*" and not most.isdecimal():
                raise Wrong(str(one["id"]), f"max is {one['max']!r}", "a number or * is due")
            made["max"] = most if most == "*" else int(most)
        return made

    def _binding(self, one: Raw) -> Written:
        binding = one.get("binding")
        if not isinstance(binding, dict) or not isinstance(binding.get("valueSet"), str):
            return {}
        return {"binding": {"value-set": self.name_of(binding["valueSet"]), "strength": binding.get("strength")}}


def _types(types: list[Raw], base: Element | None) -> Written:
    """The types, left out for a choice that leaves them all, and the structures that it may point at."""
    codes: list[str] = []
    for each in types:
        code = str(each.get("code", ""))
        if "fhirpath/System." in code:  # the value of a primitive, and ids: their types stand beside
            told = [str(ext.get("valueUrl") or ext.get("valueUri")) for ext in dicts(each.get("extension"))
                    if ext.get("url") == _TYPE_NAME]
            code = told[0] if told else "string"
        codes.append(code)
    made: Written = {}
    if codes and not (base is not None and base.choice and set(codes) == set(base.types)):
        made["types"] = list(dict.fromkeys(codes))
    targets = [str(url) for each in types for url in each.get("targetProfile", ())]
    return {**made, "targets": targets} if targets else made


def _slicing(one: Raw, word: str) -> Written:
    """How slices are told; extensions always are by their url, which goes without saying."""
    said = one.get("slicing")
    if not isinstance(said, dict):
        return {}
    by = [f"{each.get('type')} {each.get('path')}" for each in dicts(said.get("discriminator"))]
    if word in EXTENSIONS and by == ["value url"]:
        return {}
    made: Written = {"by": by, "rules": said.get("rules", "open")}
    return {"slicing": {**made, "ordered": True} if said.get("ordered") is True else made}


def _valued(one: Raw) -> Written:
    """The fixed value or the pattern of an element."""
    return {word: said for word in ("fixed", "pattern") for name, said in one.items()
            if name.startswith(word) and name[len(word):][:1].isupper()}


def _references(elements: list[Raw], kind: str, facts: R4) -> None:
    """Refuses references to the content of other elements that lead nowhere, or round in a circle."""
    points = {str(one.get("id")): str(one["contentReference"]).rpartition("#")[2]
              for one in elements if "contentReference" in one}
    ids = {str(one.get("id")) for one in elements}
    for start in points:
        met = [start]
        while met[-1] in points:
            target = points[met[-1]]
            if target in met:
                raise Wrong(start, "contentReference in a circle: " + " → ".join([*met, target]),
                            "one of them must say its content")
            if target not in ids and facts.element(kind, target.split(".")[1:]) is None:
                raise Wrong(start, f"contentReference to {target}, which is no element", "")
            met.append(target)


def _without_root(kind: str, elements: list[Written]) -> list[Written]:
    """The elements; of the root, whose cardinality means nothing, only its invariants."""
    return [one if one["path"] != kind else {word: one[word] for word in ("path", "invariants")}
            for one in elements if one["path"] != kind or "invariants" in one]


def _merged(inherited: list[Written], own: list[Written]) -> list[Written]:
    """The elements of a base with what a definition says more of them."""
    spots = {_key(one): one for one in inherited}
    for one in own:
        spots[_key(one)] = {**spots.get(_key(one), {}), **one}
    return list(spots.values())


def _key(one: Raw) -> tuple[str, str, str]:
    return one["path"], one.get("slice", ""), one.get("within", "")


def _listed(definition: Raw, word: str) -> list[Raw]:
    held = definition.get(word)
    return dicts(held.get("element")) if isinstance(held, dict) else []


def beside(raw: Raw) -> Written:
    """What our own exporter wrote beside: it has no word in FHIR."""
    return dict(_told(raw))


def _told(raw: Raw) -> Iterator[tuple[str, Any]]:
    for one in dicts(raw.get("extension")):
        url, said = str(one.get("url")), one.get("valueString")
        if url.startswith(OURS) and isinstance(said, str):
            try:
                yield url.removeprefix(OURS), json.loads(said)
            except ValueError:
                raise Wrong(str(raw.get("id", "")), f"the extension {url} holds no JSON", "") from None
