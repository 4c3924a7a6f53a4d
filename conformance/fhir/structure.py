"""Structures compiled to JSON Schema: cardinalities, types and formats, fixed values; extensions walked by hand.

One schema per structure and aspect, so that a difference belongs to one requirement. The fast validator decides;
it gives the place and the rule of each difference, which become codes of findings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jsonschema_rs

from conformance.fhir.bundle import Resource
from conformance.fhir.coded import CodedElements
from conformance.fhir.extended import Extended
from conformance.fhir.shape import Schema, Shape
from conformance.fhir.slices import Difference, Slices

_GUIDE = "https://interop.esante.gouv.fr/ig/fhir/ror/"


class Compiled:
    """One structure ready to judge resources of its type."""

    def __init__(self, structure: Mapping[str, Any], extensions: Mapping[str, Any], shape: Shape) -> None:
        self.structure, self.extensions = structure, extensions
        self.type = str(structure["type"])
        self._types = jsonschema_rs.validator_for(shape.of_resource(self.type))
        self._counts = jsonschema_rs.validator_for(_counts(structure, shape))
        self._least = jsonschema_rs.validator_for(shape.least(self.type))
        self._values = jsonschema_rs.validator_for(_values(structure, shape))
        self._slices = Slices(structure)
        self.coded = CodedElements(structure, extensions)
        self._wanted = [one for one in structure["elements"] if "extension" in one and not one.get("within")]

    def differences(self, resource: Resource, aspect: str, extensions: Sequence[Extended]) -> Iterator[Difference]:
        """How the resource differs from the structure under one aspect; ``extensions`` are those that it has."""
        if aspect == "extension":
            yield from self._extensions(resource, extensions)
            return
        if aspect == "value":
            yield from self._slices.differences(resource)
        validators = {"cardinality": (self._counts, self._least), "type": (self._types,), "value": (self._values,)}
        found = {_difference(error, aspect, self.type): None for validator in validators[aspect]
                 for error in validator.iter_errors(resource) if not _of_another_type(error)}
        yield from found  # once, though the structure and base FHIR may ask the same

    def _extensions(self, resource: Resource, extensions: Sequence[Extended]) -> Iterator[Difference]:
        by_holder: dict[str, list[Mapping[str, Any]]] = {}
        for one in self._wanted:
            by_holder.setdefault(str(one["path"]).removesuffix(".extension"), []).append(one)
        for path, wanted in by_holder.items():
            for place, holder in _holders(resource, self.type, path):
                yield from self._counted(place, holder, wanted)
        for place, one in extensions:
            yield from self._extension(one, place)

    def _counted(self, place: str, holder: Any, wanted: Sequence[Mapping[str, Any]]) -> Iterator[Difference]:
        held = [one.get("url") for one in _list(holder.get("extension")) if isinstance(one, dict)]
        for one in wanted:
            count, least, most = held.count(one["extension"]), one.get("min", 0), one.get("max", "*")
            name = f"{place}.extension:{one['slice']}"
            if count < least:
                yield Difference("structure.extension-missing", name, f"at least {least}", str(count))
            elif most != "*" and count > int(most):
                yield Difference("structure.extension-count", name, f"at most {most}", str(count))

    def _extension(self, one: Mapping[str, Any], place: str) -> Iterator[Difference]:
        """An extension of the guide, wherever it stands, has a known url, known parts and a value of its type."""
        url = str(one.get("url", ""))
        definition = self.extensions.get(url)
        if definition is not None:
            yield from self._defined(one, definition, place)
        elif url.startswith(_GUIDE) or ":" not in url:
            yield Difference("structure.extension-unknown", place, "an extension of the guide", url or "no url")

    def _defined(self, one: Mapping[str, Any], definition: Mapping[str, Any], place: str) -> Iterator[Difference]:
        parts = definition.get("parts")
        if parts is None:
            yield from _valued(one, definition.get("value") or definition, place)
            return
        known = {part["url"]: part for part in parts}
        counts: dict[str, int] = {}
        for index, part in enumerate(_list(one.get("extension"))):
            if not isinstance(part, dict):
                continue
            url = str(part.get("url", ""))
            counts[url] = counts.get(url, 0) + 1
            inner = f"{place}.extension[{index}]"
            if url not in known:
                yield Difference("structure.extension-unknown", inner, "one of " + ", ".join(known), url or "no url")
            elif url in self.extensions:
                yield from self._defined(part, self.extensions[url], inner)
            else:
                yield from self._defined(part, known[url], inner)
        for url, part in known.items():
            yield from _part_count(counts.get(url, 0), part, f"{place}.extension:{url}")


def _part_count(count: int, part: Mapping[str, Any], place: str) -> Iterator[Difference]:
    least, most = part.get("min", 0), part.get("max", "*")
    if count < least:
        yield Difference("structure.extension-missing", place, f"at least {least}", str(count))
    elif most != "*" and count > int(most):
        yield Difference("structure.extension-count", place, f"at most {most}", str(count))


def _valued(one: Mapping[str, Any], definition: Mapping[str, Any], place: str) -> Iterator[Difference]:
    types = definition.get("types") or ()
    held = [key for key in one if key.startswith("value")]
    accepted = [f"value{str(kind)[:1].upper()}{str(kind)[1:]}" for kind in types]
    if accepted and not set(held) & set(accepted):
        yield Difference("structure.extension-value", place, " or ".join(accepted), ", ".join(held) or "no value")


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _holders(resource: Resource, kind: str, path: str) -> list[tuple[str, Any]]:
    """The objects at a path, lists opened, with their places."""
    found: list[tuple[str, Any]] = [(kind, resource)]
    for name in path.split(".")[1:]:
        deeper: list[tuple[str, Any]] = []
        for place, holder in found:
            value = holder.get(name)
            if isinstance(value, list):
                deeper += [(f"{place}.{name}[{i}]", item) for i, item in enumerate(value) if isinstance(item, dict)]
            elif isinstance(value, dict):
                deeper.append((f"{place}.{name}", value))
        found = deeper
    return found


def _plain(structure: Mapping[str, Any]) -> Iterator[tuple[list[str], Mapping[str, Any]]]:
    """Elements that stand at a plain path: no slice, no choice, no extension."""
    for one in structure["elements"]:
        path = str(one["path"]).split(".")[1:]
        if one.get("slice") or one.get("within") or one.get("defect") or not path:
            continue
        if any(name in ("extension", "modifierExtension") or "[" in name or ":" in name for name in path):
            continue
        yield path, one


def _nested(schema: Schema, shape: Shape, kind: str, path: Sequence[str]) -> Schema:
    """The schema of the object that holds the last name of the path, made on the way."""
    here = schema
    for index, name in enumerate(path[:-1]):
        inner = here.setdefault("properties", {}).setdefault(name, {})
        if shape.repeats(kind, path[: index + 1]):
            inner = inner.setdefault("items", {})
        here = inner
    return here


def _counts(structure: Mapping[str, Any], shape: Shape) -> Schema:
    schema: Schema = {}
    kind = structure["type"]
    for path, one in _plain(structure):
        holder, name = _nested(schema, shape, kind, path), path[-1]
        least, most = one.get("min", 0), one.get("max", "*")
        listed = shape.repeats(kind, path)
        if most == 0 or most == "0":
            holder.setdefault("properties", {})[name] = False
            continue
        if least:
            holder.setdefault("required", []).append(name)
        rule = holder.setdefault("properties", {}).setdefault(name, {})
        if listed and isinstance(rule, dict):
            rule.update({"minItems": least} if least else {})
            rule.update({"maxItems": int(most)} if most != "*" else {})
    return schema


def _values(structure: Mapping[str, Any], shape: Shape) -> Schema:
    schema: Schema = {}
    for path, one in _plain(structure):
        wanted = one.get("fixed", one.get("pattern"))
        if wanted is None:
            continue
        rule = {"const": wanted} if "fixed" in one else _pattern(wanted)
        holder, name = _nested(schema, shape, structure["type"], path), path[-1]
        target = holder.setdefault("properties", {}).setdefault(name, {})
        target.update({"items": rule} if shape.repeats(structure["type"], path) else rule)
    return schema


def _pattern(wanted: Any) -> Schema:
    """A FHIR pattern: what it says must be there, more may be."""
    if isinstance(wanted, dict):
        return {"required": list(wanted), "properties": {name: _pattern(value) for name, value in wanted.items()}}
    if isinstance(wanted, list):
        return {"allOf": [{"contains": _pattern(item)} for item in wanted]}
    return {"const": wanted}


_CODES = {"required": "structure.missing", "minItems": "structure.missing", "maxItems": "structure.too-many",
          "falseSchema": "structure.too-many", "type": "structure.type", "additionalProperties": "structure.type",
          "anyOf": "structure.type", "pattern": "structure.format", "enum": "structure.code"}


def _difference(error: Any, aspect: str, kind: str) -> Difference:
    path = list(error.instance_path)
    schema_path = [str(part) for part in error.schema_path]
    rule = next((part for part in reversed(schema_path) if part in _CODES or part in ("const", "contains")), "")
    place = kind + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    code = "structure.value" if aspect == "value" else _CODES.get(rule, "")
    if aspect == "cardinality" and not code:
        code = "structure.too-many"
    if not code:
        code = "structure.type"
    expected, _, actual = _told(error, rule, aspect)
    if aspect == "cardinality" and rule == "required":
        place = f"{place}.{expected}"
        expected, actual = "at least 1", "absent"
    return Difference(code, place, expected, actual)


def _of_another_type(error: Any) -> bool:
    """Whether a value is no known code because it is no text at all, which its type tells."""
    return list(error.schema_path)[-1:] == ["enum"] and not str(error.message).startswith('"')


def _told(error: Any, rule: str, aspect: str) -> tuple[str, str, str]:
    message = str(error.message)
    if rule == "enum":
        return "a code that FHIR allows here", "", message.rsplit(" is not one of ", 1)[0]
    if rule == "required":
        return message.split('"')[1] if '"' in message else message, "", ""
    shown = message if len(message) <= 200 else message[:199] + "…"
    words = {"pattern": "the format of its FHIR type", "type": "its FHIR type", "anyOf": "its FHIR type",
             "additionalProperties": "elements of FHIR R4", "maxItems": "fewer items", "minItems": "more items"}
    return words.get(rule, "the fixed value" if aspect == "value" else "the structure"), "", shown
