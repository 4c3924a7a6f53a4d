"""The nouns of the harness: frozen, equal by value, without I/O. One word per thing (see ARCHITECTURE)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from conformance.scenario_words import IDENTITIES, TOKEN, over_run, writes
from conformance.specification import Text
from conformance.verdict import Cause, Effect, Verdict

# --- the scenario ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file written by a person."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Need:
    """A value that the candidate must really hold for the scenario to speak (an entry of ``bind``)."""

    name: str
    among: str = ""
    search: tuple[tuple[str, str], ...] = ()
    of: str = ""
    follow: str = ""
    holds: str = ""
    lacks: str = ""
    where: str = ""
    value: str = ""
    pick: str = "some"
    needs: Text | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """One check with its parameters, and the requirements that it verifies."""

    check: str
    parameters: Any
    verifies: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Action:
    """What the user of an application is asked to do: the name by which a ``drive`` command knows it, the words, the
    values that go with it; what the application is served meanwhile (manners of the bench); seconds without a request
    after which it is over, and seconds after which it is over whatever comes in."""

    name: str
    words: Text
    values: tuple[tuple[str, str], ...]
    serve: Any
    idle: float
    at_most: float


@dataclass(frozen=True, slots=True)
class Step:
    """One request to send, how far to follow its pages, and what is expected of the answer. ``base`` names the address
    that it goes to, where it is not that of consultation; ``access`` the access profile, or the identity, of the client
    that sends it, where it is not that of the run. With an ``action`` nothing is sent: an application acts, and what
    it sends is judged."""

    name: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    form: tuple[tuple[str, str], ...]
    pages: int
    expect: tuple[Expectation, ...]
    place: Place
    body: Any = None
    base: str = ""
    access: str = ""
    action: Action | None = None

    @property
    def writes(self) -> bool:
        """Whether it changes something on the server."""
        return self.action is None and writes(self.method, self.path)

    @property
    def asks_token(self) -> bool:
        """Whether it asks for a token."""
        return self.base == TOKEN


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole test written in YAML: what it needs, what it sends, what it expects, the laws that it draws cases of,
    what it verifies."""

    id: str
    title: Text
    description: Text | None
    profiles: tuple[str, ...]
    use_case: str
    transaction: str
    role: str
    maturity: str
    verifies: tuple[str, ...]
    defects: tuple[str, ...]
    needs: tuple[Need, ...]
    steps: tuple[Step, ...]
    place: Place
    source: str = field(default="", repr=False)
    laws: tuple[Expectation, ...] = ()

    @property
    def expectations(self) -> list[Expectation]:
        """What is expected of the answers to its steps, and the laws that it asks."""
        return [*(one for step in self.steps for one in step.expect), *self.laws]

    @property
    def closing(self) -> bool:
        """Whether it looks at all that a run received, and so comes after the others."""
        return any(over_run(one.parameters) for step in self.steps for one in step.expect)

    @property
    def writes(self) -> bool:
        """Whether it changes something on the server."""
        return any(step.writes for step in self.steps)

    @property
    def secured(self) -> bool:
        """Whether it tries who is let in, which TLS and tokens tell."""
        return any(step.access in IDENTITIES or step.asks_token for step in self.steps)


# --- the candidate -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Candidate:
    """The product under test, as its vendor declares it. Never an address. ``accesses``: the access profiles, and
    the identities that must be refused, of which a client is at hand, ``access`` that of the client of the run where it
    is told; ``secured``: whether it is reached by https, ``remote``: whether it is on another machine,
    ``gives_tokens``: whether it is told where the client asks for tokens with its certificate; ``drive``: the command
    that has an application do something, ``webhook`` the address that does."""

    product: str
    version: str
    vendor: str
    role: str
    profiles: tuple[str, ...]
    use_cases: tuple[str, ...]
    waivers: tuple[Waiver, ...] = ()
    writes: bool = False
    accesses: tuple[str, ...] = ()
    access: str = ""
    drive: tuple[str, ...] = ()
    webhook: str = ""
    secured: bool = False
    remote: bool = False
    gives_tokens: bool = False


@dataclass(frozen=True, slots=True)
class Waiver:
    """An agreed exception: it can change a decision, never a verdict."""

    requirement: str
    reason: str
    reference: str
    until: str
    profile: str = ""


