"""Broken and hostile candidates, through the whole engine: a clear verdict and cause, in bounded time and memory."""

import gzip
import re
import resource
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.drive import carrier
from conformance.endpoint import Endpoint, Limits
from conformance.tests.drive.conftest import QUICK, campaign_of, run
from conformance.tests.drive.servers import bundle, drips, entry, http, next_to, sends

EMPTY = http(bundle())
PATIENT = 12.0  # seconds: a run of two exchanges of 0.8 s at most, on a loaded machine
ROOM = 200_000  # kilobytes of memory that a run may take beside what the tests took before


def refused(one, code, *, effect="broken", cause="candidate"):
    """The candidate gave no usable answer: the status fails for it, nothing else is held against the candidate."""
    assert one.problem(code).effect == effect
    assert one.problem(code).cause == cause
    assert one.told("ROR-HTTP-010") == ("fail", ("candidate",))
    assert one.told("ROR-HTTP-011")[0] == "inconclusive"
    assert (one.report.decision.word, one.exit_code) == ("refused", 1)
    assert one.seconds < PATIENT


def prevented(one, *codes):
    """Nothing between us and the candidate: an error whose cause lies outside, and the decision is deferred."""
    assert one.codes <= set(codes)
    assert {one.told(f"ROR-HTTP-0{number}") for number in ("01", "09", "10", "11", "12", "24")} == {
        ("error", ("external",))}
    assert (one.report.decision.word, one.exit_code) == ("deferred", 3)
    assert one.seconds < PATIENT


def test_refused_connection(judged):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        one = judged(f"http://127.0.0.1:{free.getsockname()[1]}")
    prevented(one, "transport.refused")


def test_unknown_host(judged):
    prevented(judged("http://nowhere.invalid/fhir"), "transport.name", "transport.network")


def test_a_host_that_accepts_and_never_speaks_tls(judged, misbehaving):
    server = misbehaving(lambda _connection, _number: time.sleep(3), reads=False)
    prevented(judged(server.base.replace("http:", "https:")), "transport.connect-timeout", "transport.tls")


def test_clear_http_where_tls_was_asked(judged, misbehaving):
    server = misbehaving(sends(http(b"", "400 Bad Request")), reads=False)
    prevented(judged(server.base.replace("http:", "https:")), "transport.tls")


