"""What is known of the candidate's data: the resources that the exploration and the answers showed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import orjson

from conformance.fhir.body import Bodies
from conformance.fhir.bundle import Resource, entries, key_of, reference_key
from conformance.model import Exchange

Made = TypeVar("Made")
# a quotation mark inside a text is written \", so that this is a member
_REFERENCE = re.compile(rb'"reference":("(?:[^"\\]|\\.)*")')


class Population:
    """Resources by ``Type/id``, in the order in which they were first seen."""

    def __init__(self) -> None:
        self._of: dict[str, Resource] = {}
        self._by_type: dict[str, dict[str, Resource]] = {}
        self._pointed: dict[str, None] = {}
        self.readable = False
        self._made: dict[Any, Any] = {}

    @classmethod
    def of(cls, exchanges: Iterable[Exchange], bodies: Bodies) -> Population:
        """The population that the exchanges of an exploration show."""
        made = cls()
        for exchange in exchanges:
            made.learn(exchange, bodies)
        return made

    def learn(self, exchange: Exchange, bodies: Bodies) -> None:
        """Adds what one exchange shows; an answer that cannot be read adds nothing."""
        body = bodies.of(exchange)
        if body is None:
            return
        self.readable = True
        if body.get("resourceType") == "Bundle":
            for entry in entries(body):
                self.add(entry.resource)
        else:
            self.add(body)

    def once(self, make: Callable[[Iterable[Resource]], Made]) -> Made:
        """What a function makes of all that is known; made again only when more is known."""
        if make not in self._made:
            self._made[make] = make(self._of.values())
        made: Made = self._made[make]
        return made

    def holding(self, kind: str, what: str, told: Callable[[Resource], Iterable[str]]) -> Mapping[str, set[int]]:
        """Which of the known resources of a type (by the id of the object) hold which of the texts that a function
        tells of each, under the name of ``what`` it tells; made again only when more is known."""
        if (kind, what) not in self._made:
            found: dict[str, set[int]] = {}
            for resource in self._by_type.get(kind, {}).values():
                for text in told(resource):
                    found.setdefault(text, set()).add(id(resource))
            self._made[kind, what] = found
        made: Mapping[str, set[int]] = self._made[kind, what]
        return made

    def add(self, resource: Resource) -> None:
        """Adds a resource that has a type and an id; the first seen stays."""
        kind, identifier = resource.get("resourceType"), resource.get("id")
        if isinstance(kind, str) and isinstance(identifier, str):
            key = key_of(resource)
            if key not in self._of:
                self._of[key] = resource
                self._made.clear()
                self._by_type.setdefault(kind, {})[key] = resource
                for reference in _references(resource):
                    self._pointed.setdefault(reference_key(reference))

    def get(self, key: str) -> Resource | None:
        """The resource of a ``Type/id``, when known."""
        return self._of.get(key)

    def all(self, kind: str) -> list[Resource]:
        """The known resources of a type."""
        return list(self._by_type.get(kind, {}).values())

    def count(self) -> dict[str, int]:
        """How many resources are known, by type."""
        return {kind: len(known) for kind, known in self._by_type.items()}

    def unknown_references(self, kinds: Iterable[str]) -> list[str]:
        """``Type/id`` of the given types that known resources point at and that are not known, in order."""
        wanted = frozenset(kinds)
        return [key for key in self._pointed if key not in self._of and key.split("/")[0] in wanted]


def _references(resource: Resource) -> Iterator[str]:
    """The literal references in a resource, in its order; read in its JSON, where a walk would cost ten times more."""
    try:
        written = orjson.dumps(resource)
    except orjson.JSONEncodeError:  # nested too deeply to be written: it points at nothing that we would follow
        return
    for found in _REFERENCE.findall(written):
        yield orjson.loads(found)
