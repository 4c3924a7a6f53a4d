"""Hostile and broken candidates: a clear verdict and cause, in bounded time and memory."""

import gzip
import itertools
import json
import resource
import socket
import ssl
import time

import pytest

from conformance.model import Limits
from conformance.tests.drive.conftest import QUICK, codes, http, verdicts

EMPTY = json.dumps({"resourceType": "Bundle", "type": "searchset", "total": 0, "entry": []}).encode()


def sends(answer):
    return lambda connection, _number: connection.sendall(answer)


def test_refused_connection_is_not_the_candidates_failure(judged):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{free.getsockname()[1]}"
    report = judged(base)
    assert report.decision.exit_code == 3
    assert set(verdicts(report).values()) == {"error"}
    assert codes(report) == {"transport.refused"}


def test_unknown_host(judged):
    assert codes(judged("http://nowhere.invalid/fhir")) <= {"transport.name", "transport.network"}


def test_clear_http_where_tls_was_asked(judged, misbehaving):
    server = misbehaving(sends(http(EMPTY)))
    report = judged(server.base.replace("http:", "https:"))
    assert codes(report) <= {"transport.tls", "transport.network", "transport.connect-timeout", "transport.closed",
                             "blocked.no-answer", "blocked.consequence"}
    assert report.decision.exit_code == 3


