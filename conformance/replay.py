"""The real requests of an application, as scenarios that ask them of a ROR: its values take the place of those that
the bench served, by the same needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from conformance import ledger
from conformance.errors import OperatorError
from conformance.fhir.search import criteria
from conformance.fhir_generation import FhirGeneration
from conformance.model import Scenario
from conformance.queries import AUTH, kind_of, query_of
from conformance.relied import Call, calls, known
from conformance.specification import Profile

_LEAST = 6  # characters of a value that is replaced wherever it stands; a shorter one must be a whole value
_MASK = re.compile(r"\[[a-z][a-z -]* ?\d*\]")
_REFERENCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]+")
_EXTRACTION = "$export"


@dataclass
class Replay:
    """Scenarios by their id, in YAML, and the requests that are not among them, each with the reason."""

    scenarios: dict[str, str] = field(default_factory=dict)
    left: list[tuple[str, str]] = field(default_factory=list)


def of(
    record: ledger.Record, profiles: Mapping[str, Profile], scenarios: Sequence[Scenario], generation: FhirGeneration
) -> Replay:
    """The replay of a record of an application; ``generation`` knows the resources that it was served."""
    made, by_id = Replay(), {one.id: one for one in scenarios}
    bound = {(line["profile"], line["scenario"]): generation.restored(line["values"])
             for line in record.of_type("bound")}
    steps: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
    for one in calls(record):
        if one.link or one.exchange.request.url.startswith(AUTH):
            continue
        where = one.profile, one.scenario
        shown = f"{one.exchange.request.method} {one.exchange.request.url}"
        try:
            step = _step(one, profiles[one.profile], _Rebinding(bound.get(where, {})))
        except _Left as reason:
            made.left.append((shown, str(reason)))
            continue
        if step is not None:
            steps.setdefault(one.scenario, {}).setdefault(one.profile, {}).setdefault(repr(step["send"]), step)
    asked_before: set[tuple[str, str, str]] = set()
    for name, by_profile in steps.items():
        like = by_id[name]
        for number, (ids, asked) in enumerate(_alike(by_profile)):
            same = like.transaction, repr(ids), repr((asked, _bind(like)))
            if same in asked_before:
                continue
            asked_before.add(same)
            identifier = f"{like.use_case}/replay-{name.partition('/')[2]}" + (f"-{number + 1}" if number else "")
            made.scenarios[identifier] = _scenario(like, [profiles[one] for one in ids], asked, identifier)
    made.left = list(dict.fromkeys(made.left))
    return made


def _alike(by_profile: Mapping[str, Mapping[str, dict[str, Any]]]) -> list[tuple[list[str], list[dict[str, Any]]]]:
    """The versions under which the same was asked, with what it was."""
    found: list[tuple[list[str], list[dict[str, Any]]]] = []
    for profile, asked in by_profile.items():
        mine = list(asked.values())
        same = next((ids for ids, other in found if other == mine), None)
        if same is None:
            found.append(([profile], mine))
        else:
            same.append(profile)
    return found


class _Left(Exception):
    """Why a request is not replayed."""


class _Rebinding:
    """Puts the names of what a scenario bound in the place of the values that the bench served."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._places: list[tuple[str, str]] = []
        for name, value in names.items():
            self._places += _texts(name, value)
        self._places.sort(key=lambda pair: -len(pair[0]))

    def of(self, value: str) -> str:
        """A value with names in it."""
        if "{" in value or "}" in value or _MASK.search(value):
            raise _Left("its values cannot be written in a scenario")
        return ",".join(self._whole(one) for one in value.split(","))

    def _whole(self, value: str) -> str:
        for text, name in self._places:
            if value == text:
                return name
        for text, name in self._places:
            if len(text) >= _LEAST and text in value:
                before, _, after = value.partition(text)
                return f"{self._whole(before) if before else ''}{name}{self._whole(after) if after else ''}"
        return value


