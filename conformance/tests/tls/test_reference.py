"""Who is let in, judged against the reference behind TLS and tokens: right, and wrong in one way at a time."""

import datetime
import json
import re
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from conformance import candidate, identities, pki, selftest, workshop
from conformance.checks import letting_in
from conformance.clock import SystemClock
from conformance.drive import carrying, transport
from conformance.drive.messages import Sending
from conformance.endpoint import ALTERED, NOBODYS, OF_RUN, WEAK, Endpoint, OAuth
from conformance.errors import AuthorError, OperatorError
from conformance.model import Exchange, Request
from conformance.reference.access import CLIENTS
from conformance.reference.app import create_app, utc_now
from conformance.reference.authorization import Authorization, Registered
from conformance.reference.faults_secured import SECURED
from conformance.reference.guarded import guarded
from conformance.reference.region import generate
from conformance.reference.server import stored
from conformance.scenario_words import CERTIFICATES, CONNECTIONS, IDENTITIES, TOKENS

PROFILES = ("ror-fhir-0.6.0", "ror-fhir-0.7.0")
NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
REGION = list(generate(50, 3))


# one in the handshake, one of tokens, one in clear, one of refusals; `rorqual selftest` tries each
SOME = [one for one in SECURED if one.name in ("expired-certificate-accepted", "token-not-checked", "clear-http-served",
                                               "refusal-with-version")]


@pytest.mark.parametrize("fault", SOME, ids=lambda one: one.name)
def test_each_fault_is_caught_by_what_it_breaks_and_by_nothing_else(fault):
    found = selftest.outcome(fault, PROFILES[1], 60, 3, SystemClock())
    assert (found.caught, found.unrelated) == (True, ()), found.broken


@pytest.mark.parametrize("profile", PROFILES)
def test_all_is_verified_on_the_reference_that_is_right(profile, tmp_path):
    report = selftest.judged(selftest.of_security(profile, 1), None, 60, 3, SystemClock(), tmp_path)
    wanted = {name for one in selftest.of_security(profile, 1).planned for name in one.scenario.verifies}
    assert {row.id for row in report.requirements if row.verdict == "pass"} == wanted
    assert not report.problems
    written = "".join(path.read_text() for path in (tmp_path / "record.jsonl", *(tmp_path / "bodies").glob("*")))
    assert not [one.secret for one in CLIENTS if one.secret in written], "a secret was recorded"
    assert "[token 1]" in written
    assert re.search(r"client_id=\[client%20\d\]\"", written)
    again = workshop.report(tmp_path, rejudge=True)
    assert [(row.id, row.verdict) for row in again.requirements] == [(row.id, row.verdict) for row in report.requirements]


def test_a_candidate_in_clear_is_not_tried():
    made = selftest.campaign(PROFILES[1], 1)
    skipped = {one.scenario.id: one.skip for one in made.planned if one.scenario.secured}
    assert len(skipped) == 4
    assert all("clear HTTP" in one for one in skipped.values())


def test_a_candidate_in_clear_on_another_machine_is_inconclusive(here):
    text = WRITTEN.replace("https://127.0.0.1:1", "http://ror.example")
    (here / "candidate.yaml").write_text(text)
    who, _ = candidate.read(here / "candidate.yaml", {})
    made = workshop.campaign(who, workshop.Choice(only=("socle/62-connexion",)))
    assert [(one.skip, one.refusal.code, one.refusal.expected) for one in made.planned] == [
        ("", "configuration.stranger", "an https address")]


def test_what_is_not_at_hand_is_inconclusive(tmp_path):
    folder = selftest.certificates()
    made = selftest.of_security(PROFILES[1], 1)
    who = made.candidate
    with guarded(lambda guard: create_app(stored(REGION), profile_id=PROFILES[1], access=guard), folder, utc_now) as opened:
        whole = selftest.secured(opened, folder)
        own = Endpoint(whole.base, authorities=whole.authorities, certificate=whole.certificate, key=whole.key,
                       oauth=whole.oauth, access="1", others=identities.strangers(whole, {}, {}, utc_now()))
        bare = type(made)(type(who)(**{**{name: getattr(who, name) for name in who.__slots__},
                                       "accesses": ("1", *(one.access for one in own.others))}),
                          made.profiles, made.planned, made.scenarios_hash, made.release, made.seed)
        workshop.drive(bare, own, tmp_path / "run", SystemClock(), lambda _event: None)
    verdicts = {row.id: (row.verdict, tuple(row.causes)) for row in workshop.report(tmp_path / "run").requirements}
    missing = ("ROR-TLS-006", "ROR-TLS-007", "ROR-TLS-008", "ROR-TLS-009", "ROR-TLS-010", "ROR-TOK-001", "ROR-TOK-002",
               "ROR-SEC-011", "ROR-SEC-019")
    assert {name: verdicts[name] for name in missing} == dict.fromkeys(missing, ("inconclusive", ("configuration",)))
    shown = ("ROR-SEC-006", "ROR-SEC-007", "ROR-SEC-008", "ROR-SEC-012", "ROR-TLS-003", "ROR-TLS-004", "ROR-TLS-005")
    assert {name: verdicts[name][0] for name in shown} == dict.fromkeys(shown, "pass")


