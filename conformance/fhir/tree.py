"""A structure as a tree of elements and slices, each with what the structure says of it and what FHIR R4 says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.fhir.definition import spelled, words_of
from conformance.fhir.r4 import R4, Element

Raw = Mapping[str, Any]
EXTENSIONS = ("extension", "modifierExtension")  # the elements that hold extensions


@dataclass
class Node:
    """One element, or one slice of it. ``said`` is empty where the structure says nothing of the element itself."""

    id: str
    word: str
    base: Element | None
    said: Raw = field(default_factory=dict)
    children: dict[str, Node] = field(default_factory=dict)
    slices: dict[str, Node] = field(default_factory=dict)
    parent: Node | None = field(default=None, repr=False)

    @property
    def slice(self) -> str:
        """The name of the slice, empty for the element itself."""
        return self.word.partition(":")[2]

    @property
    def name(self) -> str:
        """The last word of the path, ``value`` for ``value[x]``."""
        return self.word.partition(":")[0].removesuffix("[x]")

    @property
    def choice(self) -> bool:
        """Whether its type is part of its name in JSON."""
        return self.word.partition(":")[0].endswith("[x]")

    @property
    def repeats(self) -> bool:
        """Whether it is a list in JSON; what FHIR does not know is one where more than one may stand."""
        if self.base is not None:
            return self.base.repeats
        return str(self.said.get("max", "1")) not in ("0", "1")

    @property
    def types(self) -> tuple[str, ...]:
        """The types that it may have: of the structure where it says so, else of FHIR."""
        own = tuple(self.said.get("types", ()))
        return own or (self.base.types if self.base is not None else ())

    @property
    def evaluable(self) -> bool:
        """False for what a defect of the specification makes impossible to evaluate."""
        return not self.said.get("defect")

    @property
    def primitive(self) -> bool:
        """Whether its values are plain JSON values, with what belongs to them beside."""
        return bool(self.types) and self.types[0][:1].islower()

    @property
    def codes(self) -> bool:
        """Whether its values carry codes that can be told from texts."""
        return bool({"CodeableConcept", "Coding", "code", "Quantity"} & set(self.types))

    @property
    def url(self) -> str:
        """The url of the extensions of a slice: of the definition, or of the part, which its name tells by default."""
        inner = self.children.get("url")
        return str(self.said.get("extension") or (inner.said.get("fixed") if inner else None) or self.slice)

    def words(self) -> tuple[str, ...]:
        """Where its values stand in JSON: names, ``_name`` for what stands beside a primitive, ``extension:url`` for
        the extensions of a url, ``value*`` for a choice."""
        if self.parent is None:
            return ()
        held = self.parent.words()
        if self.parent.primitive and held:
            held = (*held[:-1], f"_{held[-1]}")
        if self.slice and self.name in EXTENSIONS:
            return (*held, f"{self.name}:{self.url}")
        if self.choice and self.slice and len(self.types) == 1:
            return (*held, self.names()[0][0])
        return (*held, f"{self.name}*" if self.choice else self.name)

    def names(self) -> list[tuple[str, str]]:
        """The names that it may have in JSON, each with its type."""
        if not self.choice:
            return [(self.name, self.types[0] if self.types else "")]
        return [(self.name + kind[:1].upper() + kind[1:], kind) for kind in self.types]

    def everything(self) -> Iterator[Node]:
        """It and all that lies below, elements before their slices."""
        yield self
        for one in (*self.children.values(), *self.slices.values()):
            yield from one.everything()


def tree(raw: Raw, kind: str, facts: R4) -> Node:
    """The tree of a structure of a type, or of an extension (type ``Extension``)."""
    elements: Sequence[Raw] = raw["elements"]
    root = Node(kind, kind, None)
    for one in elements:
        node = root
        for number, word in enumerate(words_of(spelled(one, elements))[1:]):
            node = _below(node, word, one["path"].split(".")[1: number + 2], kind, facts)
        node.said = one
    return root


def _below(node: Node, word: str, path: Sequence[str], kind: str, facts: R4) -> Node:
    plain, _, name = word.partition(":")
    if plain not in node.children:
        node.children[plain] = Node(f"{node.id}.{plain}", plain, facts.element(kind, path), parent=node)
    child = node.children[plain]
    if not name:
        return child
    if name not in child.slices:
        child.slices[name] = Node(f"{child.id}:{name}", word, child.base, parent=node)
    return child.slices[name]


def keys(root: Node, name: str) -> Iterator[tuple[str, Node]]:
    """The constrained elements of a tree, by the names that findings give them (``Location.alias:x``)."""
    for node in root.everything():
        inner = node.id.partition(".")[2].replace("[x]", "")
        if node.said and node.name != "url":
            yield f"{name}.{inner}" if inner else name, node


def short(url: str) -> str:
    """The name of an extension or of another thing with a canonical: the last word of its url."""
    return url.partition("|")[0].rsplit("/", 1)[-1]
