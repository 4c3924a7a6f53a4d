"""Resources made from the structures that judge them: what a structure asks is there, what it allows sometimes is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.draw import Draw
from conformance.fhir.primitive import well_formed
from conformance.fhir.r4 import R4, Element
from conformance.fhir.structure import Structures
from conformance.fhir.tree import EXTENSIONS, Node, tree
from conformance.nomenclature import Release

_NEVER = ("id", "contained", "text", "implicitRules", "modifierExtension", "fullUrl")
_DEPTH = 5
_CODES: Mapping[str, tuple[str, ...]] = {  # of required bindings whose codes we do not hold
    "mimetypes": ("application/json",), "currencies": ("EUR",), "all-types": ("Location",), "languages": ("fr",)}


class Maker:
    """Makes valid resources of the structures of a version, with the codes of a release."""

    def __init__(self, structures: Structures, release: Release, draw: Draw) -> None:
        self._structures, self._release, self._draw = structures, release, draw
        self._facts: R4 = structures.facts
        self._roots = structures.constraints.trees

    def resource(self, name: str) -> dict[str, Any]:
        """A resource of a structure."""
        raw = self._structures.structures[name]
        root = tree(raw, raw["type"], self._facts)
        made = self._object(raw["type"], [root], 0)
        return {"resourceType": raw["type"], "id": str(self._draw.number(1, 99_999)), **made}

    def _object(self, path: str, nodes: Sequence[Node], depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for one in self._facts.below(path).values():
            word = f"{one.name}[x]" if one.choice else one.name
            children = [node.children[word] for node in nodes if word in node.children]
            self._element(made, one, children, depth)
        return mended(path, made, self._draw)

    def _element(self, made: dict[str, Any], one: Element, nodes: list[Node], depth: int) -> None:
        if one.name in EXTENSIONS:
            held = self._extensions(nodes, depth) if one.name == "extension" else []
            if held:
                made[one.name] = held
            return
        said = [node for node in nodes if node.said]
        least = max([one.least, *(int(node.said.get("min", 0)) for node in said)])
        most = min([_most(one.most), *(_most(node.said.get("max", "*")) for node in said)])
        asked = any(node.said.get("min", 0) for each in nodes for node in each.slices.values())
        if most == 0 or (one.name in _NEVER and not least):
            return
        if not least and not asked and not self._wanted(bool(nodes), depth):
            return
        values = list(self._values(one, nodes, max(least, 1), most, depth))
        if values:
            name = values[0][0]
            made[name] = [value for _, value in values] if one.repeats else values[0][1]
            self._beside(made, one, name, nodes, depth)

    def _wanted(self, said: bool, depth: int) -> bool:
        if depth >= _DEPTH:
            return False
        return self._draw.happens((0.55 if said else 0.12) / (1 + 0.5 * depth))

    def _values(
        self, one: Element, nodes: list[Node], least: int, most: int, depth: int
    ) -> Iterator[tuple[str, Any]]:
        """The values of an element with their names in JSON: those of its slices first, then others."""
        if one.choice:
            yield self._chosen(one, nodes, depth)
            return
        kind = one.types[0] if one.types else ""
        count = 0
        for part in _parts(nodes):
            wanted = int(part.said.get("min", 0)) or int(self._wanted(True, depth))
            for _ in range(min(wanted, _most(part.said.get("max", "*")), most - count)):
                value = self._value(one, kind, [*nodes, part], depth)
                if value is not None:
                    count += 1
                    yield one.name, _told(value, part)
        sliced = any(True for _ in _parts(nodes))
        while count < least and not (sliced and count):
            count += 1
            value = self._value(one, kind, nodes, depth)
            if value is not None:
                yield one.name, value

    def _chosen(self, one: Element, nodes: list[Node], depth: int) -> tuple[str, Any]:
        kinds = set(one.types)
        for node in nodes:
            kinds &= set(node.said.get("types", one.types))
        parts = [part for node in nodes for part in node.slices.values() if set(part.types) & kinds]
        must = [part for part in parts if part.said.get("min", 0)]
        if parts and (must or self._draw.happens(0.5)):
            part = self._draw.one_of(must or parts)
            kind = self._draw.one_of(sorted(set(part.types) & kinds))
            return dict(_named(one))[kind], self._value(one, kind, [*nodes, part], depth)
        kind = self._draw.one_of(sorted(kinds - ({"Reference"} if depth > 2 and len(kinds) > 1 else set())))
        mine = [part for part in parts if kind in part.types]  # of one type, a value is of the slice of the type
        return dict(_named(one))[kind], self._value(one, kind, [*nodes, *mine], depth)

    def _value(self, one: Element, kind: str, nodes: list[Node], depth: int) -> Any:
        for node in reversed(nodes):
            if "fixed" in node.said:
                return node.said["fixed"]
        wanted = [node.said["pattern"] for node in nodes if "pattern" in node.said]
        if kind in self._facts.primitives:
            return wanted[-1] if wanted else self._primitive(one, kind, nodes)
        coded = self._coded(kind, nodes)
        if coded is None:
            return None
        if kind == "Reference":
            made = self._reference(one, nodes)
            inner = self._inner(nodes, "Reference", depth)
            return {**made, **inner}
        path = kind if one.choice else self._facts.holds(one)
        if self._facts.resource(kind):
            return {"resourceType": "Basic", "id": "1"}
        value = {**self._object(path, nodes, depth + 1), **coded}
        for each in wanted:
            value = merged(value, each)
        return value or self._least(path, nodes)

    def _least(self, path: str, nodes: list[Node]) -> dict[str, Any]:
        """An object with one value, for none may be empty."""
        for one in self._facts.below(path).values():
            word = f"{one.name}[x]" if one.choice else one.name
            held = [node.children[word] for node in nodes if word in node.children]
            free = all(str(node.said.get("max", "*")) != "0" for node in held)
            if not one.choice and one.types[0] in self._facts.primitives and one.name != "id" and free:
                value = self._primitive(one, one.types[0], held)
                return mended(path, {one.name: [value] if one.repeats else value}, self._draw)
        one = next(each for each in self._facts.below(path).values() if not each.choice and each.name not in EXTENSIONS
                   and each.types and each.types[0] not in self._facts.primitives)
        held = [node.children[one.name] for node in nodes if one.name in node.children]
        value = self._value(one, one.types[0], held, _DEPTH)
        return mended(path, {one.name: [value] if one.repeats else value}, self._draw)

    def _inner(self, nodes: list[Node], kind: str, depth: int) -> dict[str, Any]:
        """What structures ask inside a reference."""
        made: dict[str, Any] = {}
        for one in self._facts.below(kind).values():
            children = [node.children[one.name] for node in nodes if one.name in node.children]
            if children and one.name != "reference":
                self._element(made, one, children, depth + 1)
        return made

    def _coded(self, kind: str, nodes: list[Node]) -> dict[str, Any] | None:
        """A code of the value set that binds, by system; None when no code of it is held."""
        if kind not in ("CodeableConcept", "Coding", "Quantity"):
            return {}
        names = [node.said["binding"]["value-set"] for node in nodes if "binding" in node.said]
        if not names or (kind == "Quantity"):
            return {}
        pair = self._code(names[-1])
        if pair is None:
            return None
        coding = {"system": pair[0], "code": pair[1]}
        return {"coding": [coding]} if kind == "CodeableConcept" else coding

    def _code(self, name: str) -> tuple[str, str] | None:
        held = self._release.value_set(name)
        if held is None:
            return None
        every = [(system, code) for system, codes in held.codes.items() for code in codes
                 if (system, code) not in held.ended]
        return self._draw.one_of(every) if every else None

    def _primitive(self, one: Element, kind: str, nodes: list[Node]) -> Any:
        for node in nodes:
            binding = node.said.get("binding")
            if binding and kind == "code":
                pair = self._code(binding["value-set"])
                if pair is not None:
                    return pair[1]
        if kind == "code" and one.strength == "required" and one.value_set:
            held = tuple(self._facts.codes.get(one.value_set, ()))
            return self._draw.one_of(held or _CODES.get(one.value_set, ("x",)))
        if any(node.said.get("invariants") for node in nodes):
            return "https://exemple.fr/Questionnaire/a|1.0"
        return well_formed(kind, self._draw)

    def _reference(self, one: Element, nodes: list[Node]) -> dict[str, Any]:
        kinds = set(one.targets) - {"Resource"}
        for node in nodes:
            mine = {self._structures.constraints.kind(each) for each in node.said.get("targets", ())} - {"", "Resource"}
            kinds = (kinds & mine or mine) if mine and kinds else kinds or mine
        kind = self._draw.one_of(sorted(kinds) or ["Location"])
        base = self._draw.one_of(("", "", "https://ror.exemple.fr/fhir/"))
        return {"reference": f"{base}{kind}/{self._draw.number(1, 9999)}"}

    def _beside(self, made: dict[str, Any], one: Element, name: str, nodes: list[Node], depth: int) -> None:
        """The extensions of a primitive, beside its value."""
        if not (one.types and one.types[0] in self._facts.primitives):
            return
        inside = [node.children["extension"] for node in nodes if "extension" in node.children]
        if not inside or not self._draw.happens(0.6):
            return
        held = [{"extension": some} if (some := self._extensions(inside, depth + 1)) else None
                for _ in range(len(made[name]) if one.repeats else 1)]
        if any(held):
            made[f"_{name}"] = held if one.repeats else held[0]

    def _extensions(self, nodes: list[Node], depth: int) -> list[dict[str, Any]]:
        if any(str(node.said.get("max", "*")) == "0" for node in nodes):
            return []
        made: list[dict[str, Any]] = []
        least = max([0, *(int(node.said.get("min", 0)) for node in nodes)])
        for part in {each.url: each for each in _parts(nodes)}.values():
            alike = _same(nodes, part)
            most = min(_most(each.said.get("max", "*")) for each in alike)
            asked = max(int(each.said.get("min", 0)) for each in alike)
            count = asked or int(self._wanted(True, depth) or len(made) < least)
            for _ in range(min(count, most)):
                one = self._extension(part, alike, depth)
                if one is not None:
                    made.append(one)
        return made

    def _extension(self, part: Node, inside: list[Node], depth: int) -> dict[str, Any] | None:
        url = part.url
        nodes = [*([self._roots[url]] if url in self._roots else []), *inside]
        held = [node.children["extension"] for node in nodes if "extension" in node.children]
        parts = self._extensions(held, depth + 1)
        if parts:
            return {"url": url, "extension": parts}
        values = [node.children["value[x]"] for node in nodes if "value[x]" in node.children]
        if any(str(node.said.get("max", "1")) == "0" for node in values):
            return None
        facts = self._facts.element("Extension", ["value[x]"])
        assert facts is not None
        name, value = self._chosen(facts, values, depth + 1)
        return None if value is None else {"url": url, name: value}


def _parts(nodes: Sequence[Node]) -> Iterator[Node]:
    for node in nodes:
        yield from (part for part in node.slices.values() if part.evaluable)


def _same(nodes: Sequence[Node], part: Node) -> list[Node]:
    """A slice of extensions as each of the nodes describes it."""
    return [each for node in nodes for each in node.slices.values() if each.url == part.url]


def _named(one: Element) -> list[tuple[str, str]]:
    return [(kind, name) for name, kind in one.names()]


def _most(said: Any) -> int:
    return 12 if str(said) == "*" else int(said)


def _told(value: Any, part: Node) -> Any:
    """A member of a slice with what tells that it is one."""
    by = part.said.get("by", {})
    if "path" in by and isinstance(value, dict):
        made = by["value"] if "value" in by else by["pattern"]
        for word in reversed(by["path"].split(".")):
            made = {word: [made] if word == "coding" else made}
        return merged(value, made)
    return value


def merged(value: Any, wanted: Any) -> Any:
    """A value with what a pattern wants in it."""
    if isinstance(wanted, dict):
        held = value if isinstance(value, dict) else {}
        return {**held, **{name: merged(held.get(name), each) for name, each in wanted.items()}}
    if isinstance(wanted, list):
        held_list = value if isinstance(value, list) else []
        return [merged(held_list[index] if index < len(held_list) else None, each)
                for index, each in enumerate(wanted)] + list(held_list[len(wanted):])
    return wanted


_MENDED: Mapping[str, tuple[tuple[str, ...], Mapping[str, Any]]] = {  # what goes, and what is written
    "Attachment": ((), {"contentType": "text/plain"}),
    "Expression": ((), {"language": "text/fhirpath", "expression": "true"}),
    "Ratio": ((), {"numerator": {"value": 1}, "denominator": {"value": 2}}),
    "Timing": (("repeat",), {}),
    "Questionnaire.item": (("item", "answerValueSet", "answerOption", "initial", "enableWhen", "enableBehavior",
                            "maxLength"), {"type": "string"}),
    "Measure.group.stratifier": (("component",), {"description": "par domaine"}),
    "MeasureReport.group.stratifier.stratum": (("component",), {"value": {"text": "x"}}),
    "MeasureReport": ((), {"type": "summary"}),
    "DataRequirement.codeFilter": (("searchParam",), {"path": "code"}),
    "DataRequirement.dateFilter": (("searchParam",), {"path": "date"}),
    "TriggerDefinition": (("data", "condition"), {"type": "named-event", "name": "x"}),
}


def mended(kind: str, made: dict[str, Any], draw: Draw) -> dict[str, Any]:
    """An object that keeps the invariants of its type."""
    if kind == "Period" and "start" in made and "end" in made:
        made = {**made, "start": "2026-01-05", "end": draw.one_of(("2026-01-05", "2026-02-01"))}
    elif kind == "ContactPoint" and "value" in made:
        made = {**made, "system": made.get("system", "phone")}
    elif kind in ("Quantity", "Duration", "Age", "Distance", "Count", "MoneyQuantity"):
        made = {**made, "value": 3, "system": "http://unitsofmeasure.org", "code": "1" if kind == "Count" else "d"}
    elif kind == "Range":
        made = {"low": {"value": 1}, "high": {"value": draw.number(1, 120)}}
    elif kind in _MENDED:
        made = {**{name: value for name, value in made.items() if name not in _MENDED[kind][0]}, **_MENDED[kind][1]}
    if kind == "Task" and "lastModified" in made:
        made = {**made, "authoredOn": "2026-01-05T08:00:00Z", "lastModified": "2026-01-05T09:30:00Z"}
    if kind == "Organization":
        made = {"name": "Centre hospitalier", **made}
        for name in {"telecom", "address"} & set(made):  # not a home
            made[name] = [{**one, "use": "work"} if one.get("use") == "home" else one for one in made[name]]
    if kind == "Questionnaire.item":
        made = {**made, "linkId": f"l{draw.number(1, 10**12)}"}
    return made
