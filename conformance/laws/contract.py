"""The contract of a profile as Schemathesis knows it: requests drawn from the OpenAPI document, right ones and wrong
ones, and what is wrong in an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from conformance import openapi
from conformance.model import Exchange
from conformance.specification import Profile

if TYPE_CHECKING:
    from schemathesis import Case
    from schemathesis.schemas import APIOperation

_BASE = "http://candidate"  # stands before a path while a request is made ready; nothing is sent there
_MOST_TOLD = 80  # characters of a value that has not the form expected
_TYPE = re.compile(r'is not of type "(.+)"')
_CONST = re.compile(r'^"?(.+?)"? was expected')
_REQUIRED = re.compile(r'"(.+)" is a required property')
# parameters of which not every text is a value: a date has its form, a number or quantity a digit at the least
_TYPED = {"date": re.compile(f"(?:{openapi.FORMS['date']})\\Z"), "number": re.compile(r"[^|]*\d"),
          "quantity": re.compile(r"[^|]*\d")}


class Contract:
    """The operations GET of a profile, by their path in the document. Parameters are drawn one by one: the more wrong
    ones a request has, the less its answer tells."""

    def __init__(self, profile: Profile) -> None:
        import schemathesis  # takes half a second: only where a contract is asked

        whole = openapi.document(profile)
        held = {path: one for path, one in whole["paths"].items() if "get" in one}
        self._parameters = {path: one["get"]["parameters"] for path, one in held.items()}
        alone = {f"{path}/{number}": {**one, "get": {**one["get"], "parameters": [_single(each)]}}
                 for path, one in held.items() for number, each in enumerate(one["get"]["parameters"])}
        bare = {path: {**one, "get": {**one["get"], "parameters": []}} for path, one in held.items()}
        configured = schemathesis.Config.from_dict({})  # else a file of the folder it runs in would be read
        self._schema = schemathesis.openapi.from_dict({**whole, "paths": {**bare, **alone}}, config=configured)
        self._strategies: dict[tuple[str, bool], Any] = {}
        self._operations: dict[str, APIOperation[Any, Any, Any, Any]] = {}
        self._forms = {(one["type"], each["name"]): _TYPED[each["type"]] for one in profile.capability["resources"]
                       for each in one["search-parameters"] if each["type"] in _TYPED}

    def ways(self, path: str) -> Sequence[Sequence[str]]:
        """The operation of a path with each of its parameters alone, for ``requests``; those of one form together."""
        return self._by_form(path, lambda number, _one: f"{path}/{number}")

    def typed(self, path: str) -> Sequence[Sequence[str]]:
        """The parameters of a path of which not every text is a value; those of one form together."""
        kind = path.split("/")[1]
        return self._by_form(path, lambda _number, one: one["name"] if (kind, one["name"]) in self._forms
                             or one["schema"]["type"] == "integer" else "")

    def _by_form(self, path: str, told: Callable[[int, Mapping[str, Any]], str]) -> Sequence[Sequence[str]]:
        found: dict[str, list[str]] = {}
        for number, one in enumerate(self._parameters[path]):
            if name := told(number, one):
                found.setdefault(json.dumps(one["schema"]), []).append(name)
        return list(found.values())

    def requests(self, way: str, right: bool) -> Any:
        """A strategy of requests of an operation, right or wrong ones, for ``asked``."""
        if (way, right) not in self._strategies:
            from schemathesis import GenerationMode

            mode = GenerationMode.POSITIVE if right else GenerationMode.NEGATIVE
            self._strategies[way, right] = self._operation(way).as_strategy(generation_mode=mode)
        return self._strategies[way, right]

    def asked(self, case: Case[Any]) -> tuple[str, tuple[tuple[str, str], ...]]:
        """The path and the query of a request that was drawn."""
        import requests

        made = case.as_transport_kwargs(base_url=_BASE)
        url = urlsplit(str(requests.Request(made["method"], made["url"], params=made.get("params")).prepare().url))
        return unquote(url.path).lstrip("/"), tuple(parse_qsl(url.query, keep_blank_values=True))

    def misformed(self, kind: str, query: Mapping[str, str]) -> str:
        """A criterion whose value has not the form of its type, which must be refused; empty when there is none."""
        for name, value in query.items():
            form = self._forms.get((kind, name))
            if form is not None and not all(map(form.match, filter(None, value.split(",")))):
                return f"{name}={value}"
        return ""

    def broken(self, path: str, exchange: Exchange) -> Iterator[tuple[str, str, str]]:
        """What Schemathesis finds wrong in an answer: ``status``, ``content-type`` or ``body``, what was expected and
        received."""
        import requests
        from schemathesis.core.failures import FailureGroup
        from schemathesis.core.transport import Response
        from schemathesis.specs.openapi import checks

        response = exchange.response
        assert response is not None
        headers: dict[str, list[str]] = {}
        for name, value in response.headers:
            headers.setdefault(name, []).append(value)
        request = requests.Request(exchange.request.method, _BASE).prepare()
        answer = Response(response.status, headers, response.body, request, 0.0, verify=True)
        case = self._operation(path).Case(path_parameters={"id": "1"} if "{id}" in path else {})
        judges = {"status": checks.status_code_conformance, "content-type": checks.content_type_conformance,
                  "body": checks.response_schema_conformance}
        for part, check in judges.items():
            try:
                case.validate_response(answer, checks=[check])
            except FailureGroup as group:
                if part == "status":
                    yield part, "status 200, 4XX or 5XX", f"status {response.status}"
                elif part == "content-type":
                    yield part, openapi.FHIR_JSON, response.header("content-type") or "none"
                else:
                    yield part, *_departure(group.exceptions[0])

    def _operation(self, way: str) -> APIOperation[Any, Any, Any, Any]:
        if way not in self._operations:
            self._operations[way] = self._schema[way]["GET"]
        return self._operations[way]


def _departure(failure: BaseException) -> tuple[str, str]:
    """Where a body departs from its schema: what was expected there, and received."""
    from schemathesis.openapi.checks import JsonSchemaError

    if not isinstance(failure, JsonSchemaError):
        return "a JSON object", "something else"
    place = list(map(str, failure.instance_path))
    said = failure.validation_message
    if missing := _REQUIRED.search(said):
        return ".".join((*place, missing[1])), "none"
    where, seen = ".".join(place) or "the body", json.dumps(failure.instance, ensure_ascii=False)[:_MOST_TOLD]
    if typed := _TYPE.search(said):
        return f"{where} of type {typed[1]}", seen
    if fixed := _CONST.search(said):
        return f"{where} = {fixed[1]}", seen
    return f"the form of {where} in the contract", seen


def _single(parameter: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter that is always there, once."""
    return {**parameter, "required": True, "schema": {**parameter["schema"], "minItems": 1, "maxItems": 1}}


_contracts: dict[str, Contract] = {}


def contract(profile: Profile) -> Contract:
    """The contract of a profile, made once."""
    if profile.hash not in _contracts:
        _contracts[profile.hash] = Contract(profile)
    return _contracts[profile.hash]
