"""The authorization server and the API both behind nginx, which tells them the certificate that it saw: configured right,
and wrong in ways that let a client in which only says who it is."""

import datetime
from dataclasses import replace
from hashlib import sha256
from urllib.parse import unquote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from conformance import pki, selftest, workshop
from conformance.clock import SystemClock
from conformance.endpoint import Endpoint, OAuth
from conformance.identities import of_folder, strangers
from conformance.reference.access import CLIENTS
from conformance.reference.app import create_app, utc_now
from conformance.reference.authorization import ELSEWHERE, Authorization, Guard
from conformance.reference.guarded import registered
from conformance.reference.region import generate
from conformance.reference.server import Running, stored
from conformance.reference.visibility import ALL
from conformance.tests.tls.nginx import HOST, NGINX, serving

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
PROFILE = "ror-fhir-0.7.0"
LATE = datetime.timedelta(minutes=-1)
TO_TOKENS = ("location /auth/ {{ proxy_pass http://{tokens}; proxy_set_header Host $http_host; "
             "proxy_set_header X-Client $ssl_client_escaped_cert; }}")
OPTIONAL = {"ssl_verify_client": "optional"}
# configuration: what is changed, and what is found broken; None: the right client is not let in
CASES = {
    "right": (OPTIONAL, ()),
    "any authority will do": ({"ssl_verify_client": "optional_no_ca", "ssl_crl": None},
                              ("ROR-SEC-012", "ROR-TLS-004", "ROR-TLS-005", "ROR-TLS-008")),
    "no list of revocations": ({**OPTIONAL, "ssl_crl": None}, ("ROR-TLS-008",)),
    "TLS 1.0 and 1.1 are offered": (
        {**OPTIONAL, "ssl_protocols": "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3", "ssl_ciphers": "DEFAULT:@SECLEVEL=0"},
        ("ROR-SEC-006",)),
    "no certificate is asked for": ({"ssl_verify_client": "off"}, None),
}


def forwarded(app):
    """The application, to which the certificate that nginx saw is told as that of its connection."""
    async def served(scope, receive, send):
        given = unquote(dict(scope["headers"]).get(b"x-client", b"").decode())
        if given:
            seen = x509.load_pem_x509_certificate(given.encode())
            name = f"sha256:{sha256(seen.public_bytes(Encoding.DER)).hexdigest()} {seen.subject.rfc4514_string()}"
            scope = {**scope, "extensions": {"tls": {"client_cert_name": name}}}
        await app({**scope, "scheme": "https"}, receive, send)
    return served


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    made = pki.Pki(folder, datetime.datetime.now(datetime.UTC))
    made.server(pki.GOOD, HOST)
    for kind in pki.CLIENTS:
        made.client("right", kind)
    return folder


@pytest.fixture(scope="module")
def behind(certificates):
    clients, listed = registered(certificates)
    authorization = Authorization(clients, utc_now)
    app = create_app(stored(generate(50, 3)), profile_id=PROFILE, access=Guard(authorization, listed, utc_now))
    tokens = {"expired-token": authorization.give(ALL, life=LATE), "other-audience": authorization.give(ALL, ELSEWHERE)}
    with Running(forwarded(app)) as base, Running(forwarded(authorization.app)) as door:
        yield base.split("/")[2], door.split("/")[2], tokens


@pytest.mark.parametrize("name", CASES)
def test_what_is_found_of_both_behind_nginx(name, certificates, behind, tmp_path):
    changes, broken = CASES[name]
    api, door, tokens = behind
    places = TO_TOKENS.replace("{tokens}", door)
    with serving(tmp_path, certificates, api, changes, listed=False, places=places) as port:
        asked = OAuth(f"https://{HOST}:{port}/auth/token", "right")
        own = Endpoint(f"https://{HOST}:{port}/ws-diffusion-fhir", authorities=str(certificates / "authority.pem"), access="1",
                       certificate=str(certificates / "client-right.pem"), key=str(certificates / "client-right.key"), oauth=asked)
        public = replace(own, access="0", certificate="", key="",
                         oauth=OAuth(asked.token_url, CLIENTS[0].name, CLIENTS[0].secret))
        refused = strangers(own, of_folder(certificates, own.certificate), tokens, utc_now())
        workshop.drive(selftest.of_security(PROFILE, 1), replace(own, others=(public, *refused)), tmp_path / "run",
                       SystemClock(), lambda _event: None)
    report = workshop.report(tmp_path / "run")
    verdicts = {row.id: row.verdict for row in report.requirements if row.id.startswith(("ROR-SEC", "ROR-T"))}
    if broken is None:  # whoever is refused beside it tells nothing
        assert selftest.broken(report) == ("ROR-SEC-012",)
        assert not {one for one in verdicts if verdicts[one] == "pass"} - {"ROR-SEC-006", "ROR-SEC-007", "ROR-SEC-011", "ROR-TLS-001",
                                                                                 "ROR-TLS-011"}
        return
    assert set(selftest.broken(report)) == set(broken)
    assert {one: verdicts[one] for one in verdicts if verdicts[one] != "pass" and one not in broken} == {}
