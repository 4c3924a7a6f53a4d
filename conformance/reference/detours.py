"""Addresses that a server gives to pages: what each stands for is its own affair."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from conformance.reference.negotiation import MEDIA_TYPE

App = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]
_PAGES = "suite"  # the folder of these addresses, under that of consultation


class Detours:
    """Serves, in front of an application, what lies behind addresses of its own; ``moved``: the first search of each
    path is told to have moved to one."""

    def __init__(self, base: str, moved: bool = False) -> None:
        self._base, self._moved = base, moved
        self._behind: list[tuple[str, bool]] = []  # path and query under the base, whether an empty page comes first
        self._told: set[str] = set()

    def elsewhere(self, url: str, base: str) -> str:
        """Another address for a page."""
        return self._named(url, base, False)

    def by_an_empty_page(self, url: str, base: str) -> str:
        """The address of a page without matches, whose next link leads there."""
        return self._named(url, base, True)

    def _named(self, url: str, base: str, empty: bool) -> str:
        there = url.removeprefix(f"{base}/"), empty
        if there not in self._behind:
            self._behind.append(there)
        return f"{base}/{_PAGES}/{self._behind.index(there) + 1}"

    def before(self, app: App) -> App:
        """The application with these addresses."""
        async def served(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
            path: str = scope["path"]
            rest = path.removeprefix(f"{self._base}/")
            kind, _, number = rest.partition("/")
            if kind == _PAGES and number.isdecimal() and 0 < int(number) <= len(self._behind):
                await self._page(int(number), scope, receive, send, app)
            elif self._moved and scope["method"] == "GET" and rest != path and rest not in (*self._told, "metadata"):
                self._told.add(rest)
                query = scope["query_string"].decode("latin-1")
                there = self._named(f"{rest}?{query}" if query else rest, "", False)
                location = f"{_origin(scope)}{self._base}{there}".encode("latin-1")
                await _answered(send, 301, [(b"location", location)], b"")
            else:
                await app(scope, receive, send)
        return served

    async def _page(self, number: int, scope: MutableMapping[str, Any], receive: Any, send: Any, app: App) -> None:
        there, empty = self._behind[number - 1]
        path, _, query = there.partition("?")
        if empty:
            url = f"{_origin(scope)}{self._base}/{there}"
            page = {"resourceType": "Bundle", "type": "searchset", "link": [{"relation": "next", "url": url}]}
            await _answered(send, 200, [(b"content-type", MEDIA_TYPE.encode())], json.dumps(page).encode())
            return
        await app({**scope, "path": f"{self._base}/{path}", "query_string": query.encode("latin-1")}, receive, send)


def _origin(scope: MutableMapping[str, Any]) -> str:
    """The address under which an application is called, as the caller wrote it."""
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    return f"{scope['scheme']}://{host}{scope.get('root_path', '')}"


async def _answered(send: Any, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
