"""The pytest shell: the verdicts of ``rorqual run``, alone and with xdist, in JUnit and in Allure."""

import json
import subprocess
import sys
import xml.etree.ElementTree as Tree
from pathlib import Path

import pytest

from conformance.cli.demo_ import reference

SCENARIOS = Path(__file__).resolve().parents[3] / "scenarios"
CHOSEN = ("socle/05-forme-du-resultat", "socle/13-tri", "socle/30-filter", "socle/sp-hs-specialty", "orientation-ssr/uc-03-1-un-critere")


def shell(folder, candidate, *more):
    return subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(f"{SCENARIOS}/{one}.yaml" for one in CHOSEN),
                           "--candidate", str(candidate), *more], cwd=folder, capture_output=True, text=True)


def verdicts(path):
    found = {}
    for case in Tree.parse(path).getroot().iter("testcase"):
        held = {one.get("name"): one.get("value") for one in case.iter("property")}
        found[held["scenario"]] = held["verdict"]
    return found


@pytest.mark.parametrize("fault", [None, "sort-ignored"])
def test_same_verdicts_as_the_run(tmp_path, candidate_file, fault):
    with reference(["--offers", "120", *(["--fault", fault] if fault else [])]) as base:
        path = candidate_file(base)
        only = [word for one in CHOSEN for word in ("--only", one)]
        subprocess.run([sys.executable, "-m", "conformance", "run", str(path), *only, "--out", str(tmp_path / "run")], capture_output=True)
        alone = shell(tmp_path, path, "--junitxml", str(tmp_path / "alone.xml"))
        both = shell(tmp_path, path, "-n", "2", "--junitxml", str(tmp_path / "both.xml"), "--alluredir", str(tmp_path / "allure"))
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    expected = {row["id"]: row["verdict"] for row in report["scenarios"]}
    assert len(expected) == len(CHOSEN)
    assert verdicts(tmp_path / "alone.xml") == expected
    assert verdicts(tmp_path / "both.xml") == expected
    assert (alone.returncode, both.returncode) == ((1, 1) if fault else (0, 0))
    results = [json.loads(one.read_text()) for one in (tmp_path / "allure").glob("*-result.json")]
    labels = {(label["name"], label["value"]) for one in results for label in one["labels"]}
    assert {("epic", "socle"), ("feature", "ROR-UC-03/1"), ("story", "ROR-HTTP-028")} <= labels
    assert any(one["steps"] for one in results)
    if fault:
        assert "ROR-HTTP-028 fail (candidate)" in alone.stdout
        assert "curl" in alone.stdout


def test_an_author_error_is_a_collection_error(tmp_path, candidate_file, ror):
    (tmp_path / "socle").mkdir()
    (tmp_path / "socle" / "wrong.yaml").write_text("id: socle/wrong\n")
    told = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "socle"), "--candidate",
                           str(candidate_file(ror))], cwd=tmp_path, capture_output=True, text=True)
    assert told.returncode == 2
    assert "missing key 'title'" in told.stdout
