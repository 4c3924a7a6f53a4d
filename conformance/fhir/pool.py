"""Each resource once: the same content seen again is the same object, and what was found out of it is kept.

A run meets the same resources in answer after answer. Comparing two of them is cheap, evaluating search parameters
and structures on one is not; so a resource that was seen before with the same content stands for the new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from conformance.fhir.bundle import Resource, raw_entries

Facts = dict[Any, Any]


class Pool:
    """The resources seen, at most ``keep`` of them; beyond, all is forgotten and begins anew."""

    def __init__(self, keep: int = 20_000) -> None:
        self._keep = keep
        self._seen: dict[tuple[str, str], tuple[bytes, Resource]] = {}
        self._facts: dict[int, tuple[Resource, Facts]] = {}

    def settle(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The body with each resource seen before in the place of its equal."""
        if body.get("resourceType") != "Bundle":
            return self._one(body)
        for entry in raw_entries(body):
            if isinstance(entry, dict) and isinstance(entry.get("resource"), dict):
                entry["resource"] = self._one(entry["resource"])
        return body

    def _one(self, resource: Resource) -> Resource:
        kind, identifier = resource.get("resourceType"), resource.get("id")
        if not isinstance(kind, str) or not isinstance(identifier, str):
            return resource
        written = _written(resource)
        if written is None:
            return resource
        key = kind, identifier
        known = self._seen.get(key)
        if known is not None and known[0] == written:
            return known[1]
        if len(self._seen) >= self._keep:
            self._seen.clear()
            self._facts.clear()
        self._seen[key] = written, resource
        return resource

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
