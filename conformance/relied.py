"""What an application relies on, from the requests that a bench recorded: the contract between it and any ROR.

Transactions, search parameters with their modifiers and prefixes, inclusions, reads, extractions, writes; the elements
of resources where it names them (``_elements``), for what it reads else does not show in its requests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance import ledger
from conformance.errors import OperatorError
from conformance.fhir import bundle, export
from conformance.fhir.body import Bodies
from conformance.fhir.search import RESULT_PARAMETERS, Criterion
from conformance.model import HANDSHAKE, Exchange, Scenario
from conformance.queries import OPEN, is_at, query_of
from conformance.scenario_words import writes
from conformance.specification import Profile

FILE, FORM = "contract.json", 1
_PREFIX = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)(?=[\d-])")
_INCLUSIONS = ("_include", "_revinclude")
_BASES = ("[base]", "[base capacities]", "[base anomalies]")


@dataclass(frozen=True, slots=True)
class Call:
    """A request of an application, where it was heard, and whether an answer before gave its address."""

    profile: str
    scenario: str
    exchange: Exchange
    link: bool


@dataclass
class _Use:
    """How often something was asked, and in which scenarios."""

    requests: int = 0
    scenarios: set[str] = field(default_factory=set)

    def told(self) -> dict[str, Any]:
        return {"requests": self.requests, "scenarios": sorted(self.scenarios)}


_Uses = dict[tuple[str, ...], _Use]


def calls(record: ledger.Record) -> Iterator[Call]:
    """The requests of the steps of a record, in order; OperatorError when it is not of an application."""
    if record.header["candidate"]["role"] != "consumer":
        raise OperatorError(f"{record.folder}: the record of a {record.header['candidate']['role']}; "
                            "give that of an application (`rorqual bench`)")
    exchanges: dict[str, Exchange] = {}
    bodies = Bodies()
    for line in record.lines:
        if line["type"] == "exchange":
            exchanges[line["id"]] = record.exchange(line)
        elif line["type"] == "step":
            links: list[str] = []
            for name in line["exchanges"]:
                one = exchanges[name]
                if one.purpose == HANDSHAKE:
                    continue
                yield Call(line["profile"], line["scenario"], one, any(is_at(one, link) for link in links))
                links += _given(one, bodies)
        elif line["type"] == "scenario":
            exchanges.clear()


def _given(one: Exchange, bodies: Bodies) -> list[str]:
    """The addresses that an answer gives to be asked: its next link, where it says that something is, its files."""
    told = [one.response.header(name) for name in ("Location", "Content-Location")] if one.response is not None else []
    body = bodies.of(one)
    if body is not None and bundle.is_searchset(body):
        told.append(bundle.link(body, "next"))
    listed = export.manifest(one, bodies)
    if listed is not None:
        told += [file["url"] for file in export.output(listed)]
    return [address for address in told if address]


def contract(
    record: ledger.Record, profiles: Mapping[str, Profile], scenarios: Sequence[Scenario]
) -> dict[str, Any]:
    """The contract of the application of a record, as data (``reports/schemas/contract.schema.json``)."""
    candidate = record.header["candidate"]
    transactions = {one.id: one.transaction for one in scenarios}
    told: dict[str, _Relied] = {}
    for one in calls(record):
        mine = told.setdefault(one.profile, _Relied(profiles[one.profile]))
        mine.take(one, transactions.get(one.scenario, ""))
    return {
        "contract": FORM, "rorqual": record.header["rorqual"], "product": candidate["product"],
        "version": candidate["version"], "vendor": candidate["vendor"], "complete": record.complete,
        "profiles": {name: one.told() for name, one in sorted(told.items())},
    }


class _Relied:
    """What is relied on under one profile."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._uses: dict[str, _Uses] = {}
        self._prefixes: dict[tuple[str, ...], set[str]] = {}

    def take(self, one: Call, transaction: str) -> None:
        """Adds a request; an address that was given is the affair of the server, only that it was followed counts."""
        request = one.exchange.request
        base, _, path = request.url.partition("/")
        kind = re.split(r"[/?]", path, maxsplit=1)[0]
        if base not in _BASES or kind in OPEN or request.method in ("OPTIONS", "HEAD"):
            return
        if one.link:
            self._use("follows", ("links",), one)
            return
        self._use("transactions", (transaction,), one)
        if kind.startswith("$"):
            self._use("operations", (kind,), one)
            return
        if writes(request.method, request.url):
            self._use("writes", (request.method, kind, base.strip("[]").removeprefix("base").strip()), one)
            return
        if "/" in path.partition("?")[0].removesuffix("/_search"):
            self._use("reads", (kind,), one)
            return
        self._use("searches", (kind, "POST" if request.method == "POST" else "GET"), one)
        for name, value in query_of(one.exchange):
            self._parameter(kind, name, value, one)

    def _parameter(self, kind: str, name: str, value: str, one: Call) -> None:
        word, _, modifier = name.partition(":")
        if word in _INCLUSIONS:
            self._use("inclusions", (kind, name, value), one)
        elif word == "_elements":
            for element in value.split(","):
                self._use("elements", (kind, element), one)
        elif word in RESULT_PARAMETERS:
            self._use("shaping", (kind, word), one)
        else:
            key = (kind, word, modifier)
            self._use("parameters", key, one)
            found = _PREFIX.match(value)
            self._prefixes.setdefault(key, set()).add(found[1] if found else "")

    def _use(self, what: str, key: tuple[str, ...], one: Call) -> None:
        use = self._uses.setdefault(what, {}).setdefault(key, _Use())
        use.requests += 1
        use.scenarios.add(one.scenario)

    def told(self) -> dict[str, Any]:
        """All of it, as data."""
        def rows(what: str, *names: str) -> list[dict[str, Any]]:
            return [{**dict(zip(names, key, strict=True)), **use.told()}
                    for key, use in sorted(self._uses.get(what, {}).items())]

        parameters = rows("parameters", "resource", "parameter", "modifier")
        for row in parameters:
            row["prefixes"] = sorted(filter(None, self._prefixes[
                row["resource"], row["parameter"], row["modifier"]]))
            row["known"] = known(self._profile, row["resource"], row["parameter"])
        inclusions = rows("inclusions", "resource", "parameter", "value")
        for row in inclusions:
            row["known"] = tuple(row["value"].split(":")[:2]) in self._profile.search_parameters
        return {
            "transactions": rows("transactions", "id"), "searches": rows("searches", "resource", "method"),
            "parameters": parameters, "inclusions": inclusions, "shaping": rows("shaping", "resource", "parameter"),
            "elements": rows("elements", "resource", "element"), "reads": rows("reads", "resource"),
            "operations": rows("operations", "name"), "writes": rows("writes", "method", "resource", "base"),
            "follows-links": bool(self._uses.get("follows")),
        }


def known(profile: Profile, kind: str, name: str) -> bool:
    """Whether a profile has a search parameter, of a chain its first link."""
    base = Criterion(name, "").parameter
    return base in ("_has", "_filter") or (kind, base) in profile.search_parameters


def written(made: Mapping[str, Any]) -> str:
    """A contract as its file."""
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"