def test_identities_that_can_be_had_of_an_endpoint():
    bare = Endpoint("https://ror.example/fhir", headers=(("X-Api-Key", "secret"), ("Ror-Role", "x")))
    assert identities.strangers(Endpoint("http://ror.example"), {}, {}, NOW) == ()
    assert {one.access for one in identities.strangers(bare, {}, {}, NOW)} == set(CONNECTIONS)
    clear = next(one for one in identities.strangers(bare, {}, {}, NOW) if one.access == "clear-http")
    assert (clear.base, clear.headers) == ("http://ror.example:443/fhir", (("Ror-Role", "x"),))
    full = Endpoint("https://ror.example:8443/fhir", certificate="c.pem", key="c.key", oauth=OAuth("https://auth", "me"))
    given = {kind: (f"{kind}.pem", f"{kind}.key") for kind in identities.GIVEN}
    found = {one.access: one for one in identities.strangers(full, given, dict.fromkeys(identities.GIVEN_TOKENS, "t"), NOW)}
    assert set(found) == set(IDENTITIES)
    assert {name for name, one in found.items() if one.bearer == OF_RUN} == {*CERTIFICATES, "other-certificate"}
    assert {name for name, one in found.items() if one.bearer == ALTERED} == {"altered-token"}
    assert {name for name, one in found.items() if one.bearer == NOBODYS} == set(CONNECTIONS), "no token is trusted to them"
    assert found["clear-http"].oauth == OAuth("http://auth:443", "me")
    assert not [one for name, one in found.items() if name in TOKENS and one.oauth and one.bearer not in (OF_RUN, ALTERED)]
    secret = replace(full, oauth=OAuth("https://auth", "me", "secret"))
    assert not [one for one in identities.strangers(secret, {}, {}, NOW) if one.access in CONNECTIONS and one.oauth]


WRITTEN = """
product: x
version: "1"
vendor: x
role: server
profiles: [ror-fhir-0.7.0]
endpoint:
  base-url: https://127.0.0.1:1/fhir
  oauth2: {token-url: "https://127.0.0.1:2/token", client-id: right}
  tls: {authorities: pki/authority.pem, certificate: pki/client-right.pem, key: pki/client-right.key}
"""


@pytest.fixture
def here(tmp_path):
    made = pki.Pki(tmp_path / "pki", datetime.datetime.now(datetime.UTC))
    for kind in pki.CLIENTS:
        made.client("right", kind)
    return tmp_path


def read(here, more=""):
    (here / "candidate.yaml").write_text(WRITTEN + more)
    return candidate.read(here / "candidate.yaml", {"OLD": "old-token", "OTHER": "other-token"})


def test_a_candidate_file_gives_them_by_a_folder_or_one_by_one(here):
    who, reached = read(here)
    own = {*CONNECTIONS, "no-certificate", "self-signed", "other-authority", "no-token", "altered-token"}
    assert (set(who.accesses), who.secured, who.gives_tokens) == (own, True, True)
    assert pki.bearer(Path(reached.of("self-signed").certificate)) == pki.bearer(here / "pki" / "client-right.pem")
    who, reached = read(here, "  identities: {pki: pki, expired-token: {env: OLD}, other-audience: {env: OTHER}}\n")
    assert set(who.accesses) == set(IDENTITIES)
    assert reached.of("revoked").certificate.endswith("pki/client-right-revoked.pem")
    assert reached.of("expired-token").token == "old-token"
    who, reached = read(here, "  identities: {expired: {certificate: pki/client-right.pem, key: pki/client-right.key}}\n")
    assert set(who.accesses) == {*own, "expired"}
    assert reached.of("expired").certificate.endswith("pki/client-right.pem")


@pytest.mark.parametrize(("more", "problem"), [
    ("  identities: {pki: elsewhere}\n", OperatorError),
    ("  identities: {expired: {certificate: none.pem, key: none.key}}\n", OperatorError),
    ("  identities: {expired-token: {env: NONE}}\n", OperatorError),
    ("  identities: {expird: {certificate: a, key: b}}\n", AuthorError),
    ("  identities: {expired: {certificate: a}}\n", AuthorError),
    ("  identities: {}\n", AuthorError),
])
def test_what_is_wrong_in_a_candidate_file_is_told(here, more, problem):
    with pytest.raises(problem):
        read(here, more)


def test_tokens_of_the_authorization_server():
    known = [Registered("public", 0, secret="secret"), Registered("certified", 1, "CN=certified")]
    server = Authorization(known, lambda: NOW)
    asked = "grant_type=client_credentials&client_id=public&client_secret="
    assert [server.issue(body.encode()).status for body in (
        f"{asked}secret", f"{asked}other", "grant_type=password", "grant_type=client_credentials&client_id=certified")] == [
        200, 401, 400, 401]
    given = json.loads(server.issue(f"{asked}secret".encode()).body)
    grant = server.granted(given["access_token"])
    assert (grant.access, grant.certificate, grant.ends - NOW) == (0, "", datetime.timedelta(minutes=5))
    assert server.granted("another") is None


def test_what_this_machine_cannot_offer_is_no_refusal(monkeypatch):
    def unable(_context, what):
        if what == WEAK:
            raise ssl.SSLError("No cipher can be selected.")

    monkeypatch.setattr(transport, "_offer", unable)
    bare = Endpoint("https://127.0.0.1:1/fhir")
    line = carrying.Line(replace(bare, others=identities.strangers(bare, {}, {}, NOW)), SystemClock())
    told = line.exchanged(Sending("GET", "https://127.0.0.1:1/fhir/metadata", (), access="weak-ciphers")).trouble
    assert told.code == "transport.tls"
    assert "No cipher can be selected" in told.detail
    assert letting_in._of_trouble(Exchange("x1", "step", Request("GET", "x"), None, told, "", 1.0), False) == letting_in.UNCLEAR
    line.close()
