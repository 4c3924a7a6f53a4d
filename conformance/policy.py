"""The access policy of a profile: who may see what, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SEES_ALL = "1"  # the access profile that sees all


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Who may see a type of resource, or an element of it (``element``: the way to it, each member with the ends of the
    urls, or the systems, of those of its values that are meant, all when there are none).

    ``rest``: the requirements by which the elements that no rule names follow the resource, where they are others.
    ``visible``: by access profile, the alternatives of which one must hold, each a conjunction of terms
    (``fhir/units``).
    """

    requirements: tuple[str, ...]
    resource: str
    element: tuple[tuple[str, tuple[str, ...]], ...]
    visible: Mapping[str, tuple[tuple[str, ...], ...]]
    rest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """What the access profiles of consumers may see. ``entitled``: whether what they may see must be shown to them too.
    ``everything``: the requirement of the access profile that sees all."""

    everything: str
    entitled: bool
    rules: tuple[AccessRule, ...]
