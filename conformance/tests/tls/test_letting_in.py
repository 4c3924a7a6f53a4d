"""When a refusal counts: its reason, and the right client beside it; what is accepted speaks for itself."""

import json

import pytest

from conformance import data
from conformance.model import Trouble
from conformance.scenario_words import CERTIFICATES, IDENTITIES, TOKENS
from conformance.tests.checks.stage import answer, entry, findings, offer, searchset

GIVEN = [searchset(entry(offer("1")))]
NO = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "login", "diagnostics": "no"}]}
VERIFY = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1006)"


def tls(what):
    """What the network says of a handshake that failed."""
    return Trouble("transport.tls", f"[SSL: {what}] {what.lower().replace('_', ' ')} (_ssl.c:1006)")


def told(check, got, control=GIVEN, identity="expired"):
    """The codes of what a check finds, where ``got`` came back and the right client was answered by ``control``."""
    return [one.code for one in findings(check, {"beside": "right"}, [got], access=identity, earlier={"right": control})]


@pytest.mark.parametrize("got", [
    answer(NO, 401), answer(NO, 403), answer(b"<html>No required SSL certificate was sent</html>", 400, "text/html"),
    tls("SSLV3_ALERT_CERTIFICATE_EXPIRED"), tls("TLSV1_ALERT_UNKNOWN_CA"), tls("TLSV13_ALERT_CERTIFICATE_REQUIRED"),
    tls("SSLV3_ALERT_HANDSHAKE_FAILURE"), tls("UNEXPECTED_EOF_WHILE_READING"),
    Trouble("transport.closed", "the connection was reset"),
])
def test_what_is_a_refusal_counts_beside_the_right_client_alone(got):
    assert told("refused", got) == []
    for control in ([answer(NO, 401)], [Trouble("transport.too-slow", "")], [answer(b"<html>", 200, "text/html")], [answer(NO)]):
        assert told("refused", got, control) == ["blocked.no-control"]


@pytest.mark.parametrize("got", [
    answer(NO, 404), answer(NO, 429), answer(NO, 500), answer(NO, 503), answer(b"", 302), answer(b"<html>log in</html>", 200),
    answer(NO, 200), Trouble("transport.too-slow", "read timed out"), Trouble("transport.name", "Name or service not known"),
    Trouble("transport.refused", "Connection refused"), Trouble("transport.connect-timeout", "timed out"),
    Trouble("transport.token", "the token endpoint answered 500"), Trouble("transport.tls", VERIFY),
    tls("TLSV1_UNRECOGNIZED_NAME"), tls("TLSV1_ALERT_INTERNAL_ERROR"), tls("NO_CIPHERS_AVAILABLE"), tls("WRONG_VERSION_NUMBER"),
])
def test_what_may_come_of_something_else_is_no_refusal(got):
    assert told("refused", got) == ["blocked.unclear"]


@pytest.mark.parametrize("got", [*GIVEN, answer(GIVEN[0], 403), offer("1")])
def test_data_given_are_an_acceptance_whatever_the_right_client_was_answered(got):
    assert told("refused", got) == told("refused", got, [answer(NO, 401)]) == ["identity.accepted"]


@pytest.mark.parametrize(("got", "codes"), [
    (answer(NO, 401), ["identity.accepted"]), (answer(b"", 500), ["identity.accepted"]),
    (tls("TLSV1_ALERT_PROTOCOL_VERSION"), []), (tls("NO_PROTOCOLS_AVAILABLE"), ["blocked.unclear"]),
    (Trouble("transport.connect-timeout", "timed out"), ["blocked.unclear"]),
])
def test_any_answer_to_a_handshake_that_must_be_refused_is_an_acceptance(got, codes):
    assert told("refused-in-tls", got, identity="old-tls") == codes


@pytest.mark.parametrize(("got", "codes"), [
    (answer(b"The plain HTTP request was sent to HTTPS port", 400, "text/html"), []), (answer(NO, 403), []),
    (answer({"error": "invalid_client"}, 400), ["blocked.unclear"]), (answer(b"", 301, Location="https://ror.example/"), []), (answer(b"", 301, Location="http://ror.example/"), ["blocked.unclear"]),
    (answer(NO, 401), ["blocked.unclear"]), (answer(NO, 500), ["blocked.unclear"]), (GIVEN[0], ["identity.accepted"]),
    (Trouble("transport.closed", "Server disconnected"), []), (Trouble("transport.not-http", "illegal status line"), []),
    (Trouble("transport.refused", "Connection refused"), ["blocked.unclear"]),
])
def test_clear_http_is_refused_or_sent_to_https(got, codes):
    assert told("refused-in-clear", got, identity="clear-http") == codes


@pytest.mark.parametrize(("why", "code"), [
    ("certificate has expired", "tls.certificate"), ("certificate is not yet valid", "tls.certificate"),
    ("Hostname mismatch, certificate is not valid for 'ror.example'.", "tls.certificate"),
    ("unsupported certificate purpose", "tls.certificate"), ("self-signed certificate", "tls.untrusted"),
    ("self-signed certificate in certificate chain", "tls.untrusted"),
    ("unable to get local issuer certificate", "tls.untrusted"),
])
def test_a_server_certificate_that_the_client_cannot_trust(why, code):
    got = Trouble("transport.tls", f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {why} (_ssl.c:1006)")
    assert [(one.code, one.actual) for one in findings("server-certificate", {}, [got])] == [(code, why)]
    assert [one.code for one in findings("server-certificate", {}, [tls("SSLV3_ALERT_BAD_CERTIFICATE")])] == ["blocked.no-answer"]


def test_each_identity_is_one_of_a_step():
    schema = json.loads(data.path("reports", "schemas", "scenario.schema.json").read_text())
    assert schema["$defs"]["step"]["properties"]["send"]["properties"]["identity"]["enum"] == list(IDENTITIES)
    assert set(CERTIFICATES) & set(TOKENS) == set()
