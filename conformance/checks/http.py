"""Checks of one answer: status, media type, encoding, headers, errors, the resource it carries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from conformance.checks.evidence import Evidence
from conformance.codes import finding
from conformance.fhir import outcome
from conformance.fhir.body import Unreadable
from conformance.fhir.fill import fill
from conformance.fhir.path import holds
from conformance.model import Finding


def status(wanted: Any, evidence: Evidence) -> Iterator[Finding]:
    """The HTTP status is the one wanted: a code, a class such as 4XX, or one of a list."""
    actual = evidence.response.status
    if isinstance(wanted, str):
        fits = str(actual)[0] == wanted[0]
    else:
        fits = actual in wanted if isinstance(wanted, list) else actual == wanted
    if not fits:
        shown = " or ".join(map(str, wanted)) if isinstance(wanted, list) else wanted
        yield finding("http.status", shown, actual, "status", evidence.first.id)


def content_type(wanted: str, evidence: Evidence) -> Iterator[Finding]:
    """The media type of the answer is the one wanted, parameters aside; charset, if said, is UTF-8."""
    actual = evidence.response.header("Content-Type")
    media, _, rest = actual.partition(";")
    if media.strip().lower() != wanted:
        yield finding("http.content-type", wanted, actual or "no Content-Type", "Content-Type", evidence.first.id)
    elif re.search(r"charset\s*=\s*\"?(?!utf-?8\b)[\w-]+", rest, re.IGNORECASE):
        yield finding("http.content-type", f"{wanted}; charset=UTF-8", actual, "Content-Type", evidence.first.id)


def utf8(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """The bytes of the body are UTF-8."""
    for exchange in evidence.current.exchanges:
        body = exchange.response.body if exchange.response else b""
        try:
            body.decode("utf-8")
        except UnicodeDecodeError as error:
            yield finding("http.not-utf8", "UTF-8", f"byte 0x{body[error.start]:02x} at {error.start}", "body",
                          exchange.id)


def header(wanted: Any, evidence: Evidence) -> Iterator[Finding]:
    """A header of the answer matches a regular expression."""
    actual = evidence.response.header(wanted["name"])
    if not re.search(wanted["matches"], actual):
        yield finding("http.header", wanted["matches"], actual or "absent", wanted["name"], evidence.first.id)


def no_internals(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """No stack trace, database query, class name or path of the server shows in the body."""
    text = evidence.response.body.decode("utf-8", "replace")
    for name, words in outcome.internals(text):
        yield finding("error.internals", "no internals", f"{name}: {words}", "body", evidence.first.id)


def operation_outcome(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """The body is an OperationOutcome with at least one issue that tells the cause."""
    if evidence.response.status < 400:
        yield finding("blocked.status", "status 4XX or 5XX", evidence.response.status, "status", evidence.first.id)
        return
    if not outcome.is_outcome(evidence.body):
        yield finding("error.no-outcome", "OperationOutcome", evidence.body.get("resourceType", "no resourceType"),
                      "resourceType", evidence.first.id)
        return
    issues = outcome.issues(evidence.body)
    told = any(one.get("severity") and one.get("code") and (one.get("diagnostics") or one.get("details"))
               for one in issues)
    if not told:
        yield finding("error.empty-outcome", "an issue with severity, code and diagnostics or details",
                      f"{len(issues)} issues", "OperationOutcome.issue", evidence.first.id)


def resource(wanted: Any, evidence: Evidence) -> Iterator[Finding]:
    """The body is a resource of the type wanted, and of the id wanted."""
    kind, identifier = evidence.body.get("resourceType"), evidence.body.get("id")
    if kind != wanted["type"]:
        yield finding("body.other-resource", wanted["type"], kind or "no resourceType", "resourceType",
                      evidence.first.id)
    elif "id" in wanted and identifier != (asked := fill(wanted["id"], evidence.names, plain=True)):
        yield finding("body.other-resource", asked, identifier or "no id", f"{kind}.id", evidence.first.id)


def fhirpath(expression: str, evidence: Evidence) -> Iterator[Finding]:
    """A FHIRPath expression is true for the body."""
    names = {**evidence.profile.constants, **evidence.names}
    if not holds(evidence.body, expression, names):
        yield finding("body.expression", expression, "false", str(evidence.body.get("resourceType", "")),
                      evidence.first.id)


def fhirpath_of_error(expression: str, evidence: Evidence) -> Iterator[Finding]:
    """A FHIRPath expression is true for the body of an answer that refuses."""
    if evidence.response.status < 400:
        yield finding("blocked.status", "status 4XX or 5XX", evidence.response.status, "status", evidence.first.id)
        return
    yield from fhirpath(expression, evidence)


def same_as(wanted: Any, evidence: Evidence) -> Iterator[Finding]:
    """The resource read is equal to the one that another step found under the same id and version."""
    here = evidence.body
    key = (here.get("resourceType"), here.get("id"))
    for _, entry in evidence.matches(evidence.steps[wanted["step"]]):
        other = entry.resource
        if (other.get("resourceType"), other.get("id")) != key:
            continue
        before, now = _version(other), _version(here)
        if before != now:
            yield finding("data.changed", f"version {before}", f"version {now}", "meta", evidence.first.id)
        elif other != here:
            changed = sorted(name for name in {*here, *other} if here.get(name) != other.get(name))
            yield finding("read.differs", "the content found by the search", f"other {', '.join(changed)}",
                          f"{key[0]}.{changed[0]}", evidence.first.id)
        return
    yield finding("blocked.no-match", "the resource among the matches of the search", "not among them", "",
                  evidence.first.id)


def _version(resource: Any) -> str:
    meta = resource.get("meta")
    said = [meta.get("versionId"), meta.get("lastUpdated")] if isinstance(meta, dict) else []
    return ", ".join(str(one) for one in said if one) or "?"


def unreadable(evidence: Evidence) -> Unreadable | None:
    """Why the body is not the JSON object expected; None when it is one."""
    try:
        evidence.bodies.read(evidence.response.body)
    except Unreadable as error:
        return error
    return None
