"""What a faulty server is: one thing done wrong, at one of the points where the server lets it in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from conformance.reference.includes import Key
from conformance.reference.store import Ordinals, Store

Pairs = tuple[tuple[str, str], ...]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the hooks see it; ``interaction`` is a word of CapabilityStatement, as ``search-type``."""

    interaction: str
    kind: str
    pairs: Pairs
    base: str
    start: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A response before it leaves."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """A single fault: the requirement it breaks, those it may break besides (with the reason), and its hooks."""

    name: str
    title: Mapping[str, str]
    breaks: str
    also: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    # the smallest region, in offers, in which the fault can be seen
    offers: int = 120
    # each hook is a pure function; a server without fault has none of them
    resource: Callable[[Json], Json] | None = None
    query: Callable[[str, Pairs], Pairs] | None = None
    combine: Callable[[Sequence[Ordinals]], Ordinals] | None = None
    matches: Callable[[list[int]], list[int]] | None = None
    page_sizes: tuple[int, int] | None = None
    window: Callable[[int, int], tuple[int, int]] | None = None
    included: Callable[[Store, str, list[int], list[Key]], list[Key]] | None = None
    bundle: Callable[[Json, Asked], Json] | None = None
    read: Callable[[Store, Json], Json] | None = None
    capability: Callable[[Json], Json] | None = None
    answer: Callable[[Answer, Asked], Answer] | None = None
    # what an access profile sees, from a resource and what it should see of it (None: nothing)
    seen: Callable[[int, Json, Json | None], Json | None] | None = None
    # what a write stores, from what was there (None for a creation) and what should be; the operations of a patch
    stored: Callable[[Json | None, Json], Json] | None = None
    operations: Callable[[Json], Json] | None = None
    client_ids: bool = False
    unchecked: bool = False
    lenient: bool = False
    # whether it shows in what changes the server, or in an extraction, alone
    writes: bool = False
    # what of certificates, connections and tokens it lets pass (``lax``); whether it shows where these count alone
    lax: frozenset[str] = frozenset()
    secured: bool = False
    # the law that shows it, where single examples seldom do
    law: str = ""
