"""Population and quality of the data of a ROR, apart from any verdict: can they sustain the use cases? Computed over
all that a candidate holds, walked page by page, or over resources in files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from conformance import data, documents, profile, source
from conformance.documents import Piece
from conformance.drive.probe import Probe
from conformance.endpoint import Endpoint
from conformance.errors import AuthorError, OperatorError
from conformance.fhir import bundle
from conformance.fhir.body import Unreadable, parse
from conformance.fhir.bundle import Resource
from conformance.fhir.estate import Estate
from conformance.fhir.indicators import NATIONAL, Case, Indicators, Row, gaps, rows
from conformance.finess import Finess
from conformance.model import Ask, Exchange
from conformance.nomenclature import Release
from conformance.scenario_words import USE_CASES
from conformance.specification import Text

KINDS = ("Organization", "Location", "HealthcareService")
_PAGE = "200"
_SUSTAINED = 0.85  # the least rate of population that the programme asks for (floor of the Ségur objective 2.3d)
_NAMED = 10


@dataclass(frozen=True, slots=True)
class Indicator:
    """The definition of an indicator; ``needs``: api, finess, history or partner; ``also``: what its counts give."""

    id: str
    title: Text
    of: str
    needs: str
    heuristic: Text | None
    also: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sustained:
    """Whether the data can sustain a use case: its open offers, those described in full, and the answer: yes, in-part,
    no."""

    use_case: str
    offers: int
    final: int
    answer: str


@dataclass(frozen=True)
class Quality:
    """The tables over what was read; ``cut`` says why not all of it was."""

    indicators: tuple[Indicator, ...]
    computed: frozenset[str]
    rows: tuple[Row, ...]
    gaps: Mapping[str, Sequence[str]]
    sustained: tuple[Sustained, ...]
    volumes: tuple[tuple[str, str, int, str], ...]
    day: str
    cut: str = ""

    def row(self, indicator: str, use_case: str = "socle", region: str = NATIONAL, domain: str = "") -> Row | None:
        """The line of an indicator for a use case, a region (all of them) and a domain (all of them)."""
        wanted = indicator, use_case, region, domain
        return next((one for one in self.rows if (one.indicator, one.use_case, one.region, one.domain) == wanted), None)


def definitions() -> tuple[tuple[Indicator, ...], Mapping[str, Any]]:
    """The definitions of the indicators and the lists of codes that they use."""
    path = data.path("profiles", "indicators.yaml")
    document, problems = source.load(path.read_bytes(), path.name)
    problems = problems or source.check(document, profile.schema("indicators"), path.name)
    if problems:
        raise AuthorError(problems)
    made = tuple(Indicator(one["id"], profile.text(one["title"]), one["of"], one["needs"],
                           profile.text(one["heuristic"]) if "heuristic" in one else None, tuple(one.get("also", ())))
                 for one in document["indicators"])
    return made, document["lists"]


def measured(
    estate: Estate, day: date, finess: Finess | None = None, cut: str = "", regions: Collection[str] = (),
    use_cases: Collection[str] = (),
) -> Quality:
    """The tables over what was learnt, on a day; with a FINESS extract those that need one. Only of some regions and
    use cases where they are named: sums are over these. OperatorError for a name of which there is nothing."""
    indicators, lists = definitions()
    cases = list(_named(Indicators(estate, lists, day, finess).cases(), regions, use_cases))
    table = rows(cases)
    wanted = {"api"} if finess is None else {"api", "finess"}
    volumes = tuple((kind, region, count, estate.latest[kind, region])
                    for (kind, region), count in sorted(estate.rows.items()) if not regions or region in regions)
    return Quality(indicators, frozenset(one.id for one in indicators if one.needs in wanted), tuple(table),
                   gaps(cases, _NAMED), tuple(_sustained(table)), volumes, day.isoformat(), cut)


def _named(cases: Iterable[Case], regions: Collection[str], use_cases: Collection[str]) -> Iterator[Case]:
    """The cases of some regions and use cases, of all where none is named."""
    every = list(cases)
    for name in use_cases:
        if name not in USE_CASES:
            hint = source.suggest(name, USE_CASES) or f"known use cases: {', '.join(USE_CASES)}"
            raise OperatorError(f"no use case is called {name!r}; {hint}")
    there = sorted({one.region for one in every})
    for region in regions:
        if region not in there:
            raise OperatorError(f"nothing is of region {region!r}; regions of these data: {', '.join(there)}")
    for one in every:
        uses = one.use_cases.intersection(use_cases) if use_cases else one.use_cases
        if uses and (not regions or one.region in regions):
            yield replace(one, use_cases=uses)


def _sustained(table: Iterable[Row]) -> Iterator[Sustained]:
    for one in table:
        if (one.indicator, one.region, one.domain) == ("POP-UE-STATUS", NATIONAL, ""):
            rate = one.rate or 0.0
            answer = "yes" if rate >= _SUSTAINED else "in-part" if one.conform else "no"
            yield Sustained(one.use_case, one.perimeter, one.conform, answer)


def of_files(paths: Sequence[Path], release: Release, read: Callable[[int], None]) -> Estate:
    """What the resources of files describe, Bundles opened; OperatorError for one that is no FHIR JSON."""
    estate = Estate(release)
    for path in documents.found(paths):
        for piece in documents.pieces(path, read):
            for one in _resources(piece):
                estate.learn(one)
    return estate


def _resources(piece: Piece) -> Iterator[Resource]:
    for line, why in piece.refused:
        raise OperatorError(f"{piece.place(line)}: {why}")
    for line, text in piece.documents:
        try:
            value = parse(text)
        except Unreadable as error:
            raise OperatorError(f"{piece.place(line)}: no FHIR resource in JSON ({error.detail})") from None
        if value.get("resourceType") == "Bundle":
            yield from (entry.resource for entry in bundle.entries(value))
        else:
            yield value


def of_candidate(endpoint: Endpoint, release: Release, told: Callable[[str, int], None]) -> tuple[Estate, str]:
    """What a candidate describes, each type walked to its end, and why it could not be, if so. OperatorError when there
    is nothing to be read."""
    estate = Estate(release)
    probe = Probe(endpoint, lambda _vault: lambda body: body)
    try:
        for kind in KINDS:
            cut = _walk(probe, kind, estate, told)
            if cut:
                return estate, cut
    finally:
        probe.close()
    return estate, ""


def _walk(probe: Probe, kind: str, estate: Estate, told: Callable[[str, int], None]) -> str:
    """Learns every page of a type; why it stopped before the end, else nothing."""
    ask, seen, count = Ask("GET", kind, (("_count", _PAGE),)), set[str](), 0
    while True:
        exchange = probe.send(ask, "quality")
        body = _page(exchange)
        if body is None:
            status = exchange.response.status if exchange.response else exchange.trouble and exchange.trouble.detail
            return f"{kind}, page {len(seen) + 1}: no searchset ({status})"
        for entry in bundle.entries(body):
            estate.learn(entry.resource)
            count += 1
        told(kind, count)
        address = bundle.link(body, "next")
        target = probe.follows(address, exchange) if address else ""
        if not address:
            return ""
        if not target or target in seen:
            return f"{kind}, page {len(seen) + 2}: the next link leads {'back' if target else 'elsewhere'}"
        seen.add(target)
        ask = Ask("GET", target)


def _page(exchange: Exchange) -> Mapping[str, Any] | None:
    if exchange.response is None or exchange.response.status != 200:
        return None
    try:
        body = parse(exchange.response.body)
    except Unreadable:
        return None
    return body if bundle.is_searchset(body) else None
