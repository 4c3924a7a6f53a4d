"""Reading a Bundle of type searchset: matches, inclusions, links, and references between its entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Resource = Mapping[str, Any]


@dataclass(slots=True)
class Entry:
    """One entry: its resource, its search mode as said (or empty), its fullUrl and its place."""

    resource: Resource
    mode: str
    full_url: str
    place: str
    search: Mapping[str, Any]

    @property
    def key(self) -> str:
        """``Type/id`` of the resource."""
        return key_of(self.resource)


def key_of(resource: Resource) -> str:
    """``Type/id`` of a resource."""
    return f"{resource.get('resourceType', '?')}/{resource.get('id', '?')}"


def is_searchset(body: Mapping[str, Any]) -> bool:
    """Whether the body is a Bundle of type searchset."""
    return body.get("resourceType") == "Bundle" and body.get("type") == "searchset"


def raw_entries(body: Mapping[str, Any]) -> Sequence[Any]:
    """The value of Bundle.entry when it is a list, otherwise nothing."""
    entries = body.get("entry")
    return entries if isinstance(entries, list) else ()


def entries(body: Mapping[str, Any]) -> Iterator[Entry]:
    """The entries that carry a resource, whatever is wrong with the others."""
    for index, entry in enumerate(raw_entries(body)):
        if not isinstance(entry, dict) or not isinstance(entry.get("resource"), dict):
            continue
        search = entry.get("search")
        search = search if isinstance(search, dict) else {}
        mode = search.get("mode")
        full_url = entry.get("fullUrl")
        yield Entry(
            entry["resource"],
            mode if isinstance(mode, str) else "",
            full_url if isinstance(full_url, str) else "",
            f"Bundle.entry[{index}]",
            search,
        )


def is_match(entry: Entry, searched: str) -> bool:
    """Whether an entry answers the search: by search.mode, or by type where the mode is not said."""
    return entry.mode == "match" or (not entry.mode and entry.resource.get("resourceType") == searched)


def is_inclusion(entry: Entry, searched: str) -> bool:
    """Whether an entry was brought by inclusion."""
    return entry.mode == "include" or (not entry.mode and entry.resource.get("resourceType") != searched)


def matches(body: Mapping[str, Any], searched: str) -> list[Entry]:
    """The entries that answer the search."""
    return [entry for entry in entries(body) if is_match(entry, searched)]


def inclusions(body: Mapping[str, Any], searched: str) -> list[Entry]:
    """The entries brought by inclusion."""
    return [entry for entry in entries(body) if is_inclusion(entry, searched)]


def total(body: Mapping[str, Any]) -> int | None:
    """Bundle.total when it is an integer."""
    value = body.get("total")
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def link(body: Mapping[str, Any], relation: str) -> str:
    """The url of the first link of a relation; empty when there is none."""
    links = body.get("link")
    for item in links if isinstance(links, list) else ():
        if isinstance(item, dict) and item.get("relation") == relation and isinstance(item.get("url"), str):
            return str(item["url"])
    return ""


def reference_key(reference: str) -> str:
    """``Type/id`` at the end of a literal reference, absolute or relative, version left out."""
    parts = reference.split("/_history/")[0].rstrip("/").split("/")
    return "/".join(parts[-2:]) if len(parts) >= 2 else reference


def objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list; none of what is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def references(resource: Resource, element: str) -> list[str]:
    """The ``Type/id`` that an element of type Reference (repeated or not) points at."""
    value = resource.get(element)
    items = value if isinstance(value, list) else [value]
    return [
        reference_key(item["reference"])
        for item in items
        if isinstance(item, dict) and isinstance(item.get("reference"), str)
    ]
