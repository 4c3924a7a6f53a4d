"""The reference ROR as an ASGI application."""

from __future__ import annotations

import copy
import gzip
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import request_response

from conformance.reference import capability, interactions
from conformance.reference.access import Access
from conformance.reference.authorization import Guard
from conformance.reference.export import Exports
from conformance.reference.fault import Answer, Asked, Fault, Pairs
from conformance.reference.guests import Guests
from conformance.reference.interactions import Clock, Interactions, Sent, serialised
from conformance.reference.negotiation import refuse_other_content, refuse_other_formats
from conformance.reference.presented import present
from conformance.reference.refusal import Refusal, outcome
from conformance.reference.store import Store
from conformance.reference.visibility import ALL, Views

_FORM = frozenset(("application/x-www-form-urlencoded",))
_GZIP_FROM = 1024
# what is served at addresses of their own, beside that of consultation
_ANOMALIES = "/anomalies"
_CAPACITIES = "/ws-synchro-dispo-lits-fhir"
_TOKENS = ("/auth/token", "/auth/realms/ror/protocol/openid-connect/token")
_EXPORT = {"$export": "export", "$export-poll-status": "export-status", "$export-file": "export-file"}
_APART = {_ANOMALIES: "Task", _CAPACITIES: "Location"}
_LOG = logging.getLogger(__name__)


def utc_now() -> datetime:
    """The default clock."""
    return datetime.now(UTC)


@dataclass(slots=True)
class _Target:
    """What a request addresses: the interaction, the type, the id."""

    interaction: str
    kind: str = ""
    key: str = ""


