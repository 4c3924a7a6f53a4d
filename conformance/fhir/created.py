"""Resources that a run creates on a server: found in the answer, found again by their mark, taken back.

The ROR has no deletion (ROR-HTTP-092): the end of life of a resource is a status. What takes back a resource of a type
is data of the profile (``removal``): a FHIRPath Patch, or the body of an update.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from conformance.fhir.body import Bodies, Unreadable
from conformance.fhir.bundle import entries, is_match, is_searchset, key_of
from conformance.model import Ask, Exchange, Scenario, Sent, Step, Written
from conformance.scenario_words import PLACEHOLDER
from conformance.specification import Profile

_LOCATION = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[^/]+)?/?$")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def key(sent: Sent, bodies: Bodies) -> str:
    """``Type/id`` of what a POST created: told by the Location header or else by the body; empty when neither does."""
    answer = sent.exchanges[0].response if sent.exchanges else None
    if sent.ask.method != "POST" or not sent.ask.writes or answer is None or not 200 <= answer.status < 300:
        return ""
    kind = sent.ask.path.partition("/")[0]
    told = _LOCATION.search(answer.header("Location"))
    if told and told.group(1) == kind:
        return f"{kind}/{told.group(2)}"
    try:
        body = bodies.read(answer.body)
    except Unreadable:
        return ""
    identifier = body.get("id")
    usable = isinstance(identifier, str) and _ID.fullmatch(identifier)
    return f"{kind}/{identifier}" if body.get("resourceType") == kind and usable else ""


def awaited(scenario: Scenario, step: Step, names: Mapping[str, Any]) -> str:
    """The step whose creation a step names, and which created nothing."""
    creating = {one.name for one in scenario.steps if one.method == "POST" and one.writes}
    text = orjson.dumps([step.path, step.query, step.headers, step.body]).decode()
    used = {found[0] for found in PLACEHOLDER.findall(text)}
    return next((name for name in sorted(creating & used) if name not in names), "")


def mark(ask: Ask, unique: str) -> str:
    """The value of the identifier, in the body of a creation, that is of this run alone; what is of this run alone in a
    body that is no JSON; empty when there is none."""
    try:
        body = orjson.loads(ask.body)
    except orjson.JSONDecodeError:
        return unique if unique in ask.body else ""
    return next((value for value in identifiers(body) if unique and unique in value), "")


def identifiers(body: Any) -> list[str]:
    """The values of the identifiers of a body, which may be any JSON value."""
    held = body.get("identifier") if isinstance(body, dict) else None
    values = [one.get("value") for one in (held if isinstance(held, list) else [held]) if isinstance(one, dict)]
    return [value for value in values if isinstance(value, str)]


def search(written: Written) -> Ask:
    """The search of what a write created, by the identifier that carries its mark."""
    return Ask("GET", written.path.partition("/")[0], (("identifier", written.mark),), base=written.base)


def keys(exchange: Exchange, marks: Iterable[str], bodies: Bodies) -> list[str] | None:
    """``Type/id`` of the matches of a searchset of which an identifier holds one of the marks. None when the answer is
    no searchset, or has only other matches: a server that does not know the criterion answers with all that it has."""
    body = bodies.of(exchange)
    if body is None or not is_searchset(body):
        return None
    kind = exchange.request.url.partition("?")[0].rpartition("/")[2]
    matches = [one.resource for one in entries(body) if is_match(one, kind)]
    found = [key_of(one) for one in matches if any(mark in value for value in identifiers(one) for mark in marks)]
    return found if found or not matches else None


def removal(profile: Profile, resource: str, base: str) -> Ask:
    """The request that ends the life of a resource, as the profile says for its type; or, where that takes an update,
    the reading of the resource, of which ``update`` makes the request."""
    told = profile.removal[resource.partition("/")[0]]
    if isinstance(told, Mapping):
        return Ask("GET", resource, base=base)
    return Ask("PATCH", resource, body=orjson.dumps(patch(told)).decode(), base=base)


def update(profile: Profile, resource: str, base: str, read: Exchange, bodies: Bodies) -> Ask | None:
    """The update that ends the life of a resource as it was read; None when it could not be read."""
    body = bodies.of(read)
    if body is None:
        return None
    told = profile.removal[resource.partition("/")[0]]
    assert isinstance(told, Mapping)
    return Ask("PUT", resource, body=orjson.dumps({**body, **told}).decode(), base=base)


def patch(operations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The Parameters resource of FHIRPath Patch operations: ``type``, ``path``, and ``name`` and ``value`` where they
    are wanted; ``value`` is written as a part is (``{valueCode: inactive}``)."""
    made = []
    for one in operations:
        parts: list[dict[str, Any]] = [{"name": "type", "valueCode": one["type"]},
                                       {"name": "path", "valueString": one["path"]}]
        if "name" in one:
            parts.append({"name": "name", "valueString": one["name"]})
        if "value" in one:
            parts.append({"name": "value", **one["value"]})
        made.append({"name": "operation", "part": parts})
    return {"resourceType": "Parameters", "parameter": made}
