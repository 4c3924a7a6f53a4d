"""Doors of TLS: certificates that clients accept and refuse, what the record tells of them."""

import ssl
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from conformance import bench, ledger, pki, profile, selftest_bench, workshop
from conformance.clock import SystemClock
from conformance.doors import Door, Doors
from conformance.model import Candidate

LATEST = profile.known()[-1]


def trusting(endpoint):
    context = ssl.create_default_context(cafile=endpoint["ca-file"])
    context.load_cert_chain(endpoint["client-certificate"], endpoint["client-key"])
    return context


async def answers(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize("kind", pki.SERVERS)
def test_a_client_that_verifies_accepts_the_good_one_alone(kind):
    with Doors(SystemClock()) as doors:
        door = Door(doors)
        door.turn(kind, answers, lambda _method, _path: None)
        endpoint = door.endpoint()
        with httpx.Client(verify=trusting(endpoint)) as client:
            if kind == pki.GOOD:
                assert client.get(endpoint["base-url"]).status_code == 200
                (heard, _origin), = door.take()
                assert heard.peer.tls.startswith("TLSv1.3")
                assert "CN=application" in heard.peer.client
            else:
                with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
                    client.get(endpoint["base-url"])
                assert door.take() == []
        assert "begun" in door.greetings()
        assert endpoint["client-secret"] == ""


def test_the_usual_door_and_one_of_tls_have_one_key_and_one_client():
    with Doors(SystemClock()) as doors:
        door = Door(doors)
        plain = door.endpoint()
        door.turn(pki.GOOD, answers, lambda _method, _path: None)
        secured = door.endpoint()
        assert plain["base-url"].startswith("http://")
        assert secured["base-url"].startswith("https://")
        assert plain["base-url"].split("/")[3:] == secured["base-url"].split("/")[3:]
        assert plain["client-id"] == secured["client-id"]
        door.turn("", answers, lambda _method, _path: None)
        assert door.endpoint() == plain


def test_keys_are_for_their_owner_alone_and_leave_with_the_doors():
    with Doors(SystemClock()) as doors:
        door = Door(doors)
        door.turn(pki.GOOD, answers, lambda _method, _path: None)
        key = door.endpoint()["client-key"]
        folder = pki.Path(key).parent
        assert {path.stat().st_mode & 0o077 for path in folder.glob("*.key")} == {0}
    assert not folder.exists()


def test_certificates_say_that_they_are_of_a_test(tmp_path):
    made = pki.Pki(tmp_path, datetime.now(UTC))
    text = ssl._ssl._test_decode_cert(str(made.client("x").certificate))
    assert ("organizationName", "TEST rorqual") in [pair for part in text["subject"] for pair in part]
    with pytest.raises(KeyError):
        made.server("unheard-of", "127.0.0.1")


def test_what_is_recorded_of_tls_is_judged_again_the_same(tmp_path):
    who = Candidate("A", "1", "V", "consumer", (LATEST,), ())
    only = ("socle/c30-certificat-du-client", "socle/c31-certificat-expire", "socle/c33-certificat-d-un-autre")
    made = workshop.campaign(who, workshop.Choice(only=only))
    bench.receive(made, lambda told: selftest_bench.Sample(told, "name-unchecked"), tmp_path / "run", SystemClock(),
                  lambda _one: None)
    first, again = workshop.report(tmp_path / "run"), workshop.report(tmp_path / "run", rejudge=True)
    assert {row.id: row.verdict for row in first.requirements}["ROR-APP-015"] == "fail"
    assert replace(again, rejudged=False) == first
    record = ledger.read(tmp_path / "run")
    assert {line["purpose"] for line in record.of_type("exchange")} == {"heard", "handshake"}
    assert all(line["tls"].startswith("TLS") for line in record.of_type("exchange") if line["purpose"] == "heard")
