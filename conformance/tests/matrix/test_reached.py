"""How far a request came, from what was recorded of it: every cause has an exchange that shows it, and words."""

import orjson
import pytest

from conformance.cells import CAUSES, STATES, STEP_OF, STEPS, Certificate, state_of
from conformance.model import Exchange, Request, Response, Trouble
from conformance.reached import capability, greeting
from conformance.report import texts

STATEMENT = {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": [
    {"resource": [{"type": "HealthcareService", "interaction": [{"code": "search-type"}]}]}]}
OWN = Certificate("2027-01-01", "AC")


def exchange(status=0, body=b"", code="", detail=""):
    response = Response(status, (), body) if status else None
    return Exchange("x1", "greeting", Request("GET", "[base]/metadata"), response,
                    Trouble(code, detail) if code else None, "2026-01-01T00:00:00.000Z", 1.0)


def verify(words):
    return f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {words} (_ssl.c:1006)"


@pytest.mark.parametrize(("code", "detail", "cause"), [
    ("transport.name", "[Errno -2] Name or service not known", "name.unknown"),
    ("transport.refused", "[Errno 111] Connection refused", "tcp.refused"),
    ("transport.connect-timeout", "timed out", "tcp.silent"),
    ("transport.network", "[Errno 113] No route to host", "tcp.unreachable"),
    ("transport.network", "[Errno 104] Connection reset by peer", "tls.closed"),
    ("transport.connect-timeout", "_ssl.c:989: The handshake operation timed out", "tls.silent"),
    ("transport.tls", verify("certificate has expired"), "tls.expired"),
    ("transport.tls", verify("certificate is not yet valid"), "tls.not-yet-valid"),
    ("transport.tls", verify("self-signed certificate"), "tls.self-signed"),
    ("transport.tls", verify("self signed certificate in certificate chain"), "tls.unknown-authority"),
    ("transport.tls", verify("unable to get local issuer certificate"), "tls.unknown-authority"),
    ("transport.tls", verify("Hostname mismatch, certificate is not valid for 'a'."), "tls.other-name"),
    ("transport.tls", verify("IP address mismatch, certificate is not valid for '::1'."), "tls.other-name"),
    ("transport.tls", verify("unsuitable certificate purpose"), "tls.wrong-usage"),
    ("transport.tls", verify("certificate revoked"), "tls.revoked"),
    ("transport.tls", verify("EE certificate key too weak"), "tls.weak-key"),
    ("transport.tls", "[SSL: WRONG_VERSION_NUMBER] wrong version number", "tls.not-tls"),
    ("transport.tls", "[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version", "tls.version"),
    ("transport.tls", "[SSL: UNSUPPORTED_PROTOCOL] unsupported protocol", "tls.version"),
    ("transport.tls", "[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] sslv3 alert handshake failure", "tls.ciphers"),
    ("transport.tls", "[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred", "tls.closed"),
    ("transport.tls", "[SSL: SOMETHING_NEW] something new", "tls.failed"),
    ("transport.tls", "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required", "client.missing"),
    ("transport.tls", "[SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] expired", "client.expired"),
    ("transport.tls", "[SSL: SSLV3_ALERT_CERTIFICATE_REVOKED] revoked", "client.revoked"),
    ("transport.tls", "[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca", "client.unknown-authority"),
    ("transport.tls", "[SSL: SSLV3_ALERT_UNSUPPORTED_CERTIFICATE] unsupported", "client.wrong-usage"),
    ("transport.tls", "[SSL: SSLV3_ALERT_BAD_CERTIFICATE] bad certificate", "client.not-accepted"),
    ("transport.token", "the token endpoint answered 401 without an access_token", "token.refused"),
    ("transport.token", "the token endpoint answered 503 without an access_token", "token.unreachable"),
    ("transport.token", "the token endpoint answered 429 without an access_token", "http.too-many"),
    ("transport.token", "no answer of the token endpoint: " + verify("certificate has expired"), "token.unreachable"),
    ("transport.name", "[Errno -3] Temporary failure in name resolution", "untested.network"),
    ("transport.network", "[Errno 24] Too many open files", "untested.network"),
    ("transport.token", "no answer of the token endpoint: [Errno 111] Connection refused", "token.unreachable"),
    ("transport.token", "no answer of the token endpoint: [SSL: SSLV3_ALERT_CERTIFICATE_REVOKED]", "client.revoked"),
    ("transport.too-slow", "the exchange lasted longer than the total limit", "http.silent"),
    ("transport.closed", "Server disconnected without sending a response.", "http.closed"),
    ("transport.not-http", "illegal status line", "http.not-http"),
    ("transport.too-large", "more than 10 bytes", "http.too-large"),
    ("transport.run-time", "the run lasts longer than 6 s", "untested.time"),
])
def test_why_there_is_no_answer(code, detail, cause):
    assert greeting(exchange(code=code, detail=detail), OWN).cause == cause


