"""A ROR that answers each client in its own way, by the certificate that comes with the request: as a solution that
fails for some of those who ask it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, MutableMapping
from typing import Any

from conformance.reference.presented import common_name, present

_SILENCE = 600.0  # seconds, longer than anybody waits


class ByClient:
    """An ASGI application: that of the client who asks where there is one, else the usual one."""

    def __init__(self, usual: Any, of: Mapping[str, Any]) -> None:
        self._usual, self._of = usual, of

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Serves a request."""
        present(scope)
        await self._of.get(common_name(), self._usual)(scope, receive, send)


class Answering:
    """Answers every request with a status, and nothing else."""

    def __init__(self, status: int) -> None:
        self._status = status

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        """Serves a request."""
        headers = [(b"content-type", b"text/plain"), (b"retry-after", b"120")]
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": b"later"})


async def silent(_scope: Any, receive: Any, _send: Any) -> None:
    """Answers nothing until the client leaves."""
    async with asyncio.timeout(_SILENCE):
        while (await receive())["type"] != "http.disconnect":
            pass
