"""Pages of a search: snapshots that keep the order of the first page, and the links between pages."""

from __future__ import annotations

from collections import OrderedDict
from urllib.parse import quote, urlencode

from conformance.reference.fault import Pairs
from conformance.reference.refusal import Refusal
from conformance.reference.searching import Found

_KEPT = 512


class Snapshots:
    """The searches that have more pages, the most recent ones; a link to a forgotten one is answered 410."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._found: OrderedDict[str, tuple[Found, Pairs]] = OrderedDict()
        self._count = 0

    def keep(self, found: Found, pairs: Pairs) -> str:
        """Keeps a search and gives its mark."""
        self._count += 1
        mark = f"{self._count * 2654435761 % 2**32:08x}"
        self._found[mark] = (found, pairs)
        if len(self._found) > self._kept:
            self._found.popitem(last=False)
        return mark

    def recall(self, token: str) -> tuple[Found, Pairs, str, int]:
        """The search, its parameters, its mark and the start of a page, by the token of a link."""
        mark, _, start = token.partition("-")
        if mark not in self._found or not start.isdecimal():
            raise Refusal(410, "expired", "this page is no longer available, search again")
        self._found.move_to_end(mark)
        found, pairs = self._found[mark]
        return found, pairs, mark, int(start)


def links(address: str, pairs: Pairs, mark: str, start: int, size: int, total: int) -> list[dict[str, str]]:
    """The links of one page: self, first, previous, next; without ``mark`` there is one page only."""

    def page(at: int) -> str:
        query = [*pairs, ("_page", f"{mark}-{at}")] if at else list(pairs)
        return f"{address}?{urlencode(query, quote_via=quote)}" if query else address

    found = [{"relation": "self", "url": page(start)}]
    if mark:
        found.append({"relation": "first", "url": f"{address}?{urlencode([*pairs, ('_page', f'{mark}-0')])}"})
    if start:
        found.append(
            {
                "relation": "previous",
                "url": f"{address}?{urlencode([*pairs, ('_page', f'{mark}-{max(0, start - size)}')])}",
            }
        )
    if mark and start + size < total:
        found.append({"relation": "next", "url": page(start + size)})
    return found