@pytest.mark.parametrize(("defect", "detail", "cause"), [
    ("not-yet-valid", "[SSL: SSLV3_ALERT_BAD_CERTIFICATE] bad certificate", "client.not-yet-valid"),
    ("self-signed", "[SSL: TLSV1_ALERT_UNKNOWN_CA] unknown ca", "client.self-signed"),
    ("expired", "[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred", "client.expired"),
    ("wrong-usage", "[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] handshake failure", "client.wrong-usage"),
    ("expired", verify("certificate has expired"), "tls.expired"),
])
def test_what_the_own_certificate_tells(defect, detail, cause):
    own = Certificate("2020-01-01", "AC", (defect,))
    assert greeting(exchange(code="transport.tls", detail=detail), own).cause == cause


def test_what_we_refuse_is_not_held_against_our_certificate():
    own = Certificate("2020-01-01", "AC", ("expired",))
    assert greeting(exchange(code="transport.tls", detail=verify("invalid CA certificate")), own).cause == "tls.failed"


def test_a_certificate_that_was_not_sent_is_missing_whatever_the_alert():
    told = greeting(exchange(code="transport.tls", detail="[SSL: SSLV3_ALERT_BAD_CERTIFICATE] bad certificate"), None)
    assert told.cause == "client.missing"


def test_a_handshake_that_fails_without_certificate():
    told = greeting(exchange(code="transport.tls", detail="[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] failure"), None)
    assert told.cause == "client.missing"


@pytest.mark.parametrize(("status", "body", "cause"), [
    (200, b"{}", None), (404, b"", None), (500, b"", None),
    (401, b"", "list.unauthenticated"), (403, b"", "list.refused"), (429, b"", "http.too-many"),
    (400, b"<html><center>No required SSL certificate was sent</center>", "client.missing"),
    (400, b"<html><center>The SSL certificate error</center>", "client.not-accepted"),
    (403, b"<h2>403.7 Client certificate required</h2>", "client.missing"), (496, b"<html>", None),
    (400, b"<html>The plain HTTP request was sent to HTTPS port</html>", "tls.wanted"),
    (400, b'{"resourceType": "OperationOutcome", "text": "SSL certificate"}', None),
])
def test_what_a_first_answer_tells(status, body, cause):
    told = greeting(exchange(status, body), OWN)
    assert (told.cause if told else None) == cause


@pytest.mark.parametrize(("status", "body", "cause"), [
    (200, STATEMENT, None), (404, {}, "capability.not-found"), (403, {}, "capability.refused"),
    (503, {}, "http.unavailable"), (429, {}, "http.too-many"), (200, b"<html>", "capability.unreadable"),
    (200, b"\xef\xbb\xbf" + orjson.dumps(STATEMENT), None),
    (200, {"resourceType": "Bundle"}, "capability.unreadable"), (200, [], "capability.unreadable"),
    (200, {**STATEMENT, "fhirVersion": "5.0.0"}, "capability.other-version"),
    (200, {**STATEMENT, "rest": [{"resource": [{"type": "HealthcareService"}]}]}, "capability.no-search"),
    (200, {**STATEMENT, "rest": [None, {"resource": "x"}]}, "capability.no-search"),
    (200, {**STATEMENT, "rest": [{"resource": None}]}, "capability.no-search"),
])
def test_what_a_statement_tells(status, body, cause):
    told = capability(exchange(status, body if isinstance(body, bytes) else orjson.dumps(body)), "a-profile")
    assert (told.cause if told else None) == cause


def test_a_statement_of_one_with_whom_no_version_is_shared():
    assert capability(exchange(200, orjson.dumps(STATEMENT)), "").cause == "capability.no-shared-profile"


def test_every_word_is_told():
    known = texts.matrix()
    for cause in STEP_OF:
        assert known[f"cause.{cause}"].fr
        assert known[f"remedy.{cause}"].en
    assert all(f"state.{state}" in known for state in STATES)
    assert all(f"step.{step}" in known for step in STEPS)
    assert sum(len(causes) for causes in CAUSES.values()) == len(STEP_OF)


@pytest.mark.parametrize(("verdicts", "state"), [
    ({"pass": 5}, "effective"), ({"pass": 1, "inconclusive": 4}, "effective"), ({"pass": 1, "fail": 1}, "partial"),
    ({"fail": 2, "inconclusive": 1}, "not-effective"), ({"inconclusive": 3}, "not-tested"), ({}, "not-tested"),
    ({"pass": 2, "error": 2}, "not-tested"), ({"pass": 1, "error": 1, "fail": 1}, "partial")])
def test_the_state_of_verdicts(verdicts, state):
    assert state_of(verdicts) == state
