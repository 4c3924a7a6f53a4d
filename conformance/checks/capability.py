"""Checks of the CapabilityStatement: what it is, what it declares, and whether what it declares is served."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.checks.evidence import Evidence
from conformance.codes import finding
from conformance.fhir.bundle import objects
from conformance.model import Finding

_NOT_SERVED = (404, 405, 410, 501)


def capability_statement(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """The body is the CapabilityStatement of a running FHIR R4 server that exchanges JSON."""
    body, exchange = evidence.body, evidence.first.id
    if body.get("resourceType") != "CapabilityStatement":
        yield finding("capability.kind", "CapabilityStatement", body.get("resourceType", "no resourceType"),
                      "resourceType", exchange)
        return
    aspect = parameters["aspect"]
    if aspect == "kind" and (body.get("kind") != "instance" or not _rest(body)):
        yield finding("capability.kind", "kind instance, with a rest part of mode server", body.get("kind", "absent"),
                      "CapabilityStatement.kind", exchange)
    if aspect == "fhir-version" and body.get("fhirVersion") != "4.0.1":
        yield finding("capability.fhir-version", "4.0.1", body.get("fhirVersion", "absent"),
                      "CapabilityStatement.fhirVersion", exchange)
    formats = body.get("format")
    if aspect == "format" and not {"json", "application/fhir+json"} & set(_words(formats)):
        yield finding("capability.format", "application/fhir+json", ", ".join(_words(formats)) or "absent",
                      "CapabilityStatement.format", exchange)


def declares_interactions(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """The interactions that the guide asks for the resource type are declared."""
    said = interactions(evidence.body, parameters["type"])
    for wanted in _asked(evidence, parameters["type"]).get("interactions", ()):
        if wanted not in said:
            yield finding("capability.interaction", wanted, ", ".join(sorted(said)) or "none",
                          f"CapabilityStatement.rest.resource({parameters['type']}).interaction", evidence.first.id)


def declares_search(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """The search parameters of the guide are declared for the resource type, or for all types."""
    kind = parameters["type"]
    said = search_parameters(evidence.body, kind)
    for wanted in _asked(evidence, kind).get("search-parameters", ()):
        if wanted["name"] not in said:
            yield finding("capability.search-parameter", wanted["name"], "absent",
                          f"CapabilityStatement.rest.resource({kind}).searchParam", evidence.first.id)


def declares_includes(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """The inclusions of the guide are declared for the resource type, one by one or comma-joined."""
    kind = parameters["type"]
    asked, key = ("search-revinclude", "searchRevInclude") if parameters.get("reverse") else ("search-include",
                                                                                            "searchInclude")
    said: set[str] = set()
    for one in _words(_resource(evidence.body, kind).get(key)):
        said.update(part.strip() for part in one.split(","))
    for wanted in _asked(evidence, kind).get(asked, ()):
        if wanted not in said and "*" not in said:
            yield finding("capability.search-parameter", wanted, ", ".join(sorted(said)) or "none",
                          f"CapabilityStatement.rest.resource({kind}).{key}", evidence.first.id)


def does_not_declare(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """Interactions that the guide leaves out are declared for no resource type."""
    for one in _resources(evidence.body):
        for name in sorted(interactions(evidence.body, str(one.get("type"))) & set(parameters["interactions"])):
            yield finding("capability.unexpected", f"without {name}", name,
                          f"CapabilityStatement.rest.resource({one.get('type')}).interaction", evidence.first.id)


def served_if_declared(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """When another step's statement declares the interaction on the type, this request is served."""
    statement = _statement(evidence, parameters["statement"])
    if statement is None:
        yield finding("blocked.body", "the statement of the server", "not read", "", evidence.first.id)
        return
    declared = parameters["interaction"] in interactions(statement, parameters["type"])
    actual = evidence.response.status
    if declared and actual in _NOT_SERVED:
        yield finding("capability.not-served", f"{parameters['interaction']} of {parameters['type']}, as declared",
                      f"status {actual}", "status", evidence.first.id)


def search_served_if_declared(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """When another step's statement declares the search parameter on the type, a search by it is executed."""
    statement = _statement(evidence, parameters["statement"])
    if statement is None:
        yield finding("blocked.body", "the statement of the server", "not read", "", evidence.first.id)
        return
    declared = parameters["parameter"] in search_parameters(statement, parameters["type"])
    actual = evidence.response.status
    if declared and actual != 200:
        yield finding("capability.not-served", f"search of {parameters['type']} by {parameters['parameter']}",
                      f"status {actual}", "status", evidence.first.id)


def declares_security(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """The statement declares OAuth as security service, and no CORS."""
    security = _rest(evidence.body).get("security")
    told = security if isinstance(security, dict) else {}
    codes = {one.get("code") for service in objects(told.get("service")) for one in objects(service.get("coding"))}
    if "OAuth" not in codes:
        yield finding("capability.security", "service OAuth", ", ".join(sorted(map(str, codes))) or "none",
                      "CapabilityStatement.rest.security.service", evidence.first.id)
    if told.get("cors") is not False:
        yield finding("capability.security", "cors false", "cors true" if told.get("cors") else "no cors",
                      "CapabilityStatement.rest.security.cors", evidence.first.id)


def interactions(statement: Mapping[str, Any], kind: str) -> set[str]:
    """The interactions that a statement declares on a type."""
    items = _resource(statement, kind).get("interaction")
    return {str(one.get("code")) for one in items if isinstance(one, dict)} if isinstance(items, list) else set()


def search_parameters(statement: Mapping[str, Any], kind: str) -> set[str]:
    """The search parameters that a statement declares on a type, or at the level of the server."""
    found: set[str] = set()
    for holder in (_rest(statement), _resource(statement, kind)):
        items = holder.get("searchParam")
        if isinstance(items, list):
            found |= {str(one.get("name")) for one in items if isinstance(one, dict)}
    return found


def _statement(evidence: Evidence, step: str) -> Mapping[str, Any] | None:
    body = evidence.bodies.of(evidence.steps[step].exchanges[0])
    return body if body is not None and body.get("resourceType") == "CapabilityStatement" else None


def _rest(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((one for one in objects(statement.get("rest")) if one.get("mode") == "server"), {})


def _resources(statement: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return objects(_rest(statement).get("resource"))


def _resource(statement: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    return next((one for one in _resources(statement) if one.get("type") == kind), {})


def _asked(evidence: Evidence, kind: str) -> Mapping[str, Any]:
    items = evidence.profile.capability["resources"]
    return next((one for one in items if one["type"] == kind), {})


def _words(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