def _texts(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and value:
        yield value, f"{{{name}}}"
    elif isinstance(value, dict) and value.get("code"):
        yield f"{value.get('system', '')}|{value['code']}", f"{{{name}.system}}|{{{name}.code}}"
        yield str(value["code"]), f"{{{name}.code}}"
    elif isinstance(value, dict) and value.get("id"):
        yield f"{value.get('resourceType', '')}/{value['id']}", f"{value.get('resourceType', '')}/{{{name}.id}}"
        yield str(value["id"]), f"{{{name}.id}}"


def _step(one: Call, profile: Profile, names: _Rebinding) -> dict[str, Any] | None:
    """The step that sends a request; None for what belongs to another one."""
    request, response = one.exchange.request, one.exchange.response
    address = request.url.partition("?")[0].removeprefix("[base]/").rstrip("/")
    if request.method not in ("GET", "POST") or (request.method == "POST" and not address.endswith("/_search")):
        raise _Left("it changes something")
    if response is not None and 400 <= response.status < 500 and response.status not in (401, 429):
        raise _Left("the bench refused it")
    kind = kind_of(one.exchange)
    query = [(name, _rebound(name, value, names)) for name, value in query_of(one.exchange)]
    if kind == _EXTRACTION:
        return _extraction(query)
    if kind.startswith("$") or kind in ("metadata", ".well-known"):
        return None
    if kind not in {kind for kind, _ in profile.search_parameters}:
        raise _Left(f"{profile.id} has no {kind or 'such address'}")
    if "/" in address.removesuffix("/_search"):
        kind, *rest = address.split("/")
        if len(rest) != 1 or names.of(rest[0]) == rest[0]:
            raise _Left("its id is one of the bench")
        return {"send": {"GET": f"{kind}/{names.of(rest[0])}"},
                "expect": [{"status": 200, "verifies": "ROR-HTTP-142"}, {"content-type": "application/fhir+json"},
                           {"resource": {"type": kind}, "verifies": "ROR-RD-001"}]}
    unknown = [one.name for one in criteria(query) if not known(profile, kind, one.name)]
    if unknown:
        raise _Left(f"{profile.id} has no search parameter {unknown[0]!r} on {kind}")
    return _search(kind, request.method, query)


def _rebound(name: str, value: str, names: _Rebinding) -> str:
    """The value of a parameter with names in it: what shapes the result is no data, and an id of the bench is one that
    no other ROR has."""
    if not criteria([(name, value)]):
        return value
    made = names.of(value)
    if made == value and (name == "_id" or _REFERENCE.fullmatch(value)):
        raise _Left("its id is one of the bench")
    return made


def _search(kind: str, method: str, query: list[tuple[str, str]]) -> dict[str, Any]:
    expect: list[dict[str, Any]] = [{"status": 200}, {"content-type": "application/fhir+json"}, {"searchset": {}},
                                    {"search-mode": {}}]
    if criteria(query):
        expect.append({"every-match": {}, "verifies": "ROR-SRC-001"})
    verb = "POST-search" if method == "POST" else "GET"
    return {"send": {verb: kind, **({"query": _grouped(query)} if query else {})}, "pages": 5, "expect": expect}


def _extraction(query: list[tuple[str, str]]) -> dict[str, Any]:
    return {"send": {"GET": _EXTRACTION, "query": _grouped(query), "headers": {"Prefer": "respond-async"}},
            "pages": "export",
            "expect": [{"status": [202, 200], "verifies": "ROR-HTTP-125"},
                       {"export-accepted": {}, "verifies": "ROR-HTTP-131"}]}


def _grouped(query: list[tuple[str, str]]) -> dict[str, Any]:
    held: dict[str, list[str]] = {}
    for name, value in query:
        held.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in held.items()}


def _scenario(like: Scenario, profiles: list[Profile], steps: list[dict[str, Any]], name: str) -> str:
    """A scenario that asks what was asked in another one: its needs, the steps given."""
    checks = {ids for one in profiles for step in steps for expected in step["expect"] if "verifies" not in expected
              for check in expected for ids in one.checks.get(check, ())}
    stated = {str(one["verifies"]) for step in steps for one in step["expect"] if "verifies" in one}
    bind = _bind(like)
    needs = {key: bind[key] for key in bind if key in _needed(bind, repr(steps))}
    document: dict[str, Any] = {
        "id": name, "title": {"fr": f"Rejouer : {like.title.fr}", "en": f"Replay: {like.title.en}"},
        "profiles": [one.id for one in profiles], "use-case": like.use_case, "transaction": like.transaction,
        "role": "server", "verifies": sorted(checks | stated), **({"bind": needs} if needs else {}), "steps": steps,
    }
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120)


def _bind(like: Scenario) -> Mapping[str, Any]:
    """What a scenario needs, as it was written."""
    found: Mapping[str, Any] = yaml.safe_load(like.source).get("bind", {})
    return found


def _needed(bind: Mapping[str, Any], text: str) -> set[str]:
    """The names that a text uses, and those on which these rest."""
    found = {name for name in bind if re.search(rf"\{{{re.escape(name)}[.}}]", text)}
    while True:
        more = {other for name in found for other in bind
                if bind[name].get("of") == other or bind[name].get("holds") == other
                or bind[name].get("lacks") == other or f"%{other}" in str(bind[name].get("where", ""))} - found
        if not more:
            return found
        found |= more


def write(made: Replay, folder: Path) -> Path:
    """Writes the scenarios of a replay in a folder, and gives it; OperatorError when it cannot be written."""
    for name, text in made.scenarios.items():
        path = folder / f"{name}.yaml"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise OperatorError(f"{path}: cannot be written ({error.strerror})") from None
    return folder
