"""What TLS tells of who calls the listener: version, cipher, client certificate; and handshakes that led to nothing."""

import hashlib
import ssl
import time

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from conformance import ledger
from conformance.clock import SystemClock
from conformance.drive.ear import Ear
from conformance.drive.listener import Listener
from conformance.events import Exchanged, Finished, Started
from conformance.model import Exchange, Request
from conformance.tests.bench.test_listener import echo, plain
from conformance.tests.drive.servers import Authority


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def server(authority, demands=ssl.CERT_NONE):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*authority.issue("bench", server=True))
    made.verify_mode = demands
    made.load_verify_locations(authority.path)
    return made


def trusting(authority, name=""):
    made = ssl.create_default_context(cafile=authority.path)
    if name:
        made.load_cert_chain(*authority.issue(name))
    return made


def called(listener, context, times=1):
    """What is heard of calls with a context."""
    channel = listener.open(echo, plain)
    with httpx.Client(verify=context) as client:
        for _ in range(times):
            assert client.get(f"{listener.address(channel)}/x").status_code == 200
    return channel.take()


def until(told):
    """Waits until something is told: a handshake may fail after the client has left."""
    end = time.monotonic() + 2
    while not told() and time.monotonic() < end:
        time.sleep(0.01)
    return told()


def test_the_version_and_the_certificate_of_the_client_are_told(authority, tmp_path):
    with Listener(SystemClock(), tls=server(authority, ssl.CERT_REQUIRED)) as listener:
        assert listener.origin.startswith("https://")
        heard = called(listener, trusting(authority, "appli"), times=2)
        assert listener.greeted() == 1
        assert listener.failed_handshakes() == []
    shown = x509.load_pem_x509_certificate((tmp_path / "appli.crt").read_bytes())
    fingerprint = hashlib.sha256(shown.public_bytes(Encoding.DER)).hexdigest()
    for one in heard:
        assert one.peer.client == f"sha256:{fingerprint} CN=appli"
        assert one.peer.tls.startswith("TLSv1.3 TLS_")


def test_what_tls_tells_is_in_the_record_and_read_again(authority, tmp_path):
    with Listener(SystemClock(), tls=server(authority, ssl.CERT_OPTIONAL)) as listener:
        heard = called(listener, trusting(authority, "appli")) + called(listener, trusting(authority))
    ear = Ear(lambda vault: vault.body)
    exchanges = [ear.exchange(one, "https://bench", {}) for one in heard]
    exchanges.append(Exchange("x3", "heard", Request("GET", "x"), None, None, exchanges[0].started, 1.0))
    book = ledger.Ledger(tmp_path / "run")
    header = {"record": 1, "rorqual": "0", "started": "", "seed": 1, "depth": "none", "candidate": {
        "product": "", "version": "", "vendor": "", "role": "consumer", "profiles": [], "use-cases": []},
        "profiles": [], "scenarios": "", "nomenclatures": "", "planned": []}
    for event in (Started(header, 0), *(Exchanged("p", "s", one) for one in exchanges), Finished({})):
        book.write(event)
    book.close()
    record = ledger.read(tmp_path / "run")
    lines = list(record.of_type("exchange"))
    assert [record.exchange(line) for line in lines] == exchanges
    assert [line.get("client", "-").partition(" ")[2] for line in lines] == ["CN=appli", "", ""]
    assert [line["tls"][:7] for line in lines] == ["TLSv1.3", "TLSv1.3", ""]


def test_without_the_certificate_that_is_demanded_nothing_is_heard(authority):
    with Listener(SystemClock(), tls=server(authority, ssl.CERT_REQUIRED)) as listener:
        channel = listener.open(echo, plain)
        with pytest.raises(httpx.TransportError):
            httpx.get(listener.address(channel), verify=trusting(authority))
        assert until(listener.failed_handshakes) == ["PEER_DID_NOT_RETURN_A_CERTIFICATE"]
        assert (listener.greeted(), channel.take(), listener.strays()) == (1, [], ([], 0))


def test_a_client_that_does_not_trust_the_bench_is_known_to_have_come(authority, tmp_path):
    (tmp_path / "other").mkdir()
    with Listener(SystemClock(), tls=server(authority)) as listener:
        channel = listener.open(echo, plain)
        with pytest.raises(httpx.ConnectError):
            httpx.get(listener.address(channel), verify=trusting(Authority(tmp_path / "other", "other")))
        assert until(listener.failed_handshakes) == ["TLSV1_ALERT_UNKNOWN_CA"]
        assert (listener.greeted(), channel.take(), listener.strays()) == (1, [], ([], 0))
        assert len(called(listener, trusting(authority))) == 1
        assert listener.greeted() == 2


def test_plain_http_where_tls_is_spoken_is_told(authority):
    with Listener(SystemClock(), tls=server(authority)) as listener:
        with pytest.raises(httpx.TransportError):
            httpx.get(listener.origin.replace("https", "http"))
        assert until(listener.failed_handshakes) == ["HTTP_REQUEST"]
        assert listener.greeted() == 0


def test_what_is_malformed_inside_tls_is_refused_and_tells_who_sent_it(authority):
    with Listener(SystemClock(), tls=server(authority, ssl.CERT_REQUIRED)) as listener:
        channel = listener.open(echo, plain)
        with httpx.Client(verify=trusting(authority, "appli")) as client:
            assert client.get(f"{listener.address(channel)}//x").status_code == 400
        one, = channel.take()
    assert one.refused
    assert one.peer.client.endswith(" CN=appli")
