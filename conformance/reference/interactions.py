"""The interactions of the server: search, read, create, update, patch; each gives a status, headers and a body."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import orjson

from conformance.reference import patch
from conformance.reference.bundle import searchset
from conformance.reference.capacities import refuse_wrong_capacities
from conformance.reference.fault import Answer, Asked, Fault, Json, Pairs
from conformance.reference.negotiation import MEDIA_TYPE, refuse_other_content
from conformance.reference.paging import Snapshots, links
from conformance.reference.refusal import Refusal
from conformance.reference.searching import search
from conformance.reference.store import Store

_VALUE = re.compile(r'"value":\s*"([^"]*)')
_BODIES = frozenset(("application/fhir+json", "application/json"))
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Sent:
    """What an interaction needs of a request."""

    kind: str
    key: str
    pairs: Pairs
    base: str
    headers: Mapping[str, str]
    body: bytes


def serialised(status: int, content: Json, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer of FHIR JSON."""
    return Answer(status, {"content-type": MEDIA_TYPE, **(headers or {})}, orjson.dumps(content))


class Interactions:
    """The interactions on a store; ``clock`` dates what is written. Each reader has its own: a link to a page is good
    for nobody else."""

    def __init__(self, store: Store, clock: Clock, fault: Fault | None) -> None:
        self._store = store
        self._clock = clock
        self._fault = fault
        self._snapshots = Snapshots()

    def turn(self, store: Store) -> None:
        """Goes on with another store, in which something was written."""
        self._store = store

    def search(self, sent: Sent) -> tuple[Answer, Asked]:
        """A page of a search, the first one or the one of a link."""
        fault, address = self._fault, f"{sent.base}/{sent.kind}"
        pages = [value for name, value in sent.pairs if name == "_page"]
        if pages:
            found, used, mark, start = self._snapshots.recall(pages[-1])
        else:
            pairs = (
                fault.query(sent.kind, sent.pairs) if fault is not None and fault.query is not None else sent.pairs
            )
            strict = "handling=strict" in sent.headers.get("prefer", "").replace(" ", "")
            found = search(self._store, sent.kind, pairs, self._clock(), strict=strict, fault=fault)
            # a server that misreads a request says all the same that it read it
            used, start = found.used if pairs == sent.pairs else sent.pairs, 0
            mark = self._snapshots.keep(found, used) if 0 < found.size < len(found.ranks) else ""
        page_links = links(address, used, mark, start, found.size, len(found.ranks))
        asked = Asked("search-type", sent.kind, used, sent.base, start)
        bundle = searchset(found, start, sent.base, page_links, fault)
        if fault is not None and fault.bundle is not None:
            bundle = fault.bundle(bundle, asked)
        return serialised(200, bundle), asked

    def read(self, sent: Sent) -> Answer:
        """One resource by its id; 404 when there is none."""
        resource = self._existing(sent)
        version, updated = _version(resource)
        headers = {"etag": f'W/"{version}"', "last-modified": _http_date(updated)}
        if headers["etag"] in sent.headers.get("if-none-match", ""):
            return Answer(304, headers, b"")
        if self._fault is not None and self._fault.read is not None:
            resource = self._fault.read(self._store, resource)
        return serialised(200, resource, headers)

    def create(self, sent: Sent) -> Answer:
        """A new resource; the id of the client is ignored."""
        resource = self._resource(sent)
        if not (self._fault is not None and self._fault.client_ids and resource.get("id")):
            resource["id"] = self._store.new_id()
        return self._written(sent, resource, 1, 201)

    def update(self, sent: Sent) -> Answer:
        """A resource replaced whole; its id must be that of the address."""
        current = self._existing(sent)
        resource = self._resource(sent)
        if resource.get("id") != sent.key:
            raise Refusal(400, "invalid", f"the id of the resource is not {sent.key!r}, that of the address")
        return self._written(sent, resource, self._next_version(sent, current), 200)

    def patch(self, sent: Sent) -> Answer:
        """A resource changed by a FHIRPath Patch; without an id, the one that the query finds (conditional patch)."""
        current = self._existing(sent) if sent.key else self._single(sent)
        refuse_other_content(sent.headers.get("content-type", ""), _BODIES)
        operations = _parsed(sent.body)
        if self._fault is not None and self._fault.operations is not None:
            operations = self._fault.operations(operations)
        resource = patch.patched(current, operations)
        if sent.kind == "Location" and not (self._fault is not None and self._fault.unchecked):
            refuse_wrong_capacities(resource)
        return self._written(sent, resource, self._next_version(sent, current), 200)

    def _single(self, sent: Sent) -> Json:
        """The one resource that a conditional request concerns; 404 when there is none, 412 when there are several."""
        if not sent.pairs:
            raise Refusal(400, "required", "an id, or a search that finds one resource, is needed")
        ranks = search(self._store, sent.kind, sent.pairs, self._clock(), strict=True).ranks
        if not ranks:
            raise Refusal(404, "not-found", f"no {sent.kind} answers the search", sent.kind)
        if len(ranks) > 1:
            raise Refusal(412, "multiple-matches", f"{len(ranks)} {sent.kind} answer the search", sent.kind)
        return self._store.at(sent.kind, ranks[0])

    def _existing(self, sent: Sent) -> Json:
        resource = self._store.get(sent.kind, sent.key)
        if resource is None:
            raise Refusal(404, "not-found", f"there is no {sent.kind} of id {sent.key!r}")
        return resource

    def _resource(self, sent: Sent) -> Json:
        refuse_other_content(sent.headers.get("content-type", ""), _BODIES)
        if self._fault is not None and self._fault.lenient:
            return self._guessed(sent)
        resource = _parsed(sent.body)
        if not isinstance(resource, dict) or resource.get("resourceType") != sent.kind:
            raise Refusal(400, "structure", f"a {sent.kind} resource is expected")
        if not isinstance(resource.get("meta", {}), dict):
            raise Refusal(400, "structure", "an object is expected", f"{sent.kind}.meta")
        return resource

    def _guessed(self, sent: Sent) -> Json:
        """What a server that takes anything makes of a body: itself, or another with the identifier seen in it."""
        with contextlib.suppress(orjson.JSONDecodeError):
            resource = orjson.loads(sent.body)
            if isinstance(resource, dict) and resource.get("resourceType") == sent.kind:
                return resource
        seen = _VALUE.search(sent.body.decode("utf-8", "replace"))
        other: Json = orjson.loads(orjson.dumps(self._store.at(sent.kind, 0)))
        return {**other, "identifier": [{**one, "value": seen[1] if seen else ""} for one in other["identifier"]]}

    def _next_version(self, sent: Sent, current: Json) -> int:
        version, _ = _version(current)
        wanted = sent.headers.get("if-match")
        if wanted is not None and wanted.strip() not in (f'W/"{version}"', f'"{version}"', "*"):
            raise Refusal(412, "conflict", f"the current version is {version}")
        return version + 1

    def _written(self, sent: Sent, resource: Json, version: int, status: int) -> Answer:
        now = self._clock().astimezone(UTC)
        stamp = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        resource["meta"] = {**resource.get("meta", {}), "versionId": str(version), "lastUpdated": stamp}
        kept = resource
        if self._fault is not None and self._fault.stored is not None:
            kept = self._fault.stored(self._store.get(sent.kind, str(resource["id"])), resource)
        headers = {"etag": f'W/"{version}"', "last-modified": format_datetime(now, usegmt=True)}
        if status == 201:
            headers["location"] = f"{sent.base}/{sent.kind}/{resource['id']}/_history/{version}"
        answer = serialised(status, resource, headers)  # before it is kept: what cannot be written is not kept
        self._store.put(kept)
        return answer


