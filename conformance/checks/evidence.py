"""What a check may look at: the exchanges of its step, those of earlier steps, the population, the profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.fhir import bundle
from conformance.fhir import filter as filters
from conformance.fhir.body import Bodies
from conformance.fhir.bundle import Entry, Resource
from conformance.fhir.pool import Facts
from conformance.fhir.population import Population
from conformance.fhir.received import Receipt, Received, shown
from conformance.fhir.search import Criterion, Searcher, Test, all_of, codes_wanted, criteria
from conformance.model import Exchange, Response, Sent
from conformance.nomenclature import Release
from conformance.scenario_words import over_run
from conformance.specification import Profile, SearchParameter

_UNITS = ("UCUM", "TRE_R247")


@dataclass
class Evidence:
    """The recorded facts on which the expectations of one step are judged; holds no verdict."""

    profile: Profile
    release: Release
    population: Population
    names: Mapping[str, Any]
    steps: Mapping[str, Sent]
    current: Sent
    bodies: Bodies
    received: Received = field(default_factory=Received)
    greetings: Sequence[Exchange] = ()  # handshakes of TLS, of which no request need have come
    _entries: dict[int, list[tuple[Exchange, Entry]]] = field(default_factory=dict, repr=False)
    _searcher: Searcher | None = field(default=None, repr=False)
    _pointing: dict[tuple[str, str], Mapping[str, Sequence[Resource]] | None] = field(default_factory=dict, repr=False)

    @property
    def first(self) -> Exchange:
        """The first exchange of the step."""
        return self.current.exchanges[0]

    @property
    def response(self) -> Response:
        """The first answer of the step; only for checks that ask for an answer."""
        assert self.first.response is not None
        return self.first.response

    @property
    def body(self) -> Mapping[str, Any]:
        """The first body of the step; Unreadable when it is not a JSON object."""
        return self.bodies.read(self.response.body)

    @property
    def searched(self) -> str:
        """The resource type that the step searches or reads."""
        return self.current.ask.path.split("/")[0]

    @property
    def query(self) -> Sequence[tuple[str, str]]:
        """The search criteria and parameters as asked, values bound."""
        return self.current.ask.form or self.current.ask.query

    @property
    def complete(self) -> bool:
        """Whether every page of the result was read."""
        return self.current.ending == "complete" or not self.next_of(self.first)

    def next_of(self, exchange: Exchange) -> str:
        """The next link of an exchange, empty when there is none."""
        page = self.page(exchange)
        return bundle.link(page, "next") if page else ""

    def page(self, exchange: Exchange) -> Mapping[str, Any] | None:
        """The searchset of an exchange, None when it is not one."""
        body = self.bodies.of(exchange)
        return body if body is not None and bundle.is_searchset(body) else None

    def pages(self, sent: Sent | None = None) -> list[tuple[Exchange, Mapping[str, Any]]]:
        """The readable pages of a step (this one by default) with their exchanges."""
        found = []
        for exchange in (sent or self.current).exchanges:
            page = self.page(exchange)
            if page is not None:
                found.append((exchange, page))
        return found

    def entries(self, sent: Sent | None = None) -> list[tuple[Exchange, Entry]]:
        """The entries over the pages of a step (this one by default), repeated ones included."""
        of = sent or self.current
        if id(of) not in self._entries:
            self._entries[id(of)] = [(exchange, entry) for exchange, page in self.pages(of)
                                     for entry in bundle.entries(page)]
        return self._entries[id(of)]

    def matches(self, sent: Sent | None = None) -> list[tuple[Exchange, Entry]]:
        """The matches over the pages of a step, repeated ones included."""
        searched = (sent or self.current).ask.path.split("/")[0]
        return [one for one in self.entries(sent) if bundle.is_match(one[1], searched)]

    def inclusions(self) -> list[tuple[Exchange, Entry]]:
        """The inclusions over the pages of the step."""
        return [one for one in self.entries() if bundle.is_inclusion(one[1], self.searched)]

    def receipts(self, parameters: Any) -> Sequence[Receipt]:
        """The resources that an expectation looks at: those of its step or, where its parameters say ``over: run``,
        all that the candidate has shown so far."""
        if over_run(parameters):
            return self.received.all()
        return [one for exchange in self.current.exchanges for one in shown(exchange, self.bodies)]

    def facts(self, resource: Resource) -> Facts:
        """What earlier judgements of this run found out of a resource, to be completed."""
        return self.bodies.pool.facts(resource)

    def criteria(self, only: Sequence[str] = ()) -> list[Criterion]:
        """The criteria of the step, or those of the parameters named."""
        found = criteria(self.query)
        return [one for one in found if one.name in only or one.parameter in only] if only else found

    def candidates(self) -> list[Resource]:
        """The explored resources that may answer the request: all of the type, or those that ``_id`` names."""
        ids = next((one.value for one in self.criteria() if one.name == "_id"), None)
        if ids is None:
            return self.population.all(self.searched)
        keys = [f"{self.searched}/{one}" for one in ids.split(",")]
        return [found for key in keys if (found := self.population.get(key)) is not None]

    def answering(self, wanted: Sequence[Criterion]) -> list[Resource]:
        """The explored resources that answer all the criteria."""
        known = self.candidates()
        for one in wanted:
            holding = self._holding(one)
            if holding is not None:
                known = [resource for resource in known if id(resource) in holding]
        test = self.test(wanted)
        return [one for one in known if test(one)]

    def _holding(self, one: Criterion) -> set[int] | None:
        """The explored resources (ids of the objects) that hold a code that a token criterion wants, whatever its
        system; None where that does not narrow them."""
        parameter = self.profile.search_parameters.get((self.searched, one.name))
        codes = codes_wanted(one.value) if parameter is not None and parameter.type == "token" else None
        if parameter is None or codes is None:
            return None
        found, searcher = parameter, self.searcher()
        held = self.population.holding(self.searched, parameter.expression,
                                       lambda resource: [code for _, code in searcher.token_pairs(resource, found)])
        return set().union(*(held.get(code, ()) for code in codes))

    def test(self, wanted: Sequence[Criterion]) -> Test:
        """What tells of a resource whether it answers all the criteria; None when it cannot be told."""
        tests: dict[str, list[Test]] = {}

        def answers(resource: Resource) -> bool | None:
            kind = str(resource.get("resourceType", ""))
            if kind not in tests:
                tests[kind] = [self._test(kind, one) for one in wanted]
            mine = tests[kind]
            return mine[0](resource) if len(mine) == 1 else all_of(test(resource) for test in mine)
        return answers

    def _test(self, kind: str, one: Criterion) -> Test:
        searcher = self.searcher()
        if one.name != "_filter":
            return searcher.test(kind, one.name, one.value)
        try:
            node = filters.parse(one.value)
        except filters.BadFilter:
            return lambda _resource: None
        return lambda resource: filters.answers(searcher, resource, node)

    def searcher(self) -> Searcher:
        """The evaluation of criteria over what is known: the population and what this step brought."""
        if self._searcher is None:
            here = {entry.key: entry.resource for _, entry in self.entries()}
            constants = self.profile.constants
            self._searcher = Searcher(
                self.profile.search_parameters,
                lambda key: here.get(key) or self.population.get(key),
                lambda kind, by, key: self._referrers(here, kind, by, key),
                frozenset(constants[name] for name in _UNITS if name in constants)
                | {"https://unitsofmeasure.org"},
                self.facts,
            )
        return self._searcher

    def forget(self) -> None:
        """Lets go of what was worked out: it holds the evidence, which would stay until somebody looks for cycles."""
        if self._searcher is not None:
            self._searcher.forget()
        self._searcher = None
        self._pointing.clear()
        self._entries.clear()

    def _referrers(self, here: Mapping[str, Resource], kind: str, by: str, key: str) -> Sequence[Resource] | None:
        parameter = self.profile.search_parameters.get((kind, by))
        if parameter is None or self._searcher is None:
            return None
        if (kind, by) not in self._pointing:
            self._pointing[kind, by] = self._index(here, kind, parameter)
        known = self._pointing[kind, by]
        return None if known is None else known.get(key, ())

    def _index(
        self, here: Mapping[str, Resource], kind: str, parameter: SearchParameter
    ) -> Mapping[str, Sequence[Resource]] | None:
        """The known resources of a type by the key that they point at; None when none is known."""
        known = {bundle.key_of(one): one for one in self.population.all(kind)}
        known.update({name: one for name, one in here.items() if name.startswith(kind + "/")})
        found: dict[str, list[Resource]] = {}
        for one in known.values():
            for value in self.searcher().values(one, parameter):
                if isinstance(value, dict):
                    found.setdefault(bundle.reference_key(str(value.get("reference", ""))), []).append(one)
        return found if known else None
