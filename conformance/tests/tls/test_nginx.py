"""Every certificate and connection that must be refused, judged against nginx: configured right, and wrong in many ways.

Each row of the table says, of one configuration, what the judge finds of each requirement, and nothing else.
"""

import datetime

import pytest

from conformance import pki, workshop
from conformance.clock import SystemClock
from conformance.endpoint import Endpoint
from conformance.identities import of_folder, strangers
from conformance.model import Candidate
from conformance.reference.access import Access
from conformance.reference.app import create_app
from conformance.reference.region import generate
from conformance.reference.server import Running, stored
from conformance.tests.tls.nginx import HOST, NGINX, serving

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
PROFILE = "ror-fhir-0.7.0"
CONNECTION, CERTIFICATES = "socle/62-connexion", "socle/63-certificats"
# the steps in which something must be refused, and the finding told of each: empty, for the refusal counts
KINDS = ("no-certificate", "self-signed", "other-authority", "expired", "not-yet-valid", "revoked", "wrong-usage",
         "not-listed")
STEPS = (*KINDS, "old-tls", "weak-ciphers", "clear-http")
LET_IN, LOST, UNCLEAR = "identity.accepted", "blocked.no-control", "blocked.unclear"
OLD = {"ssl_protocols": "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3", "ssl_ciphers": "DEFAULT:@SECLEVEL=0"}
CLEAR = "location @clear {{ proxy_pass http://{behind}; proxy_set_header Host $http_host; }}"
TRACE = ('location = /40x {{ internal; default_type text/html; return 400 '
         '"Traceback (most recent call last): File \\"/srv/ror/app.py\\", line 3"; }}')
NONE = dict.fromkeys(STEPS, "")
ALL_OUT = dict.fromkeys(STEPS, LOST)
SHUT = ("ROR-HTTP-010", "ROR-HTTP-140")  # the right client is not served
# configuration: what is changed, what is told of each step, and requirements that are broken besides
CASES = {
    "right": ({}, {}, {}, ()),
    "right, certificates demanded by the location": (
        {"ssl_verify_client": "optional"}, {"more": "if ($ssl_client_verify != SUCCESS) {{ return 403; }}"}, {}, ()),
    "no certificate is asked for": (
        {"ssl_verify_client": "off"}, {"listed": False}, dict.fromkeys(KINDS, LET_IN), ("ROR-TLS-003",)),
    "a certificate is optional": (
        {"ssl_verify_client": "optional"}, {"listed": False},
        {"no-certificate": LET_IN, "not-listed": LET_IN}, ("ROR-TLS-003",)),
    "any authority will do": (
        {"ssl_verify_client": "optional_no_ca", "ssl_crl": None}, {"listed": False},
        {"no-certificate": LET_IN, "self-signed": LET_IN, "other-authority": LET_IN, "revoked": LET_IN,
         "not-listed": LET_IN}, ("ROR-TLS-003",)),
    "no list of revocations": ({"ssl_crl": None}, {}, {"revoked": LET_IN}, ()),
    "no white list": ({}, {"listed": False}, {"not-listed": LET_IN}, ()),
    "another authority is trusted": (
        {"ssl_client_certificate": "{pki}/client-right-other-authority.pem", "ssl_crl": None}, {},
        {**ALL_OUT, "other-authority": LET_IN}, SHUT),
    "the chain may not be as long as it is": ({"ssl_verify_depth": "0"}, {}, ALL_OUT, SHUT),
    "TLS 1.0 and 1.1 are offered": (OLD, {}, {"old-tls": LET_IN}, ()),
    "ciphers that protect nothing are offered": (
        {"ssl_ciphers": "ALL:eNULL:aNULL:@SECLEVEL=0"}, {}, {"weak-ciphers": LET_IN}, ()),
    "the certificate of the server has expired": (
        {"ssl_certificate": "{pki}/server-127.0.0.1-expired.pem",
         "ssl_certificate_key": "{pki}/server-127.0.0.1-expired.key"}, {}, ALL_OUT, ("ROR-TLS-001",)),
    "clear HTTP is served on the same port": (
        {"error_page": "497 =200 @clear"}, {"places": CLEAR}, {"clear-http": LET_IN}, ()),
    "clear HTTP is sent on to https": ({"error_page": "497 =301 https://$host:$server_port$request_uri"}, {}, {}, ()),
    "refusals name the version of nginx": ({"server_tokens": "on"}, {}, {}, ("ROR-TLS-011",)),
    "refusals show a stack trace": (
        {"error_page": "400 495 496 =400 /40x"}, {"places": TRACE}, {}, ("ROR-ERR-001",)),
    "nothing answers behind": ({}, {"dead": True}, ALL_OUT, SHUT),
}
OF_STEP = {"no-certificate": "ROR-TLS-003", "self-signed": "ROR-TLS-004", "other-authority": "ROR-TLS-005",
           "expired": "ROR-TLS-006", "not-yet-valid": "ROR-TLS-007", "revoked": "ROR-TLS-008", "wrong-usage": "ROR-TLS-009",
           "not-listed": "ROR-TLS-010", "old-tls": "ROR-SEC-006", "weak-ciphers": "ROR-TLS-002", "clear-http": "ROR-SEC-007"}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    made = pki.Pki(folder, datetime.datetime.now(datetime.UTC))
    for kind in (pki.GOOD, pki.EXPIRED):
        made.server(kind, HOST)
    for kind in pki.CLIENTS:
        made.client("right", kind)
    return folder


@pytest.fixture(scope="module")
def behind():
    app = create_app(stored(generate(50, 3)), profile_id=PROFILE, access=Access())
    with Running(app) as base:
        yield base


def reached(port, certificates):
    """nginx as a candidate, with every identity that it must refuse."""
    own = Endpoint(f"https://{HOST}:{port}/ws-diffusion-fhir", authorities=str(certificates / "authority.pem"),
                   certificate=str(certificates / "client-right.pem"), key=str(certificates / "client-right.key"))
    others = strangers(own, of_folder(certificates, own.certificate), {}, datetime.datetime.now(datetime.UTC))
    return Endpoint(own.base, authorities=own.authorities, certificate=own.certificate, key=own.key, others=others)


def judged(endpoint, folder):
    """The judgements of the scenarios of connections and certificates."""
    who = Candidate("nginx", "1", "x", "server", (PROFILE,), (), accesses=tuple(one.access for one in endpoint.others),
                    secured=True)
    made = workshop.campaign(who, workshop.Choice(only=(CONNECTION, CERTIFICATES)))
    events = []
    workshop.drive(made, endpoint, folder / "run", SystemClock(), events.append)
    return [one.judgement for one in events if hasattr(one, "judgement")], workshop.report(folder / "run")


@pytest.mark.parametrize("name", CASES)
def test_what_is_told_of_a_configuration(name, certificates, behind, tmp_path):
    changes, how, told, besides = CASES[name]
    how = dict(how)
    target = f"{HOST}:1" if how.pop("dead", False) else behind.split("/")[2]
    with serving(tmp_path, certificates, target, changes, **how) as port:
        judgements, report = judged(reached(port, certificates), tmp_path)
    seen = {one.step: one.findings[0].code if one.findings else "" for one in judgements
            if one.check.startswith("refused")}
    assert seen == {**NONE, **told}
    broken = {one.requirement for one in report.problems if one.effect == "broken" and one.cause == "candidate"}
    expected = {OF_STEP[step] for step, code in told.items() if code == LET_IN} | set(besides)
    assert broken == expected
