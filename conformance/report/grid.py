"""The connectivity matrix as it is told: from one record, or from several made at several places, everything that the
views show."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from conformance import deduced, figures
from conformance.cells import NOT_TESTED, Broken, Cell
from conformance.deduced import Deduced
from conformance.errors import OperatorError, RecordError
from conformance.figures import Note
from conformance.model import Exchange
from conformance.report import curl, excerpt
from conformance.visits import CAPABILITY, Visit, Visits

FORM = 1
_LINK = re.compile(r'("(?:url|fullUrl)": ")https?://[^"]*?/(?=(?:[A-Z][A-Za-z]+|metadata)[/?"])')
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Proof:
    """The exchange that shows why a cell is what it is, to be read and to be repeated."""

    exchange: str
    request: str
    status: str
    milliseconds: float
    excerpt: str
    curl: str


@dataclass(frozen=True)
class Grid:
    """A matrix: who is in it, what each cell is and what proves it, what the cells tell together."""

    records: tuple[Mapping[str, Any], ...]
    members: tuple[Mapping[str, Any], ...]
    cells: Mapping[Pair, Cell]
    proofs: Mapping[Pair, Proof]
    deductions: Mapping[Pair, Deduced]
    notes: tuple[Note, ...]

    @property
    def complete(self) -> bool:
        """Whether every record came to its end."""
        return all(one["complete"] for one in self.records)

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        """The members of a kind."""
        return [one for one in self.members if one["kind"] == kind]


class _Gathering:
    """What is gathered while records are read."""

    def __init__(self) -> None:
        self.records: list[Mapping[str, Any]] = []
        self.members: dict[str, Mapping[str, Any]] = {}
        self.cells: dict[Pair, Cell] = {}
        self.proofs: dict[Pair, Proof] = {}
        self.statements: dict[str, deduced.Statement] = {}  # of a responder, as anybody read it last
        self.own: dict[Pair, deduced.Statement] = {}  # as an application read it
        self.contracts: dict[str, Any] = {}
        self.planned: dict[Pair, str] = {}
        self.notes: list[Note] = []

    def take(self, folder: Path) -> None:
        """Reads a record."""
        visits = Visits(folder)
        for one in visits.header["members"]:
            known = self.members.setdefault(one["id"], one)
            if {**known, "certificate": None} != {**one, "certificate": None}:
                raise OperatorError(f"{folder}: {one['id']} is not the same there as in the records before; "
                                    "merge records of one registry")
        for path in sorted((visits.folder / deduced.FOLDER).glob("*.json")):
            self.contracts[path.stem] = _contract(path)
        self.planned |= {(str(a), str(b)): str(visits.header["vantage"]) for a, b in visits.header["planned"]}
        for visit in visits:
            self._visit(visits, visit)
        header = visits.header
        self.records.append({"folder": folder.name, "vantage": header["vantage"], "started": header["started"],
                             "finished": visits.finished, "complete": visits.complete, "rorqual": header["rorqual"],
                             "use-cases": header["use-cases"], "profiles": header["profiles"]})

    def _visit(self, visits: Visits, visit: Visit) -> None:
        cell, pair = visits.cell(visit), (visit.requester, visit.responder)
        for line in visit.lines:
            if line["type"] == "exchange" and line["purpose"] == CAPABILITY:
                body = excerpt.held(response.body).whole if (response := visits.exchange(line).response) else {}
                if body.get("resourceType") == "CapabilityStatement":
                    self.statements[visit.responder] = self.own[pair] = deduced.statement(body)
        before = self.cells.get(pair)
        if before is not None and before.state != NOT_TESTED:
            if cell.state not in (NOT_TESTED, before.state):
                self.notes.append(Note("seen-otherwise", *pair, detail=f"{before.vantage}: {before.state}; "
                                                                       f"{cell.vantage}: {cell.state}"))
            if cell.state == NOT_TESTED or cell.at < before.at:
                return
        self.cells[pair] = cell
        self.proofs.pop(pair, None)
        proof = _proof(visits, visit, cell)
        if proof is not None:
            self.proofs[pair] = proof


def _contract(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: a contract that cannot be read ({error})") from None


def _proof(visits: Visits, visit: Visit, cell: Cell) -> Proof | None:
    if cell.broken is None or not cell.broken.exchange:
        return None
    line = next((one for one in visit.lines if one["type"] == "exchange" and one["id"] == cell.broken.exchange), None)
    return _told(visits.exchange(line), visits.secured(visit.responder)) if line is not None else None


def _told(one: Exchange, secured: bool) -> Proof:
    status = f"HTTP {one.response.status}" if one.response is not None else (
        f"{one.trouble.code}: {one.trouble.detail}" if one.trouble is not None else "")
    shown = excerpt.around(one.response.body, "")[: excerpt.MOST // 2] if one.response is not None else ""
    shown = _LINK.sub(r"\1[base]/", shown)
    again = curl.command(replace(one, tls=one.tls or "TLS") if secured else one)
    return Proof(one.id, f"{one.request.method} {one.request.url}", status, one.milliseconds, shown, again)


def grid(folders: Sequence[Path]) -> Grid:
    """The matrix of records; a pair that several tried is what was seen last, and a contradiction is told.
    OperatorError where their members are not the same ones."""
    found = _Gathering()
    for folder in folders:
        found.take(folder)
    for pair, vantage in found.planned.items():
        if pair not in found.cells:
            found.cells[pair] = Cell(*pair, NOT_TESTED, Broken("untested.not-asked"), vantage=vantage)
    members = list(found.members.values())
    order = {one["id"]: at for at, one in enumerate(members)}
    cells = dict(sorted(found.cells.items(), key=lambda item: (order[item[0][0]], order[item[0][1]])))
    deductions = {pair: deduced.deduced(found.contracts.get(pair[0]), one.profile,
                                        found.own.get(pair) or found.statements.get(pair[1]))
                  for pair, one in cells.items() if found.members[pair[0]]["kind"] != "ror"}
    notes = [*found.notes, *figures.notes(members, cells), *_disagreements(cells, deductions)]
    return Grid(tuple(found.records), tuple(members), cells, found.proofs, deductions, tuple(notes))


def _disagreements(cells: Mapping[Pair, Cell], deductions: Mapping[Pair, Deduced]) -> Iterable[Note]:
    """Where what was observed is not what was deduced."""
    for pair, one in deductions.items():
        cell = cells[pair]
        if one.answer == deduced.NO and cell.state == "effective":
            yield Note("does-more-than-declared", *pair, detail=", ".join(one.lacking[:5]))
        elif one.answer == deduced.YES and cell.broken is not None and cell.broken.step == "scenarios":
            yield Note("declared-and-not-done", *pair, detail=cell.broken.requirement)


def jsonable(made: Grid) -> dict[str, Any]:
    """The whole matrix as plain data; its schema is ``reports/schemas/matrix.schema.json``."""
    side = figures.sides(made.cells)
    return {
        "matrix": FORM, "complete": made.complete, "records": list(made.records), "members": list(made.members),
        "rates": figures.rates(made.members, made.cells), "by": figures.shares(made.members, made.cells),
        "notes": [asdict(one) for one in made.notes],
        "cells": [_cell(made, pair, one, side.get(pair, "")) for pair, one in made.cells.items()],
    }


def _cell(made: Grid, pair: Pair, one: Cell, side: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "requester": one.requester, "responder": one.responder, "observed": one.state, "profile": one.profile,
        "use-cases": {case: one.of(case) for case in one.scenarios}, "scenarios": one.scenarios,
        "exchanges": one.exchanges, "seconds": one.seconds, "tls": one.tls, "at": one.at, "vantage": one.vantage}
    if one.broken is not None:
        told |= {"step": one.broken.step, "cause": one.broken.cause, "detail": one.broken.detail, "side": side,
                 "requirement": one.broken.requirement, "scenario": one.broken.scenario}
    if pair in made.proofs:
        told["proof"] = asdict(made.proofs[pair])
    if pair in made.deductions:
        told["deduced"] = {"answer": made.deductions[pair].answer, "lacking": list(made.deductions[pair].lacking)}
    return told


def dumps(value: Mapping[str, Any]) -> str:
    """The matrix as a file: one line a cell, so that two of them can be compared."""
    cells = ",\n  ".join(json.dumps(one, ensure_ascii=False) for one in value["cells"])
    rest = json.dumps({**value, "cells": []}, ensure_ascii=False, indent=1)
    return rest.removesuffix("[]\n}") + f"[\n  {cells}\n ]\n}}\n" if value["cells"] else rest + "\n"