class _Server:
    def __init__(
        self,
        store: Store,
        declared: capability.Declared,
        base_path: str,
        fault: Fault | None,
        clock: Clock,
        access: Access | Guests | Guard,
    ) -> None:
        self._declared = declared
        self._base_path = base_path.rstrip("/")
        self._fault = fault
        self._access = access
        self._started = clock().astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        self._clock = clock
        self._interactions = Interactions(store, clock, fault)
        self._views = Views(store, fault.seen if fault is not None else None)
        self._readers: dict[int, tuple[Interactions, Exports]] = {}

    async def answer(self, request: Request) -> Response:
        body = await request.body()
        present(request.scope)
        root = request.scope.get("root_path", "")
        base = f"{request.url.scheme}://{request.url.netloc}{root}{self._prefix(request.scope['path'])}"
        asked = Asked("", "", tuple(parse_qsl(request.url.query, keep_blank_values=True)), base)
        try:
            answer, asked = self._routed(request, body, asked)
        except Refusal as refusal:
            answer = serialised(refusal.status, refusal.outcome(), _told(refusal))
        except Exception:
            _LOG.exception("request failed")
            answer = serialised(500, outcome("exception", "the server failed"))
        if self._fault is not None and self._fault.answer is not None:
            answer = self._fault.answer(answer, asked)
        return _sent(request, answer)

    def _prefix(self, path: str) -> str:
        """The address that a path lies under: that of consultation where it lies under none."""
        return next((one for one in _APART if path.startswith(f"{one}/")), self._base_path)

    def _routed(self, request: Request, body: bytes, asked: Asked) -> tuple[Answer, Asked]:
        path, method = request.scope["path"], "GET" if request.method == "HEAD" else request.method
        if path in _TOKENS and method == "POST":
            return self._access.issue(request.headers, body), asked
        target = self._target(path, method)
        reader = ALL if target.interaction == "capabilities" and self._access.open_statement else (
            self._access.check(request.headers, headers=self._prefix(path) != _CAPACITIES))
        pairs = asked.pairs
        if path.endswith("/_search"):
            refuse_other_content(request.headers.get("content-type", ""), _FORM)
            pairs += tuple(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        asked = Asked(target.interaction, target.kind, pairs, asked.base)
        refuse_other_formats(self._formats(target.kind, pairs), request.headers.get("accept", ""))
        if self._fault is not None and self._fault.query is not None and target.interaction == "export":
            pairs = self._fault.query("", pairs)
        sent = Sent(target.kind, target.key, pairs, asked.base, request.headers, body)
        try:
            return self._interact(target.interaction, sent, asked, reader)
        except Refusal as refusal:
            return serialised(refusal.status, refusal.outcome()), asked

    def _formats(self, kind: str, pairs: Pairs) -> Pairs:
        return self._fault.query(kind, pairs) if self._fault is not None and self._fault.query is not None else pairs

    def _target(self, path: str, method: str) -> _Target:
        prefix = self._prefix(path)
        if path != prefix and not path.startswith(f"{prefix}/"):
            raise Refusal(404, "not-found", "there is nothing at this address")
        parts = path[len(prefix) :].strip("/").split("/")
        if parts == ["metadata"]:
            return self._of(method, {"GET": "capabilities"})
        if len(parts) == 1 and parts[0] in _EXPORT:
            return self._of(method, {"GET": _EXPORT[parts[0]]})
        kind = parts[0]
        if kind != _APART.get(prefix, kind):
            raise Refusal(404, "not-found", f"there is no {kind} at this address")
        if kind not in self._declared.served or len(parts) > 2 or not all(parts):
            raise Refusal(404, "not-found", f"there is nothing at {'/'.join(parts) or 'this address'}")
        if parts[1:] == ["_search"]:
            return self._of(method, {"POST": "search-type"}, kind)
        if len(parts) == 2:
            return self._of(method, {"GET": "read", "PUT": "update", "PATCH": "patch"}, kind, parts[1])
        return self._of(method, {"GET": "search-type", "POST": "create", "PATCH": "patch"}, kind)

    def _of(self, method: str, known: Mapping[str, str], kind: str = "", key: str = "") -> _Target:
        served = self._declared.served.get(kind, frozenset(("capabilities", *_EXPORT.values())))
        if known.get(method) not in served:
            there = [word for word, what in known.items() if what in served]
            raise Refusal(405, "not-supported", f"method {method} is not supported here", allow=there)
        return _Target(known[method], kind, key)

    def _reader(self, access: int) -> tuple[Interactions, Exports]:
        """How an access profile reads what it may see now; pages of a search made before go on as they were."""
        view = self._views.of(access)
        if access not in self._readers:
            self._readers[access] = Interactions(view, self._clock, self._fault), Exports(view)
        for one in self._readers[access]:
            one.turn(view)
        return self._readers[access]

    def _interact(self, interaction: str, sent: Sent, asked: Asked, access: int) -> tuple[Answer, Asked]:
        here, exports = self._reader(access)
        if interaction == "search-type":
            return here.search(sent)
        if interaction == "export":
            return exports.begin(sent.pairs, f"{sent.base}/$export", sent.base, self._clock()), asked
        if interaction == "export-status":
            return exports.status(sent.pairs, sent.base), asked
        if interaction == "export-file":
            return exports.file(sent.pairs), asked
        if interaction == "capabilities":
            statement = capability.statement(self._declared, self._started)
            if self._fault is not None and self._fault.capability is not None:
                statement = self._fault.capability(copy.deepcopy(statement))
            return serialised(200, statement), asked
        if interaction == "read":
            return here.read(sent), asked
        writing = self._interactions
        call = {"create": writing.create, "update": writing.update, "patch": writing.patch}[interaction]
        answer = call(sent)
        self._views.changed()
        return answer, asked


def _told(refusal: Refusal) -> Mapping[str, str]:
    """The headers that go with a refusal."""
    if refusal.status == 405:
        return {"allow": ", ".join(refusal.allow)}
    return {"www-authenticate": "Bearer"} if refusal.status == 401 else {}


def _sent(request: Request, answer: Answer) -> Response:
    headers, body = dict(answer.headers), answer.body
    if len(body) > _GZIP_FROM and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, compresslevel=1, mtime=0)
        headers |= {"content-encoding": "gzip", "vary": "Accept-Encoding"}
    response = Response(body, status_code=answer.status)
    for name, value in headers.items():
        response.headers[name] = value
    return response


def create_app(
    store: Store,
    *,
    profile_id: str,
    base_path: str = "/ws-diffusion-fhir",
    fault: Fault | None = None,
    clock: Clock = utc_now,
    access: Access | Guests | Guard | None = None,
    profiles: Path | None = None,
) -> Starlette:
    """The application that serves a store under a profile; ``fault`` makes it wrong in one way.

    A fault that changes resources must also be given to ``stored``, which loads them.
    """
    declared = capability.declared(profile_id, profiles)
    server = _Server(store, declared, base_path, fault, clock, access or Access())
    app = Starlette()
    app.router.default = request_response(server.answer)  # any path, with whatever stands in it, and any method
    return app


__all__ = ["Access", "Fault", "create_app", "interactions", "utc_now"]
