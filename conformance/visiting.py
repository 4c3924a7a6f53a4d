"""One pair of a matrix: the requester's identity goes to the responder's endpoint, step by step, then through the
scenarios of what both speak. It runs as well in a thread as on another machine, and gives all that happened."""

from __future__ import annotations

import contextlib
import functools
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from conformance import data, nomenclature, workshop
from conformance.cells import Broken, Certificate
from conformance.clock import Clock, SystemClock, stamp
from conformance.drive.direct import Direct
from conformance.drive.probe import Probe
from conformance.endpoint import Endpoint
from conformance.engine.run import Run
from conformance.errors import OperatorError
from conformance.events import Event, Exchanged, Judged, Visited
from conformance.fhir_generation import FhirGeneration
from conformance.model import Ask, Candidate, Exchange, Trouble
from conformance.plan import Campaign
from conformance.reached import capability, greeting
from conformance.verdict import Verdict
from conformance.visits import CAPABILITY, GREETING

ACTIVE = "active"  # scenarios that are drafts, or on their way out, say nothing of a connection
_MOST = 8 * 1024 * 1024  # bytes of an answer: many are held at once
_GREETING = Ask("GET", "HealthcareService", (("_count", "1"),))
_STATEMENT = Ask("GET", "metadata")


class NoScenario(OperatorError):
    """Nothing of what is wanted can be tried between two members."""


@dataclass(frozen=True, slots=True)
class Call:
    """A pair to be tried: who asks whom, at which endpoint, by the profile that both speak (empty: none) for these use
    cases, and the seconds that it may take. ``why_not`` is the cause why it cannot be tried, ``detail`` its words."""

    requester: str
    responder: str
    endpoint: Endpoint | None
    profile: str
    use_cases: tuple[str, ...]
    seconds: float
    own: Certificate | None = None
    scenarios: tuple[str, ...] = ()
    why_not: str = ""
    detail: str = ""

    @property
    def pair(self) -> tuple[str, str]:
        """Who asks whom."""
        return self.requester, self.responder


def visited(call: Call) -> Visited:
    """What happens when a pair is tried; whatever breaks is told in it, a fault of ours as such."""
    clock = SystemClock()
    started, before = stamp(clock.now()), clock.monotonic()
    events: list[Event] = []
    untested, detail = call.why_not, call.detail
    if call.endpoint is not None and not untested:
        try:
            events.extend(_told(_events(call, call.endpoint, clock)))
        except NoScenario as error:
            untested, detail = "untested.no-scenario", str(error)
        except OperatorError as error:
            untested, detail = "untested.configuration", str(error)
        except Exception as error:  # ours: told as such, and held against nobody
            untested, detail = "untested.harness", _ours(error)
    return Visited(call.requester, call.responder, call.profile, started, round(clock.monotonic() - before, 3),
                   tuple(events), call.use_cases, untested, detail)


def _ours(error: Exception) -> str:
    """What broke, and where, without the paths of this machine."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({last.name}, line {last.lineno})"[:300]


def _told(events: Iterator[Event]) -> Iterator[Event]:
    """What is kept of a run: not that something passed."""
    for event in events:
        if not (isinstance(event, Judged) and event.judgement.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE)):
            yield event


def _events(call: Call, endpoint: Endpoint, clock: Clock) -> Iterator[Event]:
    limits = endpoint.limits
    bounded = replace(limits, connect=min(limits.connect, call.seconds / 2), read=min(limits.read, call.seconds / 2),
                      total=min(limits.total, call.seconds / 2), run=call.seconds, body=min(limits.body, _MOST))
    campaign = prepared(call.profile, call.use_cases, call.scenarios) if call.profile else None
    generation = FhirGeneration(campaign.release if campaign is not None else nomenclature.release(None))
    probe = Probe(replace(endpoint, limits=bounded), generation.scrub,
                  carried=Direct(clock))
    try:
        for ask, purpose in ((_GREETING, GREETING), (_STATEMENT, CAPABILITY)):
            exchange = _unnamed(probe.send(ask, purpose), endpoint)
            yield Exchanged(call.profile, "", exchange)
            broken: Broken | None = greeting(exchange, call.own) if purpose == GREETING else capability(
                exchange, call.profile)
            if broken is not None:
                return
        if campaign is not None:
            yield from Run(campaign, probe, generation, clock).scenarios(campaign.planned)
    finally:
        probe.close()
        if limits.pace > 0:
            clock.sleep(min(1 / limits.pace, call.seconds))  # the next pair begins no sooner than its next request


def _unnamed(one: Exchange, endpoint: Endpoint) -> Exchange:
    """An exchange whose trouble does not tell the host that was asked: of a certificate, OpenSSL names it."""
    host = urlsplit(endpoint.base).hostname
    if one.trouble is None or not host:
        return one
    return replace(one, trouble=Trouble(one.trouble.code, one.trouble.detail.replace(f"'{host}'", "[host]")))


def found_in(use_cases: tuple[str, ...], scenarios: tuple[str, ...]) -> tuple[Path, ...]:
    """Where the scenarios of use cases stand: in the places given or, of those shipped, in the folders of their names,
    for to read them all takes a while."""
    return tuple(map(Path, scenarios)) or tuple(
        path for case in use_cases if (path := data.path("scenarios", case)).is_dir())


def made_ready(profile: str, use_cases: tuple[str, ...], scenarios: tuple[str, ...]) -> None:
    """Reads what pairs of a profile need, before the first of them is tried."""
    with contextlib.suppress(NoScenario):  # told of each pair
        prepared(profile, use_cases, scenarios)


@functools.lru_cache(maxsize=32)
def prepared(profile: str, use_cases: tuple[str, ...], scenarios: tuple[str, ...] = ()) -> Campaign:
    """The scenarios of a profile that read and are of full age; NoScenario when there is none."""
    who = Candidate("", "", "", "server", (profile,), use_cases)
    try:
        made = workshop.campaign(who, workshop.Choice(use_cases=use_cases, scenarios=found_in(use_cases, scenarios)))
    except OperatorError as error:
        raise NoScenario(str(error)) from None
    planned = tuple(one for one in made.planned
                    if one.scenario.maturity == ACTIVE and not one.skip and one.refusal is None)
    if not planned:
        raise NoScenario(f"{profile}: no scenario of {', '.join(use_cases)} can be tried between two members")
    return replace(made, planned=planned)
