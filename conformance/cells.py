"""Who can exchange with whom: a cell of the connectivity matrix, and the steps from a requester to a responder.

A cell is *effective* when every step succeeded and no scenario of the use case failed; *partial* when some scenario
passed and some failed; *not effective* when a step broke, or every scenario failed; *not tested* when nothing can be
said: nothing was tried, or it could not be carried through for a reason that is not of the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

EFFECTIVE, PARTIAL, NOT_EFFECTIVE, NOT_TESTED = STATES = ("effective", "partial", "not-effective", "not-tested")
NAME, TCP, TLS, MUTUAL_TLS, TOKEN, HTTP, WHITE_LIST, CAPABILITY, SCENARIOS = STEPS = (
    "name", "tcp", "tls", "mutual-tls", "token", "http", "white-list", "capability", "scenarios")
CAUSES = {
    NAME: ("name.unknown",),
    TCP: ("tcp.refused", "tcp.silent", "tcp.unreachable"),
    TLS: ("tls.expired", "tls.not-yet-valid", "tls.other-name", "tls.unknown-authority", "tls.self-signed",
          "tls.revoked", "tls.wrong-usage", "tls.weak-key", "tls.version", "tls.ciphers", "tls.not-tls", "tls.wanted",
          "tls.silent", "tls.closed", "tls.failed"),
    MUTUAL_TLS: ("client.missing", "client.expired", "client.not-yet-valid", "client.self-signed", "client.revoked",
                 "client.unknown-authority", "client.wrong-usage", "client.not-accepted"),
    TOKEN: ("token.refused", "token.unreachable"),
    HTTP: ("http.silent", "http.closed", "http.not-http", "http.too-large", "http.unavailable", "http.too-many"),
    WHITE_LIST: ("list.refused", "list.unauthenticated"),
    CAPABILITY: ("capability.not-found", "capability.unreadable", "capability.refused", "capability.other-version",
                 "capability.no-search", "capability.no-shared-profile"),
    SCENARIOS: ("scenarios.failed",),
    "": ("untested.no-endpoint", "untested.configuration", "untested.not-verifiable", "untested.time",
         "untested.network", "untested.no-scenario", "untested.harness", "untested.not-asked"),
}
STEP_OF = {cause: step for step, causes in CAUSES.items() for cause in causes}


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is told of the certificate of a requester: until when it is valid, the common name of its issuer, what is
    wrong with it by itself (``expired``, ``not-yet-valid``, ``self-signed``, ``wrong-usage``)."""

    until: str
    issuer: str
    defects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Broken:
    """Why a pair is not effective: the cause (``CAUSES``), what was seen in the words of the machine, the exchange
    that shows it, the requirement that a scenario found broken."""

    cause: str
    detail: str = ""
    exchange: str = ""
    requirement: str = ""
    scenario: str = ""

    @property
    def step(self) -> str:
        """The step that broke; empty where none was tried."""
        return STEP_OF[self.cause]


@dataclass(frozen=True, slots=True)
class Cell:
    """What was observed of a requester and a responder, when (``at``) and from where (``vantage``);
    ``scenarios`` counts the verdicts of each use case, ``tls`` is what was agreed on, ``use_cases`` are those
    that were to be tried."""

    requester: str
    responder: str
    state: str
    broken: Broken | None = None
    profile: str = ""
    scenarios: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    exchanges: int = 0
    seconds: float = 0.0
    tls: str = ""
    at: str = ""
    vantage: str = ""
    use_cases: tuple[str, ...] = ()

    def of(self, use_case: str) -> str:
        """The state for one use case: that of the whole where a step broke before its scenarios."""
        return state_of(self.scenarios[use_case]) if use_case in self.scenarios else self.state


def state_of(verdicts: Mapping[str, int]) -> str:
    """The state that verdicts of scenarios come to; what the data could not verify says nothing, what could not be
    carried through leaves the whole untold."""
    if verdicts.get("fail"):
        return PARTIAL if verdicts.get("pass") else NOT_EFFECTIVE
    return EFFECTIVE if verdicts.get("pass") and not verdicts.get("error") else NOT_TESTED
