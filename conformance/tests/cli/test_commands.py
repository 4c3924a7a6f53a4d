"""The commands: exit codes, outputs, help; each by a real process."""

import csv
import io
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as Tree

import pytest

from conformance.cli import COMMANDS
from conformance.cli.demo_ import reference


def rorqual(*arguments, cwd=None):
    return subprocess.run([sys.executable, "-m", "conformance", *map(str, arguments)], capture_output=True, text=True, cwd=cwd)


ONE = ("--only", "socle/04-ressource-inconnue", "--only", "socle/06-resultat-vide")


@pytest.fixture(scope="module")
def done(ror, tmp_path_factory):
    """A small run in a folder, with its candidate file."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "candidate.yaml").write_text(
        f'product: "<script>alert(1)</script>"\nversion: "2"\nvendor: "=cmd()"\nrole: server\n'
        f"profiles: [ror-fhir-0.7.0]\nendpoint:\n  base-url: {ror}\n")
    told = rorqual("run", folder / "candidate.yaml", *ONE, "--out", folder / "run")
    assert told.returncode == 0, told.stderr
    return folder


def test_exit_1_non_conform(tmp_path):
    told = rorqual("demo", "--profile", "ror-fhir-0.7.0", "--offers", "120", "--depth", "none",
                   "--fault", "total-wrong", "--out", tmp_path / "run")
    assert told.returncode == 1
    assert "Not conformant" in told.stdout
    assert "ROR-HTTP-012" in told.stdout


def test_exit_2_usage():
    assert rorqual("rnu").returncode == 2
    assert rorqual("run").returncode == 2


def test_exit_3_unreachable(tmp_path, candidate_file):
    told = rorqual("run", candidate_file("http://127.0.0.1:9/fhir"), *ONE, "--out", tmp_path / "run")
    assert told.returncode == 3
    assert "never answered" in told.stdout


def test_exit_4_configuration(tmp_path, candidate_file, ror):
    assert rorqual("run", tmp_path / "absent.yaml").returncode == 4
    assert rorqual("run", candidate_file(ror), "--only", "ROR-HTTP-9999").returncode == 4
    told = rorqual("run", candidate_file(ror, "  token: {env: NOT_SET_ANYWHERE}\n"), *ONE, "--out", tmp_path / "run")
    assert told.returncode == 4
    assert "NOT_SET_ANYWHERE" in told.stderr


def test_exit_5_harness(monkeypatch, capsys):
    from conformance.cli import group

    def broken(**_given):
        raise ZeroDivisionError

    monkeypatch.setattr(group.rorqual, "main", broken)
    monkeypatch.setattr(group.rorqual.__class__, "__call__", lambda _self, **given: broken(**given))
    with pytest.raises(SystemExit) as left:
        group.main()
    assert left.value.code == 5
    assert "not to blame" in capsys.readouterr().err


def test_exit_6_nothing_to_verify(tmp_path, candidate_file):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "one.json").write_text('{"resourceType": "HealthcareService", "id": "1"}')
    with reference(["--data", str(tmp_path / "data")]) as base:
        told = rorqual("run", candidate_file(base), "--only", "socle/05-forme-du-resultat", "--out", tmp_path / "run")
    assert told.returncode == 6
    assert "data" in told.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_help(name):
    told = rorqual(name, "--help")
    assert told.returncode == 0
    assert "Usage:" in told.stdout


def test_help_of_the_whole():
    told = rorqual("--help")
    assert all(name in told.stdout for name in COMMANDS)
    assert rorqual("-h").stdout == told.stdout == rorqual().stdout


def test_init_writes_what_lint_accepts(tmp_path):
    assert rorqual("init", tmp_path / "c.yaml", "--product", 'Un "ROR"').returncode == 0
    assert rorqual("lint", tmp_path / "c.yaml").returncode == 0
    assert rorqual("init", tmp_path / "c.yaml").returncode == 4


def test_preflight(candidate_file, ror):
    told = json.loads(rorqual("preflight", candidate_file(ror), "--format", "json").stdout)
    assert [one["right"] for one in told] == [True] * len(told)
    wrong = rorqual("preflight", candidate_file(ror + "/wrong"))
    assert wrong.returncode == 4
    assert "ws-diffusion-fhir" in wrong.stdout


def test_preflight_tries_the_client_of_each_access_profile(candidate_file, ror, monkeypatch):
    door = f"{ror.rpartition('/')[0]}/auth/token"
    monkeypatch.setenv("SECRET", "secret-fictif-0")
    client = f"oauth2: {{token-url: {door}, client-id: client-profil-%d, client-secret: {{env: SECRET}}}}"
    told = rorqual("preflight", candidate_file(ror, "  access-profile: 1\n  clients:\n" + "".join(
        f"    - access-profile: {number}\n      {client % number}\n" for number in (0, 5))))
    assert told.returncode == 4
    assert "✓ client of access profile 0: status 200" in told.stdout
    assert "✗ client of access profile 5: transport.token" in told.stdout


def test_lists_and_explanations():
    for kind in ("scenarios", "profiles", "requirements", "checks", "laws", "defects"):
        assert json.loads(rorqual("list", kind, "--format", "json").stdout)
    told = json.loads(rorqual("explain", "ROR-HTTP-071", "--language", "fr", "--format", "json").stdout)
    assert told["tested-by"]
    assert "virgules" in told["statement"]
    assert told["why"]
    assert (told["respected"]["status"], told["broken"]["status"]) == ("200", "200")
    assert told["broken"]["fault"] == "comma-as-and"
    assert told["broken"]["says"]
    assert told["broken"]["curl"].startswith("curl ")
    assert "comma-as-and" not in rorqual("explain", "ROR-HTTP-071", "--no-examples").stdout
    assert "ROR-HTTP-071" in rorqual("explain", "ROR-HTTP-0711").stderr


def test_compare(done):
    told = rorqual("compare", done / "run", done / "run", "--format", "json")
    assert (told.returncode, json.loads(told.stdout)) == (0, {"changes": [], "worse": 0})


def test_rejudge(done):
    told = json.loads(rorqual("rejudge", done / "run", "--format", "json").stdout)
    assert told["identical"] is True


def test_junit_csv_json_markdown(done):
    suites = Tree.parse(done / "run" / "junit.xml").getroot()
    assert [case.get("name") for case in suites.iter("testcase")] == [ONE[1], ONE[3]]
    rows = list(csv.DictReader(io.StringIO((done / "run" / "results.csv").read_text())))
    assert {row["verdict"] for row in rows} == {"pass"}
    assert json.loads((done / "run" / "report.json").read_text())["decision"]["word"] == "granted"
    assert (done / "run" / "summary.md").read_text().startswith("# ✓ Conform")


def test_html_is_self_contained_and_nothing_of_the_candidate_runs(done):
    page = (done / "run" / "report.html").read_text()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", page)
    assert 'lang="fr"' in page
    assert 'lang="en"' in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_serve_lists_its_faults():
    told = rorqual("serve", "--list-faults").stdout.splitlines()
    assert len(told) >= 40
