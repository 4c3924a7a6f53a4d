"""The bench from end to end: an application driven by a command, its record, its report, its faults."""

import base64
import json
import sys
from dataclasses import replace

import pytest
from click.testing import CliRunner

from conformance import bench, data, driven, ledger, profile, selftest_bench, workshop
from conformance.cli.group import rorqual
from conformance.clock import SystemClock
from conformance.errors import AuthorError, OperatorError
from conformance.model import Candidate
from conformance.reference.faults_consumer import SLIPS
from conformance.reference.guests import Guests
from conformance.selftest import broken

LATEST = profile.known()[-1]
SOME = ("socle/c01-jeton-et-entetes", "socle/c03-pages")
SAMPLE = [sys.executable, "-m", "conformance.reference.consumer"]


def invoke(*arguments):
    return CliRunner().invoke(rorqual, list(arguments))


def candidate(folder, drive=tuple(SAMPLE), **changes):
    path = folder / "candidate.yaml"
    told = {"product": "Appli", "version": "1", "vendor": "V", "role": "consumer", "profiles": [LATEST],
            "drive": list(drive) if isinstance(drive, list | tuple) else drive} | changes
    path.write_text(json.dumps({name: value for name, value in told.items() if value is not None}), encoding="utf-8")
    return path


def run(folder, drive=tuple(SAMPLE), only=SOME, scenarios=()):
    who, _ = workshop.read_candidate(candidate(folder, drive))
    made = workshop.campaign(who, workshop.Choice(only=only, scenarios=scenarios))
    bench.receive(made, lambda told: driven.Driven(who.drive, folder, told), folder / "run", SystemClock(), lambda _one: None)
    return workshop.report(folder / "run")


def test_a_token_is_given_by_either_way_of_naming_the_client():
    guests = Guests()
    basic = base64.b64encode(f"{guests.client}:{guests.secret}".encode()).decode()
    form = f"client_id={guests.client}&client_secret={guests.secret}".encode()
    for status, headers, body in ((200, {}, form), (200, {"authorization": f"Basic {basic}"}, b""), (401, {}, b"client_id=x"),
                                  (401, {"authorization": "Basic eDp5"}, form), (401, {}, b"")):
        assert guests.issue(headers, b"grant_type=client_credentials&" + body).status == status


def test_a_command_drives_the_application_and_its_report_is_written(tmp_path):
    told = invoke("bench", str(candidate(tmp_path)), "--only", SOME[0], "--only", SOME[1], "--out", str(tmp_path / "run"))
    assert told.exit_code == 0, told.output
    assert "Conformant" in told.output
    report = json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))
    assert report["decision"]["word"] == "granted"
    record = ledger.read(tmp_path / "run")
    assert record.complete
    secrets = {line["ask"] and None for line in record.of_type("step")}
    assert secrets
    assert b"client_secret=[secret" in (tmp_path / "run" / ledger.RECORD_FILE).read_bytes()


def test_judged_again_it_is_the_same(tmp_path):
    run(tmp_path)
    first, again = workshop.report(tmp_path / "run"), workshop.report(tmp_path / "run", rejudge=True)
    assert len(first.requirements) == 11
    assert replace(again, rejudged=False) == first


@pytest.mark.parametrize(("command", "said"), [
    ([sys.executable, "-c", "import sys; sys.exit('no such screen')"], "exit code 1: no such screen"),
    ([sys.executable, "-c", "print('hello')"], "no JSON object on its output: 'hello\\n'"),
    ([sys.executable, "-c", "print('[1]')"], "no JSON object on its output: '[1]\\n'"),
])
def test_a_drive_command_that_fails_is_configuration_and_held_against_nobody(tmp_path, command, said):
    report = run(tmp_path, command, only=SOME[:1])
    assert {(one.code, one.cause) for one in report.problems} == {("bench.drive", "configuration")}
    assert {one.actual for made in ledger.read(tmp_path / "run").judgements() for one in made.findings} == {said}
    assert report.decision.exit_code != 1


def test_an_application_that_sends_nothing_is_not_accused(tmp_path):
    report = run(tmp_path, [sys.executable, "-c", "print('{}')"], only=SOME[:1])
    assert {(one.code, one.cause) for one in report.problems} == {("bench.silent", "configuration")}
    assert report.decision.exit_code == 6


