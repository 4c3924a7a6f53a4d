"""The contract of a profile as Schemathesis knows it: requests drawn from the OpenAPI document, right ones and wrong
ones, and what is wrong in an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from conformance import openapi
from conformance.model import Exchange
from conformance.specification import Profile

if TYPE_CHECKING:
    import schemathesis

_BASE = "http://candidate"  # stands before a path while a request is made ready; nothing is sent there
_TOGETHER = 4  # parameters that are drawn from at a time
_MOST_TOLD = 300  # characters of what Schemathesis says
_TYPED = ("date", "number", "quantity")  # parameters of which not every text is a value


class Contract:
    """The operations GET of a profile, by their path in the document. Criteria are drawn from some at a time: the more
    wrong ones a request has, the less its answer tells, and the longer it takes to draw."""

    def __init__(self, profile: Profile) -> None:
        self._document = openapi.document(profile)
        self._strategies: dict[tuple[str, int, bool], Any] = {}
        self._operations: dict[tuple[str, int], schemathesis.APIOperation] = {}
        self._forms = {(one["type"], each["name"]): re.compile(f"(?:{openapi.FORMS[each['type']]})\\Z")
                       for one in profile.capability["resources"] for each in one["search-parameters"]
                       if each["type"] in _TYPED}

    def parts(self, path: str) -> int:
        """In how many parts the parameters of an operation are drawn from."""
        return max(1, -(-len(self._document["paths"][path]["get"]["parameters"]) // _TOGETHER))

    def requests(self, path: str, part: int, right: bool) -> Any:
        """A strategy of requests of an operation with one part of its parameters, right or wrong ones, for
        ``asked``."""
        if (path, part, right) not in self._strategies:
            from schemathesis import GenerationMode

            mode = GenerationMode.POSITIVE if right else GenerationMode.NEGATIVE
            self._strategies[path, part, right] = self._operation(path, part).as_strategy(generation_mode=mode)
        return self._strategies[path, part, right]

    def asked(self, case: schemathesis.Case) -> tuple[str, tuple[tuple[str, str], ...]]:
        """The path and the query of a request that was drawn."""
        import requests

        made = case.as_transport_kwargs(base_url=_BASE)
        url = urlsplit(str(requests.Request(made["method"], made["url"], params=made.get("params")).prepare().url))
        return unquote(url.path).lstrip("/"), tuple(parse_qsl(url.query, keep_blank_values=True))

    def misformed(self, kind: str, query: Mapping[str, str]) -> str:
        """A criterion whose value has not the form of its type, which must be refused; empty when there is none."""
        for name, value in query.items():
            form = self._forms.get((kind, name))
            if form is not None and value and not all(map(form.match, value.split(","))):
                return f"{name}={value}"
        return ""

    def broken(self, path: str, exchange: Exchange) -> Iterator[tuple[str, str]]:
        """What Schemathesis finds wrong in an answer: ``status``, ``content-type`` or ``body``, and its words."""
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
        case = self._operation(path, 0).Case(path_parameters={"id": "1"} if "{id}" in path else {})
        for part, check in (("status", checks.status_code_conformance), ("content-type", checks.content_type_conformance),
                            ("body", checks.response_schema_conformance)):
            try:
                case.validate_response(answer, checks=[check])
            except FailureGroup as group:
                yield part, "; ".join(" ".join(str(one).split()) for one in group.exceptions)[:_MOST_TOLD]

    def _operation(self, path: str, part: int) -> schemathesis.APIOperation:
        if (path, part) not in self._operations:
            import schemathesis  # takes half a second: only where a contract is asked

            whole = self._document["paths"][path]
            asked = [{**one, "schema": {**one["schema"], "maxItems": 1}} for one in
                     whole["get"]["parameters"][part * _TOGETHER : (part + 1) * _TOGETHER]]
            alone = {**whole, "get": {**whole["get"], "parameters": asked}}
            configured = schemathesis.Config.from_dict({})  # else a file of the folder it runs in would be read
            schema = schemathesis.openapi.from_dict({**self._document, "paths": {path: alone}}, config=configured)
            self._operations[path, part] = schema[path]["GET"]
        return self._operations[path, part]
