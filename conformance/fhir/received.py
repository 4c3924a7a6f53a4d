"""What the answers of a run showed: every resource, once for each content, with where it was first seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conformance.fhir.body import Bodies, Unreadable
from conformance.fhir.bundle import Resource, entries, key_of
from conformance.model import Exchange
from conformance.scenario_words import writes

KEPT = 20_000  # contents that are kept; what comes after them is not
_PARTIAL = ("_elements=", "_summary=")


@dataclass(frozen=True, slots=True)
class Receipt:
    """A resource, the exchange that showed it, the day (year-month-day) and the place in the answer."""

    exchange: str
    day: str
    place: str
    resource: Resource


class Received:
    """Resources as answers showed them. Those that were asked in part are left out: what they lack tells nothing."""

    def __init__(self) -> None:
        self._of: dict[int, Receipt] = {}
        self._in_order: list[Receipt] = []
        self.exchanges: set[str] = set()  # that showed them
        self.keys: set[str] = set()  # Type/id of them

    def take(self, exchange: Exchange, bodies: Bodies) -> None:
        """Takes in what an exchange shows; an answer that cannot be read shows nothing, nor does the answer to a write,
        which need not hold the whole resource (ROR-HTTP-095, ROR-HTTP-101)."""
        asked = exchange.request
        partial = any(word in asked.url or word in asked.body for word in _PARTIAL)
        if not partial and not writes(asked.method, asked.url):
            for one in shown(exchange, bodies):
                if id(one.resource) not in self._of and len(self._of) < KEPT and not _subsetted(one.resource):
                    self._of[id(one.resource)] = one
                    self._in_order.append(one)
                    self.exchanges.add(one.exchange)
                    self.keys.add(key_of(one.resource))

    def all(self) -> Sequence[Receipt]:
        """The resources, in the order in which they were first seen; more come at the end."""
        return self._in_order


def shown(exchange: Exchange, bodies: Bodies) -> Iterator[Receipt]:
    """The resources of a successful answer: the entries of a Bundle, or the one that was read."""
    if exchange.response is None or not 200 <= exchange.response.status < 300:
        return
    try:
        body = bodies.read(exchange.response.body)
    except Unreadable:
        return
    day = exchange.started[:10]
    if body.get("resourceType") == "Bundle":
        for entry in entries(body):
            yield Receipt(exchange.id, day, f"{entry.place}.resource", entry.resource)
    else:
        yield Receipt(exchange.id, day, "", body)


def _subsetted(resource: Resource) -> bool:
    """Whether a resource says of itself that it is not whole (FHIR R4, search, _elements)."""
    meta = resource.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    return isinstance(tags, list) and any(isinstance(one, dict) and one.get("code") == "SUBSETTED" for one in tags)
