"""The registry: read, written as a table and read again, its errors told with their place, nothing secret in it."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from conformance import data, pki, registry, registry_table
from conformance.candidate import Secrets
from conformance.cli.group import rorqual
from conformance.errors import AuthorError, OperatorError

WHOLE = """\
registry: 1
rors:
  - id: bretagne
    region: "53"
    name: ROR Bretagne
    metropolitan: true
    solution: ROR-X
    version: "3.1"
    profiles: [ror-fhir-0.7.0, ror-fhir-0.6.0]
    endpoint: {base-url: "https://127.0.0.1:8443/ws-diffusion-fhir/", token-url: "https://127.0.0.1:8443/token", authorities: authority.pem, pace: 20}
    identity: {certificate: client-bretagne.pem, key: client-bretagne.key, client-id: bretagne, client-secret: {env: ROR_SECRET}}
    lets-in: [guyane]
  - id: guyane
    region: "03"
    name: "=ROR Guyane"
    metropolitan: false
    profiles: [ror-fhir-0.7.0]
    lets-in: all
consumers:
  - id: orientation
    name: Orientation
    profiles: [ror-fhir-0.7.0]
    use-cases: [orientation-ssr]
    contract: contract.json
"""


@pytest.fixture
def whole(tmp_path):
    pki.Pki(tmp_path, datetime.now(UTC)).client("bretagne")
    path = tmp_path / "registry.yaml"
    path.write_text(WHOLE, encoding="utf-8")
    (tmp_path / "contract.json").write_text("{}", encoding="utf-8")
    return path


def test_what_is_written_is_read(whole):
    found = registry.read(whole)
    one, other = found.rors
    assert (one.id, one.base, one.pace, one.profiles) == (
        "bretagne", "https://127.0.0.1:8443/ws-diffusion-fhir", 20.0, ("ror-fhir-0.7.0", "ror-fhir-0.6.0"))
    assert (one.lists("guyane"), one.lists("orientation"), other.lists("bretagne")) == (True, False, True)
    assert found.pairs() == [(one, other), (other, one)]
    assert found.consumers[0].use_cases == ("orientation-ssr",)


def test_a_pair_has_the_address_of_one_and_the_identity_of_the_other(whole, monkeypatch):
    found = registry.read(whole)
    one, other = found.rors
    secret = Secrets(whole.parent, {"ROR_SECRET": "s3cret"})
    there = found.endpoint(other, one, secret)
    assert (there.base, there.certificate, there.oauth) == ("https://127.0.0.1:8443/ws-diffusion-fhir", "", None)
    assert there.authorities == str(whole.parent / "authority.pem")
    assert there.limits.pace == 20
    with pytest.raises(OperatorError, match="guyane: its endpoint is not known"):
        found.endpoint(one, other, secret)
    again = found.endpoint(one, one, secret)
    assert (again.oauth.client_id, again.oauth.client_secret) == ("bretagne", "s3cret")
    assert again.certificate == str(whole.parent / "client-bretagne.pem")
    with pytest.raises(OperatorError, match="ROR_SECRET is not set"):
        found.endpoint(one, one, Secrets(whole.parent, {}))


def test_as_a_table_and_back_it_is_the_same_but_for_secrets(whole):
    found = registry.read(whole)
    table = whole.parent / "registry.csv"
    table.write_bytes(registry_table.write(found).encode())
    assert "'=ROR Guyane" in table.read_text()
    again = registry.read(table)
    assert [(one.id, one.name, one.base, one.pace, one.lets_in, one.profiles, one.metropolitan) for one in again.rors] == [
        (one.id, one.name, one.base, one.pace, one.lets_in, one.profiles, one.metropolitan) for one in found.rors]
    assert again.consumers == found.consumers
    assert again.rors[0].identity.client_secret is None
    assert "ROR_SECRET" not in table.read_text()


def test_a_table_with_semicolons_as_spreadsheets_here_write_it(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("\ufeffid;region;name;metropolitan;profiles;base-url;pace\r\nbretagne;53;ROR Bretagne;oui;ror-fhir-0.7.0;http://x;2,5\r\n",
                     encoding="utf-8")
    one, = registry.read(table).rors
    assert (one.metropolitan, one.pace) == (True, 2.5)


@pytest.mark.parametrize(("old", "new", "said"), [
    ("id: guyane", "id: bretagne", "registry.yaml:13:9: the id 'bretagne' is already taken"),
    ("lets-in: [guyane]", "lets-in: [guiane]", "registry.yaml:12:15: nobody is called 'guiane'"),
    ("ror-fhir-0.6.0", "ror-fhir-0.6.1", "no profile is called 'ror-fhir-0.6.1'"),
    ("use-cases: [orientation-ssr]", "use-cases: [orientation]", "no use case is called 'orientation'"),
    ("authority.pem", "absent.pem", "there is no file"),
    ("contract.json", "absent.json", "there is no file"),
    (", key: client-bretagne.key", "", "a certificate goes with its key"),
    ('region: "53"', "region: 53", "registry.yaml:4:"),
    ("metropolitan: true", "metropolitan: maybe", "registry.yaml:6:"),
    ("client-secret: {env: ROR_SECRET}", "client-secret: s3cret", "registry.yaml:11:"),
    ("solution: ROR-X", "solutions: ROR-X", "did you mean"),
])
def test_what_is_wrong_is_told_with_its_place(whole, old, new, said):
    assert old in WHOLE
    whole.write_text(WHOLE.replace(old, new), encoding="utf-8")
    with pytest.raises(AuthorError) as wrong:
        registry.read(whole)
    assert said in str(wrong.value)
    assert "s3cret" not in str(wrong.value)


@pytest.mark.parametrize(("text", "said"), [
    ("id,region,name,metropolitan,profiles\nbretagne,53,B,maybe,ror-fhir-0.7.0\n", "t.csv:2:1:"),
    ("id,region,name,metropolitan,profiles\na,53,A,yes,ror-fhir-0.7.0\nB!,53,B,yes,ror-fhir-0.7.0\n", "t.csv:3:1:"),
    ("id,region,name,metropolitan\n", "the column 'profiles' is missing"),
    ("id,region,name,metropolitan,profiles,solutions\n", "no column is called 'solutions'"),
    ("", "the column 'id' is missing"),
    ("kind,id,region,name,metropolitan,profiles\nconsumer,a,,A,,ror-fhir-0.7.0\nrobot,b,,B,,ror-fhir-0.7.0\n",
     "t.csv:3:1: no member is of the kind 'robot'"),
    ("kind,id,region,name,metropolitan,profiles\nror,a,53,A,yes,ror-fhir-0.7.0\nconsumer,b,53,B,,ror-fhir-0.7.0\n",
     "t.csv:3:1:"),
])
def test_what_is_wrong_in_a_table_is_told_at_its_row(tmp_path, text, said):
    table = tmp_path / "t.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(AuthorError) as wrong:
        registry.read(table)
    assert said in str(wrong.value)


def test_the_17_of_2017_are_an_example():
    found = registry.read(data.path("profiles", "registry-2017.yaml"))
    near = [one for one in found.rors if one.metropolitan]
    assert (len(found.rors), len(near), len(found.pairs())) == (17, 13, 272)
    told = CliRunner().invoke(rorqual, ["registry", "--example", "--format", "json"])
    assert json.loads(told.output)["pairs"] == {"ordered": 272, "metropolitan": 156}


def test_the_command_lists_and_writes(whole):
    told = CliRunner().invoke(rorqual, ["registry", str(whole)])
    assert told.exit_code == 0
    assert "2 RORs and 1 applications; 2 ordered pairs of RORs, 0 of them metropolitan" in told.output
    assert CliRunner().invoke(rorqual, ["registry"]).exit_code == 2
    table = CliRunner().invoke(rorqual, ["registry", str(whole), "--format", "csv"])
    assert table.output.splitlines()[0].startswith("kind,id,region,name")
