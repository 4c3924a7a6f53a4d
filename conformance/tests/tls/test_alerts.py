"""What a client is told when the reference refuses it in TLS, and what the matrix makes of it: by both versions of TLS,
each certificate that must be refused has a cause of its own; what is no TLS is refused at once."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conformance import pki
from conformance.clock import SystemClock
from conformance.drive.direct import Direct
from conformance.drive.identity import certificate
from conformance.drive.probe import Probe
from conformance.endpoint import OLD, Endpoint, Limits
from conformance.model import Ask
from conformance.reached import greeting
from conformance.reference.app import create_app
from conformance.reference.region import generate
from conformance.reference.secured import server_context
from conformance.reference.server import Running, stored

HOST = "127.0.0.1"
CAUSES = {pki.EXPIRED: "client.expired", pki.NOT_YET: "client.not-yet-valid", pki.SELF_SIGNED: "client.self-signed",
          pki.OTHER_AUTHORITY: "client.unknown-authority", pki.WRONG_USAGE: "client.wrong-usage",
          pki.REVOKED: "client.revoked", pki.GOOD: None}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A hierarchy, and a client of each kind."""
    held = pki.Pki(tmp_path_factory.mktemp("pki"), datetime.now(UTC))
    return held, held.server(pki.GOOD, HOST), {kind: held.client("a", kind) for kind in CAUSES}


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"], scope="module")
def base(request, made):
    """The reference, for clients with a certificate alone, by one version."""
    held, pair, _ = made
    context = server_context(pair.certificate, pair.key, authority=held.authority, revocations=held.revocations)
    context.maximum_version = request.param
    with Running(create_app(stored(generate(5)), profile_id="ror-fhir-0.7.0"), tls=context) as address:
        yield address


def asked(base, made, kind=None, **more):
    held, _, clients = made
    own = (str(clients[kind].certificate), str(clients[kind].key)) if kind else ("", "")
    endpoint = Endpoint(base, authorities=str(held.authority), certificate=own[0], key=own[1],
                        limits=Limits(connect=5, read=5, total=5), **more)
    probe = Probe(endpoint, lambda vault: vault.body, carried=Direct(SystemClock()))
    try:
        one = probe.send(Ask("GET", "HealthcareService", (("_count", "1"),)), "greeting")
    finally:
        probe.close()
    return one, greeting(one, certificate(Path(own[0]), datetime.now(UTC)) if kind else None)


@pytest.mark.parametrize("kind", CAUSES)
def test_why_a_certificate_is_refused(base, made, kind):
    for _ in range(5):  # an alert must not be lost to the end of the connection
        one, told = asked(base, made, kind)
        assert (told.cause if told else None) == CAUSES[kind]
        assert (one.trouble is None) is (kind == pki.GOOD)


def test_who_has_none(base, made):
    assert asked(base, made)[1].cause == "client.missing"


def test_versions_that_are_over(base, made):
    assert asked(base, made, pki.GOOD, offers=OLD)[1].cause == "tls.version"


def test_what_is_no_tls_is_refused_at_once(base, made):
    one, _ = asked(base.replace("https:", "http:"), made)
    assert one.trouble.code in ("transport.closed", "transport.not-http")
    assert one.milliseconds < 4000


@pytest.mark.parametrize("kind", [one for one in pki.SERVERS if one != pki.GOOD])
def test_why_a_server_is_not_trusted(made, kind):
    held, _, clients = made
    name = f"{HOST}-{kind}"
    path = held.folder / f"server-{name}.pem"
    pair = pki.Pair(path, path.with_suffix(".key")) if path.exists() else held.server(kind, HOST)
    context = server_context(pair.certificate, pair.key, authority=held.authority)
    with Running(create_app(stored(generate(5)), profile_id="ror-fhir-0.7.0"), tls=context) as address:
        told = asked(address, made, pki.GOOD)[1]
    assert told.cause == {"other-authority": "tls.unknown-authority"}.get(kind, f"tls.{kind}")
    assert clients
