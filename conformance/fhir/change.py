"""What makes a resource wrong at one site: the parts that operators are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conformance.draw import Draw
from conformance.fhir.engine import Path
from conformance.fhir.site import Site
from conformance.fhir.structure import Compiled


@dataclass(frozen=True, slots=True)
class Change:
    """What an operator does to a resource at one site: a function of a copy's holder, where the finding is expected."""

    apply: Callable[[dict[str, Any]], None]
    path: Path
    codes: tuple[str, ...]


Operator = Callable[[Site, Compiled, Draw], Change | None]


def replaced(site: Site, value: Any, path: Path, *codes: str) -> Change:
    """Another value in the place of the whole value."""
    def apply(holder: dict[str, Any]) -> None:
        holder[site.name] = value
    return Change(apply, path, codes)


def first_of(site: Site) -> Any:
    """The value, the first one of a list."""
    return site.value[0] if isinstance(site.value, list) and site.value else site.value


def first_replaced(site: Site, value: Any, *codes: str) -> Change:
    """Another value in the place of the (first) value."""
    if isinstance(site.value, list):
        return replaced(site, [value, *site.value[1:]], (*site.path, 0), *codes)
    return replaced(site, value, site.path, *codes)


def is_plain(site: Site) -> bool:
    """Whether it is neither of extensions nor of what tells them."""
    return site.name not in ("extension", "modifierExtension", "url")