@pytest.mark.parametrize("beginning", [b"H", b"HTTP/1.1 200 OK\r\nX-Slow: ",
                                       b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{"],
                         ids=["status-line", "headers", "body"])
def test_slow_bytes_end_at_the_total_limit(judged, misbehaving, beginning):
    refused(judged(misbehaving(drips(beginning)).base), "transport.too-slow")


def test_silence(judged, misbehaving):
    refused(judged(misbehaving(lambda _connection, _number: time.sleep(3)).base), "transport.too-slow")


def test_a_declared_gigabyte_then_silence(judged, misbehaving):
    def stall(connection, _number):
        connection.sendall(http(b"{", Content_Length="1073741824"))
        time.sleep(3)

    refused(judged(misbehaving(stall).base), "transport.too-slow")


def test_a_declared_gigabyte_then_closed(judged, misbehaving):
    refused(judged(misbehaving(sends(http(b"{", Content_Length="1073741824"))).base), "transport.closed")


def memory():
    """The most that this process, and the one that talks to the candidate, ever took, in kilobytes."""
    carrier.warm()
    status = Path(f"/proc/{carrier._idle[-1]._process.pid}/status").read_text()
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + peak


def test_endless_body_stays_in_bounds(judged, misbehaving):
    def pour(connection, _number):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n\r\n")
        while True:
            connection.sendall(b" " * 65536)

    before = memory()
    refused(judged(misbehaving(pour).base), "transport.too-large")
    assert memory() - before < ROOM


def test_endless_headers(judged, misbehaving):
    def pour(connection, _number):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in range(1_000_000):
            connection.sendall(b"X-%d: y\r\n" % number)

    refused(judged(misbehaving(pour).base), "transport.not-http")


def test_gzip_bomb(judged, misbehaving):
    bomb = http(gzip.compress(b"0" * 300_000_000, 1), Content_Encoding="gzip")
    before = memory()
    refused(judged(misbehaving(sends(bomb)).base), "transport.too-large")
    assert memory() - before < ROOM


@pytest.mark.parametrize(("body", "encoding"), [
    (gzip.compress(b"{}" * 50, mtime=0)[:-9], "gzip"), (b"no gzip", "gzip"), (b"{}", "br"), (b"{}", "gzip, br"),
    (b"", "gzip"), (b"no deflate", "deflate"),
], ids=["cut", "not-gzip", "brotli", "two", "empty", "not-deflate"])
def test_unreadable_encodings(judged, misbehaving, body, encoding):
    refused(judged(misbehaving(sends(http(body, Content_Encoding=encoding))).base), "transport.encoding")


def test_an_encoding_told_twice(judged, misbehaving):
    twice = http(gzip.compress(gzip.compress(b"{}")), Content_Encoding="gzip").replace(
        b"Content-Encoding: gzip\r\n", b"Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n")
    assert twice.count(b"Content-Encoding") == 2
    refused(judged(misbehaving(sends(twice)).base), "transport.encoding")


def test_a_readable_encoding(judged, misbehaving):
    answer = http(gzip.compress(b'{"resourceType":"Bundle","type":"searchset","total":0}'), Content_Encoding="gzip")
    one = judged(misbehaving(sends(answer)).base)
    assert one.told("ROR-HTTP-012") == ("pass", ())


def test_endless_paging_stops_at_the_limit(judged, misbehaving):
    def page(connection, number):
        connection.sendall(http(bundle(entry(number), total=10 ** 6, link=next_to(f"?page={number}"))))

    server = misbehaving(page)
    one = judged(server.base)
    assert len(server.requests) == QUICK.pages
    assert next(one.record.of_type("step"))["ending"] == "limit"
    assert one.exit_code == 0


@pytest.mark.parametrize("address", ["HealthcareService?page=1", "?page=1"])
def test_paging_that_comes_back(judged, misbehaving, address):
    server = misbehaving(sends(http(bundle(total=3, link=next_to(address)))))
    one = judged(server.base)
    assert one.problem("paging.endless").requirement == "ROR-HTTP-024"
    assert one.problem("paging.endless").cause == "candidate"
    assert len(server.requests) <= 4


def test_paging_that_breaks(judged, misbehaving):
    def page(connection, _number):
        connection.sendall(http(b"{}", "500 Sorry") if b"page=2" in server.requests[-1]
                           else http(bundle(entry(1), total=3, link=next_to("?page=2"))))

    server = misbehaving(page)
    one = judged(server.base)
    assert one.problem("paging.next-broken").occurrences[0].actual == "status 500"
    assert one.problem("paging.next-broken").requirement == "ROR-HTTP-024"


@pytest.mark.parametrize("address", ["{other}/HealthcareService?page=2", "//127.0.0.1:1/x", "file:///etc/passwd",
                                     "https://127.0.0.1/x", "http://user@[::1", "javascript:alert(1)"])
def test_next_link_that_leaves_the_candidate_is_not_followed(judged, misbehaving, address):
    other = misbehaving(sends(EMPTY))
    server = misbehaving(sends(http(bundle(total=3, link=next_to(address.format(other=other.base))))))
    one = judged(server.base)
    assert one.problem("paging.next-elsewhere").cause == "candidate"
    assert one.problem("paging.next-elsewhere").requirement == "ROR-HTTP-024"
    assert other.requests == []


@pytest.mark.parametrize("location", ["/fhir/HealthcareService", "http://127.0.0.1:1/", ""])
def test_redirections_are_not_followed(judged, misbehaving, location):
    server = misbehaving(sends(http(status="302 Found", Location=location)))
    one = judged(server.base)
    assert one.problem("http.status").occurrences[0].actual == "302"
    assert one.told("ROR-HTTP-010") == ("fail", ("candidate",))
    assert len(server.requests) == 2  # the question, and the same again before it is held against the candidate


@pytest.mark.parametrize(("body", "code"), [
    (b"{not json", "body.not-json"),
    (b"[" * 100_000 + b"]" * 100_000, "body.too-deep"),
    (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "body.too-deep"),
    (b'{"a":' * 900 + b"1" + b"}" * 900, "bundle.type"),
    (b'["a list"]', "body.not-json"),
    (b'"text"', "body.not-json"),
    (b"null", "body.not-json"),
    (b"", "body.not-json"),
    (b'{"resourceType": NaN}', "body.not-json"),
    (b'{"resourceType":"Bundle"}{}', "body.not-json"),
    (b"<html>down</html>", "body.not-json"),
    (b"{}", "bundle.type"),
    (b'{"resourceType":"Bundle","type":["searchset"]}', "bundle.type"),
    (b'{"resourceType":"OperationOutcome"}', "bundle.type"),
], ids=lambda value: value[:20] if isinstance(value, bytes) else value)
def test_bodies_that_are_not_a_searchset(judged, misbehaving, body, code):
    one = judged(misbehaving(sends(http(body))).base)
    assert one.problem(code).requirement == "ROR-HTTP-011"
    assert one.told("ROR-HTTP-011") == ("fail", ("candidate",))
    assert "harness.check" not in one.codes
    assert one.exit_code == 1


def test_a_searchset_nested_900_deep_is_read(judged, misbehaving):
    deep = b'{"resourceType":"Bundle","type":"searchset","total":0,"x":' + b'{"a":' * 900 + b"1" + b"}" * 901
    one = judged(misbehaving(sends(http(deep))).base)
    assert one.told("ROR-HTTP-011") == ("pass", ())
    assert "harness.check" not in one.codes


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_other_encodings_of_characters(judged, misbehaving, encoding):
    body = '{"resourceType":"Bundle","type":"searchset","total":0,"x":"é"}'.encode(encoding)
    one = judged(misbehaving(sends(http(body))).base)
    assert one.problem("http.not-utf8").requirement == "ROR-HTTP-009"
    assert one.told("ROR-HTTP-009") == ("fail", ("candidate",))
    assert one.told("ROR-HTTP-011")[0] == "inconclusive"


def test_closing_in_the_middle_of_the_body(judged, misbehaving):
    refused(judged(misbehaving(sends(http(b"{}", Content_Length="5000"))).base), "transport.closed")


def test_closing_without_an_answer(judged, misbehaving):
    refused(judged(misbehaving(lambda _connection, _number: None).base), "transport.closed")


def test_reset(judged, misbehaving):
    def reset(connection, _number):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    refused(judged(misbehaving(reset).base), "transport.closed")


@pytest.mark.parametrize("answer", [
    b"SSH-2.0-OpenSSH\r\n\r\n", b"\x00\xff" * 500, b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000 + b"\r\n\r\n",
    b"HTTP/1.1 OK 200\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
], ids=lambda value: value[:24])
def test_what_is_not_http(judged, misbehaving, answer):
    refused(judged(misbehaving(sends(answer)).base), "transport.not-http")


def test_answers_that_change_at_every_call_are_not_held_against_the_candidate(judged, misbehaving):
    def change(connection, number):
        connection.sendall(http(bundle(total=number)))

    one = judged(misbehaving(change).base)
    assert one.told("ROR-HTTP-012") == ("inconclusive", ("candidate",))
    assert one.problem("blocked.unstable").occurrences[0].actual == "bundle.total: 1"
    assert (one.report.decision.word, one.exit_code) == ("deferred", 6)


def test_an_answer_that_comes_at_the_second_asking_is_unstable(judged, misbehaving):
    def second(connection, number):
        connection.sendall(http(b"", "500 Sorry") if number == 1 else EMPTY)

    one = judged(misbehaving(second).base)
    assert one.told("ROR-HTTP-010") == ("inconclusive", ("candidate",))


def test_giving_up_after_five_requests_without_an_answer(judged, misbehaving, tiny):
    server = misbehaving(lambda _connection, _number: time.sleep(3))
    one = judged(server.base, replace(QUICK, read=0.1, total=0.2))
    assert len(server.requests) == 2
    assert one.seconds < PATIENT


def test_the_run_itself_is_bounded(judged, misbehaving):
    server = misbehaving(sends(EMPTY))
    one = judged(server.base, limits=Limits(run=-1.0))
    assert server.requests == []
    assert one.told("ROR-HTTP-010") == ("error", ("configuration",))
    assert one.exit_code in (3, 4)


EXPLORING = """\
id: socle/exploring
title: {fr: Exploration, en: Exploring}
profiles: [ror-fhir-0.7.0]
use-case: socle
transaction: socle
role: server
verifies: [ROR-HTTP-010]
bind:
  offer: {among: HealthcareService, search: {active: "true"}}
  place: {among: Location}
  organization: {among: Organization}
  role: {among: PractitionerRole}
steps:
  - send: {GET: "HealthcareService/{offer.id}"}
    expect:
      - status: 200
"""


@pytest.fixture
def exploring(tmp_path):
    folder = tmp_path / "scenarios" / "socle"
    folder.mkdir(parents=True)
    (folder / "exploring.yaml").write_text(EXPLORING)
    return campaign_of(folder)


@pytest.mark.parametrize("address", ["{other}/HealthcareService?page=2", "//127.0.0.1:1/x", "file:///etc/passwd"])
def test_exploring_never_follows_a_link_out_of_the_candidate(exploring, misbehaving, tmp_path, address):
    other = misbehaving(sends(EMPTY))
    server = misbehaving(sends(http(bundle(total=3, link=next_to(address.format(other=other.base))))))
    one = run(exploring, Endpoint(server.base, limits=QUICK), tmp_path / "run")
    assert other.requests == []
    assert len(server.requests) == 4  # the first page of each question
    assert one.told("ROR-HTTP-010")[0] == "inconclusive"


def test_exploring_follows_a_relative_link(exploring, misbehaving, tmp_path):
    server = misbehaving(sends(http(bundle(total=3, link=next_to("?page=2")))))
    run(exploring, Endpoint(server.base, limits=QUICK), tmp_path / "run")
    assert sum(b"page=2" in one for one in server.requests) == 4


def test_exploring_a_silent_candidate_gives_up(exploring, misbehaving, tmp_path):
    server = misbehaving(lambda _connection, _number: time.sleep(3))
    one = run(exploring, Endpoint(server.base, limits=replace(QUICK, read=0.1, total=0.2)), tmp_path / "run")
    assert len(server.requests) <= 5
    assert one.told("ROR-HTTP-010")[0] in ("error", "inconclusive")
    assert one.seconds < PATIENT
