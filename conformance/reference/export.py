"""The bulk export of the server (``$export``): offers with what is linked to them, asked for, followed and fetched."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

import orjson

from conformance.reference import includes
from conformance.reference.fault import Answer, Json, Pairs
from conformance.reference.negotiation import MEDIA_TYPE
from conformance.reference.refusal import Refusal
from conformance.reference.searching import search
from conformance.reference.store import Store

_SLICE = 400  # resources of a file
_KEPT = 16
_LINES = "application/fhir+ndjson"
_FORMATS = frozenset(("application/fhir+json", "application/json", _LINES))
# what travels with an offer: its organization and those above it, its places, its professionals
_LINKED = ("HealthcareService:organization", "Organization:partof", "HealthcareService:location")
_LINKING = ("PractitionerRole:service",)
_FURTHER = ("PractitionerRole:practitioner",)


@dataclass
class _Job:
    """An extraction: what was asked, when and in which format, its files, whether its state was asked for yet."""

    name: str
    url: str
    time: str
    form: str
    files: list[list[Json]]
    polled: bool = False


class Exports:
    """The extractions asked for, by the number in their addresses; the oldest are forgotten."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._jobs: dict[str, _Job] = {}
        self._numbers = itertools.count()

    def turn(self, store: Store) -> None:
        """Goes on with another store, in which something was written."""
        self._store = store

    def begin(self, pairs: Pairs, url: str, base: str, now: datetime) -> Answer:
        """Accepts an extraction; Refusal 400 for a format or a type that is not served."""
        asked = dict(pairs)
        form = asked.get("_outputFormat", "application/fhir+json")
        if form not in _FORMATS:
            raise Refusal(400, "not-supported", f"_outputFormat {form!r} is not served")
        if asked.get("_type", "HealthcareService") != "HealthcareService":
            raise Refusal(400, "not-supported", "only _type=HealthcareService is served")
        name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{url}#{next(self._numbers)}"))
        files = [some[start:start + _SLICE] for some in self._resources(asked.get("_typeFilter", ""), now)
                 for start in range(0, len(some), _SLICE)]
        self._jobs[name] = _Job(name, url, now.isoformat(timespec="seconds"), form, files)
        for old in list(self._jobs)[:-_KEPT]:
            del self._jobs[old]
        return Answer(202, {"content-location": f"{base}/$export-poll-status?_jobId={name}"}, b"")

    def status(self, pairs: Pairs, base: str) -> Answer:
        """The state of an extraction: under way when it is first asked for, then its manifest."""
        job = self._job(pairs)
        if not job.polled:
            job.polled = True
            return Answer(202, {"x-progress": "extraction under way", "retry-after": "0"}, b"")
        files = [{"type": str(part[0]["resourceType"]), "url": f"{base}/$export-file?_jobId={job.name}&_file={number}"}
                 for number, part in enumerate(job.files)]
        body = {"transactionTime": job.time, "request": job.url, "requiresAccessToken": True, "output": files,
                "error": []}
        return Answer(200, {"content-type": "application/json"}, orjson.dumps(body))

    def file(self, pairs: Pairs) -> Answer:
        """One file of an extraction."""
        job, number = self._job(pairs), dict(pairs).get("_file", "")
        if not number.isdecimal() or int(number) >= len(job.files):
            raise Refusal(404, "not-found", "there is no such file")
        part = job.files[int(number)]
        if job.form == _LINES:
            lines = [orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in part]
            return Answer(200, {"content-type": _LINES}, b"".join(lines))
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in part]}
        return Answer(200, {"content-type": MEDIA_TYPE}, orjson.dumps(bundle))

    def _job(self, pairs: Pairs) -> _Job:
        job = self._jobs.get(dict(pairs).get("_jobId", ""))
        if job is None:
            raise Refusal(404, "not-found", "there is no such extraction")
        return job

    def _resources(self, filtered: str, now: datetime) -> list[list[Json]]:
        """The offers of an extraction and what is linked to them, by type."""
        kind, _, query = filtered.partition("?")
        if filtered and kind != "HealthcareService":
            raise Refusal(400, "not-supported", "_typeFilter is served for HealthcareService only")
        pairs = tuple(parse_qsl(query, keep_blank_values=True))
        matches = search(self._store, "HealthcareService", pairs, now, strict=True).ranks
        wanted = [one for word, values in (("_include:iterate", (*_LINKED, *_FURTHER)), ("_revinclude", _LINKING))
                  for value in values if (one := includes.read(word, value)) is not None]
        linked = includes.included(self._store, "HealthcareService", matches, wanted)
        keys = [*(("HealthcareService", rank) for rank in matches), *linked]
        by_kind: dict[str, list[Json]] = {}
        for name, rank in keys:
            by_kind.setdefault(name, []).append(self._store.at(name, rank))
        return list(by_kind.values())
