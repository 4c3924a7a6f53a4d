"""Resources made wrong in one known way: operators by name, each with the finding that it must cause, and where.

A judge is measured by them: what an operator breaks must be found, at the element that it broke, and by the
requirement of that element (``mutations`` in the tests of structures and in ``benchmarks``).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.draw import Draw
from conformance.fhir.change import Change, Operator, first_of, first_replaced, is_plain, replaced
from conformance.fhir.engine import Path
from conformance.fhir.mutation_extensions import EXTENSION_OPERATORS
from conformance.fhir.primitive import MALFORMED
from conformance.fhir.site import Site, sites
from conformance.fhir.structure import Compiled, at_path

Resource = dict[str, Any]
_SAMPLES: Mapping[str, Any] = {"code": [{"code": "x"}]}  # values of elements that a structure may leave no place for


@dataclass(frozen=True, slots=True)
class Mutant:
    """A wrong resource, the operator that made it so, the path of what is wrong in it, and the codes of findings of
    which one must be given there. ``moved``: whether a member of a list is not of the slices any more that it was of,
    so that what they ask is not asked of it."""

    operator: str
    resource: Resource
    path: Path
    codes: tuple[str, ...]
    moved: bool


def _drop_required(site: Site, _compiled: Compiled, _draw: Draw) -> Change | None:
    if not site.least or not is_plain(site):
        return None

    def apply(holder: dict[str, Any]) -> None:
        del holder[site.name]
        holder.pop(f"_{site.name}", None)
    return Change(apply, (*site.holder, site.element.name),
                  ("structure.missing", "structure.extension-value", "structure.invariant",
                   "structure.extension-missing"))


def _exceed_max(site: Site, _compiled: Compiled, _draw: Draw) -> Change | None:
    limits = [int(one) for one in site.said("max") if str(one) != "*"]
    if not site.element.repeats or not limits or not is_plain(site):
        return None
    value = [copy.deepcopy(site.value[0]) for _ in range(max(min(limits), len(site.value)) + 1)]
    return replaced(site, value, site.path, "structure.too-many")


def _wrong_json(site: Site, compiled: Compiled, _draw: Draw) -> Change | None:
    json = compiled.whole.facts.primitives.get(site.kind, {}).get("json")
    if json is None or not is_plain(site):
        return None
    return first_replaced(site, 12 if json == "string" else "12", "structure.type")


def _object_for_text(site: Site, compiled: Compiled, _draw: Draw) -> Change | None:
    primitive = site.kind in compiled.whole.facts.primitives and is_plain(site)
    return first_replaced(site, {"text": "x"}, "structure.type") if primitive else None


def _text_for_object(site: Site, compiled: Compiled, _draw: Draw) -> Change | None:
    complex_ = site.kind not in compiled.whole.facts.primitives and is_plain(site)
    return first_replaced(site, "x", "structure.type") if complex_ else None


def _single_for_list(site: Site, _compiled: Compiled, _draw: Draw) -> Change | None:
    return replaced(site, first_of(site), site.path, "structure.type") if isinstance(site.value, list) else None


def _list_for_single(site: Site, _compiled: Compiled, _draw: Draw) -> Change | None:
    return None if isinstance(site.value, list) or site.name == "url" else replaced(site, [site.value], site.path,
                                                                                "structure.type")


def _malformed(site: Site, _compiled: Compiled, draw: Draw) -> Change | None:
    wrong = MALFORMED.get(site.kind) if is_plain(site) else None
    return first_replaced(site, draw.one_of(wrong), "structure.format", "structure.code") if wrong else None


def _null(site: Site, _compiled: Compiled, _draw: Draw) -> Change | None:
    return first_replaced(site, None, "structure.type") if is_plain(site) else None


def _empty_list(site: Site, _compiled: Compiled, _draw: Draw) -> Change | None:
    return replaced(site, [], site.path, "structure.type") if isinstance(site.value, list) else None


def _empty_object(site: Site, _compiled: Compiled, _draw: Draw) -> Change | None:
    whole = isinstance(first_of(site), dict) and is_plain(site)
    return first_replaced(site, {}, "structure.invariant") if whole else None


def _unknown_element(site: Site, _compiled: Compiled, _draw: Draw) -> Change | None:
    value = first_of(site)
    if not isinstance(value, dict):
        return None
    at = (*site.path, 0) if isinstance(site.value, list) else site.path
    return Change(lambda holder: _put(holder, site, {**value, "couleur": "rouge"}), (*at, "couleur"),
                  ("structure.unknown",))


def _put(holder: dict[str, Any], site: Site, value: Any) -> None:
    holder[site.name] = [value, *site.value[1:]] if isinstance(site.value, list) else value


def _unknown_code_of_fhir(site: Site, compiled: Compiled, _draw: Draw) -> Change | None:
    held = site.element.strength == "required" and compiled.whole.facts.codes.get(site.element.value_set)
    return first_replaced(site, "inconnu", "structure.code") if site.kind == "code" and held else None


def _bound(site: Site) -> str:
    return next((one["value-set"] for one in site.said("binding") if one["strength"] == "required"), "")


def _coding(site: Site) -> dict[str, Any] | None:
    value = first_of(site)
    if site.kind == "Coding" and isinstance(value, dict) and "code" in value:
        return value
    held = value.get("coding") if site.kind == "CodeableConcept" and isinstance(value, dict) else None
    return held[0] if held and "code" in held[0] else None


def _recoded(site: Site, **changes: str) -> Change:
    value = copy.deepcopy(first_of(site))
    (value if site.kind == "Coding" else value["coding"][0]).update(changes)
    return first_replaced(site, value, "nomenclature.code", "nomenclature.system", "nomenclature.not-held",
                          "nomenclature.ended")


def _unknown_code(site: Site, _compiled: Compiled, _draw: Draw) -> Change | None:
    return _recoded(site, code="inconnu") if _bound(site) and _coding(site) else None


def _wrong_system(site: Site, _compiled: Compiled, _draw: Draw) -> Change | None:
    return _recoded(site, system="https://exemple.fr/systeme") if _bound(site) and _coding(site) else None


def _ended_code(site: Site, compiled: Compiled, _draw: Draw) -> Change | None:
    held = compiled.whole.release.value_set(_bound(site)) if _bound(site) and _coding(site) else None
    ended = [pair for pair in held.ended if held.holds(*pair)] if held is not None else []
    return _recoded(site, system=ended[0][0], code=ended[0][1]) if ended else None


def _wrong_value(site: Site, _compiled: Compiled, _draw: Draw) -> Change | None:
    wanted = [*site.said("fixed"), *site.said("pattern")]
    if not wanted or not is_plain(site) or not isinstance(wanted[0], str):
        return None
    return first_replaced(site, "autre", "structure.value", "structure.missing", "structure.code", "nomenclature.code",
                "structure.extension-missing")


def _wrong_reference(site: Site, compiled: Compiled, _draw: Draw) -> Change | None:
    value = first_of(site)
    said = {compiled.whole.constraints.kind(one) for each in site.said("targets") for one in each}
    kinds = set(site.element.targets) or said
    if site.kind != "Reference" or not isinstance(value, dict) or not kinds or "Resource" in kinds or "" in kinds:
        return None
    at = (*site.path, 0) if isinstance(site.value, list) else site.path
    return Change(lambda holder: _put(holder, site, {**value, "reference": "Substance/1"}), (*at, "reference"),
                  ("structure.reference",))


def _lost_reference(site: Site, _compiled: Compiled, _draw: Draw) -> Change | None:
    value = first_of(site)
    return first_replaced(site, {**value, "reference": "#rien"}, "structure.invariant") \
        if site.kind == "Reference" and isinstance(value, dict) else None


def _reversed_period(site: Site, _compiled: Compiled, _draw: Draw) -> Change | None:
    return first_replaced(site, {"start": "2026-12-01", "end": "2026-11-01T10:00:00Z"}, "structure.invariant") \
        if site.kind == "Period" else None


def _telecom_without_system(site: Site, _compiled: Compiled, _draw: Draw) -> Change | None:
    value = first_of(site)
    if site.kind != "ContactPoint" or not isinstance(value, dict):
        return None
    kept = {name: one for name, one in value.items() if name not in ("system", "_system")}
    return first_replaced(site, {**kept, "value": "0240"}, "structure.invariant")


def _unit_without_system(site: Site, _compiled: Compiled, _draw: Draw) -> Change | None:
    return first_replaced(site, {"value": 1, "code": "d"}, "structure.invariant") if site.kind == "Quantity" else None


def _ids_twice(site: Site, _compiled: Compiled, _draw: Draw) -> Change | None:
    if not isinstance(site.value, list) or len(site.value) < 2 or not all(isinstance(one, dict) for one in site.value):
        return None
    return replaced(site, [{"id": "deux-fois", **{k: v for k, v in one.items() if k != "id"}} for one in site.value],
                (*site.path, 1, "id"), "structure.invariant")


def _null_in_list(site: Site, compiled: Compiled, _draw: Draw) -> Change | None:
    if not isinstance(site.value, list) or site.kind not in compiled.whole.facts.primitives:
        return None

    def apply(holder: dict[str, Any]) -> None:
        holder[site.name] = [*site.value, None]
        holder.pop(f"_{site.name}", None)
    return Change(apply, (*site.path, len(site.value)), ("structure.type",))


def _two_of_a_slice(site: Site, compiled: Compiled, _draw: Draw) -> Change | None:
    """One more member of a slice that may have one."""
    for member in site.value if isinstance(site.value, list) and is_plain(site) else ():
        if any(str(part.said.get("max")) == "1" for part in compiled.slices(member, *site.nodes)):
            return replaced(site, [*site.value, copy.deepcopy(member)], site.path, "structure.too-many")
    return None


def _forbidden(site: Site, compiled: Compiled, draw: Draw) -> Change | None:
    """What a structure leaves no place for: an element, or an extension, in a value that FHIR would let have it."""
    held = [(index, one, node) for index, one in enumerate(site.value if isinstance(site.value, list) else [site.value])
            if isinstance(one, dict) and is_plain(site) for node in (*site.nodes, *compiled.slices(one, *site.nodes))]
    found: list[tuple[int, Any, Path, str]] = []
    for index, one, node in held:
        for name, child in node.children.items():
            if str(child.said.get("max")) == "0" and child.evaluable and name in _SAMPLES and name not in one:
                found.append((index, {**one, name: _SAMPLES[name]}, (name,), "structure.too-many"))
        parts = node.children["extension"].slices.values() if "extension" in node.children else ()
        for part in parts:
            if str(part.said.get("max")) == "0" and part.evaluable:
                more = [*one.get("extension", ()), {"url": part.url, "valueCode": "x"}]
                found.append((index, {**one, "extension": more}, ("extension",), "structure.extension-count"))
    if not found:
        return None
    index, value, below, code = draw.one_of(found)
    if not isinstance(site.value, list):
        return replaced(site, value, (*site.path, *below), code)
    return replaced(site, [*site.value[:index], value, *site.value[index + 1:]], (*site.path, index, *below), code)


OPERATORS: Mapping[str, Operator] = {
    "drop-required": _drop_required,
    "exceed-max": _exceed_max,
    "wrong-json-type": _wrong_json,
    "object-for-primitive": _object_for_text,
    "primitive-for-object": _text_for_object,
    "single-for-list": _single_for_list,
    "list-for-single": _list_for_single,
    "malformed-primitive": _malformed,
    "null": _null,
    "null-in-list": _null_in_list,
    "empty-list": _empty_list,
    "empty-object": _empty_object,
    "unknown-element": _unknown_element,
    "unknown-code-of-fhir": _unknown_code_of_fhir,
    "unknown-code": _unknown_code,
    "wrong-system": _wrong_system,
    "ended-code": _ended_code,
    "wrong-fixed-value": _wrong_value,
    "two-of-a-slice": _two_of_a_slice,
    "forbidden-element": _forbidden,
    **EXTENSION_OPERATORS,
    "reference-to-wrong-type": _wrong_reference,
    "reference-to-nothing": _lost_reference,
    "reversed-period": _reversed_period,
    "telecom-without-system": _telecom_without_system,
    "unit-without-system": _unit_without_system,
    "ids-twice": _ids_twice,
}


def _moved(site: Site, resource: Resource, made: Resource, compiled: Compiled) -> bool:
    """Whether a member of a list that a site stands in is of other slices than it was."""
    before, after = ([[part.id for part in compiled.slices(at_path(one, path), *nodes)] for path, nodes in site.among]
                     for one in (resource, made))
    return before != after


def mutants(
    resource: Resource, compiled: Compiled, draw: Draw, per_operator: int = 1,
    wanted: Callable[[Path], bool] = lambda _path: True,
) -> Iterator[Mutant]:
    """The resource made wrong by each operator that finds something in it, at most so many times each, at the places
    that are ``wanted``."""
    every = list(sites(resource, compiled))
    for name, operator in OPERATORS.items():
        changes = [(site, change) for site in every if (change := operator(site, compiled, draw)) is not None
                   and wanted(change.path)]
        for _ in range(min(per_operator, len(changes))):
            site, change = changes.pop(draw.number(0, len(changes) - 1))
            made = copy.deepcopy(resource)
            change.apply(at_path(made, site.holder))
            yield Mutant(name, made, change.path, change.codes, _moved(site, resource, made, compiled))
