"""A structure of ours as a FHIR StructureDefinition: its differential, for the tools of others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from conformance.fhir.r4 import R4

Raw = Mapping[str, Any]
Written = dict[str, Any]
OURS = "https://rorqual.invalid/fhir/"  # what FHIR has no word for: how a slice is recognised, doubts, defects
_KEPT = ("by", "unconfirmed", "defect")
BASE = "http://hl7.org/fhir/StructureDefinition/"


class Definitions:
    """Writes structures of one version of the specification as StructureDefinitions."""

    def __init__(self, facts: R4, fhir_version: str, version: str, value_sets: Mapping[str, str]) -> None:
        self.facts, self.fhir_version, self.version, self.value_sets = facts, fhir_version, version, value_sets

    def of_structure(self, structure: Raw) -> Written:
        """The StructureDefinition of a resource profile."""
        return self._definition(structure["id"], structure["url"], structure["type"], "resource", structure)

    def of_extension(self, extension: Raw) -> Written:
        """The StructureDefinition of an extension, with where it may stand."""
        made = self._definition(extension["url"].rsplit("/", 1)[-1], extension["url"], "Extension", "complex-type",
                                extension)
        contexts = [one.strip() for one in extension.get("context", "Element").split(",")]
        made["context"] = [{"type": "element", "expression": one} for one in contexts]
        return made

    def _definition(self, name: str, url: str, kind: str, sort: str, raw: Raw) -> Written:
        """On the base of FHIR, which every tool has: what other guides ask of it is among our elements."""
        said = [self._element(one, raw["elements"]) for one in raw["elements"]]
        root = [] if said and said[0]["path"] == kind else [{"id": kind, "path": kind}]
        made: Written = {
            "resourceType": "StructureDefinition", "id": name, "url": url, "version": self.version,
            "name": "".join(word.capitalize() for word in name.split("-")), "status": "active",
            "fhirVersion": self.fhir_version, "kind": sort, "abstract": False, "type": kind,
            "baseDefinition": BASE + kind, "derivation": "constraint", "differential": {"element": [*root, *said]},
        }
        beside = [name for name in ("parent", "parent-unconfirmed", "unconfirmed") if raw.get(name)]
        if beside:
            made["extension"] = [ours(name, raw[name]) for name in beside]
        return made

    def _element(self, one: Raw, everyone: Sequence[Raw]) -> Written:
        made: Written = {"id": spelled(one, everyone), "path": one["path"]}
        beside = [ours(name, one[name]) for name in _KEPT if name in one]
        if beside:
            made["extension"] = beside
        if "slice" in one:
            made["sliceName"] = one["slice"]
        if "slicing" in one:
            made["slicing"] = _slicing(one["slicing"])
        made |= {name: str(one[name]) if name == "max" else one[name] for name in ("min", "max") if name in one}
        types = [self._type(kind, one) for kind in one.get("types", ())]
        if types:
            made["type"] = types
        for word in ("fixed", "pattern"):
            if word in one:
                made[f"{word}{self._kind(one)}"] = one[word]
        if "invariants" in one:
            made["constraint"] = [{**rule, "human": rule["key"]} for rule in one["invariants"]]
        if one.get("must-support"):
            made["mustSupport"] = True
        if "binding" in one:
            name = one["binding"]["value-set"]
            made["binding"] = {"strength": one["binding"]["strength"], "valueSet": self.value_sets.get(name, name)}
        return made

    def _type(self, kind: str, one: Raw) -> Written:
        made: Written = {"code": kind}
        if kind == "Extension" and "extension" in one:
            made["profile"] = [one["extension"]]
        if "targets" in one and kind in ("Reference", "canonical"):
            made["targetProfile"] = list(one["targets"])
        return made

    def _kind(self, one: Raw) -> str:
        """The type of a fixed value or pattern, as it ends the name of its element in JSON."""
        kinds = one.get("types")
        if not kinds:
            root, *names = one["path"].split(".")
            found = self.facts.element(root, names)
            kinds = found.types if found is not None else ("string",)
        return str(kinds[0][:1]).upper() + str(kinds[0][1:])


def ours(name: str, value: Any) -> Written:
    """An extension of ours: a value of any form, as JSON."""
    return {"url": OURS + name, "valueString": json.dumps(value, ensure_ascii=False, sort_keys=True)}


def _slicing(raw: Raw) -> Written:
    told = [dict(zip(("type", "path"), each.split(" ", 1), strict=True)) for each in raw["by"]]
    return {"discriminator": told, "ordered": bool(raw.get("ordered", False)), "rules": raw["rules"]}


def spelled(one: Raw, everyone: Sequence[Raw]) -> str:
    """The id of an element: its path with the names of the slices that it is, or lies, in."""
    inside = list(filter(None, one.get("within", "").split("/")))
    words = one["path"].split(".")
    made: list[str] = []
    outer: list[str] = []
    for number, word in enumerate(words):
        last = number == len(words) - 1
        if last and "slice" in one:
            made.append(f"{word}:{one['slice']}")
        elif inside and _sliced(".".join(words[: number + 1]), inside[0], "/".join(outer), everyone, last):
            outer.append(inside.pop(0))
            made.append(f"{word}:{outer[-1]}")
        else:
            made.append(word)
    return ".".join(made)


def words_of(identifier: str) -> list[str]:
    """The words of an element's id; a slice may be named after a version, with points in it."""
    made: list[str] = []
    for word in identifier.split("."):
        if made and ":" in made[-1] and not word[:1].isalpha():
            made[-1] += f".{word}"
        else:
            made.append(word)
    return made


def _sliced(path: str, name: str, within: str, everyone: Sequence[Raw], last: bool) -> bool:
    """Whether an element of that path is, or can be, a slice of that name: said here, or part of an extension that is
    described elsewhere."""
    here = any(each["path"] == path and each.get("slice") == name and each.get("within", "") == within
               for each in everyone)
    return here or (bool(within) and not last and path.endswith(".extension"))
