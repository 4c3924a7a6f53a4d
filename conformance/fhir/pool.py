"""Each resource once: the same content seen again is the same object, and what was found out of it is kept.

A run meets the same resources in answer after answer. Comparing two of them is cheap; reading one, masking the persons
in it, evaluating search parameters and structures on it is not. So a resource that was seen before with the same
content stands for the new one, and one that is written in the same bytes is not even read again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from conformance.fhir.bundle import Resource, raw_entries

Facts = dict[Any, Any]
_MARK = "known to the harness"
_MARKED = re.compile(rb'\{"%s":(\d+)\}' % _MARK.encode())
_MEMBER = re.compile(rb'"resource"\s*:\s*')
_HEAD = 96  # bytes of a written resource that nearly always tell its type and id


class Secrets(Protocol):
    """What must not be seen in what is kept."""

    def known(self) -> int:
        """How many there are; they only become more."""

    def shows(self, body: bytes, after: int = 0) -> bool:
        """Whether one stands in some bytes; the first ``after`` of them are not sought."""


@dataclass(slots=True)
class Known:
    """A resource as an answer wrote it, as it is kept, and as that is written: persons in it are masked. It shows none
    of the first ``sought`` secrets."""

    written: bytes
    resource: Resource
    clean: bytes
    sought: int = 0

    def free_of(self, secrets: Secrets) -> bool:
        """Whether it shows none of the secrets."""
        known = secrets.known()
        if self.sought < known and not secrets.shows(self.clean, self.sought):
            self.sought = known
        return self.sought == known


@dataclass(frozen=True, slots=True)
class Cut:
    """An answer with a mark in the place of each resource that need not be read again."""

    rest: bytes
    known: Sequence[Known]

    @property
    def masked(self) -> bool:
        """Whether persons in a resource that need not be read were masked."""
        return any(one.clean != one.written for one in self.known)

    def filled(self, rest: bytes) -> bytes:
        """The rest, as it was or written again, with the known resources in the place of their marks."""
        return _MARKED.sub(lambda mark: self.known[int(mark[1])].clean, rest) if self.known else rest


@dataclass(frozen=True, slots=True)
class Fresh:
    """A resource that was read: who holds it (``holder["resource"]``), and what it said before it was masked."""

    holder: dict[str, Any]
    written: bytes


class Pool:
    """The resources seen, at most ``keep`` of them; beyond, all is forgotten and begins anew."""

    def __init__(self, keep: int = 20_000) -> None:
        self._keep = keep
        self._seen: dict[tuple[str, str], tuple[bytes, Resource]] = {}
        self._by_head: dict[bytes, Known] = {}
        self._facts: dict[int, tuple[Resource, Facts]] = {}

    def cut(self, body: bytes, secrets: Secrets | None) -> Cut:
        """The answer without the resources that were seen before in the same bytes and show no secret."""
        parts: list[bytes] = []
        known: list[Known] = []
        done = 0
        member = _MEMBER.search(body)
        while member is not None:
            start = end = member.end()
            found = self._by_head.get(body[start : start + _HEAD])
            if found is not None and body.startswith(found.written, start) and (
                    secrets is None or found.free_of(secrets)):
                end = start + len(found.written)
                parts += (body[done:start], b'{"%s":%d}' % (_MARK.encode(), len(known)))
                known.append(found)
                done = end
            member = _MEMBER.search(body, end)
        parts.append(body[done:])
        if any(_MARK.encode() in part for part in parts[::2]):  # somebody plays with our mark
            return Cut(body, ())
        return Cut(b"".join(parts), known)

    def fresh(self, value: Mapping[str, Any]) -> list[Fresh]:
        """The resources of an answer that were read, marks left out."""
        holders = raw_entries(value) if value.get("resourceType") == "Bundle" else [{"resource": value}]
        found = []
        for holder in holders:
            resource = holder.get("resource") if isinstance(holder, dict) else None
            if isinstance(resource, dict) and _MARK not in resource:
                written = _written(resource)
                if written is not None:
                    found.append(Fresh(holder, written))
        return found

    def restored(self, value: Mapping[str, Any], known: Sequence[Known]) -> bool:
        """Puts the known resources in the place of their marks; False when a mark stands where Bundles hold no
        resource, so that the answer must be read whole."""
        marked = [entry for entry in raw_entries(value) if isinstance(entry, dict)
                  and isinstance(entry.get("resource"), dict) and _MARK in entry["resource"]]
        if [entry["resource"][_MARK] for entry in marked] != list(range(len(known))):
            return False
        for entry, found in zip(marked, known, strict=True):
            entry["resource"] = found.resource
        return True

    def settle(self, one: Fresh, masked: bool) -> None:
        """Remembers a resource that was read, or puts its equal, seen before, in its place; ``masked`` when persons in
        its answer were."""
        resource = one.holder["resource"]
        kind, identifier = resource.get("resourceType"), resource.get("id")
        clean = _written(resource) if masked else one.written
        if clean is None or not isinstance(kind, str) or not isinstance(identifier, str):
            return
        if len(self._seen) >= self._keep:
            self._seen.clear()
            self._by_head.clear()
            self._facts.clear()
        seen = self._seen.get((kind, identifier))
        if seen is not None and seen[0] == clean:
            one.holder["resource"] = resource = seen[1]
        else:
            self._seen[kind, identifier] = clean, resource
        self._by_head[one.written[:_HEAD]] = Known(one.written, resource, clean)

    def facts(self, resource: Resource) -> Facts:
        """What was found out of this very resource, to be read and completed by whoever finds out more."""
        known = self._facts.get(id(resource))
        if known is None or known[0] is not resource:
            if len(self._facts) >= 2 * self._keep:
                self._facts.clear()
            known = self._facts[id(resource)] = resource, {}
        return known[1]


def _written(resource: Resource) -> bytes | None:
    """What the resource says, letter by letter: 1 and true, equal to Python, are not the same JSON."""
    try:
        return orjson.dumps(resource)
    except (RecursionError, orjson.JSONEncodeError):  # nested too deeply to be compared
        return None
