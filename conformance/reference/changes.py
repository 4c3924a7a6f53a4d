"""How faults of the data change resources: which ones."""

from __future__ import annotations

from collections.abc import Callable

from conformance.reference.fault import Json

Change = Callable[[Json], Json]


def only(kind: str, change: Change) -> Change:
    """Changes the resources of one type."""
    return lambda resource: change(resource) if resource["resourceType"] == kind else resource


def sometimes(change: Change) -> Change:
    """Changes the resources of even id: a fault is seldom everywhere."""
    return lambda resource: change(resource) if int(resource["id"]) % 2 == 0 else resource
