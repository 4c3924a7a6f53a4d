"""Candidates whose asynchronous extraction misbehaves: a clear finding, in bounded time, and nothing asked elsewhere."""

import re

import pytest

from conformance.clock import SystemClock
from conformance.endpoint import Endpoint
from conformance.tests.drive.conftest import QUICK, campaign_of, run
from conformance.tests.drive.servers import bundle, http, sends

SCENARIO = """\
id: inter-ror/tiny
title: {fr: Minuscule, en: Tiny}
profiles: [ror-fhir-0.7.0]
use-case: inter-ror
transaction: ROR-UC-02/1bis
role: server
verifies: [ROR-HTTP-131, ROR-HTTP-132, ROR-HTTP-134, ROR-HTTP-136]
steps:
  - send:
      GET: $export
      headers: {Prefer: respond-async}
    pages: export
    expect:
      - status: [202, 200]
        verifies: ROR-HTTP-132
      - export-accepted: {}
        verifies: ROR-HTTP-131
      - export-ended: {}
        verifies: ROR-HTTP-134
      - export-files: {}
        verifies: ROR-HTTP-136
"""
MANIFEST = {"transactionTime": "2026-01-01T00:00:00Z", "request": "x", "requiresAccessToken": True, "output": [],
            "error": []}
ACCEPTED = http(status="202 Accepted", Content_Location="/fhir/status")


class Hurried(SystemClock):
    """Time that passes at once when it is slept."""

    def __init__(self):
        self.slept = []

    def monotonic(self):
        return super().monotonic() + sum(self.slept)

    def sleep(self, seconds):
        self.slept.append(seconds)


@pytest.fixture(scope="module")
def extraction(tmp_path_factory):
    """The campaign of one extraction."""
    folder = tmp_path_factory.mktemp("scenarios") / "inter-ror"
    folder.mkdir()
    (folder / "tiny.yaml").write_text(SCENARIO)
    return campaign_of(folder)


@pytest.fixture
def extracted(extraction, misbehaving, tmp_path):
    """Runs the extraction on a candidate that answers each address as told, its last answer again and again; gives the
    run, the clock, the addresses asked."""

    def extract(told):
        def behave(connection, _number):
            answers = told.get(asked()[-1], [ACCEPTED])
            connection.sendall(answers[min(asked().count(asked()[-1]), len(answers)) - 1])

        def asked():
            return [re.match(rb"GET /fhir/(\S*)", one)[1].decode() for one in server.requests]

        server, clock = misbehaving(behave), Hurried()
        return run(extraction, Endpoint(server.base, limits=QUICK), tmp_path / "run", clock), clock, asked()

    return extract


def done(*urls):
    """An extraction under way once, then a manifest of some files."""
    files = [{"type": "HealthcareService", "url": url} for url in urls]
    return [http(status="202 Accepted"), http({**MANIFEST, "output": files})]


def test_a_plain_one(extracted):
    one, clock, asked = extracted({"status": done("/fhir/file"), "file": [http(bundle())]})
    assert asked == ["$export", "status", "status", "file"]
    assert len(clock.slept) == 1
    assert one.exit_code == 0


@pytest.mark.parametrize(("told", "seconds"), [
    ("2", 2.0), ("0", 0.0), ("9" * 400, 10.0), ("²", 0.1), ("-5", 0.1), ("1e9", 0.1), ("", 0.1),
    ("Wed, 21 Oct 2037 07:28:00 GMT", 0.1),
])
def test_the_wait_that_the_candidate_asks_for_is_bounded(extracted, told, seconds):
    wait, end = http(status="202 Accepted", Retry_After=told), done()[1]
    one, clock, _ = extracted({"status": [wait, end]})
    assert clock.slept == [seconds]
    assert one.told("ROR-HTTP-134") == ("pass", ())


def test_an_extraction_without_an_end(extracted):
    one, clock, asked = extracted({"status": [http(status="202 Accepted")]})
    assert sum(clock.slept) <= 300
    assert asked.count("status") < 50
    assert one.problem("export.no-manifest").requirement == "ROR-HTTP-134"
    assert one.problem("export.no-manifest").cause == "candidate"


def test_a_state_that_is_told_elsewhere_is_not_asked(extracted, misbehaving):
    other = misbehaving(sends(http(bundle())))
    accepted = http(status="202 Accepted", Content_Location=f"{other.base}/status")
    one, _, asked = extracted({"$export": [accepted]})
    assert one.problem("export.elsewhere").requirement == "ROR-HTTP-131"
    assert set(asked) == {"$export"}
    assert other.requests == []


@pytest.mark.parametrize("address", ["{other}/file", "file:///etc/passwd", "//127.0.0.1:1/x", "http://user@[::1"])
def test_a_file_elsewhere_is_not_fetched(extracted, misbehaving, address):
    other = misbehaving(sends(http(bundle())))
    one, _, asked = extracted({"status": done(address.format(other=other.base))})
    assert one.problem("blocked.pages").requirement == "ROR-HTTP-136"
    assert set(asked) == {"$export", "status"}
    assert other.requests == []


@pytest.mark.parametrize("manifest", [
    b"", b"[]", b"{}", b'{"output": {}}', b'{"output": null}', b"<html>", b"[" * 100_000,
], ids=["empty", "list", "no-output", "object", "null", "html", "deep"])
def test_a_manifest_that_is_none(extracted, manifest):
    one, _, _ = extracted({"status": [http(manifest)]})
    assert one.problem("export.no-manifest").requirement == "ROR-HTTP-134"
    assert one.told("ROR-HTTP-136")[0] == "inconclusive"


@pytest.mark.parametrize("output", [["x"], [None], [{"url": 5}], [{"type": "Location"}]])
def test_files_without_an_address(extracted, output):
    one, _, asked = extracted({"status": [http({**MANIFEST, "output": output})]})
    assert one.problem("export.manifest-member").requirement == "ROR-HTTP-134"
    assert "file" not in asked


def test_files_without_an_end(extracted):
    one, _, asked = extracted({"status": done(*(f"/fhir/file{number}" for number in range(1000)))})
    assert len([name for name in asked if name.startswith("file")]) <= QUICK.pages
    assert one.exit_code != 0


@pytest.mark.parametrize("content", [b"", b"\n\n", b"{not json", b'{"a": 1}\n[]', b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_cannot_be_read(extracted, content):
    one, _, _ = extracted({"status": done("/fhir/file"), "file": [http(content)]})
    assert one.record.complete
    if content.strip():
        assert one.problem("export.file").requirement == "ROR-HTTP-136"
