"""The record of a matrix: its header, then one pair after the other. It is read pair by pair, however long it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance import ledger
from conformance.cells import NOT_EFFECTIVE, NOT_TESTED, Broken, Cell, Certificate, state_of
from conformance.errors import OperatorError
from conformance.model import Exchange
from conformance.reached import capability, greeting

GREETING, CAPABILITY = "greeting", "capability"  # purposes of the first two exchanges of a pair


@dataclass(frozen=True, slots=True)
class Visit:
    """What was recorded of a pair, as lines."""

    requester: str
    responder: str
    profile: str
    started: str
    seconds: float
    lines: tuple[Mapping[str, Any], ...]
    use_cases: tuple[str, ...] = ()
    untested: str = ""
    detail: str = ""


class Visits:
    """The record of a matrix in a folder; ``complete`` is known once it was read to its end. RecordError
    where it cannot be read, OperatorError where it is of no matrix."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder if folder.is_dir() else folder.parent
        self.header = next(ledger.stream(folder))
        if self.header.get("kind") != ledger.MATRIX:
            raise OperatorError(f"{folder}: not the record of a matrix; see `rorqual report`")
        self.complete = False
        self.finished = ""
        self._secured = {one["id"] for one in self.header["members"] if one.get("secured")}
        self.certificates = {
            one["id"]: Certificate(told["until"], told["issuer"], tuple(told["defects"]))
            for one in self.header["members"] if (told := one.get("certificate"))}

    def __iter__(self) -> Iterator[Visit]:
        begun: Mapping[str, Any] | None = None
        lines: list[Mapping[str, Any]] = []
        for line in ledger.stream(self.folder):
            kind = line["type"]
            if kind == "visit":  # what a killed run told of one before has no end, and is told again
                begun, lines = line, []
            elif kind == "pair" and begun is not None and line["pair"] == begun["pair"]:
                requester, responder = line["pair"]
                yield Visit(requester, responder, begun["profile"], begun["started"], line["seconds"], tuple(lines),
                            tuple(begun["use-cases"]), line.get("untested", ""), line.get("detail", ""))
                begun, lines = None, []
            elif kind == "footer":
                self.complete, self.finished = True, line["finished"]
            elif begun is not None:
                lines.append(line)

    def secured(self, responder: str) -> bool:
        """Whether a responder is reached by TLS."""
        return responder in self._secured

    def exchange(self, line: Mapping[str, Any]) -> Exchange:
        """The exchange of a line, its body read."""
        return ledger.exchange_of(self.folder, line)

    def cell(self, visit: Visit) -> Cell:
        """What a pair came to."""
        exchanges = [line for line in visit.lines if line["type"] == "exchange"]
        verdicts = _verdicts(visit)
        state, broken = self._state(visit, exchanges, verdicts)
        return Cell(visit.requester, visit.responder, state, broken, visit.profile, verdicts, len(exchanges),
                    visit.seconds, next((one["tls"] for one in exchanges if one["tls"]), ""), visit.started,
                    self.header["vantage"], visit.use_cases)

    def _state(
        self, visit: Visit, exchanges: list[Mapping[str, Any]], verdicts: Mapping[str, Mapping[str, int]]
    ) -> tuple[str, Broken | None]:
        if visit.untested:
            return NOT_TESTED, Broken(visit.untested, visit.detail)
        for line in exchanges:
            broken = self._broken(visit, line)
            if broken is not None:
                return (NOT_TESTED if not broken.step else NOT_EFFECTIVE), broken
        together = _together(verdicts)
        state = state_of(together)
        if state == NOT_TESTED:
            late = any(line.get("trouble", {}).get("code") == "transport.run-time" for line in exchanges)
            return NOT_TESTED, Broken("untested.time" if late else "untested.not-verifiable", _words(together))
        return state, _failure(visit) if together.get("fail") else None

    def _broken(self, visit: Visit, line: Mapping[str, Any]) -> Broken | None:
        """The step that one of the first two exchanges shows to be broken."""
        if line["purpose"] == GREETING:
            own = self.certificates.get(visit.requester) if self.secured(visit.responder) else None
            return greeting(self.exchange(line), own)
        if line["purpose"] == CAPABILITY:
            return capability(self.exchange(line), visit.profile)
        return None


def _verdicts(visit: Visit) -> dict[str, dict[str, int]]:
    """How many scenarios of each use case came to each verdict."""
    found: dict[str, dict[str, int]] = {}
    for line in visit.lines:
        if line["type"] == "scenario":
            of_case = found.setdefault(line["scenario"].partition("/")[0], {})
            of_case[line["verdict"]] = of_case.get(line["verdict"], 0) + 1
    return found


def _together(verdicts: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    words = sorted({word for one in verdicts.values() for word in one})
    return {word: sum(one.get(word, 0) for one in verdicts.values()) for word in words}


def _words(verdicts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {word}" for word, count in verdicts.items()) or "no scenario"


def _failure(visit: Visit) -> Broken:
    """The first failure that a scenario found, strongest first."""
    for line in visit.lines:
        if line["type"] == "judgement" and line["verdict"] == "fail":
            found = next((one for one in line["findings"] if one["effect"] == "broken"), None)
            if found is not None:
                detail = f"{found['code']}: {found['actual']}"
                return Broken("scenarios.failed", detail[:300], found.get("exchange", ""), line["requirement"],
                              line["scenario"])
    return Broken("scenarios.failed")
