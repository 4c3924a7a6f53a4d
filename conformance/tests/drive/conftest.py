"""Candidates that misbehave, on real sockets, and a tiny scenario to run against them."""

import contextlib
import socket
import threading
from pathlib import Path

import pytest

from conformance import ledger, workshop
from conformance.clock import SystemClock
from conformance.model import Candidate, Endpoint, Limits

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
QUICK = Limits(connect=2.0, read=1.0, total=2.0, body=2_000_000, pages=8)


class Misbehaving:
    """Accepts connections, reads one request, and lets a function do as it likes with the socket."""

    def __init__(self, behave):
        self.behave, self.requests = behave, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{self.listener.getsockname()[1]}/fhir"
        self.stopping = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while not self.stopping.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError), connection:
            data = b""
            while b"\r\n\r\n" not in data:
                part = connection.recv(65536)
                if not part:
                    return
                data += part
            self.requests.append(data)
            self.behave(connection, len(self.requests))

    def close(self):
        self.stopping.set()
        self.listener.close()


@pytest.fixture
def misbehaving():
    started = []

    def start(behave):
        started.append(Misbehaving(behave))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def judged(tmp_path):
    """Runs the tiny scenario against a base address; gives the report, its record checked."""

    def run(base, limits=QUICK, **endpoint):
        folder = tmp_path / "scenarios" / "socle"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tiny.yaml").write_text(SCENARIO)
        who = Candidate("Malin", "1", "nul", "server", ("ror-fhir-0.7.0",), ())
        made = workshop.campaign(who, workshop.Choice(scenarios=(Path(folder),)))
        out = tmp_path / "run"
        workshop.drive(made, Endpoint(base, limits=limits, **endpoint), out, SystemClock(), lambda _event: None)
        assert ledger.read(out).complete
        return workshop.report(out)

    return run


def http(body=b"", status="200 OK", **headers):
    """The bytes of a plain answer."""
    given = {"Content-Type": "application/fhir+json", "Content-Length": str(len(body)), "Connection": "close"}
    given.update({name.replace("_", "-"): value for name, value in headers.items()})
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def verdicts(report):
    return {row.id: row.verdict for row in report.requirements}


def codes(report):
    return {problem.code for problem in report.problems}
