"""Candidates that misbehave, on real sockets, and a tiny scenario to run against them."""

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance import ledger, workshop
from conformance.clock import SystemClock
from conformance.endpoint import Endpoint, Limits
from conformance.model import Candidate
from conformance.report.model import Report
from conformance.tests.drive.servers import Misbehaving

PROFILE = "ror-fhir-0.7.0"
SCENARIO = """\
id: socle/tiny
title: {fr: Minuscule, en: Tiny}
profiles: [ror-fhir-0.7.0]
use-case: socle
transaction: socle
role: server
verifies: [ROR-HTTP-001, ROR-HTTP-009, ROR-HTTP-010, ROR-HTTP-011, ROR-HTTP-012, ROR-HTTP-024]
steps:
  - send: {GET: HealthcareService}
    pages: all
    expect:
      - status: 200
      - content-type: application/fhir+json
      - utf8: {}
      - searchset: {}
      - total: {}
      - next-link: {}
"""
QUICK = Limits(connect=1.0, read=0.6, total=0.8, body=2_000_000, pages=6)


@dataclass
class Judged:
    """What a run came to: its report, its record read again, and how long it took."""

    report: Report
    record: ledger.Record
    seconds: float

    @property
    def exit_code(self):
        return self.report.decision.exit_code

    @property
    def codes(self):
        """Each code of findings, with its effect and cause."""
        return {one.code for one in self.report.problems}

    def told(self, requirement):
        """Verdict and causes of a requirement."""
        row = next(row for row in self.report.requirements if row.id == requirement)
        return row.verdict, row.causes

    def problem(self, code):
        """The first problem of a code."""
        return next(one for one in self.report.problems if one.code == code)


def run(campaign, endpoint, folder, clock=None):
    """A whole run, its record read again: complete, each exchange and its body readable."""
    started = time.monotonic()
    workshop.drive(campaign, endpoint, folder, clock or SystemClock(), lambda _event: None)
    seconds = time.monotonic() - started
    record = ledger.read(folder)
    assert record.complete
    assert not record.cut
    assert all(record.exchange(line) for line in record.of_type("exchange"))
    return Judged(workshop.report(folder), record, seconds)


def campaign_of(scenarios, **candidate):
    """The campaign of a folder of scenarios."""
    who = {"product": "Malin", "version": "1", "vendor": "nul", "role": "server", "profiles": (PROFILE,),
           "use_cases": (), **candidate}
    return workshop.campaign(Candidate(**who), workshop.Choice(scenarios=(Path(scenarios),)))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """The campaign of the tiny scenario, read once."""
    folder = tmp_path_factory.mktemp("scenarios") / "socle"
    folder.mkdir()
    (folder / "tiny.yaml").write_text(SCENARIO)
    return campaign_of(folder)


@pytest.fixture
def misbehaving():
    """Starts candidates: a function of the socket and of the number of the request."""
    started = []

    def start(behave, **how):
        started.append(Misbehaving(behave, **how))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def judged(tmp_path, tiny):
    """Runs the tiny scenario against a base address, within short limits."""

    def judge(base, limits=QUICK, clock=None, **endpoint):
        return run(tiny, Endpoint(base, limits=limits, **endpoint), tmp_path / "run", clock)

    return judge
