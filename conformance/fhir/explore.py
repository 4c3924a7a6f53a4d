"""The exploration of a FHIR candidate: what to ask, in which order, within a budget. Asks; sends nothing.

The generator yields some requests at a time, none of which depends on another, and is sent their exchanges back one
list for each, so it is driven by whoever holds the network.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from urllib.parse import parse_qsl, urlsplit

from conformance.fhir.body import Bodies
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
    asked: Iterable[tuple[str, tuple[tuple[str, str], ...]]], population: Population,
    onward: Callable[[Exchange], str],
) -> Generator[Sequence[Ask], Sequence[Exchange], None]:
    """Explores a sample of each question, then what the sample points at; whoever asks adds to the population what an
    answer shows, before the next requests are taken. ``onward`` gives the address of the page after an answer."""
    asks = [Ask("GET", kind, (*search, ("_count", str(PAGE)))) for kind, search in asked]
    for _ in range(PAGES):
        exchanges = (yield asks) if asks else ()
        asks = [Ask("GET", address) for one in exchanges if (address := onward(one))]
    spent = 0
    for _ in range(_ROUNDS):
        unknown = population.unknown_references(_RELATED)
        before = sum(population.count().values())
        asks = [Ask("GET", kind, (("_id", ",".join(chunk)), ("_count", str(PAGE))))
                for kind in _RELATED for chunk in _chunks(key for key in unknown if key.startswith(kind + "/"))]
        asks = asks[: _BUDGET - spent]
        spent += len(asks)
        if asks:
            yield asks
        if sum(population.count().values()) == before:
            break
    # a candidate may not answer _id: what is still unknown is read one by one, up to a bound
    reads = [Ask("GET", key) for key in population.unknown_references(_RELATED)[:_READS]]
    if reads:
        yield reads


def _chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    ids = [key.split("/")[1] for key in keys]
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]


def next_link(exchange: Exchange, bodies: Bodies) -> str:
    """The next link of a searchset; empty when there is none or the answer cannot be read."""
    body = bodies.of(exchange)
    return link(body, "next") if body is not None and is_searchset(body) else ""


def query_of(url: str) -> list[tuple[str, str]]:
    """The decoded query of an address."""
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)