def _parsed(body: bytes) -> Any:
    """The JSON of a body that can be answered again, in a Bundle too."""
    try:
        value = orjson.loads(body)
        orjson.dumps({"entry": [{"resource": value}]})
    except orjson.JSONDecodeError:
        raise Refusal(400, "structure", "the body is not JSON in UTF-8") from None
    except orjson.JSONEncodeError:
        raise Refusal(400, "structure", "the body is nested too deeply") from None
    return value


def _version(resource: Mapping[str, Any]) -> tuple[int, str]:
    meta = resource.get("meta", {})
    version = str(meta.get("versionId", "1"))
    return (int(version) if version.isdecimal() else 1), str(meta.get("lastUpdated", ""))


def _http_date(instant: str) -> str:
    try:
        moment = datetime.fromisoformat(instant)
    except ValueError:
        return "Thu, 01 Jan 1970 00:00:00 GMT"
    return format_datetime((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC), usegmt=True)


AnswerChange = Callable[[Answer, Asked], Answer]


def when(test: Callable[[Answer, Asked], bool], change: AnswerChange) -> AnswerChange:
    """Changes the answers that are as told."""
    return lambda answer, asked: change(answer, asked) if test(answer, asked) else answer


def with_status(status: int) -> AnswerChange:
    """Gives another status."""
    return lambda answer, _asked: with_answer(answer, status=status)


def with_answer(answer: Answer, *, status: int | None = None, body: bytes | None = None, **headers: str) -> Answer:
    """An answer with another status, body, or headers (an empty value removes one)."""
    changed = {**answer.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
    kept = {name: value for name, value in changed.items() if value}
    return replace(
        answer,
        status=answer.status if status is None else status,
        body=answer.body if body is None else body,
        headers=kept,
    )
