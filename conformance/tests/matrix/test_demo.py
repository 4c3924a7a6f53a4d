"""The demonstration: 17 reference RORs by real TLS, 17 arranged causes, the programme's figures; and all its views."""

import csv
import io
import json
import re
import subprocess
import sys
import time

import jsonschema
import pytest
from click.testing import CliRunner

from conformance import federation, ledger
from conformance.cli.group import rorqual
from conformance.reference.region import generate
from conformance.report import grid_files
from conformance.report.grid import grid
from conformance.visits import Visits

BOUND = 60.0  # seconds, of the promise that `demo --matrix` makes


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The folder of a demonstration, run as one does it."""
    folder = tmp_path_factory.mktemp("demo") / "run"
    command = [sys.executable, "-m", "conformance", "demo", "--matrix", "--out", str(folder), "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10 * BOUND)
    assert done.returncode == 0, done.stderr
    (folder.parent / "told.json").write_text(done.stdout)
    return folder


def invoke(*words, code=0):
    done = CliRunner().invoke(rorqual, list(map(str, words)), standalone_mode=False)
    assert done.return_value in (code, None) or done.exit_code == code, done.output
    return done.output


def told(demo):
    return json.loads((demo / "matrix.json").read_text())


def test_the_figures_are_those_that_were_arranged(demo):
    rates = told(demo)["rates"]
    assert [rates["metropolitan"]["ordered"][key] for key in ("effective", "total")] == [119, 156]
    assert [rates["all"]["ordered"][key] for key in ("effective", "total")] == [153, 272]
    assert [rates["metropolitan"]["unordered"]["total"], rates["all"]["unordered"]["total"]] == [78, 136]
    assert json.loads((demo.parent / "told.json").read_text())["rates"] == rates


def test_every_cause_is_named_right(demo):
    arranged, visits = federation.arrangement(), Visits(demo)
    cells = [visits.cell(one) for one in visits]
    assert federation.otherwise(arranged, visits) == []
    assert visits.complete
    red = [one for one in cells if one.broken is not None]
    assert len(red) == 272 - 153
    assert len({(one.broken.cause, one.broken.requirement) for one in red}) == 17
    assert all(one.tls.startswith("TLSv1") for one in cells if one.state == "effective")


def test_an_arrangement_that_is_not_met_is_told(demo):
    other = federation.Arrangement(causes=({"requester": "bretagne", "cause": "tcp.silent"},))
    assert len(federation.otherwise(other, Visits(demo))) > 100


def test_what_cells_tell_together(demo):
    notes = {(one["code"], one["requester"] + one["responder"], one["detail"]) for one in told(demo)["notes"]}
    assert ("nobody-reaches", "guyane", "name.unknown") in notes
    assert ("reaches-nobody", "corse", "client.expired") in notes
    sides = {(one["requester"], one["responder"]): one.get("side") for one in told(demo)["cells"]}
    assert sides["corse", "bretagne"] == "requester"
    assert sides["bretagne", "guyane"] == "responder"
    assert sides["occitanie", "bretagne"] == "pair"
    assert sides["normandie", "grand-est"] == "pair"


def test_the_file_is_of_its_schema_and_proves_what_it_says(demo):
    from conformance.profile import schema

    made = told(demo)
    jsonschema.validate(made, schema("matrix"))
    refused = next(one for one in made["cells"] if (one["requester"], one["responder"]) == ("occitanie", "bretagne"))
    assert refused["proof"]["status"] == "HTTP 403"
    assert "white list" in refused["proof"]["excerpt"]
    assert refused["proof"]["curl"].startswith("curl -sg")
    partial = next(one for one in made["cells"] if (one["requester"], one["responder"]) == ("normandie", "grand-est"))
    assert partial["observed"] == "partial"
    assert partial["proof"]["status"] == "HTTP 200"


def test_the_same_record_gives_the_same_bytes(demo, tmp_path):
    made = grid([demo])
    for path in grid_files.write(made, tmp_path):
        assert path.read_bytes() == (demo / path.name).read_bytes(), path.name


def test_the_table_and_the_summary(demo):
    rows = list(csv.DictReader(io.StringIO((demo / "matrix.csv").read_text())))
    assert len(rows) == 272
    assert sum(row["observed"] == "effective" for row in rows) == 153
    summary = (demo / "matrix.md").read_text()
    assert "| Metropolitan RORs | 119 | 156 | 76 % |" in summary
    assert "| All RORs | 153 | 272 | 56 % |" in summary


def test_the_pictures_are_pictures(demo):
    assert (demo / "matrix.png").read_bytes().startswith(b"\x89PNG")
    svg = (demo / "matrix.svg").read_text()
    assert svg.rstrip().endswith("</svg>")
    assert "119 / 156" in svg


def test_nothing_secret_leaves_the_folder_of_keys(demo):
    """No private key, token, secret of a client, or file of the machine, in any output of the demonstration."""
    for path in sorted(demo.rglob("*")):
        if path.is_file():
            text = path.read_bytes()
            assert b"PRIVATE KEY" not in text, path
            assert b"secret-fictif" not in text, path
            assert b'"access_token":' not in text, path
            assert b"rorqual-matrix-" not in text, path
            assert b".localhost" not in text or path.parent.name == "bodies", path
            assert not re.search(rb"Bearer [0-9a-f]{64}", text), path
            assert not re.search(rb"[0-9a-f]{64}", text) or path.name in (ledger.RECORD_FILE, "matrix.json", "matrix.html")
    people = [path.read_bytes() for path in (demo / "bodies").iterdir() if b'"Practitioner"' in path.read_bytes()]
    families = {one["name"][0]["family"] for one in generate(60) if one["resourceType"] == "Practitioner"}
    assert people
    assert families
    assert not [family for family in families for body in people if f'"family":"{family}"'.encode() in body]
    tokens = [line for line in (demo / ledger.RECORD_FILE).read_text().splitlines() if '"authorization"' in line.lower()]
    assert tokens
    assert all("Bearer [" in line for line in tokens)


def test_the_gate_tells_true_false_and_unknown(demo):
    assert json.loads(invoke("can-connect", "bretagne", "corse", "--matrix", demo, "--format", "json"))["answer"] == "true"
    refused = json.loads(invoke("can-connect", "corse", "bretagne", "--matrix", demo, "--format", "json", code=1))
    assert refused["answer"] == "false"
    assert "has expired" in refused["sentences"][1]["en"]
    other = json.loads(invoke("can-connect", "bretagne", "corse", "--matrix", demo, "--use-case", "regulation-snp",
                              "--format", "json", code=6))
    assert other["answer"] == "unknown"
    assert other["command"].endswith("--requester bretagne --responder corse --use-case regulation-snp")
    text = invoke("can-connect", "bretagne", "corse", "--matrix", demo / "matrix.json", "--profile", "other", code=6)
    assert text.startswith("unknown\n")


@pytest.mark.parametrize(("words", "code"), [(("bretagne", "bretagne"), 6), (("nobody", "corse"), 4)])
def test_the_gate_for_pairs_that_are_none(demo, words, code):
    done = subprocess.run([sys.executable, "-m", "conformance", "can-connect", *words, "--matrix", str(demo)],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == code


def test_one_pair_is_shown_whole(demo):
    text = invoke("matrix", "show", demo, "--cell", "normandie", "grand-est")
    assert text.startswith("normandie → grand-est: partial\n")
    assert len(re.findall(r"^x\d+ ", text, re.MULTILINE)) > 10
    assert "curl -sg" in text


def test_a_record_of_a_matrix_is_none_of_a_run(demo):
    done = subprocess.run([sys.executable, "-m", "conformance", "report", str(demo)], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 4
    assert "rorqual matrix show" in done.stderr


def test_a_comparison_tells_what_broke(demo, tmp_path):
    before, after = told(demo), told(demo)
    for one in after["cells"]:
        if (one["requester"], one["responder"]) == ("bretagne", "corse"):
            one |= {"observed": "not-effective", "cause": "tcp.refused"}
        if (one["requester"], one["responder"]) == ("corse", "bretagne"):
            one["observed"] = "effective"
            one.pop("cause")
    after["records"][0]["started"] = "2027-02-01T00:00:00.000Z"
    (tmp_path / "before.json").write_text(json.dumps(before))
    (tmp_path / "after.json").write_text(json.dumps(after))
    moved = json.loads(invoke("matrix", "compare", tmp_path / "before.json", tmp_path / "after.json", "--format", "json",
                              code=1))
    assert [(one["requester"], one["after"]) for one in moved["broke"]] == [("bretagne", "not-effective (tcp.refused)")]
    assert [one["before"] for one in moved["opened"]] == ["not-effective (client.expired)"]
    rows = json.loads(invoke("matrix", "trend", tmp_path / "after.json", tmp_path / "before.json", "--format", "json"))
    assert [one["quarter"] for one in rows] == [f"{time.strftime('%Y')}-Q{(time.localtime().tm_mon + 2) // 3}", "2027-Q1"]
    assert len(rows[1]["broke"]) == 1


def test_a_record_without_what_it_must_hold_is_told_with_its_line(demo, tmp_path):
    lines = [json.loads(line) for line in (demo / "record.jsonl").read_text().splitlines()]
    for kind, key in (("header", "members"), ("visit", "use-cases"), ("pair", "seconds"), ("exchange", "tls")):
        at = next(number for number, line in enumerate(lines) if line["type"] == kind)
        spoilt = [{name: value for name, value in line.items() if (number, name) != (at, key)}
                  for number, line in enumerate(lines)]
        folder = tmp_path / kind
        folder.mkdir()
        (folder / "record.jsonl").write_text("".join(json.dumps(line) + "\n" for line in spoilt))
        done = subprocess.run([sys.executable, "-m", "conformance", "matrix", "show", str(folder)], capture_output=True,
                              text=True)
        assert done.returncode == 6, done.stderr
        assert f"record.jsonl:{at + 1}: not a line that rorqual wrote ({kind}" in done.stderr
        assert "Traceback" not in done.stderr
