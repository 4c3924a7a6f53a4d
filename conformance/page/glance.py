"""The first judgement of a request, as it comes in: what can be told of it alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

from conformance.checks.evidence import Evidence
from conformance.checks.judge import findings_of
from conformance.codes import finding
from conformance.fhir_generation import FhirGeneration
from conformance.generation import Course
from conformance.model import HANDSHAKE, REFUSED, Ask, Exchange, Expectation, Finding, Judgement, Sent, Step
from conformance.page.scene import Arrival, Remark, Ruling
from conformance.plan import Planned
from conformance.queries import AUTH
from conformance.report import texts
from conformance.specification import Profile
from conformance.verdict import Effect, worst

TOKEN_REQUEST = "token-request"  # noqa: S105 - a check
LOCAL = ("sends-headers", "bearer", "encoded", "known-parameters", "full-codes", TOKEN_REQUEST)
_LINKS = 8  # answers with a next link that are remembered, so that following it is known again
_SHOWN = 600  # characters of an address
_LONGEST = 3600.0  # seconds that an application may be told to wait


class Glance:
    """Looks at requests with the checks on single requests that the scenarios of a campaign agree on."""

    def __init__(self, planned: Iterable[Planned], generation: FhirGeneration) -> None:
        self._generation = generation
        self._paged: deque[Exchange] = deque(maxlen=_LINKS)
        self._held: dict[str, list[Expectation]] = {}
        for one in planned:
            self._held.setdefault(one.profile.id, []).extend(one.scenario.expectations)

    def arrival(self, exchange: Exchange, course: Course, step: Step) -> Arrival:
        """A request as the page shows it."""
        if exchange.purpose == REFUSED and exchange.trouble is not None:
            return self._refused(exchange, exchange.trouble.detail)
        if exchange.purpose == HANDSHAKE and exchange.trouble is not None:
            return Arrival(exchange.id, datetime.fromisoformat(exchange.started), "TLS", exchange.trouble.detail, "",
                           greeting=True)
        evidence = self.evidence(course, step, (*self._paged, exchange))
        more = bool(evidence.next_of(exchange))
        if more:
            self._paged.append(exchange)
        token = exchange.request.url.startswith(AUTH)
        response = exchange.response
        at = datetime.fromisoformat(exchange.started)
        return Arrival(
            exchange.id, at, exchange.request.method, unquote(exchange.request.url)[:_SHOWN],
            str(response.status) if response is not None else "",
            tuple(dict.fromkeys(remark(one) for one in self._findings(evidence, token) if one.exchange == exchange.id)),
            more=more, back=_back(exchange, at), token=token, cut=response is None)

    def _refused(self, exchange: Exchange, reason: str) -> Arrival:
        """One that was malformed: no check looks at it."""
        status = str(exchange.response.status) if exchange.response is not None else ""
        return Arrival(
            exchange.id, datetime.fromisoformat(exchange.started), exchange.request.method,
            unquote(exchange.request.url)[:_SHOWN], status, (remark(finding("bench.refused", "", reason)),))

    def evidence(self, course: Course, step: Step, exchanges: Sequence[Exchange] = ()) -> Evidence:
        """What is known of a step before it is judged."""
        return self._generation.evidence(course, Sent(step, Ask(step.method, step.path), tuple(exchanges), ""))

    def _findings(self, evidence: Evidence, token: bool) -> Iterator[Finding]:
        for one in self._local(evidence.profile, evidence.current.step):
            if (one.check == TOKEN_REQUEST) is token:
                yield from (found for found in findings_of(one, evidence) if found.effect is Effect.BROKEN)

    def _local(self, profile: Profile, step: Step) -> Iterator[Expectation]:
        """Each check on single requests, as the step wants it, or as all scenarios that hold it do."""
        for name in LOCAL:
            own = [one for one in step.expect if one.check == name]
            others = [one for one in self._held.get(profile.id, ()) if one.check == name]
            same = all(one.parameters == others[0].parameters for one in others)
            yield from own or (others[:1] if same else ())


def remark(one: Finding) -> Remark:
    """A finding in sentences."""
    said = texts.findings()[one.code]
    expected, actual = texts.short(one.expected), texts.short(one.actual)
    return Remark(said.title, texts.filled(said.says, expected, actual, one.place), said.remedy)


def rulings(judgements: Sequence[Judgement], profile: Profile) -> list[Ruling]:
    """What the judgements of a scenario say, requirement by requirement, the worst first."""
    found: dict[str, list[Judgement]] = {}
    for one in judgements:
        found.setdefault(one.requirement, []).append(one)
    made = [(worst(one.verdict for one in mine),
             Ruling(name, profile.requirements[name].statement, worst(one.verdict for one in mine).word,
                    tuple(dict.fromkeys(remark(told) for one in mine for told in one.findings))))
            for name, mine in found.items()]
    return [ruling for _, ruling in sorted(made, key=lambda pair: -pair[0])]


def _back(exchange: Exchange, at: datetime) -> datetime | None:
    """When the application may come back, if it was told to."""
    told = exchange.response.header("Retry-After") if exchange.response is not None else ""
    if told.isdecimal():
        return at + timedelta(milliseconds=exchange.milliseconds, seconds=min(float(told), _LONGEST))
    try:
        return parsedate_to_datetime(told) if told else None
    except ValueError:
        return None
