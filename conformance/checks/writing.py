"""Checks of what an application changes: the requests that write, in the order in which they came in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from conformance.checks.consumer import answered, barred, holds_parameters
from conformance.checks.evidence import Evidence
from conformance.codes import finding
from conformance.fhir.body import Unreadable
from conformance.fhir.fill import fill
from conformance.fhir.path import holds, select
from conformance.model import Exchange, Finding
from conformance.queries import AUTH, kind_of
from conformance.scenario_words import WRITING
from conformance.scenario_words import writes as changes

_FHIR_JSON = "application/fhir+json"
_OPERATIONS = ("add", "insert", "delete", "replace", "move")
_CAPACITY = "ror-location-supported-capacity"
_MOST = 6
_OF_THE_SENDING = ("authoredOn", "lastModified", "meta", "id")


def writes(evidence: Evidence) -> list[Exchange]:
    """The requests that change something: no search by POST, and none for a token."""
    return [one for one in evidence.current.exchanges
            if one.request.method in WRITING and changes(one.request.method, one.request.url)
            and not kind_of(one).startswith("$") and not one.request.url.startswith(AUTH)]


def sends(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """One of the requests changes what is wanted, as it is wanted, and was accepted."""
    known = {**evidence.profile.constants, **evidence.names}
    base = f"[base {parameters['base']}]" if "base" in parameters else "[base]"
    wanted = {name: value if value == "*" else fill(value, known, plain=True)
              for name, value in parameters.get("with", {}).items()}
    address = f"{parameters['method']} {base}/{parameters['resource']}"
    there = [one for one in writes(evidence) if _address(one) == address]
    asked = [one for one in there if holds_parameters(one, wanted)]
    shown = address + ("?" + "&".join(f"{name}={value}" for name, value in wanted.items()) if wanted else "")
    if not asked and barred(evidence):
        yield finding("bench.not-met", "a token", "none was given", "", evidence.first.id)
        return
    if not asked:
        came = "; ".join(f"{one.request.method} {unquote(one.request.url)}" for one in writes(evidence)[:_MOST])
        yield finding("request.missing", shown, came or "nothing that writes", "", evidence.first.id)
        return
    accepted = [one for one in asked if answered(one)]
    if not accepted:
        last = asked[-1]
        status = last.response.status if last.response is not None else "no answer"
        yield finding("request.refused", f"{shown} accepted", f"{status}", "status", last.id)
        return
    expression = parameters.get("body", "")
    if expression and not any(holds(_body(one), expression, known) for one in accepted):
        yield finding("request.body", expression, accepted[-1].request.body[:400], "body", accepted[-1].id)


def _address(exchange: Exchange) -> str:
    base, _, rest = exchange.request.url.partition("/")
    kind = re.split(r"[/?]", rest, maxsplit=1)[0]
    return f"{exchange.request.method} {base}/{kind}"


def _body(exchange: Exchange) -> Mapping[str, Any]:
    try:
        value = json.loads(exchange.request.body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def no_headers(names: Any, evidence: Evidence) -> Iterator[Finding]:
    """Requests that change something carry none of these headers."""
    found = writes(evidence)
    if not found:
        yield finding("bench.not-met", "a request that writes", "none", "", evidence.first.id)
    for exchange in found:
        for name in names:
            if value := exchange.request.header(name):
                yield finding("request.header", f"no {name}", value, name, exchange.id)


def sends_fhir(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """What is sent to be stored is JSON in UTF-8, and its media type tells that it is FHIR."""
    found = writes(evidence)
    if not found:
        yield finding("bench.not-met", "a request that writes", "none", "", evidence.first.id)
    for exchange in found:
        told = exchange.request.header("Content-Type")
        if told.partition(";")[0].strip().lower() != _FHIR_JSON:
            yield finding("request.header", f"Content-Type: {_FHIR_JSON}", told or "absent", "Content-Type",
                          exchange.id)
        elif not _body(exchange) or "\ufffd" in exchange.request.body:
            yield finding("request.body", "a JSON object in UTF-8", exchange.request.body[:80] or "nothing", "body",
                          exchange.id)


def operations(exchange: Exchange) -> list[Mapping[str, Any]] | None:
    """The operations of a FHIRPath Patch, each with its parts by name; None when the body is no such patch."""
    body = _body(exchange)
    listed = body.get("parameter")
    if body.get("resourceType") != "Parameters" or not isinstance(listed, list) or not listed:
        return None
    found: list[Mapping[str, Any]] = []
    for one in listed:
        parts = one.get("part") if isinstance(one, dict) and one.get("name") == "operation" else None
        if not isinstance(parts, list):
            return None
        found.append({str(part.get("name")): part for part in parts if isinstance(part, dict)})
    return found


def _said(operation: Mapping[str, Any], name: str) -> str:
    """The text of a part, as a code or (as the guide prints it) as a string."""
    part = operation.get(name, {})
    return str(next((value for key, value in part.items() if key.startswith("value")), ""))


def patch_form(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """Each PATCH is a FHIRPath Patch: operations of known types, each with its path; what is deleted has no value,
    what is added or replaced has one."""
    found = [one for one in writes(evidence) if one.request.method == "PATCH"]
    if not found:
        yield finding("bench.not-met", "a PATCH", "none", "", evidence.first.id)
    for exchange in found:
        listed = operations(exchange)
        if listed is None:
            yield finding("request.body", "Parameters with operations (FHIRPath Patch)",
                          exchange.request.body[:200] or "nothing", "body", exchange.id)
            continue
        for at, one in enumerate(listed):
            kind, place = _said(one, "type"), f"Parameters.parameter[{at}]"
            if kind not in _OPERATIONS:
                yield finding("request.body", " | ".join(_OPERATIONS), kind or "no type", place, exchange.id)
            elif not _said(one, "path"):
                yield finding("request.body", "a path", "none", place, exchange.id)
            elif kind in ("add", "replace", "insert") and len(one.get("value", {})) < 2:
                yield finding("request.body", "a value", "none", place, exchange.id)
            elif kind == "delete" and "value" in one:
                yield finding("request.body", "no value", "a value", place, exchange.id)


def replaces_first(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """A capacity is replaced; it is added only after the answer that says that the place has none such."""
    lacking: Exchange | None = None
    added = met = False
    for exchange in writes(evidence):
        for one in operations(exchange) or ():
            kind = _said(one, "type")
            if _CAPACITY not in json.dumps(one):
                continue
            met = True
            if kind == "add" and lacking is None:
                yield finding("request.order", "replace first; add after 404 on the capacity", "add", "", exchange.id)
            elif kind == "add":
                added = added or answered(exchange)
            elif kind == "replace" and _lacks(exchange, evidence):
                lacking, added = exchange, False
    if not met:
        yield finding("bench.not-met", "a capacity that is replaced or added", "none", "", evidence.first.id)
    elif lacking is not None and not added:
        yield finding("request.order", "add after 404 on the capacity", "no further change", "", lacking.id)


def _lacks(exchange: Exchange, evidence: Evidence) -> bool:
    """Whether an answer says that the place has no such capacity (ROR-HTTP-119), rather than that there is no such
    place (ROR-HTTP-120)."""
    if exchange.response is None or exchange.response.status != 404:
        return False
    try:
        told = evidence.bodies.read(exchange.response.body)
    except Unreadable:
        return False
    return any(_CAPACITY in str(expression) for expression in select(told, "issue.expression"))


def _without_times(exchange: Exchange) -> str:
    """What is to be created, whenever it is sent: times and the id of the sender left out."""
    body = {name: value for name, value in _body(exchange).items() if name not in _OF_THE_SENDING}
    return json.dumps(body, sort_keys=True) if body else exchange.request.body


def sent_once(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """A creation whose answer did not come may have been done: it is not sent again before it was looked for."""
    unknown: dict[tuple[str, str], Exchange] = {}
    met = False
    for exchange in evidence.current.exchanges:
        request = exchange.request
        searched = not changes(request.method, request.url)
        if request.method == "POST" and exchange in writes(evidence) and not exchange.request.header("If-None-Exist"):
            key = request.url, _without_times(exchange)
            earlier = unknown.get(key)
            if earlier is not None:
                yield finding("request.repeated", "looked for, then sent again", "sent again", "", exchange.id,
                              (earlier.id,))
            if exchange.response is None:
                met = True
                unknown[key] = exchange
        elif searched:
            base = request.url.partition("/")[0]
            unknown = {key: one for key, one in unknown.items() if not key[0].startswith(base)}
    if not met:
        yield finding("bench.not-met", "a creation without answer", "none", "", evidence.first.id)
