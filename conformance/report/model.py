"""The report: every number and sentence that a rendering may show. Renderings only print and loop."""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.model import Weight
from conformance.specification import Text


@dataclass(frozen=True)
class Occurrence:
    """One place where a problem was seen, with the exchange that proves it, those ``beside`` that it is compared with,
    and of a law how many cases were drawn, and how many criteria the simplest that breaks it has."""

    scenario: str
    step: str
    check: str
    expected: str
    actual: str
    place: str
    count: int
    exchange: str
    beside: tuple[str, ...]
    draws: int
    criteria: int


@dataclass(frozen=True)
class Problem:
    """One kind of finding on one requirement: what is wrong, where, and what to do."""

    anchor: str
    profile: str
    requirement: str
    code: str
    severity: str
    effect: str
    cause: str
    defect: str
    title: Text
    says: Text
    remedy: Text
    occurrences: tuple[Occurrence, ...]
    count: int
    advisory: bool
    waived: str


@dataclass(frozen=True)
class RequirementRow:
    """What is said of one requirement of one profile."""

    anchor: str
    profile: str
    id: str
    topic: str
    strength: str
    statement: Text
    source: str
    section: str
    note: str
    unconfirmed: bool
    verdict: str
    causes: tuple[str, ...]
    warnings: int
    scenarios: tuple[str, ...]
    weight: Weight
    advisory: bool
    waived: str


@dataclass(frozen=True)
class Line:
    """One judgement under its scenario."""

    step: str
    check: str
    requirement: str
    verdict: str
    cause: str
    problem: str


@dataclass(frozen=True)
class ScenarioRow:
    """What is said of one scenario on one profile."""

    anchor: str
    profile: str
    id: str
    title: Text
    use_case: str
    transaction: str
    maturity: str
    verdict: str
    skipped: str
    defects: tuple[str, ...]
    lines: tuple[Line, ...]
    weight: Weight


@dataclass(frozen=True)
class Gap:
    """Data that the candidate lacks for a scenario to speak."""

    profile: str
    scenario: str
    need: str
    create: Text
    requirements: tuple[str, ...]


@dataclass(frozen=True)
class Shown:
    """An exchange as shown: request, answer, an excerpt at the place of the finding, the command to repeat it, the
    access profile of the client where it is not that of the run, the ``total`` of a searchset. Of the resources that
    the finding names, which the answer holds (``holds``) and which not (``lacks``)."""

    id: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str
    status: str
    response_headers: tuple[tuple[str, str], ...]
    excerpt: str
    body_file: str
    size: int
    milliseconds: float
    curl: str
    access: str
    total: str
    holds: tuple[str, ...]
    lacks: tuple[str, ...]


@dataclass(frozen=True)
class DefectRow:
    """A defect of the specification that this run met."""

    id: str
    title: Text
    what: Text
    reading: Text
    source: str
    scenarios: tuple[str, ...]


@dataclass(frozen=True)
class WaiverRow:
    """An agreed exception and what it did."""

    requirement: str
    profile: str
    reason: str
    reference: str
    until: str
    state: str


@dataclass(frozen=True)
class WriteRow:
    """Something that the run changed on the server, and what became of it: ``removed``, ``absent``, ``left``,
    ``changed`` or ``open``. Without a key, what was created is known by its mark."""

    profile: str
    scenario: str
    request: str
    key: str
    mark: str
    state: str


@dataclass(frozen=True)
class Uncovered:
    """A requirement that no scenario of this run verified."""

    profile: str
    id: str
    strength: str
    statement: Text
    reason: Text


@dataclass(frozen=True)
class Decision:
    """The decision, the reasons for it as codes of sentences, and the exit code that a command gives."""

    word: str
    reasons: tuple[str, ...]
    exit_code: int


@dataclass(frozen=True)
class Score:
    """The score of the judge, measured on the reference and its faults, for these very scenarios and profiles."""

    caught: int
    faults: int
    false_alarms: int
    current: bool


@dataclass(frozen=True)
class Report:
    """Everything that a report says."""

    product: str
    version: str
    vendor: str
    role: str
    profiles: tuple[str, ...]
    profile_titles: tuple[Text, ...]
    use_cases: tuple[str, ...]
    started: str
    finished: str
    seconds: float
    complete: bool
    decision: Decision
    requirements_by_verdict: dict[str, int]
    scenarios_by_verdict: dict[str, int]
    exchanges: int
    problems: tuple[Problem, ...]
    gaps: tuple[Gap, ...]
    requirements: tuple[RequirementRow, ...]
    scenarios: tuple[ScenarioRow, ...]
    shown: dict[str, Shown]
    defects: tuple[DefectRow, ...]
    waivers: tuple[WaiverRow, ...]
    writes: tuple[WriteRow, ...]
    uncovered: tuple[Uncovered, ...]
    score: Score | None
    seed: int
    rorqual: str
    python: str
    profile_hashes: dict[str, str]
    scenarios_hash: str
    nomenclatures_hash: str
    rejudged: bool = False
    notes: tuple[Text, ...] = field(default=())
