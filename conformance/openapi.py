"""A profile as an OpenAPI 3.1 document: what may be asked of a server, in which form, and what it must answer.

What OpenAPI has no word for is left out: modifiers and chains, whose names are open, and ``_has``. The same profile
gives the same document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.fhir.structure import Structures
from conformance.specification import Profile

Written = dict[str, Any]
FHIR_JSON = "application/fhir+json"
_COMPONENTS = "#/components/schemas/"
_ID = r"^[A-Za-z0-9\-.]{1,64}$"
_PREFIX = "(eq|ne|gt|ge|lt|le|sa|eb|ap)?"
_NUMBER = r"[+\-]?[0-9]+(\.[0-9]+)?([eE][+\-]?[0-9]+)?"
_YEAR = "([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)"
_DAY = _YEAR + r"(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01])"
_TIME = r"T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?(Z|[+\-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
# the form of one value, by type of search parameter (R4, search, 3.1.1.4)
FORMS: Mapping[str, str] = {
    "date": f"{_PREFIX}{_DAY}({_TIME})?)?)?",
    "number": f"{_PREFIX}{_NUMBER}",
    "quantity": rf"{_PREFIX}{_NUMBER}(\|[^|,]*\|[^|,]+)?",
    "token": r"([^|,$\\\s]+\|)?[^|,$\\\s]+",
    "reference": r"([A-Z][A-Za-z]+/)?[A-Za-z0-9\-.]{1,64}",
}
_NEAR = rf"^{_NUMBER}\|{_NUMBER}(\|[0-9]+(\.[0-9]+)?\|[a-z]+)?$"
_UNNAMED = ("_has",)  # its name holds what it asks
_EVERY = (
    ("_count", {"type": "integer", "minimum": 1, "maximum": 200}),
    ("_sort", {"type": "string", "enum": ["_lastUpdated", "-_lastUpdated"]}),
)
_STATUSES = {"create": ("post", "201"), "read": ("get", "200"), "update": ("put", "200"), "patch": ("patch", "200")}


def document(profile: Profile, structures: Structures | None = None) -> Written:
    """The document of a profile. With ``structures`` answers and bodies are described to the last element, without
    only by their type."""
    kinds = [one["type"] for one in profile.capability["resources"]]
    paths: Written = {"/metadata": {"get": _operation(
        "metadata", "What the server declares", [_format(profile)], "CapabilityStatement")}}
    for one in profile.capability["resources"]:
        paths |= dict(_paths(profile, one))
    schemas = {"Bundle": _bundle(kinds), "CapabilityStatement": _typed("CapabilityStatement"),
               "OperationOutcome": _outcome(), "Parameters": _typed("Parameters")}
    for kind in kinds:
        found = None if structures is None else structures.of_type(kind)
        held = _typed(kind) if found is None else _moved(found.schema)
        schemas |= held.pop("$defs", {})  # what structures share is the same in each
        schemas[kind] = held
    return {
        "openapi": "3.1.0",
        "info": {"title": profile.title.en, "version": profile.version,
                 "description": f"Derived from the profile {profile.id} ({profile.canonical}). Modifiers, chains and "
                                "_has are left out: their names are open."},
        "paths": paths,
        "components": {"schemas": schemas, "responses": {"Error": _answer("The request failed", "OperationOutcome")}},
    }


def _paths(profile: Profile, one: Mapping[str, Any]) -> Iterator[tuple[str, Written]]:
    kind, may = one["type"], one["interactions"]
    whole: Written = {}
    if "search-type" in may:
        whole["get"] = _operation(f"search-{kind}", f"Search {kind}", list(_parameters(profile, one)), "Bundle")
    if "create" in may:
        whole["post"] = _written("create", kind, kind)
    if whole:
        yield f"/{kind}", whole
    single: Written = {}
    if "read" in may:
        single["get"] = _operation(f"read-{kind}", f"Read a {kind}", [_format(profile)], kind)
    for word in ("update", "patch"):
        if word in may:
            single[_STATUSES[word][0]] = _written(word, kind, kind if word == "update" else "Parameters")
    if single:
        identifier = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": _ID}}
        yield f"/{kind}/{{id}}", {"parameters": [identifier], **single}


def _parameters(profile: Profile, one: Mapping[str, Any]) -> Iterator[Written]:
    """The criteria that the statement declares, and what shapes a result."""
    for name, kind in {each["name"]: each["type"] for each in one["search-parameters"]}.items():
        if name not in _UNNAMED:
            yield _asked(name, {"type": "array", "items": _form(name, kind)})
    for name, schema in _EVERY:
        yield _asked(name, schema)
    for name, word in (("_include", "search-include"), ("_revinclude", "search-revinclude")):
        if one.get(word):
            yield _asked(name, {"type": "array", "items": {"type": "string", "enum": list(one[word])}})
    yield _format(profile)


def _form(name: str, kind: str) -> Written:
    if name == "near":
        return {"type": "string", "pattern": _NEAR}
    form = FORMS.get(kind)
    return {"type": "string", "pattern": f"^{form}(,{form})*$"} if form else {"type": "string", "minLength": 1}


def _asked(name: str, schema: Written) -> Written:
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _format(profile: Profile) -> Written:
    return _asked("_format", {"type": "string", "enum": profile.capability["formats"][:1]})


def _operation(name: str, summary: str, parameters: list[Written], answer: str, status: str = "200") -> Written:
    return {"operationId": name, "summary": summary, "parameters": parameters,
            "responses": {status: _answer(summary, answer), **_errors()}}


def _written(word: str, kind: str, body: str) -> Written:
    status = _STATUSES[word][1]
    answers = {status: {"description": "done"}, **({"201": {"description": "created"}} if word == "update" else {})}
    return {"operationId": f"{word}-{kind}", "summary": f"{word.capitalize()} a {kind}",
            "requestBody": {"required": True, "content": {FHIR_JSON: {"schema": {"$ref": _COMPONENTS + body}}}},
            "responses": {**answers, **_errors()}}


def _errors() -> Written:
    return {words: {"$ref": "#/components/responses/Error"} for words in ("4XX", "5XX")}


def _answer(description: str, schema: str) -> Written:
    return {"description": description, "content": {FHIR_JSON: {"schema": {"$ref": _COMPONENTS + schema}}}}


def _typed(kind: str) -> Written:
    return {"type": "object", "required": ["resourceType"], "properties": {"resourceType": {"const": kind}}}


def _outcome() -> Written:
    issue = {"type": "object", "required": ["severity", "code"],
             "properties": {"severity": {"enum": ["fatal", "error", "warning", "information"]},
                            "code": {"type": "string", "minLength": 1}, "diagnostics": {"type": "string"}}}
    made = _typed("OperationOutcome")
    return {**made, "required": ["resourceType", "issue"],
            "properties": {**made["properties"], "issue": {"type": "array", "minItems": 1, "items": issue}}}


def _bundle(kinds: list[str]) -> Written:
    """A searchset: each resource by its type; others may stand beside, included."""
    chosen = [{"if": {"properties": {"resourceType": {"const": kind}}}, "then": {"$ref": _COMPONENTS + kind}}
              for kind in kinds]
    resource = {"type": "object", "required": ["resourceType"], "allOf": chosen}
    link = {"type": "object", "required": ["relation", "url"],
            "properties": {"relation": {"type": "string"}, "url": {"type": "string", "minLength": 1}}}
    entry = {"type": "object", "required": ["resource"], "properties": {
        "fullUrl": {"type": "string", "minLength": 1}, "resource": resource,
        "search": {"type": "object", "properties": {"mode": {"enum": ["match", "include", "outcome"]},
                                                    "score": {"type": "number"}}}}}
    made = _typed("Bundle")
    return {**made, "required": ["resourceType", "type"], "properties": {
        **made["properties"], "type": {"const": "searchset"}, "total": {"type": "integer", "minimum": 0},
        "link": {"type": "array", "items": link},
        "entry": {"type": "array", "items": entry}}}


def _moved(schema: Any) -> Any:
    """A schema whose definitions stand among the components, without the notes that the judge reads."""
    if isinstance(schema, list):
        return [_moved(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: part.replace("#/$defs/", _COMPONENTS) if name == "$ref" and isinstance(part, str) else _moved(part)
            for name, part in schema.items() if name not in ("$comment", "$schema") or isinstance(part, dict)}
