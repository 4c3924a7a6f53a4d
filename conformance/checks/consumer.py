"""Checks of what an application sends, and of what it shows: on the requests that came in, in their order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from conformance.checks.evidence import Evidence
from conformance.checks.statements import denied, statement
from conformance.codes import finding
from conformance.fhir import dates
from conformance.fhir.bundle import key_of
from conformance.fhir.fill import fill
from conformance.model import Exchange, Finding
from conformance.queries import AUTH, BASE, OPEN, is_at, kind_of, query_of

_MARGIN = timedelta(milliseconds=50)  # between two clocks of one machine
_FORM = "ROR-SEC-014"
_OF_FORM = (("grant_type", "client_credentials", "ROR-SEC-010"), ("client_id", "", "ROR-SEC-015"))
_MOST = 6  # requests named when none is as wanted
_NAMED = 12  # results named when they are not shown


def consultations(evidence: Evidence) -> list[Exchange]:
    """The requests that consult. Those for a token are left out, and what is for all: the statement, the discovery of
    addresses, what a browser asks before it sends a request to another site."""
    return [one for one in evidence.current.exchanges if one.request.url.startswith(BASE)
            and kind_of(one) not in OPEN and one.request.method != "OPTIONS"]


def asks(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """One of the requests asks what is wanted: its type, and parameters with their values."""
    kind = parameters["GET"]
    known = {**evidence.profile.constants, **evidence.names}
    wanted = {name: value if value == "*" else fill(value, known) for name, value in parameters.get("with", {}).items()}
    asked = [one for one in consultations(evidence) if kind_of(one) == kind]
    if any(holds_parameters(one, wanted) for one in asked):
        return
    if barred(evidence):
        yield finding("bench.not-met", "a token", "none was given", "", evidence.first.id)
        return
    if any(name == "_filter" for one in asked for name, _ in query_of(one)):
        yield finding("bench.not-met", "criteria that are parameters", "a _filter, which is not read here", "",
                      evidence.first.id)
        return
    shown = " & ".join([kind, *(f"{name}={value}" for name, value in wanted.items())])
    came = "; ".join(unquote(one.request.url) for one in (asked or consultations(evidence))[:_MOST])
    yield finding("request.missing", shown, came or "no consultation", "", evidence.first.id)


def barred(evidence: Evidence) -> bool:
    """Whether the application was given no token, and went no further: what it would do is not known."""
    asked = token_requests(evidence)
    return bool(asked) and not any(map(answered, asked)) and not consultations(evidence)


def _nothing_received(evidence: Evidence) -> tuple[str, str] | None:
    """What an application lacked to show anything: a token, or a search that was not refused."""
    if barred(evidence):
        return "a token", "none was given"
    answers = [one.response for one in consultations(evidence)]
    if answers and all(one is not None and 400 <= one.status < 500 for one in answers):
        return "a search that is answered", "each was refused"
    return None


def holds_parameters(exchange: Exchange, wanted: Mapping[str, str]) -> bool:
    """Whether a request has these parameters, each with its value (``*``: any)."""
    held: dict[str, list[str]] = {}
    for name, value in query_of(exchange):
        held.setdefault(name, []).append(unquote(value) if name == "_typeFilter" else value)  # a query within a query
    return all(any(value == "*" or _same(value, one) for one in held.get(name, ())) for name, value in wanted.items())


def _same(wanted: str, asked: str) -> bool:
    """Whether two search values say the same: alternatives in any order, an instant in any time zone."""
    one, other = dates.interval(wanted[2:]), dates.interval(asked[2:])
    if one is not None and other is not None:
        return wanted[:2] == asked[:2] and one[0] == other[0]
    return set(wanted.split(",")) == set(asked.split(","))


def sends_headers(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """Each consultation carries these headers."""
    for exchange in consultations(evidence):
        held = {name.lower(): value for name, value in exchange.request.headers}
        for name, form in parameters.items():
            value = held.get(name.lower(), "")
            if not re.search(form, value):
                yield finding("request.header", f"{name}: {form}", value or "absent", name, exchange.id)


def bearer(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """Each consultation carries a token."""
    for exchange in consultations(evidence):
        value = exchange.request.header("authorization")
        if not value.lower().startswith("bearer "):
            yield finding("request.header", "Authorization: Bearer", value or "absent", "Authorization", exchange.id)


def answered(exchange: Exchange) -> bool:
    """Whether a request was done as it was asked."""
    return exchange.response is not None and exchange.response.status < 400


def token_requests(evidence: Evidence) -> list[Exchange]:
    """The requests for a token."""
    return [one for one in evidence.current.exchanges if one.request.url.startswith(AUTH)]


def token_request(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """The token is asked by a form of OAuth 2.0 client credentials; where one was given, how others were asked that
    were refused does not count."""
    asked = token_requests(evidence)
    if not asked:
        yield finding("request.missing", "a request to the token endpoint", "none", "", evidence.first.id)
    for one in [one for one in asked if answered(one)] or asked:
        kind = one.request.header("content-type")
        if one.request.method != "POST" or not kind.lower().startswith("application/x-www-form-urlencoded"):
            sent = f"{one.request.method}, {kind or 'no Content-Type'}"
            yield replace(finding("request.header", "a form sent by POST", sent, "Content-Type", one.id),
                          requirement=_FORM)
            continue
        form = dict(parse_qsl(one.request.body))
        for name, value, requirement in _OF_FORM:
            if (value and form.get(name) != value) or not form.get(name):
                yield replace(finding("request.parameter", f"{name}={value or '…'}", form.get(name, "absent"), name,
                                      one.id), requirement=requirement)


def renews_token(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """After a token was refused another is asked, and the request is sent again with it, or its search from the start:
    pages may then have other marks."""
    everyone = evidence.current.exchanges
    refused = next((at for at, one in enumerate(everyone) if one.response is not None and one.response.status == 401
                    and one.request.url.startswith(BASE) and one.request.header("authorization")), None)
    if refused is None:
        yield finding("bench.not-met", "a request with a token that ended", "none", "", evidence.first.id)
        return
    first, after = everyone[refused], everyone[refused + 1 :]
    if not any(one.request.url.startswith(AUTH) for one in after):
        yield finding("request.token", "a new token asked", "none", "", first.id)
    elif not any(one.request.url.startswith(BASE) and kind_of(one) == kind_of(first) and answered(one)
                 for one in after):
        yield finding("request.token", f"{unquote(first.request.url)} sent again with the new token", "not sent", "",
                      first.id)


def follows_next(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """Next links are followed as they were given, to the end."""
    everyone = consultations(evidence)
    met = False
    for at, exchange in enumerate(everyone):
        link = evidence.next_of(exchange)
        if not link:
            continue
        met = True
        after = everyone[at + 1 :]
        if not any(is_at(one, link) for one in after):
            other = next((one for one in after if kind_of(one) == kind_of(exchange)), None)
            yield finding("request.link", link, other.request.url if other else "no further request", "Bundle.link",
                          exchange.id, (other.id,) if other else ())
            return
    if not met:
        yield finding("bench.not-met", "a result of several pages", "one page", "", evidence.first.id)


def waits(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """Who is told to come back after a time does not come before."""
    everyone = evidence.current.exchanges
    met = False
    for at, exchange in enumerate(everyone):
        told = exchange.response.header("Retry-After") if exchange.response is not None else ""
        if not told:
            continue
        met = True
        over = datetime.fromisoformat(exchange.started) + timedelta(milliseconds=exchange.milliseconds)
        until = over + timedelta(seconds=int(told)) if told.isdecimal() else parsedate_to_datetime(told)
        later = (one for one in everyone[at + 1 :] if datetime.fromisoformat(one.started) > over)  # not under way
        again = next((one for one in later if _like(one, exchange)), None)
        if again is not None and datetime.fromisoformat(again.started) + _MARGIN < until:
            early = (until - datetime.fromisoformat(again.started)).total_seconds()
            yield finding("request.early", f"a pause as Retry-After tells ({told})", f"{early:.1f} s too early", "",
                          again.id)
    if not met:
        yield finding("bench.not-met", "an answer with Retry-After", "none", "", evidence.first.id)


def _like(one: Exchange, other: Exchange) -> bool:
    """Whether a request is another again, or a search of the same from its start."""
    searches = all(exchange.request.url.startswith(BASE) and "/" not in
                   exchange.request.url.partition("?")[0].removeprefix(BASE) for exchange in (one, other))
    return one.request.url == other.request.url or (searches and kind_of(one) == kind_of(other))


def gives_up(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """A request that keeps failing is not sent for ever."""
    failed = [one for one in evidence.current.exchanges if one.response is None or one.response.status >= 500]
    if not failed:
        yield finding("bench.not-met", "a request that fails", "none", "", evidence.first.id)
    for (method, url), times in Counter((one.request.method, one.request.url) for one in failed).items():
        if times > parameters["within"]:
            last = next(one.id for one in reversed(failed) if one.request.url == url)
            yield finding("request.insistent", f"{method} {unquote(url)} at most {parameters['within']} times",
                          f"{times} times", "", last)


def selected(parameters: Any, evidence: Evidence) -> list[tuple[Mapping[str, Any], bool]]:
    """The resources that the criteria of an expectation select, each with whether it is to be shown: what is no more
    active may be left out (ROR-HTTP-021)."""
    known = {**evidence.profile.constants, **evidence.names}
    criteria = [(name, fill(value, known)) for name, value in parameters["criteria"].items()]
    searcher = evidence.searcher()
    return [(one, _active(one)) for one in evidence.population.all(parameters["resource"])
            if all(searcher.answers(one, name, value) for name, value in criteria)]


def shows(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """The application shows what the criteria select, each once."""
    answer, said = statement("shows", evidence)
    found = selected(parameters, evidence)
    needed = sorted(key_of(one) for one, active in found if active)
    outcome = evidence.current.outcome
    told = outcome.get("shown") if isinstance(outcome, dict) else None
    lacked = _nothing_received(evidence) if answer or isinstance(told, list) else None
    if lacked is not None:
        yield finding("bench.not-met", *lacked, "", evidence.first.id)
        return
    if answer == "no" or not isinstance(told, list):
        named = ", ".join(needed[:_NAMED]) + (", …" if len(needed) > _NAMED else "")
        yield from denied(answer, said, f"{len(needed)} results: {named}", evidence)
        return
    kind = parameters["resource"]
    wanted = {key_of(one) for one, _ in found}
    shown = [_named(str(one), kind, evidence) for one in told]
    for key in sorted(set(needed) - set(shown)):
        yield finding("shown.lost", key, "absent", "", evidence.first.id)
    for key in sorted(set(shown) - wanted):
        yield finding("shown.added", "only what was asked for", key, "", evidence.first.id)
    for key, times in Counter(shown).items():
        if times > 1:
            yield finding("shown.twice", f"{key} once", f"{times} times", "", evidence.first.id)


def _active(resource: Mapping[str, Any]) -> bool:
    return resource.get("active") is not False and resource.get("status") != "inactive"


def _named(told: str, kind: str, evidence: Evidence) -> str:
    """The ``Type/id`` of a resource that is told by it, by its id or by an identifier."""
    for key in (told, f"{kind}/{told}"):
        if evidence.population.get(key) is not None:
            return key
    found = (key_of(one) for one in evidence.population.all(kind) if told in _identifiers(one))
    return next(found, told)


def _identifiers(resource: Mapping[str, Any]) -> Sequence[str]:
    held = resource.get("identifier")
    return [str(one.get("value")) for one in held if isinstance(one, dict)] if isinstance(held, list) else []
