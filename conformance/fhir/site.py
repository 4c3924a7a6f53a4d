"""The values of a resource one by one, each with what FHIR R4 and the structure say of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.fhir.engine import Path
from conformance.fhir.r4 import Element
from conformance.fhir.structure import Compiled
from conformance.fhir.tree import EXTENSIONS, Node


@dataclass(frozen=True, slots=True)
class Site:
    """An element as it stands in a resource: the path of its holder, its name in JSON, its value (a list where it
    repeats), its type, and the parts of the structure that speak of it. ``among`` are the members of lists that it
    stands in, each with what speaks of its list."""

    holder: Path
    name: str
    value: Any
    element: Element
    kind: str
    nodes: tuple[Node, ...]
    among: tuple[tuple[Path, tuple[Node, ...]], ...] = ()

    @property
    def path(self) -> Path:
        """The path of the value."""
        return (*self.holder, self.name)

    def said(self, word: str) -> list[Any]:
        """What the structure says under a word, part by part."""
        return [node.said[word] for node in self.nodes if word in node.said]

    @property
    def least(self) -> int:
        """How often the structure, or FHIR, asks for it at least."""
        return max([self.element.least, *(int(one) for one in self.said("min"))])


def sites(resource: dict[str, Any], compiled: Compiled) -> Iterator[Site]:
    """Every element of a resource, holders before what they hold."""
    yield from _below(resource, (), compiled.type, (compiled.root,), compiled, ())


def _below(
    holder: dict[str, Any], path: Path, inside: str, nodes: Sequence[Node], compiled: Compiled,
    among: tuple[tuple[Path, tuple[Node, ...]], ...],
) -> Iterator[Site]:
    facts = compiled.whole.facts
    for one in facts.below(inside).values():
        word = f"{one.name}[x]" if one.choice else one.name
        mine = tuple(node.children[word] for node in nodes if word in node.children)
        for name, kind in one.names():
            if name not in holder or facts.resource(kind):
                continue
            value = holder[name]
            typed = (part for node in mine for part in node.slices.values() if one.choice and part.slice == name)
            yield Site(path, name, value, one, kind, (*mine, *typed), among)
            deeper = kind if one.choice else facts.holds(one)
            if kind in facts.primitives:  # what stands beside a primitive value
                name, deeper, value = f"_{name}", "Element", holder.get(f"_{name}")
            for index, item in enumerate(value if isinstance(value, list) else [value]):
                at: Path = (*path, name, index) if isinstance(value, list) else (*path, name)
                if deeper and isinstance(item, dict):
                    yield from _below(item, at, deeper, _nodes(item, one, mine, compiled), compiled,
                                      (*among, (at, mine)))


def _nodes(item: dict[str, Any], one: Element, nodes: Sequence[Node], compiled: Compiled) -> list[Node]:
    """The nodes that speak of an item: its slices, and of an extension its definition."""
    if one.name not in EXTENSIONS:
        return [*nodes, *compiled.slices(item, *nodes)]
    url = str(item.get("url"))
    definition = compiled.whole.extension(url)
    parts = [part for node in nodes for part in node.slices.values() if part.url == url]
    return [*([definition] if definition is not None else []), *parts]
