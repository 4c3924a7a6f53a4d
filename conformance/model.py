"""The nouns of the harness: frozen, equal by value, without I/O. One word per thing (see ARCHITECTURE)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.policy import AccessPolicy
from conformance.scenario_words import over_run, writes
from conformance.verdict import Cause, Effect, Strength, Verdict


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence in both languages of the reports."""

    fr: str
    en: str

    def in_(self, language: str) -> str:
        """The sentence in ``fr`` or ``en``."""
        return self.fr if language == "fr" else self.en


# --- the specification -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Requirement:
    """One atomic rule of a profile, verifiable by itself; its id never changes meaning."""

    id: str
    topic: str
    strength: Strength
    actor: str
    statement: Text
    source: str
    section: str
    remedy: Text | None = None
    note: str = ""
    unconfirmed: bool = False
    not_tested: Text | None = None


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """A search parameter of one resource type; ``expression`` is the usable FHIRPath, corrected if need be."""

    resource: str
    name: str
    type: str
    expression: str
    targets: tuple[str, ...] = ()
    declared: bool = False
    draft: bool = False
    defect: str = ""


@dataclass(frozen=True, slots=True)
class Defect:
    """A defect of the published specification: what rests on it is never held against a candidate."""

    id: str
    title: Text
    what: Text
    reading: Text
    source: str
    requirements: tuple[str, ...] = ()
    search_parameters: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    findings: tuple[str, ...] = ()
    unevaluable: bool = False


@dataclass(frozen=True, slots=True)
class Live:
    """A live scenario of the guide: its id (``ROR-UC-03/1``), the transaction that it is of, title, maturity."""

    id: str
    transaction: Text
    title: Text
    maturity: str
    unconfirmed: bool = False


@dataclass(frozen=True)
class Profile:
    """One published version of the specification, as data."""

    id: str
    title: Text
    version: str
    published: str
    fhir_version: str
    canonical: str
    hash: str
    sources: tuple[str, ...]
    constants: Mapping[str, str]
    headers: tuple[str, ...]
    requirements: Mapping[str, Requirement]
    search_parameters: Mapping[tuple[str, str], SearchParameter]
    capability: Mapping[str, Any]
    defects: tuple[Defect, ...]
    structures: Mapping[str, Any]
    extensions: Mapping[str, Any]
    checks: Mapping[str, tuple[str, ...]]
    rests_on: Mapping[str, Any]
    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    removal: Mapping[str, Sequence[Mapping[str, Any]] | Mapping[str, Any]] = field(default_factory=dict)
    optional_writes: tuple[str, ...] = ()
    transactions: tuple[Live, ...] = ()
    access: AccessPolicy | None = None

    def named(self, names: Iterable[str]) -> list[str]:
        """The ids of the requirements named, families (``ROR-STR-Location.*``) opened."""
        return [identifier for name in names for identifier in self.families.get(name, (name,))]


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
class Step:
    """One request to send, how far to follow its pages, and what is expected of the answer. ``base`` names the address
    that it goes to, where it is not that of consultation; ``access`` the access profile of the client that sends it,
    where it is not that of the run."""

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

    @property
    def writes(self) -> bool:
        """Whether it changes something on the server."""
        return writes(self.method, self.path)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole test written in YAML: what it needs, what it sends, what it expects, what it verifies."""

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

    @property
    def closing(self) -> bool:
        """Whether it looks at all that a run received, and so comes after the others."""
        return any(over_run(one.parameters) for step in self.steps for one in step.expect)

    @property
    def writes(self) -> bool:
        """Whether it changes something on the server."""
        return any(step.writes for step in self.steps)


# --- the candidate -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Candidate:
    """The product under test, as its vendor declares it. Never an address. ``accesses``: the access profiles of which
    a client is at hand, ``access`` that of the client of the run where it is told."""

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
    empty header is not sent. ``access``: the access profile of the client that sends it, empty for that of the run."""

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
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no usable answer: a code of ``codes.py`` and the detail that the network gave."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, or the trouble that stands in its place. Born redacted."""

    id: str
    purpose: str
    request: Request
    response: Response | None
    trouble: Trouble | None
    started: str
    milliseconds: float
    tls: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """A step that was driven: its exchanges (the first answer, then its pages) and why no more were asked.

    ``ending``: ``one`` (a single page was wanted), ``complete`` (no next link), ``limit``, ``broken`` (a next link
    failed), ``elsewhere`` (it leaves the candidate), ``loop`` (it comes back).
    """

    step: Step
    ask: Ask
    exchanges: tuple[Exchange, ...]
    ending: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing seen by a check. No sentence and no severity: both are derived. ``requirement`` is that of the
    single element concerned, where there is one."""

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


@dataclass(frozen=True, slots=True)
class Weight:
    """On how much a judgement rests."""

    exchanges: int = 0
    resources: int = 0
    values: int = 0


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
