"""References inside a Bundle: an address that is the ``fullUrl`` of an entry is told by the type of its resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.fhir.bundle import Resource


def resolved(bundle: Resource) -> Iterator[tuple[int, Resource]]:
    """The resources of a Bundle with the indexes of their entries. References to a ``fullUrl`` that does not tell the
    type (``urn:uuid:…``) are written as ``Type/id``, so that the type is judged as of any other reference."""
    entries = bundle.get("entry")
    held = [(index, one) for index, one in enumerate(entries if isinstance(entries, list) else ())
            if isinstance(one, dict) and isinstance(one.get("resource"), dict)]
    names = {str(one["fullUrl"]): _name(str(one["fullUrl"]), one["resource"]) for _, one in held if "fullUrl" in one}
    told = {url: name for url, name in names.items() if not url.endswith(f"/{name}")}
    for index, one in held:
        yield index, _rewritten(one["resource"], told) if told else one["resource"]


def _name(url: str, resource: Resource) -> str:
    return f"{resource.get('resourceType')}/{resource.get('id') or url.rsplit(':', 1)[-1].rsplit('/', 1)[-1]}"


def _rewritten(node: Any, names: Mapping[str, str]) -> Any:
    """The same value, copied only where a reference changes."""
    if isinstance(node, dict):
        made = {key: names[value] if key == "reference" and isinstance(value, str) and value in names
                else _rewritten(value, names) for key, value in node.items()}
        return made if any(made[key] is not value for key, value in node.items()) else node
    if isinstance(node, list):
        items = [_rewritten(one, names) for one in node]
        return items if any(new is not old for new, old in zip(items, node, strict=True)) else node
    return node