@pytest.mark.parametrize("chunk", [b"H", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{"])
def test_slow_bytes_end_at_the_total_limit(judged, misbehaving, chunk):
    def drip(connection, _number):
        connection.sendall(chunk)
        for _ in range(400):
            time.sleep(0.05)
            connection.sendall(b" ")

    started = time.monotonic()
    report = judged(misbehaving(drip).base)
    assert time.monotonic() - started < 15
    assert "transport.too-slow" in codes(report)
    assert verdicts(report)["ROR-HTTP-010"] == "fail"


def test_silence(judged, misbehaving):
    report = judged(misbehaving(lambda _connection, _number: time.sleep(6)).base)
    assert verdicts(report)["ROR-HTTP-010"] == "fail"
    assert verdicts(report)["ROR-HTTP-011"] == "inconclusive"


def test_endless_body_stays_in_bounds(judged, misbehaving):
    def pour(connection, _number):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n\r\n")
        for _ in range(4000):
            connection.sendall(b" " * 65536)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = judged(misbehaving(pour).base)
    assert "transport.too-large" in codes(report)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000


def test_declared_gigabyte_then_nothing(judged, misbehaving):
    report = judged(misbehaving(sends(http(b"{", Content_Length="1073741824"))).base)
    assert codes(report) & {"transport.closed", "transport.too-slow"}


def test_gzip_bomb(judged, misbehaving):
    bomb = gzip.compress(b"0" * 300_000_000, 9)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = judged(misbehaving(sends(http(bomb, Content_Encoding="gzip"))).base)
    assert "transport.too-large" in codes(report)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000


@pytest.mark.parametrize(("body", "encoding"), [(gzip.compress(EMPTY)[:-9], "gzip"), (b"no gzip", "gzip"), (EMPTY, "br")])
def test_unreadable_encodings(judged, misbehaving, body, encoding):
    assert "transport.encoding" in codes(judged(misbehaving(sends(http(body, Content_Encoding=encoding))).base))


def test_endless_paging_stops_at_the_limit(judged, misbehaving):
    numbers = itertools.count()

    def page(connection, _number):
        number = next(numbers)
        entry = {"resource": {"resourceType": "HealthcareService", "id": str(number)}, "search": {"mode": "match"}}
        body = {"resourceType": "Bundle", "type": "searchset", "total": 10 ** 6, "entry": [entry],
                "link": [{"relation": "next", "url": f"?page={number + 1}"}]}
        connection.sendall(http(json.dumps(body).encode()))

    server = misbehaving(page)
    judged(server.base)
    assert len(server.requests) <= QUICK.pages + 4


def test_paging_that_comes_back(judged, misbehaving):
    body = {"resourceType": "Bundle", "type": "searchset", "total": 3, "entry": [],
            "link": [{"relation": "next", "url": "HealthcareService?page=1"}]}
    assert "paging.endless" in codes(judged(misbehaving(sends(http(json.dumps(body).encode()))).base))


def test_next_link_to_another_host_is_not_followed(judged, misbehaving):
    other = misbehaving(sends(http(EMPTY)))
    body = {"resourceType": "Bundle", "type": "searchset", "total": 3, "entry": [],
            "link": [{"relation": "next", "url": other.base + "/HealthcareService"}]}
    report = judged(misbehaving(sends(http(json.dumps(body).encode()))).base)
    assert "paging.next-elsewhere" in codes(report)
    assert other.requests == []


def test_redirections_are_not_followed(judged, misbehaving):
    server = misbehaving(sends(http(status="302 Found", Location="/fhir/HealthcareService")))
    report = judged(server.base)
    assert verdicts(report)["ROR-HTTP-010"] == "fail"
    assert len(server.requests) <= 4


@pytest.mark.parametrize(("body", "code"), [
    (b"{not json", "body.not-json"),
    (b"[" * 100_000 + b"]" * 100_000, "body.too-deep"),
    (b'{"a":' * 900 + b"1" + b"}" * 900, "bundle.type"),
    (b'["a list"]', "body.not-json"),
    (b'"text"', "body.not-json"),
    (b"", "body.not-json"),
    (b'{"resourceType": NaN}', "body.not-json"),
    ('{"resourceType":"Bundle","x":"é"}'.encode("latin-1"), "http.not-utf8"),
    (b"<html>down</html>", "body.not-json"),
])
def test_bodies_that_are_not_fhir(judged, misbehaving, body, code):
    report = judged(misbehaving(sends(http(body))).base)
    assert code in codes(report)
    assert "harness.check" not in codes(report)
    assert report.decision.exit_code == 1


def test_closing_in_the_middle_of_the_body(judged, misbehaving):
    report = judged(misbehaving(sends(http(EMPTY, Content_Length="5000"))).base)
    assert "transport.closed" in codes(report)


def test_closing_without_an_answer(judged, misbehaving):
    assert "transport.closed" in codes(judged(misbehaving(lambda connection, _number: connection.close()).base))


def test_reset(judged, misbehaving):
    def reset(connection, _number):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    assert "transport.closed" in codes(judged(misbehaving(reset).base))


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000])
def test_what_is_not_http(judged, misbehaving, answer):
    assert codes(judged(misbehaving(sends(answer)).base)) & {"transport.not-http", "transport.closed"}


def test_answers_that_change_at_every_call_are_not_held_against_the_candidate(judged, misbehaving):
    def change(connection, number):
        body = {"resourceType": "Bundle", "type": "searchset", "total": number, "entry": []}
        connection.sendall(http(json.dumps(body).encode()))

    report = judged(misbehaving(change).base)
    assert verdicts(report)["ROR-HTTP-012"] == "inconclusive"
    assert "blocked.unstable" in codes(report)


@pytest.mark.parametrize("entry", [
    {"entry": {"resource": {}}}, {"entry": [None, 1, "x", {"resource": None}, {"resource": []}]},
    {"entry": [{"resource": {"resourceType": 5, "id": {}}, "search": "match", "fullUrl": 7}]},
    {"link": "next", "entry": []}, {"link": [None, {"relation": "next", "url": 5}]}, {"total": "many"}, {"total": True},
    {"entry": [{"resource": {"resourceType": "HealthcareService", "id": "1", "meta": [], "specialty": {"coding": "x"},
                             "extension": {"url": 1}, "providedBy": "Organization/1", "type": [{"coding": [3]}]}}]},
])
def test_wrong_types_never_break_the_harness(judged, misbehaving, entry):
    body = {"resourceType": "Bundle", "type": "searchset", **entry}
    assert "harness.check" not in codes(judged(misbehaving(sends(http(json.dumps(body).encode()))).base))


def test_a_certificate_of_another_authority(judged, misbehaving, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_certificate(tmp_path))
    listener = socket.create_server(("127.0.0.1", 0))
    import threading

    def accept():
        for _ in range(20):
            try:
                connection, _ = listener.accept()
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                continue

    threading.Thread(target=accept, daemon=True).start()
    report = judged(f"https://127.0.0.1:{listener.getsockname()[1]}/fhir")
    listener.close()
    assert "transport.tls" in codes(report)
    assert report.decision.exit_code == 3


def _certificate(folder):
    """A self-signed certificate and its key, as PEM files."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .sign(key, hashes.SHA256()))
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return folder / "cert.pem", folder / "key.pem"


def test_the_run_itself_is_bounded(judged, misbehaving):
    report = judged(misbehaving(sends(http(EMPTY))).base, limits=Limits(run=0.0))
    assert "transport.run-time" in codes(report)
    assert report.decision.exit_code in (3, 4)
