"""Faults of reads: what comes back is not the resource that searches show."""

from __future__ import annotations

from conformance.reference.fault import Fault, Json
from conformance.reference.store import Store


def _other_resource(store: Store, resource: Json) -> Json:
    """The neighbour of a resource in the store."""
    kind = resource["resourceType"]
    rank = store.rank(kind, resource["id"]) or 0
    return store.at(kind, (rank + 1) % store.count(kind))


def _other_content(_store: Store, resource: Json) -> Json:
    meta = {name: value for name, value in resource["meta"].items() if name != "tag"}
    return {**resource, "meta": meta, "name": "Nom provisoire"} if "tag" in resource["meta"] else resource


READS: tuple[Fault, ...] = (
    Fault(
        "read-other-resource",
        {"fr": "Une lecture rend une autre ressource", "en": "A read gives another resource"},
        "ROR-RD-001",
        {"ROR-HTTP-154": "the id does not lead to the resource"},
        read=_other_resource,
    ),
    Fault(
        "read-other-content",
        {
            "fr": "Une lecture rend un autre contenu que la recherche",
            "en": "A read gives another content than the search",
        },
        "ROR-RD-001",
        {},
        read=_other_content,
    ),
)
