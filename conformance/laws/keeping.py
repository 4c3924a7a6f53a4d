"""The laws of the contract: what is asked of an operation, and what its answer must be like whatever was asked.

What resources hold is judged by the checks of structures, once; here a resource is judged by its type only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.fhir import outcome
from conformance.fhir.bundle import key_of
from conformance.laws.answers import Answers, Deviation
from conformance.laws.drawing import EDGES, Asking, Questions
from conformance.laws.ground import Ground

Pairs = tuple[tuple[str, str], ...]
_SEARCH, _READ = "/{}", "/{}/{{id}}"
_WRONG, _KNOWN = 0.5, 0.5  # how often a request is wrong, and asks for what the candidate has
_TYPED = 0.5  # how often what is wrong is a value at the edges, of a parameter of which not every text is one
_HELD = 0.8  # how often a criterion of several that are drawn together is asked; shrinking leaves it out
_SHAPED = 0.3  # how often a read says in which form it is answered
_MOST = 3  # criteria of a search
_SHAPING = ("_count", "_sort", "_include", "_revinclude", "_format")


def searching(ask: Asking) -> Questions | None:
    """A search by a few criteria, of which one may be wrong, or by one of the candidate's own values; or by a value at
    the edges of a parameter of which not every text is a value, alone: the refusal of another criterion would hide
    whether it is read."""
    contract, path = ask.ground.contract, _SEARCH.format(ask.kind)
    wrong = ask.draw.happens(_WRONG)
    if wrong and ask.draw.happens(_TYPED):
        name = ask.draw.one_of(ask.draw.one_of(contract.typed(path)))
        return [ask.question("asked", [(name, ask.draw.one_of(EDGES))], pages=1)]
    query: Pairs = ()
    for number in range(ask.draw.number(1, _MOST)):
        way = ask.draw.one_of(ask.draw.one_of(contract.ways(path)))
        drawn = contract.asked(ask.draw.of(contract.requests(way, right=number > 0 or not wrong)))[1]
        query += tuple(pair for pair in drawn if len(drawn) == 1 or ask.draw.happens(_HELD))
    if not wrong and ask.draw.happens(_KNOWN):
        query = (*ask.criteria(1, 1), *(pair for pair in query if pair[0] in _SHAPING))
    return [ask.question("asked", query, pages=1)]


def reading(ask: Asking) -> Questions | None:
    """The read of an id, right or wrong; some of the right ones known, some with what shapes an answer."""
    contract, path = ask.ground.contract, _READ.format(ask.kind)
    wrong, known = ask.draw.happens(_WRONG), ask.ground.resources(ask.kind)
    where, query = contract.asked(ask.draw.of(contract.requests(path, not wrong)))
    if not wrong and known and ask.draw.happens(_KNOWN):
        where = key_of(ask.draw.one_of(known))
    if ask.draw.happens(_SHAPED):
        query += contract.asked(ask.draw.of(contract.requests(contract.ways(path)[0][0], True)))[1]
    return [ask.question("asked", query, path=where, pages=1)]


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
    for part, expected, actual in ground.contract.broken(path, first):
        told = ("outcome" if failed else success) if part == "body" else part
        yield Deviation("asked", expected, actual, code=f"contract.{told}")
    if failed:
        for name, words in outcome.internals(first.response.body.decode("utf-8", "replace")):
            yield Deviation("asked", "no internals", f"{name}: {words}", code="contract.internals")
