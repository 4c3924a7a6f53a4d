"""The coded elements of a resource and the value sets that bind them, slices and extensions included."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.fhir.bundle import Resource
from conformance.fhir.extended import Extended
from conformance.fhir.tree import EXTENSIONS, Node, keys, short

Belongs = Callable[[str, Any], bool]  # whether a value is of the slice of a name
IMPLIED = "implied"  # in place of the system of a plain code


@dataclass(frozen=True, slots=True)
class Coded:
    """One coded value: its place, its codings (system, code), the value sets that may hold it, each with the element
    that binds it.

    ``required`` is False where open slicing lets codes of other systems stand beside; ``strength`` is the binding's.
    """

    place: str
    codings: tuple[tuple[str, str], ...]
    value_sets: tuple[str, ...]
    required: bool
    elements: tuple[str, ...]
    strength: str = "required"


@dataclass(frozen=True, slots=True)
class Bound:
    """Where an element, or slices of it, bind codes: the words of its path, the value sets and who binds them."""

    path: tuple[str, ...]
    value_sets: tuple[str, ...]
    elements: tuple[str, ...]
    sliced: bool
    strength: str


class CodedElements:
    """Where a structure and the extensions bind codes; finds them in resources."""

    def __init__(self, root: Node, extensions: Mapping[str, Node], belongs: Belongs) -> None:
        self._type, self._belongs = root.id, belongs
        self.bound = _bound(root, root.id)
        self._extensions = {url: _bound(one, short(url)) for url, one in extensions.items()}
        self._mandatory = list(_mandatory(root))

    def of(self, resource: Resource, extended: Iterable[Extended]) -> Iterator[Coded]:
        """The coded values of a resource that a binding of its structure, or of an extension, concerns; ``extended``
        are the extensions of the resource, those inside others included."""
        yield from self._coded(resource, self._type, self.bound)
        yield from self.mandatory(resource)
        for place, one in extended:
            bound = self._extensions.get(str(one.get("url")))
            if bound:
                yield from self._coded(one, place, bound)

    def mandatory(self, resource: Resource) -> Iterator[Coded]:
        """The codings of elements of which one slice, told by its value set, is mandatory: one of them must be of it.
        """
        for words, name, value_set, element in self._mandatory:
            held = [pair for _, value in self._values(resource, self._type, words) for pair in codings(value) or ()]
            if held:
                place = ".".join((self._type, *words))
                yield Coded(f"{place}:{name}", tuple(held), (value_set,), True, (element,))

    def of_extension(self, url: str) -> Sequence[Bound]:
        """Where the definition of an extension binds codes."""
        return self._extensions.get(url, ())

    def _coded(self, holder: Any, place: str, bound: Sequence[Bound]) -> Iterator[Coded]:
        for one in bound:
            for at, value in self._values(holder, place, one.path):
                held = codings(value)
                if held is not None:
                    yield Coded(at, held, one.value_sets, not one.sliced, one.elements, one.strength)

    def _values(self, node: Any, place: str, path: Sequence[str]) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = [(place, node)]
        for word in path:
            name, _, part = word.partition(":")
            deeper: list[tuple[str, Any]] = []
            for at, holder in found:
                if not isinstance(holder, dict):
                    continue
                names = [each for each in holder if each.startswith(name[:-1])] if name[-1] == "*" else (name,)
                for each in names:
                    value = holder.get(each)
                    if isinstance(value, list):
                        deeper += [(f"{at}.{each}[{index}]", item) for index, item in enumerate(value)
                                   if not part or self._is_of(name, part, item)]
                    elif value is not None:
                        deeper.append((f"{at}.{each}", value))
            found = deeper
        return found

    def _is_of(self, name: str, part: str, item: Any) -> bool:
        """Whether a member of a list is an extension of a url, or of a slice."""
        if name in EXTENSIONS:
            return isinstance(item, dict) and item.get("url") == part
        return self._belongs(part, item)


def _mandatory(root: Node) -> Iterator[tuple[tuple[str, ...], str, str, str]]:
    """Where a slice told by its value set is mandatory: one of all the codings of the element must be of it."""
    for key, node in keys(root, root.id):
        binding = node.said.get("binding")
        if node.slice and node.said.get("min", 0) and binding and not node.said.get("within"):
            yield node.words(), node.slice, binding["value-set"], key


def _words(node: Node) -> tuple[str, ...]:
    """Where the values of an element stand; ``name:slice`` for the members of a slice that it is inside of."""
    path, words = node.id.replace("[x]", "").split("."), list(node.words())
    for number, word in enumerate(path[1:-1]):
        if ":" in word and word.partition(":")[0] not in EXTENSIONS:
            words[number] += ":" + ".".join(path[: number + 2])
    return tuple(words)


def _bound(root: Node, name: str) -> list[Bound]:
    """The bindings of a tree, those of an element and its slices together; a part of an extension is told by its url.
    """
    found: dict[tuple[tuple[str, ...], str], list[tuple[str, str, bool]]] = {}
    for key, node in keys(root, name):
        binding = node.said.get("binding")
        if binding is not None and node.codes:
            sliced = bool(node.slice) and not node.choice
            found.setdefault((_words(node), binding["strength"]), []).append((binding["value-set"], key, sliced))
    return [Bound(path, tuple(one for one, _, _ in held), tuple(key for _, key, _ in held),
                   any(sliced for _, _, sliced in held), strength) for (path, strength), held in found.items()]


def codings(value: Any) -> tuple[tuple[str, str], ...] | None:
    """The codings of a CodeableConcept or Coding; a plain code is of the system that its value set implies."""
    if isinstance(value, str):
        return ((IMPLIED, value),)
    if not isinstance(value, dict):
        return None
    items: Sequence[Any] = value["coding"] if isinstance(value.get("coding"), list) else [value]
    found = [(str(one.get("system", "")), str(one.get("code", ""))) for one in items
             if isinstance(one, dict) and "code" in one]
    return tuple(found) if found else None