# --- what happened -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ask:
    """What to send: a path under a base (or the address of a next link), a query, headers, a form or a JSON body. An
    empty header is not sent. ``access``: the access profile, or the identity, of the client that sends it, empty for
    that of the run."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    form: tuple[tuple[str, str], ...] = ()
    body: str = ""
    base: str = ""
    access: str = ""

    @property
    def writes(self) -> bool:
        """Whether it changes something on the server."""
        return writes(self.method, self.path)


@dataclass(frozen=True, slots=True)
class Written:
    """Something that a run changed on the server: the request, the mark by which what it created is found again, the
    ``Type/id`` of that once it is known."""

    number: int
    profile: str
    scenario: str
    method: str
    path: str
    base: str
    mark: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as sent, redacted: the address is ``[base]/…``, secrets are named, not shown. ``access``: as in Ask."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    access: str = ""

    def header(self, name: str) -> str:
        """The first value of a header, whatever its case; empty when absent."""
        return _header(self.headers, name)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer as received; ``body`` is the decoded, redacted content, ``received`` its size on the wire."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)
    received: int = 0
    http: str = "HTTP/1.1"

    def header(self, name: str) -> str:
        """The first value of a header, whatever its case; empty when absent."""
        return _header(self.headers, name)


def _header(headers: tuple[tuple[str, str], ...], name: str) -> str:
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), "")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no usable answer: a code of ``codes.py`` and the detail that the network gave."""

    code: str
    detail: str


# purposes of exchanges: one that was malformed; a handshake of TLS, of which no request came
REFUSED, HANDSHAKE = "refused", "handshake"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, or the trouble that stands in its place. Born redacted. Of one that came in,
    ``client`` is the certificate of who sent it (``sha256:<fingerprint> <subject>``); with the purpose REFUSED it
    was malformed, the trouble says how, and nobody judges it."""

    id: str
    purpose: str
    request: Request
    response: Response | None
    trouble: Trouble | None
    started: str
    milliseconds: float
    tls: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """A step that was driven: its exchanges (the first answer, then its pages) and why no more were asked.

    ``ending``: ``one`` (a single page was wanted), ``complete`` (no next link), ``limit``, ``broken`` (a next link
    failed), ``elsewhere`` (it leaves the candidate), ``loop`` (it comes back). Of an action: ``done`` (the application
    said so), ``idle`` (nothing came in any more), ``late`` (the time was over); ``outcome`` is what it shows.
    """

    step: Step
    ask: Ask
    exchanges: tuple[Exchange, ...]
    ending: str
    outcome: Any = None


@dataclass(frozen=True, slots=True)
class Tried:
    """A case of a law that was asked: what was found, or why it tells nothing (``void``), the resources and the values
    that it touched. ``stable`` is False when the same questions had other answers."""

    number: int
    sents: tuple[Sent, ...]
    findings: tuple[Finding, ...] = ()
    void: Finding | None = None
    keys: frozenset[str] = frozenset()
    values: frozenset[tuple[str, str]] = frozenset()
    stable: bool = True

    @property
    def broken(self) -> bool:
        """Whether the case broke the law."""
        return bool(self.findings) and self.stable

    def lightened(self) -> Tried:
        """The same, of a case without findings without the bodies of its answers, which nobody looks at again."""
        if self.findings:
            return self
        return replace(self, sents=tuple(
            replace(sent, exchanges=tuple(map(_bodiless, sent.exchanges))) for sent in self.sents))


def _bodiless(exchange: Exchange) -> Exchange:
    response = exchange.response
    return exchange if response is None else replace(exchange, response=replace(response, body=b""))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing seen by a check. No sentence and no severity: both are derived. ``requirement`` is that of the
    single element concerned, where there is one; ``beside`` are the exchanges that ``exchange`` is compared with."""

    code: str
    expected: str = ""
    actual: str = ""
    place: str = ""
    exchange: str = ""
    effect: Effect = Effect.BROKEN
    cause: Cause = Cause.CANDIDATE
    defect: str = ""
    count: int = 1
    requirement: str = ""
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Weight:
    """On how much a judgement rests; ``draws``: cases of a law."""

    exchanges: int = 0
    resources: int = 0
    values: int = 0
    draws: int = 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one expectation says of one requirement: the atom of every report."""

    profile: str
    scenario: str
    step: str
    expectation: int
    check: str
    requirement: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    weight: Weight
    exchanges: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()