def test_a_command_that_only_begins_the_action_is_waited_for(tmp_path):
    (tmp_path / "later.py").write_text(
        "import json, subprocess, sys\n"
        "told = sys.stdin.buffer.read()\n"
        "begun = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1); import runpy, sys; '\n"
        "    'runpy.run_module(\"conformance.reference.consumer\", run_name=\"__main__\")'], stdin=subprocess.PIPE,\n"
        "    stdout=subprocess.DEVNULL)\n"
        "begun.stdin.write(told)\n"
        "begun.stdin.close()\n"
        "print('{}')\n", encoding="utf-8")
    report = run(tmp_path, [sys.executable, "later.py"], only=SOME)
    told = {row.id: row.verdict for row in report.requirements}
    assert told.pop("ROR-APP-007") == "inconclusive"
    assert set(told.values()) == {"pass"}
    assert {one.code for one in report.problems} == {"bench.no-outcome"}


def test_an_action_that_never_ends_is_ended(tmp_path):
    folder = tmp_path / "socle"
    folder.mkdir()
    text = (data.path("scenarios") / "socle" / "c01-jeton-et-entetes.yaml").read_text(encoding="utf-8")
    (folder / "x.yaml").write_text(text.replace("socle/c01-jeton-et-entetes", "socle/x").replace(
        "action: search-offers", "action: search-offers\n      at-most: 1"), encoding="utf-8")
    report = run(tmp_path, [sys.executable, "-c", "import time; time.sleep(600)"], only=(), scenarios=(folder,))
    assert {one.code for one in report.problems} == {"bench.drive"}
    assert {one.actual for made in ledger.read(tmp_path / "run").judgements() for one in made.findings} == {
        "it did not end in time"}


def test_a_command_that_fails_after_some_requests_is_judged_again_as_it_was(tmp_path):
    (tmp_path / "half.py").write_text(
        "import json, sys, urllib.request\n"
        "told = json.load(sys.stdin)\n"
        "try:\n"
        "    urllib.request.urlopen(told['endpoint']['base-url'] + '/HealthcareService?name=a|b')\n"
        "except OSError:\n"
        "    sys.exit('lost')\n", encoding="utf-8")
    first = run(tmp_path, [sys.executable, "half.py"], only=SOME)
    assert {one.code for one in first.problems} == {"bench.drive"}
    assert replace(workshop.report(tmp_path / "run", rejudge=True), rejudged=False) == first


def test_a_command_that_is_not_there_is_told(tmp_path):
    with pytest.raises(OperatorError, match=r"drive: .*absent cannot be started"):
        run(tmp_path, [str(tmp_path / "absent")])


@pytest.mark.parametrize(("changes", "said"), [
    ({"endpoint": {"base-url": "http://x"}}, "endpoint"),
    ({"role": "server"}, "endpoint"),
    ({"drive": []}, "too short"),
    ({"drive": 7}, "expected a list"),
])
def test_a_wrong_candidate_is_told_with_its_place(tmp_path, changes, said):
    with pytest.raises(AuthorError) as wrong:
        workshop.read_candidate(candidate(tmp_path, **changes))
    assert said in str(wrong.value)


def test_the_bench_receives_applications_only(tmp_path):
    server = candidate(tmp_path, role="server", drive=None, endpoint={"base-url": "http://x"})
    told = invoke("bench", str(server))
    assert "rorqual run" in str(told.exception)


@pytest.mark.parametrize("version", profile.known()[:-1])  # the latest: rorqual selftest
def test_the_sample_application_passes_everything(version):
    assert selftest_bench.alarms(version, 3, SystemClock()) == []


def test_each_fault_of_it_names_requirements_of_applications():
    for version in profile.known():
        known = workshop.read_profiles()[version].requirements
        for slip in SLIPS.values():
            assert known[slip.breaks].actor in ("consumer", "both", "provider")
            assert set(slip.also) <= set(known) - {slip.breaks}
            assert all(slip.also.values())


@pytest.mark.parametrize(("name", "scenario"), [  # all of them, on all scenarios: rorqual selftest
    ("next-rebuilt", "socle/c05-liens-opaques"), ("retry-date-ignored", "socle/c08-revenir-a-une-date"),
    ("added-first", "regulation-snp/c02-modifier-une-capacite"), ("name-unchecked", "socle/c33-certificat-d-un-autre"),
])
def test_a_fault_is_caught_by_what_it_breaks(name, scenario):
    report = selftest_bench.judged(name, LATEST, 2017, SystemClock(), (scenario,))
    assert SLIPS[name].breaks in broken(report)
    assert set(broken(report)) <= {SLIPS[name].breaks, *SLIPS[name].also}


def test_a_server_is_not_asked_what_applications_do():
    who = Candidate("P", "1", "V", "server", (LATEST,), ())
    made = workshop.campaign(who, workshop.Choice())
    assert {one.scenario.role for one in made.planned} == {"server"}
