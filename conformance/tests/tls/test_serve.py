"""``rorqual serve --pki``: the reference behind TLS and tokens, for those who try their own file of a candidate."""

import pytest
from click.testing import CliRunner

from conformance import candidate, selftest, workshop
from conformance.cli.demo_ import started
from conformance.cli.group import rorqual
from conformance.clock import SystemClock
from conformance.errors import OperatorError

FILE = """
product: x
version: "1"
vendor: x
role: server
profiles: [ror-fhir-0.7.0]
endpoint:
  base-url: {base}
  access-profile: 1
  oauth2: {{token-url: "{token}", client-id: client-profil-1}}
  tls: {{authorities: {pki}/authority.pem, certificate: {pki}/client-client-profil-1.pem, key: {pki}/client-client-profil-1.key}}
  clients:
    - access-profile: 0
      oauth2: {{token-url: "{token}", client-id: client-profil-0, client-secret: {{env: SECRET}}}}
  identities: {{pki: {pki}, expired-token: {{env: OLD}}, other-audience: {{env: OTHER}}}}
"""


@pytest.mark.parametrize(("fault", "broken"), [("", ()), ("token-without-certificate", ("ROR-SEC-008",))])
def test_a_candidate_file_for_it_is_all_that_is_needed(fault, broken, tmp_path):
    pki = selftest.certificates()
    arguments = ["--port", "0", "--offers", "50", "--pki", str(pki), *(["--fault", fault] if fault else [])]
    with started(arguments) as told:
        (tmp_path / "candidate.yaml").write_text(FILE.format(base=told["base-url"], token=told["token-url"], pki=pki))
        who, endpoint = candidate.read(tmp_path / "candidate.yaml", {
            "SECRET": "secret-fictif-0", "OLD": told["expired-token"], "OTHER": told["other-audience"]})
        made = workshop.campaign(who, workshop.Choice(only=tuple(
            one.scenario.id for one in selftest.of_security("ror-fhir-0.7.0", 1).planned)))
        workshop.drive(made, endpoint, tmp_path / "run", SystemClock(), lambda _event: None)
    report = workshop.report(tmp_path / "run")
    assert selftest.broken(report) == broken
    verdicts = {row.verdict for row in report.requirements if row.id not in broken}
    assert verdicts - {"none"} == {"pass"}


def test_a_fault_that_shows_behind_tls_alone_wants_certificates():
    told = CliRunner().invoke(rorqual, ["serve", "--fault", "token-not-checked"])
    assert isinstance(told.exception, OperatorError)
    assert "--pki" in str(told.exception)
