"""What a judgement rests on besides the requirement that it is about: the features of the request, of the check.

When one of them is broken by itself, a failure that rests on it is told as its consequence (report/roots.py), so
that one fault of a candidate is one thing to fix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from conformance.fhir.search import RESULT_PARAMETERS, split
from conformance.model import Ask, Expectation, Sent, Step
from conformance.specification import Profile

_PREFIX = re.compile(r"^(gt|ge|lt|le|sa|eb|ne)[\d-]")
_FILTER_NAME = re.compile(r"([\w:.-]+)\s+(?:eq|ne|gt|ge|lt|le|sa|eb|sw|co)\s")
_FILTER_PREFIX = re.compile(r"\s(?:gt|ge|lt|le|sa|eb|ne)\s")


def rests_on(profile: Profile, expectation: Expectation, sent: Sent, requirement: str) -> tuple[str, ...]:
    """The requirements, known to the profile, on which the judgement of a requirement rests."""
    known = profile.rests_on
    found = set(_of_step(known, sent.step))
    found.update(known.get("checks", {}).get(expectation.check, ()))
    found.update(_of_ask(known, sent.ask, profile))
    found.discard(requirement)
    return tuple(sorted(one for one in found if one in profile.requirements))


def _of_step(known: Mapping[str, Any], step: Step) -> Iterator[str]:
    checks = {one.check for one in step.expect}
    if "empty" in checks:
        yield from known.get("empty", ())


def _of_ask(known: Mapping[str, Any], ask: Ask, profile: Profile) -> Iterator[str]:
    features = known.get("query", {})
    query = ask.form or ask.query
    kind = ask.path.split("/")[0]
    selecting = [(name, value) for name, value in query if name.split(":")[0] not in RESULT_PARAMETERS]
    named = {name for name, _ in query}
    wanted = {"and"} if len(selecting) > 1 else set()
    wanted |= {word for word in ("count", "sort", "include", "revinclude") if f"_{word}" in named}
    for name, value in selecting:
        wanted |= set(_features(name, value))
        for here, base in _parameters(profile, kind, name, value):
            parameter = profile.search_parameters.get((here, base))
            plain = "|" not in value and name != "_filter" and base != "_id"
            if parameter is not None and parameter.type == "token" and plain:
                wanted.add("no-system")
            yield from _of_parameter(known, here, base)
    yield from (features[word] for word in wanted if word in features)


def _features(name: str, value: str) -> Iterator[str]:
    """The words of ``rests-on: query`` that a criterion makes use of."""
    if name == "_filter":
        yield "filter"
        if re.search(r"\sor\s", value, re.IGNORECASE):
            yield "filter-or"
        if _FILTER_PREFIX.search(value):
            yield "prefix"
        for inner in _FILTER_NAME.findall(value):
            yield from _of_name(inner)
        return
    yield from _of_name(name)
    if len(split(value, ",")) > 1:
        yield "list"
    if _PREFIX.match(value):
        yield "prefix"


def _of_name(name: str) -> Iterator[str]:
    if name.startswith("_has:"):
        yield "has"
    if "." in name:
        yield "chain"
    modifier = name.rpartition(":")[2] if ":" in name and not name.startswith("_has:") else ""
    if modifier in ("not", "of-type", "contains", "above"):
        yield modifier


def _of_parameter(known: Mapping[str, Any], kind: str, name: str) -> Iterator[str]:
    """The requirement of a search parameter; one that the guide words by itself stands in its place."""
    own = known.get("own", {}).get(f"{kind}.{name}")
    if own is not None:
        yield own
    elif kind in known.get("parameters", {}):
        yield known["parameters"][kind] + name.lstrip("_")


def _parameters(profile: Profile, kind: str, name: str, value: str) -> Iterator[tuple[str, str]]:
    """The search parameters, (type, name), that a criterion names, chains followed."""
    names: Iterable[str] = _FILTER_NAME.findall(value) if name == "_filter" else (name,)
    for one in names:
        here, rest = kind, one
        while rest:
            if rest.startswith("_has:"):
                _, here, _, rest = (*rest.split(":", 3), "")[:4]
                continue
            head, _, after = rest.partition(".")
            base = head.split(":")[0]
            if not after:
                yield here, base
                break
            parameter = profile.search_parameters.get((here, base))
            here, rest = (parameter.targets[0] if parameter and parameter.targets else ""), after
