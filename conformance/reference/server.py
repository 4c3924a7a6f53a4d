"""The reference ROR on a loopback port, and the loading of resources from a folder."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

import uvicorn

from conformance.reference.fault import Fault, Json
from conformance.reference.presented import Certified
from conformance.reference.store import Store

_PATIENCE = 10.0


class DataError(Exception):
    """A file of resources that cannot be used; the message names the file."""


class _Quick(uvicorn.Server):
    """Notices a stop sooner than the stock server, and does not wait for idle clients."""

    async def main_loop(self) -> None:
        counter = 0
        while not await self.on_tick(counter):
            counter = (counter + 1) % 864_000
            await asyncio.sleep(0.02)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # an idle TLS client never answers the closing alert: the stop would hang
        for connection in list(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()
        await super().shutdown(sockets)


def _listening(host: str, port: int) -> socket.socket:
    """A socket bound to a port. Its protocol is named: else asyncio does not recognise TCP and answers wait 40 ms."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    bound = socket.socket(family, kind, protocol or socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(256)
    except OSError:
        bound.close()
        raise
    return bound


class Running:
    """``with Running(app) as base_url``: the application served in a thread; ``tls`` is a server context."""

    def __init__(
        self,
        app: Callable[..., Any],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        base_path: str = "/ws-diffusion-fhir",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        config = uvicorn.Config(
            app,
            http=Certified,
            ws="none",
            lifespan="off",
            log_level="error",
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=1,
            ssl_context_factory=None if tls is None else lambda _config, _default: tls,
        )
        self._server = _Quick(config)
        self._thread: threading.Thread | None = None
        self._scheme = "http" if tls is None else "https"
        self._host, self._port = host, port
        self._base_path = base_path

    def __enter__(self) -> str:
        """Starts and gives the base URL; OSError when the port cannot be taken."""
        taken = _listening(self._host, self._port)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [taken]}, name="reference-ror", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + _PATIENCE
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                taken.close()
                raise TimeoutError("the server did not start in time")
            time.sleep(0.002)
        return f"{self._scheme}://{self._host}:{taken.getsockname()[1]}{self._base_path}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stops the server and waits for its thread."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(_PATIENCE)


def load(folder: Path) -> list[Json]:
    """The resources of every ``*.json`` of a folder, Bundles opened; DataError naming the file that is wrong."""
    if not folder.is_dir():
        raise DataError(f"{folder}: not a folder")
    files = sorted(folder.glob("*.json"))
    if not files:
        raise DataError(f"{folder}: holds no *.json file")
    return [resource for path in files for resource in _resources(path)]


def _resources(path: Path) -> Iterable[Json]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: not JSON in UTF-8: {error}") from error
    if not isinstance(document, dict) or "resourceType" not in document:
        raise DataError(f"{path}: not a FHIR resource, resourceType is missing")
    if document["resourceType"] != "Bundle":
        return [_checked(path, document)]
    return [_checked(path, entry["resource"]) for entry in document.get("entry", ()) if "resource" in entry]


def _checked(path: Path, resource: Any) -> Json:
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        raise DataError(f"{path}: an entry is not a FHIR resource")
    if not isinstance(resource.get("id"), str) or not resource["id"]:
        raise DataError(f"{path}: a {resource['resourceType']} has no id")
    return resource


def stored(resources: Iterable[Json], fault: Fault | None = None) -> Store:
    """A store of resources, each changed by the fault when it has a hook for that."""
    if fault is None or fault.resource is None:
        return Store(resources)
    return Store(map(fault.resource, resources))


def bases(base: str) -> tuple[tuple[str, str], ...]:
    """The addresses of the reference beside that of consultation, as candidate.yaml names them."""
    origin = base.rpartition("/")[0]
    return ("anomalies", f"{origin}/anomalies"), ("capacities", f"{origin}/ws-synchro-dispo-lits-fhir")
