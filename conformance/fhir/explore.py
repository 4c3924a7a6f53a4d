"""The exploration of a FHIR candidate: what to ask, in which order, within a budget. Asks; sends nothing.

The generator yields requests and is sent the exchanges back, so it is driven by whoever holds the network.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from urllib.parse import parse_qsl, urlsplit

from conformance.fhir.body import Bodies, Unreadable
from conformance.fhir.bundle import is_searchset, link
from conformance.fhir.population import Population
from conformance.model import Ask, Exchange, Need

PAGE = 100
PAGES = 2
_RELATED = ("Organization", "Location", "Practitioner", "HealthcareService")
_CHUNK = 50
_BUDGET = 60
_ROUNDS = 6
_READS = 20

Exploration = Generator[Ask, Exchange, None]


def questions(needs: Iterable[Need], constants: Mapping[str, str]) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """The distinct (type, criteria) that the needs of all scenarios are chosen among, constants put in."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], None] = {}
    for need in needs:
        if need.among:
            search = tuple((name, _fill(value, constants)) for name, value in need.search)
            found.setdefault((need.among, search))
    return list(found)


def _fill(value: str, constants: Mapping[str, str]) -> str:
    for name, meant in constants.items():
        value = value.replace("{" + name + "}", meant)
    return value


def explore(
    asked: Iterable[tuple[str, tuple[tuple[str, str], ...]]], population: Population, bodies: Bodies
) -> Exploration:
    """Explores a sample of each question, then what the sample points at; the population grows as answers come."""
    for kind, search in asked:
        yield from _sample(kind, search, population, bodies)
    spent = 0
    for _ in range(_ROUNDS):
        unknown = population.unknown_references(_RELATED)
        before = sum(population.count().values())
        for kind in _RELATED:
            ids = [key.split("/")[1] for key in unknown if key.startswith(kind + "/")]
            for start in range(0, len(ids), _CHUNK):
                if spent >= _BUDGET:
                    return
                spent += 1
                chunk = ",".join(ids[start : start + _CHUNK])
                population.learn((yield Ask("GET", kind, (("_id", chunk), ("_count", str(PAGE))))), bodies)
        if sum(population.count().values()) == before:
            break
    yield from _read_missing(population, bodies)


def _sample(
    kind: str, search: tuple[tuple[str, str], ...], population: Population, bodies: Bodies
) -> Generator[Ask, Exchange, None]:
    ask = Ask("GET", kind, (*search, ("_count", str(PAGE))))
    for _ in range(PAGES):
        exchange = yield ask
        population.learn(exchange, bodies)
        address = next_link(exchange, bodies)
        if not address:
            return
        ask = Ask("GET", address)


def _read_missing(population: Population, bodies: Bodies) -> Generator[Ask, Exchange, None]:
    """A candidate may not answer ``_id``: what is still unknown is read one by one, up to a bound."""
    for key in population.unknown_references(_RELATED)[:_READS]:
        population.learn((yield Ask("GET", key)), bodies)


def next_link(exchange: Exchange, bodies: Bodies) -> str:
    """The next link of a searchset; empty when there is none or the answer cannot be read."""
    if exchange.response is None or exchange.response.status != 200:
        return ""
    try:
        body = bodies.read(exchange.response.body)
    except Unreadable:
        return ""
    return link(body, "next") if is_searchset(body) else ""


def query_of(url: str) -> list[tuple[str, str]]:
    """The decoded query of an address."""
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)
