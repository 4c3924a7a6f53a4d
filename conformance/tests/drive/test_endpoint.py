"""How the candidate is reached: TLS with real certificates, client certificates, headers, tokens, pace."""

import json
import ssl
from urllib.parse import parse_qs

import pytest

from conformance.clock import SystemClock
from conformance.drive.carrying import Line
from conformance.drive.messages import Sending
from conformance.drive.probe import Probe
from conformance.endpoint import Endpoint, Limits, OAuth
from conformance.errors import OperatorError
from conformance.model import Ask
from conformance.tests.drive.servers import Authority, bundle, entry, http, sends

GOOD = sends(http(bundle(entry("1"), total=1)))
ROR_HEADERS = (("Ror-Profil-Utilisateur-Code", "10"), ("Ror-Profil-Utilisateur-System", "TRE"),
               ("Ror-Role-Metier-Code", "01"), ("Ror-Role-Metier-System", "TRE"))


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


def server_side(authority, client=None):
    """A TLS context for 127.0.0.1, which asks for a client certificate of an authority when one is given."""
    certificate, key = authority.issue("server", server=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client.path)
    return context


def send(endpoint, path="HealthcareService"):
    """One exchange of a probe of its own."""
    probe = Probe(endpoint, lambda vault: vault.body)
    try:
        return probe.send(Ask("GET", path), "test")
    finally:
        probe.close()


def test_tls_of_a_known_authority(misbehaving, authority):
    got = send(Endpoint(misbehaving(GOOD, tls=server_side(authority)).base, authorities=str(authority.path)))
    assert got.response.status == 200
    assert got.tls.startswith("TLSv1.")


def test_tls_of_an_unknown_authority(misbehaving, authority, judged):
    one = judged(misbehaving(GOOD, tls=server_side(authority)).base)
    assert one.codes == {"transport.tls"}
    assert one.exit_code == 3
    assert "certificate verify failed" in one.problem("transport.tls").says.en


def test_tls_of_another_name(misbehaving, authority):
    base = misbehaving(GOOD, tls=server_side(authority)).base.replace("127.0.0.1", "localhost")
    got = send(Endpoint(base, authorities=str(authority.path)))
    assert got.trouble.code == "transport.tls"
    assert "localhost" in got.trouble.detail


@pytest.mark.parametrize("password", [b"", b"a secret of ours"], ids=["open-key", "key-with-password"])
def test_client_certificate(misbehaving, authority, password):
    base = misbehaving(GOOD, tls=server_side(authority, client=authority)).base
    certificate, key = authority.issue("client", password)
    got = send(Endpoint(base, authorities=str(authority.path), certificate=str(certificate), key=str(key),
                        key_password=password.decode()))
    assert got.response.status == 200


def test_a_client_certificate_that_lacks_or_is_of_another_authority(misbehaving, authority, tmp_path):
    base = misbehaving(GOOD, tls=server_side(authority, client=authority)).base
    got = send(Endpoint(base, authorities=str(authority.path)))
    assert got.trouble.code in ("transport.tls", "transport.closed")
    certificate, key = Authority(tmp_path, "stranger").issue("client")
    got = send(Endpoint(base, authorities=str(authority.path), certificate=str(certificate), key=str(key)))
    assert got.trouble.code in ("transport.tls", "transport.closed")


def test_files_that_are_no_certificates_are_the_operator_s(tmp_path, authority):
    certificate, key = authority.issue("client", b"right")
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("nothing")
    for wrong in ({"authorities": str(nothing)}, {"authorities": str(tmp_path / "absent.pem")},
                  {"certificate": str(certificate), "key": str(nothing)},
                  {"certificate": str(certificate), "key": str(key), "key_password": "wrong"}):
        with pytest.raises(OperatorError, match="tls"):
            send(Endpoint("https://127.0.0.1:1/fhir", **wrong))


def test_headers_are_sent_and_secret_ones_are_not_recorded(misbehaving):
    server = misbehaving(GOOD)
    got = send(Endpoint(server.base, headers=(*ROR_HEADERS, ("X-Api-Key", "canary-91827")), token="canary-token-55"))
    sent = server.requests[0].decode()
    for name, value in ROR_HEADERS:
        assert f"{name}: {value}" in sent
    assert "X-Api-Key: canary-91827" in sent
    assert "Authorization: Bearer canary-token-55" in sent
    told = dict(got.request.headers)
    assert told["Ror-Role-Metier-Code"] == "01", "the access policy is part of what is tested, not a secret"
    assert "canary" not in json.dumps(got.request.headers)
    assert told["Authorization"].startswith("Bearer [token")


def token_server(answers):
    """A behaviour: the token endpoint gives these answers in turn, the rest is the candidate."""
    def behave(connection, _number):
        connection.sendall(answers.pop(0) if answers else http(bundle(entry("1"), total=1)))
    return behave


def test_a_token_is_asked_for_and_renewed_before_its_end(misbehaving):
    given = [http({"access_token": f"token-number-{number}", "expires_in": 5}) for number in (1, 2)]
    tokens = misbehaving(lambda connection, _number: connection.sendall(given.pop(0)))
    server = misbehaving(GOOD)
    probe = Probe(Endpoint(server.base, oauth=OAuth(f"{tokens.base}/token", "me", "my-secret-word", "ror")),
                  lambda vault: vault.body)
    exchanges = [probe.send(Ask("GET", "HealthcareService"), "test") for _ in range(2)]
    probe.close()
    form = parse_qs(tokens.requests[0].decode().partition("\r\n\r\n")[2])
    assert form == {"grant_type": ["client_credentials"], "client_id": ["me"], "client_secret": ["my-secret-word"],
                    "scope": ["ror"]}
    assert ["token-number-1" in server.requests[0].decode(), "token-number-2" in server.requests[1].decode()] == [
        True, True], "with 5 s to live, within the margin, each request needs a new token"
    assert all("token-number" not in json.dumps(one.request.headers) for one in exchanges)


@pytest.mark.parametrize("answer", [http({"error": "invalid_client"}, "401 Unauthorized"), http(b"<html>"), http([1]),
                                    http({"access_token": "a", "expires_in": "soon"}), b""],
                         ids=["refused", "html", "list", "life-not-a-number", "closed"])
def test_a_token_that_is_not_given_is_a_matter_of_configuration(misbehaving, judged, answer):
    server = misbehaving(token_server([answer] * 40))
    one = judged(server.base, oauth=OAuth(f"{server.base}/token", "me", "my-secret-word"))
    assert one.codes == {"transport.token"}
    assert one.problem("transport.token").cause == "configuration"
    assert "my-secret-word" not in json.dumps([dict(line) for line in one.record.lines])


class Watch:
    """A clock that never waits: it counts what it was asked to sleep."""

    def __init__(self):
        self.real, self.slept = SystemClock(), 0.0

    def now(self):
        return self.real.now()

    def monotonic(self):
        return self.real.monotonic() + self.slept

    def sleep(self, seconds):
        self.slept += seconds


def test_the_pace_is_kept(misbehaving):
    clock, server = Watch(), misbehaving(GOOD)
    line = Line(Endpoint(server.base, limits=Limits(pace=2.0)), clock)
    for _ in range(5):
        assert line.exchanged(Sending("GET", f"{server.base}/HealthcareService", ())).answer.status == 200
    line.close()
    assert 1.5 < clock.slept <= 2.0, "five requests at two a second: four waits of half a second, less what they took"
