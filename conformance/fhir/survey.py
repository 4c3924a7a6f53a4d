"""What one walk over a resource tells: the constrained elements that it shows, those whose codes were judged, and
whether invariants or codes need a closer look. Only what is shown can be said to be respected.

The walk is compiled: what is known of a name in its holder is found out when the name is first met. What is seen is
kept as bits of a number, one for each element, so that a resource of 12 kB takes a tenth of a millisecond.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from conformance.fhir.bundle import Resource
from conformance.fhir.coded import Belongs, Bound, Coded, CodedElements, codings
from conformance.fhir.coding import judged, judged_once
from conformance.fhir.constraint import Constraints
from conformance.fhir.invariant import SURE, Invariants, is_judged
from conformance.fhir.r4 import Invariant
from conformance.fhir.tree import EXTENSIONS, Node, short
from conformance.nomenclature import Release

_INVARIANTS, _CODES = 1, 2
_KEPT = 16_384  # values whose bits are remembered, of each kind; the largest of them in bytes:
_LARGEST = 512

Held = tuple[Node, str]  # what a structure says of a holder, and the name of that in findings
Ruling = tuple[Bound, tuple[str, ...]]  # a binding below, and the words that lead to it


class Seen(NamedTuple):
    """What a resource shows. ``invariants`` and ``codes``: whether a closer look at them may find something."""

    elements: tuple[str, ...]
    coded: tuple[str, ...]
    invariants: bool
    codes: bool


class Survey:
    """Looks over resources of one structure, on a day (year-month-day)."""

    def __init__(
        self, root: Node, coded: CodedElements, constraints: Constraints, invariants: Invariants, ruled: frozenset[str],
        belongs: Belongs, release: Release, day: str,
    ) -> None:
        self.coded, self.constraints, self.invariants, self.ruled = coded, constraints, invariants, ruled
        self.release, self.day = release, day
        self.belongs = belongs
        self._bits: dict[tuple[str, bool], int] = {}
        self._names: list[tuple[str, bool]] = [("", False)] * 2
        self._coded: dict[tuple[int, Any], int] = {}
        self._seen: dict[int, Seen] = {}
        self._top = _Spot(self, root.id, ((root, root.id),), tuple((one, one.path) for one in coded.bound))

    def of(self, resource: Resource) -> Seen:
        """What a resource shows."""
        ids: list[str] = []
        bits = self._top.walk(resource, ids)
        if len(ids) > 1 and len(set(ids)) < len(ids):
            bits |= _INVARIANTS
        if "contained" in resource:
            bits |= _INVARIANTS | _CODES
        for one in self.coded.mandatory(resource):
            bits |= self.of_codes(one)
        seen = self._seen.get(bits)
        if seen is None:
            seen = self._told_of(bits)
            _remember(self._seen, bits, seen)
        return seen

    def _told_of(self, bits: int) -> Seen:
        names = [self._names[number] for number in _numbers(bits >> 2 << 2)]
        return Seen(tuple(name for name, coded in names if not coded), tuple(name for name, coded in names if coded),
                    bool(bits & _INVARIANTS), bool(bits & _CODES))

    def bit(self, name: str, coded: bool = False) -> int:
        """The bit of an element, as carried or as coded."""
        key = name, coded
        if key not in self._bits:
            self._bits[key] = 1 << len(self._names)
            self._names.append(key)
        return self._bits[key]

    def of_codes(self, one: Coded) -> int:
        """The bits of a coded value."""
        found = judged((one,), self.release, self.day)
        return self._of_judged(found.elements, bool(found.differences))

    def of_value(self, bound: Bound, value: Any) -> int:
        """The bits of a value that a binding concerns."""
        held = codings(value)
        if held is None:
            return 0
        key = id(bound), held
        bits = self._coded.get(key)
        if bits is None:
            differences, elements, _ = judged_once(
                self.release, bound.value_sets, held, not bound.sliced, bound.elements, bound.strength, self.day)
            bits = self._of_judged(elements, bool(differences))
            _remember(self._coded, key, bits)
        return bits

    def _of_judged(self, elements: Any, wrong: bool) -> int:
        bits = _CODES if wrong else 0
        for name in elements:
            bits |= self.bit(name, coded=True)
        return bits


class _Spot:
    """A place where objects stand: what FHIR R4 and the structure say of their members."""

    def __init__(self, survey: Survey, path: str, held: tuple[Held, ...], bound: tuple[Ruling, ...]) -> None:
        self.survey, self.path, self.held, self.bound = survey, path, held, bound
        self.always, self.sure = _sure(survey.invariants.rules(path))
        self.members: dict[str, _Member | _Sliced | None] = {}
        self._known = survey.invariants.members(path)
        for node, key in held:
            for child in node.children.values():
                self.always |= self._asked(child, f"{key}.{child.name}")

    def _asked(self, child: Node, name: str) -> int:
        """The bits of what must, or must not, stand in every holder."""
        bits = 0
        if child.said and (child.said.get("min", 0) or str(child.said.get("max")) == "0"):
            bits |= self.survey.bit(name)
        for part in child.slices.values():
            mine = f"{name}:{part.slice}"
            if part.said.get("min", 0) and (child.choice or mine in self.survey.constraints.conditions):
                bits |= self.survey.bit(mine)
        return bits

    def walk(self, holder: Mapping[str, Any], ids: list[str]) -> int:
        """The bits of an object and of all that it holds; ``ids`` takes in those of the elements met."""
        bits = self.always
        for sure in self.sure:
            if not sure(holder):
                bits |= _INVARIANTS
        members = self.members
        for name, value in holder.items():
            member = members.get(name)
            if member is None:
                if name in members:
                    continue
                member = self._met(name)
                if member is None:
                    continue
            bits |= member.take(value, ids)
        return bits

    def _met(self, name: str) -> _Member | _Sliced | None:
        """What is known of a member; names that FHIR does not know are not kept, for they may be many."""
        plain = name.removeprefix("_")
        if name not in self._known and plain not in self._known:
            return None
        self.members[name] = made = _member(self, name, plain)
        return made

    def children(self, plain: str) -> Iterator[tuple[Node, str]]:
        """What the structure says of a member, with its name in findings."""
        for node, key in self.held:
            for child in node.children.values():
                if plain == child.name if not child.choice else plain in _choices(child):
                    yield child, f"{key}.{child.name}"

    def below(self, name: str) -> tuple[Ruling, ...]:
        """The bindings that lie in a member; those of extensions of one url begin with it."""
        return tuple((one, words[1:]) for one, words in self.bound if words and (
            words[0] == name or (words[0][-1] == "*" and name.startswith(words[0][:-1]))))


class _Value:
    """What is told of one value: of itself, by the bindings that end in it, and of what it holds."""

    def __init__(self, survey: Survey, inner: str, bits: int, held: tuple[Held, ...], bound: tuple[Ruling, ...],
                 rules: Sequence[tuple[str, Invariant]]) -> None:
        self.survey = survey
        always, self.sure = _sure(rules)
        self.bits = bits | always
        self.leaves = [one for one, words in bound if not words]
        self.spot = _Spot(survey, inner, held, bound) if inner else None
        self.plain = not (self.spot or self.leaves or self.sure)

    def of(self, value: Any, ids: list[str]) -> int:
        """The bits of a value."""
        bits = self.bits
        for sure in self.sure:
            if not (isinstance(value, dict) and sure(value)):
                bits |= _INVARIANTS
        for one in self.leaves:
            bits |= self.survey.of_value(one, value)
        if self.spot is not None and isinstance(value, dict):
            bits |= self.spot.walk(value, ids)
            if isinstance(value.get("id"), str):
                ids.append(value["id"])
        return bits


class _Member:
    """A member of an object by its name in JSON: all its values are told alike."""

    def __init__(self, value: _Value) -> None:
        self.value = value

    def take(self, held: Any, ids: list[str]) -> int:
        """The bits of the member where it stands."""
        value = self.value
        if value.plain:
            return value.bits if held != [] else 0
        if isinstance(held, list):
            bits = 0
            for item in held:
                bits |= value.of(item, ids)
            return bits
        return value.of(held, ids)


class _Sliced(ABC):
    """A member whose values are told apart: what is said of each follows from what it holds. The same values are met
    in resource after resource, so what was found out of them is remembered."""

    def __init__(self, survey: Survey, inner: str, bits: int, held: tuple[Held, ...], bound: tuple[Ruling, ...],
                 rules: Sequence[tuple[str, Invariant]]) -> None:
        self.survey, self.inner, self.bits, self.held, self.bound = survey, inner, bits, held, bound
        self.rules = rules
        self.variants: dict[Any, _Value] = {}
        self.remembered: dict[bytes, int] = {}

    def take(self, held: Any, ids: list[str]) -> int:
        """The bits of the member where it stands."""
        bits = 0
        for item in held if isinstance(held, list) else (held,):
            bits |= self._item(item, ids) if isinstance(item, dict) else self.bits
        return bits

    def _item(self, value: Mapping[str, Any], ids: list[str]) -> int:
        try:
            key = orjson.dumps(value)
        except orjson.JSONEncodeError:  # nested too deeply to be written
            return self.variant(value).of(value, ids)
        bits = self.remembered.get(key)
        if bits is None:
            before = len(ids)
            bits = self.variant(value).of(value, ids)
            if len(ids) == before and len(key) <= _LARGEST:
                _remember(self.remembered, key, bits)
        return bits

    @abstractmethod
    def variant(self, value: Mapping[str, Any]) -> _Value:
        """What is told of values like this one."""

    def _made(self, parts: Sequence[Held], bits: int = 0, bound: tuple[Ruling, ...] = ()) -> _Value:
        """What is told of values that are of some parts."""
        bits |= self.bits
        for _, key in parts:
            bits |= self.survey.bit(key)
        return _Value(self.survey, self.inner, bits, (*self.held, *parts), (*self.bound, *bound), self.rules)


class _Parted(_Sliced):
    """Values told apart by the conditions of slices."""

    def __init__(self, parts: Sequence[Held], named: Mapping[str, tuple[Ruling, ...]], *given: Any) -> None:
        super().__init__(*given)
        self.parts, self.named = parts, named

    def variant(self, value: Mapping[str, Any]) -> _Value:
        mine = tuple(index for index, (_, key) in enumerate(self.parts) if self.survey.belongs(key, value))
        if mine not in self.variants:
            parts = [self.parts[index] for index in mine]
            self.variants[mine] = self._made(parts, bound=tuple(
                one for _, key in parts for one in self.named.get(key, ())))
        return self.variants[mine]


class _Extensions(_Sliced):
    """Extensions, told apart by their urls."""

    def __init__(self, parts: Sequence[Held], named: Mapping[str, tuple[Ruling, ...]], *given: Any) -> None:
        super().__init__(*given)
        self.parts, self.named = parts, named
        self._urls = {part.url for part, _ in parts} | {*named, *self.survey.constraints.trees}

    def variant(self, value: Mapping[str, Any]) -> _Value:
        url = str(value.get("url"))
        url = url if url in self._urls else ""
        if url not in self.variants:
            survey, root = self.survey, self.survey.constraints.trees.get(url)
            parts = [(part, key) for part, key in self.parts if part.url == url and url]
            bound = self.named.get(url, ())
            if root is not None:
                parts.append((root, short(url)))
                bound += tuple((one, one.path) for one in survey.coded.of_extension(url))
            self.variants[url] = self._made(parts, _INVARIANTS if url in survey.ruled else 0, bound)
        return self.variants[url]


def _member(spot: _Spot, name: str, plain: str) -> _Member | _Sliced | None:
    """What is known of a member, None where nothing is told of it."""
    inner, element = spot.survey.invariants.members(spot.path).get(name, ("", None))
    bits, held, parts = 0, [], []
    for child, key in spot.children(plain):
        if child.said:
            bits |= spot.survey.bit(key)
        whole = child.children and child.primitive == name.startswith("_")
        held += [(child, key)] if whole else []
        for part in child.slices.values():
            mine = f"{key}:{part.slice}"
            if not child.choice:
                parts.append((part, mine))
            elif plain in dict(part.names()):
                bits |= spot.survey.bit(mine)
                held.append((part, mine))
    rules = [(element.path, rule) for rule in element.invariants] if element is not None else []
    given = spot.survey, inner, bits, tuple(held), spot.below(name), rules
    named: dict[str, tuple[Ruling, ...]] = {}  # the bindings of extensions of a url, or inside a slice
    for one, words in spot.bound:
        if words and words[0].startswith(f"{name}:"):
            which = words[0].partition(":")[2]
            named[which] = (*named.get(which, ()), (one, words[1:]))
    if name in EXTENSIONS:
        return _Extensions(parts, named, *given)
    parts = [one for one in parts if one[1] in spot.survey.constraints.conditions]
    if parts and inner:
        return _Parted(parts, named, *given)
    value = _Value(*given)
    return _Member(value) if value.bits or not value.plain else None


def _choices(child: Node) -> Mapping[str, str]:
    return dict(child.base.names() if child.base is not None else child.names())


def _sure(rules: Sequence[tuple[str, Invariant]]) -> tuple[int, list[Callable[[Mapping[str, Any]], bool]]]:
    """What surely keeps rules; the bit of doubt where nothing does."""
    known = [SURE.get((where, rule.key)) for where, rule in rules if is_judged(rule)]
    return _INVARIANTS if None in known else 0, [one for one in known if one is not None]


def _remember(kept: dict[Any, Any], key: Any, found: Any) -> None:
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = found


def _numbers(bits: int) -> Iterator[int]:
    """The numbers of the bits that are set."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low
