"""Checks of the queries that an application sends: encoding, names, codes; each finding is of one requirement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from conformance.checks.consumer import consultations
from conformance.checks.evidence import Evidence
from conformance.codes import finding
from conformance.fhir.search import RESULT_PARAMETERS, Criterion, split
from conformance.model import Exchange, Finding
from conformance.queries import is_at, kind_of, query_of
from conformance.specification import Profile

_PLUS, _ENCODED = "ROR-HTTP-068", "ROR-APP-008"
_NAMES, _CASE = "ROR-APP-009", "ROR-HTTP-039"
_SYSTEM, _WHOLE = "ROR-HTTP-071", "ROR-HTTP-072"
_RAW = re.compile(r"[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%]|%(?![0-9A-Fa-f]{2})")  # RFC 3986, section 3.4
_ZONE = re.compile(r"T\d\d(?::|%3A)\d\d[^&]*\+\d\d")
_TIME = re.compile(r"T[\d:.]+\Z")
_TWICE = re.compile(r"%[0-9A-Fa-f]{2}")
_NOS = re.compile(r"https://mos\.esante\.gouv\.fr/NOS/TRE_([\w-]+)/FHIR/TRE-\1\Z")
_INCLUSIONS = ("_include", "_revinclude")
_CODE_SENT = ("", "not")  # modifiers whose value is a code; that of others is a text, a value set, true or false
_MASK = re.compile(r"\[(?:base|bench|[a-z]+ [0-9]+)(?: [a-z]+)?\]")  # written by the record, not by the application


def _of(requirement: str, told: Finding) -> Finding:
    return replace(told, requirement=requirement)


def encoded(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """Queries hold nothing that must be percent-encoded, and nothing that was encoded twice."""
    for exchange in consultations(evidence):
        for part in filter(None, exchange.request.url.partition("?")[2].split("&")):
            name, _sign, value = part.partition("=")
            raw = _RAW.search(_MASK.sub("", part))
            if raw:
                yield _of(_ENCODED, finding("request.encoding", "percent-encoded", f"{raw[0]!r}: {part}",
                                            unquote(name), exchange.id))
            elif _ZONE.search(value.replace("%3a", "%3A")):
                yield _of(_PLUS, finding("request.encoding", "%2B in a time zone", part, unquote(name), exchange.id))
            elif _TWICE.search(unquote(value)):
                yield _of(_ENCODED, finding("request.encoding", "encoded once", part, unquote(name), exchange.id))


def known_parameters(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """Searches use parameters and inclusions of the profile."""
    profile = evidence.profile
    kinds = {kind for kind, _ in profile.search_parameters}
    for exchange in consultations(evidence):
        kind = kind_of(exchange)
        for name, value in query_of(exchange) if kind in kinds and not given(exchange, evidence) else ():
            base = Criterion(name, value).parameter
            if base in _INCLUSIONS:
                yield from _inclusion(profile, name, value, exchange)
            elif base not in RESULT_PARAMETERS and base not in ("_has", "_filter") and (
                    (kind, base) not in profile.search_parameters):
                yield _of(_NAMES, finding("request.parameter", f"a parameter of {kind}", f"{name}={value}", name,
                                          exchange.id))


def _inclusion(profile: Profile, name: str, value: str, exchange: Exchange) -> Iterator[Finding]:
    kind, _, rest = value.partition(":")
    link = rest.partition(":")[0]
    known = {one for one, _ in profile.search_parameters}
    if kind not in known and kind.lower() in {one.lower() for one in known}:
        yield _of(_CASE, finding("request.parameter", "a resource name in its own letters", f"{name}={value}", name,
                                 exchange.id))
    elif (kind, link) not in profile.search_parameters:
        yield _of(_NAMES, finding("request.parameter", "an inclusion of the profile", f"{name}={value}", name,
                                  exchange.id))


def full_codes(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """A code is asked with its system, and the address of a nomenclature is whole."""
    for exchange in consultations(evidence):
        kind = kind_of(exchange)
        for name, value in query_of(exchange) if not given(exchange, evidence) else ():
            base, _colon, modifier = name.partition(":")
            parameter = evidence.profile.search_parameters.get((kind, base))
            if (parameter is None or parameter.type != "token" or modifier not in _CODE_SENT
                    or not _coded(evidence, kind, base)):
                continue
            for one in split(value, ","):
                system, bar, _code = one.partition("|")
                if not bar or not system:
                    yield _of(_SYSTEM, finding("request.parameter", "system|code", f"{name}={one}", name, exchange.id))
                elif "/NOS/" in system and not _NOS.match(system):
                    yield _of(_WHOLE, finding("request.parameter", "…/NOS/TRE_Rxxx-Name/FHIR/TRE-Rxxx-Name", system,
                                              name, exchange.id))


def zoned(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """A time that is searched carries its time zone."""
    for exchange in consultations(evidence):
        kind = kind_of(exchange)
        for name, value in query_of(exchange) if not given(exchange, evidence) else ():
            parameter = evidence.profile.search_parameters.get((kind, name.partition(":")[0]))
            if parameter is not None and parameter.type == "date" and _TIME.search(value):
                yield finding("request.parameter", "a time with its zone (Z, +01:00)", f"{name}={value}", name,
                              exchange.id)


def _coded(evidence: Evidence, kind: str, name: str) -> bool:
    """Whether a parameter finds codes that have a system, in the data that was served."""
    parameter = evidence.profile.search_parameters[kind, name]
    searcher = evidence.searcher()
    return any(system and not system.startswith("urn:") and "Identifi" not in parameter.expression
               and "identifier" not in parameter.expression
               for one in evidence.population.all(kind)[:50] for system, _ in searcher.token_pairs(one, parameter))


def given(exchange: Exchange, evidence: Evidence) -> bool:
    """Whether a request is a link that was served: its address is ours."""
    return any(is_at(exchange, link) for one in evidence.current.exchanges if (link := evidence.next_of(one)))
