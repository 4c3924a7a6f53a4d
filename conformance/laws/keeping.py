"""The laws of the contract: what is asked of an operation, and what its answer must be like whatever was asked.

What resources hold is judged by the checks of structures, once; here a resource is judged by its type only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.fhir import outcome
from conformance.fhir.bundle import key_of
from conformance.laws.answers import Answers, Deviation
from conformance.laws.drawing import Asking, Questions
from conformance.laws.ground import Ground

Pairs = tuple[tuple[str, str], ...]
_SEARCH, _READ = "/{}", "/{}/{{id}}"
_RIGHT, _KNOWN = 0.5, 0.5  # how often a request is right, and asks for what the candidate has
_MOST = 3  # criteria of a search
_SHAPING = ("_count", "_sort", "_include", "_revinclude", "_format")
_EXPECTED = {"status": "status 200, 4XX or 5XX", "content-type": "application/fhir+json", "body": "the body of the contract"}


def searching(ask: Asking) -> Questions | None:
    """A search, right or wrong; some of the right ones with a criterion of the candidate's own values."""
    contract = ask.ground.contract
    where, right = _SEARCH.format(ask.kind), ask.draw.happens(_RIGHT)
    part = ask.draw.number(0, contract.parts(where) - 1)
    path, query = contract.asked(ask.draw.of(contract.requests(where, part, right)))
    if right and ask.draw.happens(_KNOWN):
        query = (*ask.criteria(1, 1), *(pair for pair in query if pair[0] in _SHAPING))
    query = _some(ask, query)
    return [ask.question("asked", query, path=path, pages=1)]


def reading(ask: Asking) -> Questions | None:
    """The read of an id, right or wrong; some of the right ones known."""
    contract = ask.ground.contract
    right = ask.draw.happens(_RIGHT)
    path, query = contract.asked(ask.draw.of(contract.requests(_READ.format(ask.kind), 0, right)))
    known = ask.ground.resources(ask.kind)
    if right and known and ask.draw.happens(_KNOWN):
        path = key_of(ask.draw.one_of(known))
    return [ask.question("asked", query, path=path, pages=1)]


def _some(ask: Asking, query: Pairs) -> Pairs:
    """A few of the criteria drawn, that lie beside each other: the fewer, the more the answer tells."""
    if not query:
        return query
    first, count = ask.draw.number(0, len(query) - 1), ask.draw.number(1, _MOST)
    return query[first : first + count]


def search_kept(answers: Answers, ground: Ground, given: Mapping[str, Any]) -> Iterator[Deviation]:
    """A search is answered as the contract says, and a value that has not the form of its type is refused."""
    kind = given["resource"]
    yield from _kept(answers, ground, _SEARCH.format(kind), "bundle")
    response = answers.sents["asked"].exchanges[0].response
    wrong = ground.contract.misformed(kind, dict(answers.sents["asked"].ask.query))
    if wrong and response is not None and response.status < 400:
        yield Deviation("asked", f"a refusal 4XX of {wrong}", f"status {response.status}", code="contract.accepted")


def read_kept(answers: Answers, ground: Ground, given: Mapping[str, Any]) -> Iterator[Deviation]:
    """A read is answered as the contract says."""
    yield from _kept(answers, ground, _READ.format(given["resource"]), "resource")


def _kept(answers: Answers, ground: Ground, path: str, success: str) -> Iterator[Deviation]:
    """How an answer departs from the contract; ``success`` names the body of a request that succeeded."""
    first = answers.sents["asked"].exchanges[0]
    if first.response is None:
        return
    failed = first.response.status >= 400
    if first.response.status >= 500:
        yield Deviation("asked", "status 200 or 4XX", f"status {first.response.status}", code="contract.server-error")
    for part, words in ground.contract.broken(path, first):
        told = ("outcome" if failed else success) if part == "body" else part
        yield Deviation("asked", _EXPECTED[part], words, code=f"contract.{told}")
    if failed:
        for name, words in outcome.internals(first.response.body.decode("utf-8", "replace")):
            yield Deviation("asked", "no internals", f"{name}: {words}", code="contract.internals")
