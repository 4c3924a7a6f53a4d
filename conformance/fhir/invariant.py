"""The invariants of FHIR R4 and of structures: rules in FHIRPath, evaluated by fhirpathpy where they may be broken.

An evaluation costs as much as the rest of a resource, so what surely keeps a frequent rule is told without it; a test
holds both to the same answers. ele-1 and ext-1, which stand on every element, are in the schemas (``shape``).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import fhirpathpy
from fhirpathpy.engine.nodes import ResourceNode
from fhirpathpy.models import models

from conformance.fhir import narrative
from conformance.fhir.r4 import R4, Element, Invariant

_UNIQUE = Invariant("id-1", "error", "descendants().id.isDistinct()")  # FHIR says it of Element.id in words
_IN_SCHEMAS = frozenset(("ele-1", "ext-1"))
_TRACE = re.compile(r"\.trace\('\w+'\)")
Holder = Mapping[str, Any]

# What fhirpathpy cannot evaluate as FHIR wrote it, in words of the same meaning.
_READINGS: Mapping[str, str] = {
    # quantities are compared by their values
    "rng-2": "low.value.empty() or high.value.empty() or (low.value <= high.value)",
    # as() of several items is an error in FHIRPath; what points at a contained resource is a text
    "dom-3": "contained.where((('#'+id) in %resource.descendants().where($this is string or $this is uri or "
             "$this is canonical or $this is url)).not() and (descendants().where(reference = '#').empty())).empty()",
    "que-7": "operator = 'exists' implies (answer is boolean)",
}


# What the rules that are broken most say, in words.
_WORDS: Mapping[str, str] = {
    "ele-1": "an element that is there holds something",
    "ext-1": "an extension has a value, or extensions, and never both",
    "per-1": "a period does not end before it starts",
    "cpt-2": "a contact point that has a value has a system",
    "qty-3": "a unit that is coded has a system",
    "rng-2": "the low end of a range is not above the high end",
    "ref-1": "a reference to a contained resource finds it",
    "att-1": "an attachment that has data has a content type",
    "org-1": "an organization has an identifier or a name",
    "org-2": "the address of an organization is nobody's home",
    "org-3": "the telecom of an organization is nobody's home",
    "dom-2": "a contained resource contains none",
    "dom-3": "a contained resource is referred to",
    "dom-4": "a contained resource has no version or date of its own",
    "dom-5": "a contained resource has no security label",
    "txt-1": "a narrative holds the XHTML that FHIR allows",
    "txt-2": "a narrative is not empty",
    "id-1": "the ids of the elements of a resource are unique",
}


@dataclass(frozen=True, slots=True)
class Broken:
    """An invariant that a value does not keep, and where."""

    place: str
    rule: Invariant


def said(key: str) -> str:
    """A rule of FHIR as findings tell it."""
    return f"rule {key}: {_WORDS[key]}" if key in _WORDS else f"rule {key} of FHIR"


def _both_absent(*names: str) -> Callable[[Holder], bool]:
    return lambda one: not any(name in one or f"_{name}" in one for name in names)


def _period(one: Holder) -> bool:
    start, end = one.get("start"), one.get("end")
    if start is None or end is None:
        return True
    return (isinstance(start, str) and isinstance(end, str) and len(start) == len(end) and start[19:] == end[19:]
            and start <= end)


def _range(one: Holder) -> bool:
    if "low" not in one or "high" not in one:
        return True
    low, high = (held.get("value") if isinstance(held, dict) else None for held in (one["low"], one["high"]))
    return isinstance(low, int | float) and isinstance(high, int | float) and low <= high


# What surely keeps a rule, by the place where it stands and its key.
SURE: Mapping[tuple[str, str], Callable[[Holder], bool]] = {
    ("DomainResource", "dom-2"): _both_absent("contained"),
    ("DomainResource", "dom-3"): _both_absent("contained"),
    ("DomainResource", "dom-4"): _both_absent("contained"),
    ("DomainResource", "dom-5"): _both_absent("contained"),
    ("Period", "per-1"): _period,
    ("ContactPoint", "cpt-2"): lambda one: "system" in one or ("value" not in one and "_value" not in one),
    ("Quantity", "qty-3"): lambda one: "system" in one or ("code" not in one and "_code" not in one),
    ("Range", "rng-2"): _range,
    ("Distance", "dis-1"): lambda one: "code" in one and one.get("system") == "http://unitsofmeasure.org",
    ("Reference", "ref-1"): lambda one: not str(one.get("reference", "")).startswith("#"),
    ("Attachment", "att-1"): lambda one: "contentType" in one or ("data" not in one and "_data" not in one),
    ("Organization", "org-1"): lambda one: bool(one.get("identifier") or one.get("name")),
    ("Organization.telecom", "org-3"): lambda one: one.get("use") != "home",
    ("Organization.address", "org-2"): lambda one: one.get("use") != "home",
    ("Task", "inv-1"): lambda one: "lastModified" not in one or "authoredOn" not in one,
    ("MeasureReport", "mrp-1"): lambda one: "group" not in one,
}


class Invariants:
    """Finds the broken invariants of a resource, in it and in all that it holds."""

    def __init__(self, facts: R4) -> None:
        self._facts = facts
        self._of_type: dict[str, tuple[tuple[str, Invariant], ...]] = {}
        self._members: dict[str, dict[str, tuple[str, Element]]] = {}

    def broken(self, resource: Holder, kind: str) -> Iterator[Broken]:
        """The rules that a resource of a type breaks; those that are advice (warning, best practice) are left out."""
        yield from self._walk(resource, kind, kind, resource, set())

    def _walk(self, value: Holder, path: str, place: str, resource: Holder, ids: set[str]) -> Iterator[Broken]:
        own = value.get("id")
        if own is not None and isinstance(own, str) and value is not resource:
            if own in ids:
                yield Broken(f"{place}.id", _UNIQUE)
            ids.add(own)
        for where, rule in self.rules(path):
            if not self._kept(value, where, rule, path, resource):
                yield Broken(place, rule)
        members = self.members(path)
        for name, held in value.items():
            found = members.get(name)
            if found is None or not isinstance(held, dict | list | str):
                continue
            inner, element = found
            if not inner and not element.invariants:
                continue
            for at, one in _each(held, f"{place}.{name}"):
                for rule in element.invariants:
                    if not self._kept(one, element.path, rule, inner or element.path, resource):
                        yield Broken(at, rule)
                if inner and isinstance(one, dict):
                    yield from self._walk(one, inner, at, resource, ids)

    def _kept(self, value: Any, where: str, rule: Invariant, path: str, resource: Holder) -> bool:
        if not is_judged(rule):
            return True
        sure = SURE.get((where, rule.key))
        if sure is not None and isinstance(value, dict) and sure(value):
            return True
        return evaluated(value, path, rule, resource) is not False

    def rules(self, path: str) -> tuple[tuple[str, Invariant], ...]:
        """The rules of a type or path, each with the type that has it."""
        if path not in self._of_type:
            kinds = self._facts.lineage(path) if "." not in path else self._facts.lineage("BackboneElement")
            self._of_type[path] = tuple((kind, rule) for kind in kinds for rule in self._facts.own_invariants(kind)
                                        if is_judged(rule))
        return self._of_type[path]

    def members(self, path: str) -> dict[str, tuple[str, Element]]:
        """The members of a type or path that hold others, or have rules: what they hold, by their names in JSON."""
        if path not in self._members:
            made: dict[str, tuple[str, Element]] = {}
            for one in self._facts.below(path).values():
                for name, kind in one.names():
                    inner = kind if one.choice else self._facts.holds(one)
                    inner = "" if inner in self._facts.primitives or self._facts.resource(inner) else inner
                    made[name] = inner, one
                    if kind in self._facts.primitives:
                        made[f"_{name}"] = "Element", Element(one.path, 0, 1, ("Element",))
            self._members[path] = made
        return self._members[path]


def is_judged(rule: Invariant) -> bool:
    """Whether a rule is judged here: not those in the schemas, nor advice."""
    return rule.severity == "error" and rule.key not in _IN_SCHEMAS


def _each(held: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(held, list):
        yield from ((f"{place}[{index}]", one) for index, one in enumerate(held))
    else:
        yield place, held


def evaluated(value: Any, path: str, rule: Invariant, resource: Holder) -> bool | None:
    """Whether a value at a path of FHIR keeps a rule; None when the library cannot tell, as on data of a wrong type."""
    try:
        node = _node(value, path)
        found = _compiled(_READINGS.get(rule.key, rule.expression))(node, {"resource": resource,
                                                                          "rootResource": resource})
    except Exception:  # the expression meets data that it was not written for: its type is judged by the schemas
        return None
    return bool(found) and found[0] is not False


_node: Callable[[Any, str], Any] = ResourceNode.create_node


@functools.lru_cache(maxsize=1024)
def _compiled(expression: str) -> Callable[..., Any]:
    made: Callable[..., Any] = fhirpathpy.compile(_TRACE.sub("", expression), models["r4"],
                                                  {"userInvocationTable": _FUNCTIONS})
    return made


def _has_value(inputs: Sequence[Any]) -> list[bool]:
    held = [getattr(one, "data", one) for one in inputs]
    return [len(held) == 1 and held[0] is not None and not isinstance(held[0], dict | list)]


def _html_checks(inputs: Sequence[Any]) -> list[bool]:
    return [all(narrative.allowed(str(getattr(one, "data", one))) for one in inputs)]


# Functions of FHIR that fhirpathpy lacks.
_FUNCTIONS = {"hasValue": {"fn": _has_value, "arity": {0: []}}, "htmlChecks": {"fn": _html_checks, "arity": {0: []}}}
