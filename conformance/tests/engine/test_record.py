"""The record: judged again it says the same, told again it gives the same bytes, cut it says so, altered it is refused."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from conformance import data, ledger, workshop
from conformance.clock import SystemClock
from conformance.endpoint import Endpoint
from conformance.errors import OperatorError, RecordError
from conformance.events import Skipped
from conformance.lines import judgement_line
from conformance.model import Candidate, Waiver
from conformance.report import render

WHO = Candidate("Produit", "1", "Vendeur", "server", ("ror-fhir-0.7.0",), ())
SOME = ("socle/05-forme-du-resultat", "socle/24-prefixes-de-date", "socle/29-chainage-inverse", "orientation-ssr/uc-03-13-offres-d-un-professionnel")


def run(base, folder, only=SOME, who=WHO, seed=2017):
    made = workshop.campaign(who, workshop.Choice(only=only, seed=seed))
    workshop.drive(made, Endpoint(base), folder, SystemClock(), lambda _event: None)
    return folder


@pytest.fixture(scope="module")
def folder(ror, tmp_path_factory):
    return run(ror, tmp_path_factory.mktemp("run"))


def lines(judgements):
    return [json.loads(ledger.dumps(judgement_line(one))) for one in judgements]


def test_judged_again_gives_identical_findings(folder):
    record = ledger.read(folder)
    then, now = workshop.report(folder), workshop.report(folder, rejudge=True)
    assert record.complete
    assert render.jsonable(now) | {"rejudged": False} == render.jsonable(then)


def test_told_again_gives_identical_bytes(folder):
    for name in render.FORMATS:
        assert render.RENDERERS[name](workshop.report(folder)) == render.RENDERERS[name](workshop.report(folder))


def test_a_faulty_run_judged_again_too(tmp_path):
    from conformance.reference.app import create_app
    from conformance.reference.faults import FAULTS
    from conformance.reference.region import generate
    from conformance.reference.server import Running, stored

    fault = FAULTS["and-as-or"]
    with Running(create_app(stored(generate(120, 7), fault), profile_id="ror-fhir-0.7.0", fault=fault)) as base:
        run(base, tmp_path / "run", ("socle/32-criteres-cumules", "socle/23-negation"))
    then, now = workshop.report(tmp_path / "run"), workshop.report(tmp_path / "run", rejudge=True)
    assert then.decision.word == "refused"
    assert then.problems == now.problems


def test_a_killed_run_leaves_what_it_recorded(ror, tmp_path, candidate_file):
    path = candidate_file(ror, top="pace: {requests-per-second: 20}\n")
    process = subprocess.Popen([sys.executable, "-m", "conformance", "run", str(path), "--out", str(tmp_path / "run")],
                               stderr=subprocess.DEVNULL)
    record = tmp_path / "run" / "record.jsonl"
    end = time.monotonic() + 30
    while time.monotonic() < end and (not record.exists() or record.read_bytes().count(b'"type":"judgement"') < 5):
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    written = [line for line in record.read_bytes().split(b"\n") if line.endswith(b"}")]
    read = ledger.read(tmp_path / "run")
    assert not read.complete
    assert len(read.lines) + 1 == len(written)
    for line in read.of_type("exchange"):
        assert read.exchange(line).id == line["id"]
    done = subprocess.run([sys.executable, "-m", "conformance", "report", str(tmp_path / "run")], capture_output=True)
    assert done.returncode == 6
    assert workshop.report(tmp_path / "run").decision.word in ("deferred", "refused")


def test_altered_lines_and_bodies_are_refused(folder, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    record = copy / "record.jsonl"
    record.write_text(record.read_text().replace('"verdict":"pass"', '"verdict":"fail"', 1))
    with pytest.raises(RecordError, match="not those that were written"):
        ledger.read(copy)
    body = next((folder / "bodies").iterdir())
    altered = tmp_path / "altered"
    shutil.copytree(folder, altered)
    (altered / "bodies" / body.name).write_bytes(b"{}")
    with pytest.raises(RecordError, match="was altered"):
        ledger.read(altered).body(body.name)


def test_a_line_ends_only_where_it_was_ended(folder, tmp_path):
    odd = "a\u0085b\u2028c\x1cd\r"
    skipped = {"type": "skipped", "profile": "p", "scenario": "s", "reason": odd}
    header = (folder / "record.jsonl").read_text(encoding="utf-8").split("\n")[0]
    lines = [header, json.dumps(skipped, ensure_ascii=False)]
    (tmp_path / "record.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    read = ledger.read(tmp_path)
    assert [line["reason"] for line in read.of_type("skipped")] == [odd]


def test_a_record_is_never_written_over(folder, ror):
    with pytest.raises(OperatorError, match="already holds a record"):
        run(ror, folder)


def test_a_line_without_what_it_must_hold_is_told_with_its_place(folder, tmp_path):
    lines = [json.loads(line) for line in (folder / "record.jsonl").read_text(encoding="utf-8").splitlines()]
    whole = json.loads(data.path("reports", "schemas", "record.schema.json").read_text(encoding="utf-8"))
    tried = 0
    for kind in ("exchange", "step", "bound", "judgement", "scenario"):
        one = next(line for line in lines if line["type"] == kind)
        for key in whole["$defs"][kind]["required"]:
            for spoilt in ({name: value for name, value in one.items() if name != key}, {**one, key: None}):
                if "type" not in spoilt or spoilt["type"] is None:  # no line of ours at all: cut
                    continue
                text = "".join(json.dumps(each) + "\n" for each in (lines[0], spoilt, one))
                (tmp_path / "record.jsonl").write_text(text, encoding="utf-8")
                with pytest.raises(RecordError, match=rf"record\.jsonl:2: not a line that rorqual wrote \({kind}.*{key}"):
                    ledger.read(tmp_path)
                tried += 1
    assert tried > 40
    (tmp_path / "record.jsonl").write_text(json.dumps(lines[0]) + '\n{"type":"later"}\n', encoding="utf-8")
    with pytest.raises(RecordError, match="'later' are not known to this rorqual"):
        ledger.read(tmp_path)


def test_what_is_not_a_record(tmp_path):
    (tmp_path / "record.jsonl").write_text('{"type":"other"}\n')
    with pytest.raises(RecordError):
        ledger.read(tmp_path)
    with pytest.raises(OperatorError):
        ledger.read(tmp_path / "nowhere")


def test_same_seed_same_values(ror, tmp_path):
    def bound(folder):
        return [line["values"] for line in ledger.read(folder).of_type("bound")]

    one, two, other = (run(ror, tmp_path / name, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert bound(one) == bound(two)
    assert bound(one) != bound(other)


def test_personal_data_and_secrets_never_reach_the_record(tmp_path):
    from conformance.endpoint import OAuth
    from conformance.reference.access import Access, Client
    from conformance.reference.app import create_app
    from conformance.reference.region import generate
    from conformance.reference.server import Running, stored

    people = list(generate(120, 7))
    names = [name for one in people if one["resourceType"] == "Practitioner"
             for name in (one["name"][0]["family"], one["identifier"][0]["value"])]
    access = Access(bearer=True, clients=(Client("client", "canary-secret-1234"),))
    with Running(create_app(stored(people), profile_id="ror-fhir-0.7.0", access=access)) as base:
        root = base.rsplit("/", 1)[0]
        made = workshop.campaign(WHO, workshop.Choice(only=SOME))
        endpoint = Endpoint(base, headers=(("X-Key", "canary-header-5678"),),
                            oauth=OAuth(f"{root}/auth/token", "client", "canary-secret-1234"))
        workshop.drive(made, endpoint, tmp_path / "run", SystemClock(), lambda _event: None)
    report = workshop.report(tmp_path / "run")
    workshop.write_report(report, tmp_path / "run")
    assert report.decision.word == "granted"
    told = b"".join(path.read_bytes() for path in Path(tmp_path / "run").rglob("*") if path.is_file())
    for canary in ("canary-secret-1234", "canary-header-5678", access.clients[0].token):
        assert canary.encode() not in told
    assert b"[person identifier 1]" in told
    assert [name for name in names if len(name) > 9 and name.encode() in told] == []


def test_waivers_change_the_decision_and_not_the_verdict(tmp_path):
    from dataclasses import replace

    from conformance.reference.app import create_app
    from conformance.reference.faults import FAULTS
    from conformance.reference.region import generate
    from conformance.reference.server import Running, stored

    fault = FAULTS["sort-ignored"]
    with Running(create_app(stored(generate(120, 7), fault), profile_id="ror-fhir-0.7.0", fault=fault)) as base:
        for until, word, state in (("2999-12-31", "granted", "applied"), ("2001-01-01", "refused", "expired")):
            waivers = tuple(Waiver(one, "agreed for the tests", "committee", until)
                            for one in ("ROR-HTTP-028", "ROR-HTTP-029"))
            run(base, tmp_path / word, ("socle/13-tri",), replace(WHO, waivers=waivers))
            report = workshop.report(tmp_path / word)
            assert (report.decision.word, report.waivers[0].state) == (word, state)
            assert {row.id: row.verdict for row in report.requirements}["ROR-HTTP-028"] == "fail"


def test_lack_of_data_names_the_data_to_create(tmp_path):
    from conformance.reference.app import create_app
    from conformance.reference.server import Running, stored

    one = {"resourceType": "HealthcareService", "id": "1"}
    with Running(create_app(stored([one]), profile_id="ror-fhir-0.7.0")) as base:
        run(base, tmp_path / "run", ("socle/05-forme-du-resultat",))
    report = workshop.report(tmp_path / "run")
    assert report.decision.exit_code == 6
    assert [gap.create.fr for gap in report.gaps] == ["au moins deux offres d'activités opérationnelles différentes"]
    assert {cause for row in report.requirements for cause in row.causes} == {"data"}


def test_a_disk_that_refuses_stops_the_run_with_its_reason(ror, tmp_path):
    folder = tmp_path / "run"
    made = workshop.campaign(WHO, workshop.Choice(only=SOME))

    def spoil(event):
        if type(event).__name__ == "Started":
            shutil.rmtree(folder / ledger.BODIES)

    with pytest.raises(OperatorError, match="cannot be written"):
        workshop.drive(made, Endpoint(ror), folder, SystemClock(), spoil)
    assert not ledger.read(folder).complete, "what was written before is kept, and known to be incomplete"


def test_a_slow_disk_holds_the_run_up_and_loses_nothing(tmp_path):
    made = threading.Event()

    class Slow(ledger.Ledger):
        def _line(self, event):
            made.wait(60)
            return super()._line(event)

    book = Slow(tmp_path)
    told = []

    def tell():
        for number in range(5 * ledger.WAITING):
            book.write(Skipped("p", str(number), "none"))
            told.append(number)

    teller = threading.Thread(target=tell)
    teller.start()
    teller.join(1)
    assert teller.is_alive()
    assert ledger.WAITING < len(told) < 3 * ledger.WAITING, "as far ahead as it may be, and no further"
    made.set()
    teller.join(60)
    book.close()
    lines = (tmp_path / ledger.RECORD_FILE).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["scenario"] for line in lines] == [str(number) for number in range(5 * ledger.WAITING)]


def test_a_record_is_judged_again_by_another_release_of_nomenclatures(ror, tmp_path):
    from conformance import nomenclature

    folder = tmp_path / "run"
    run(ror, folder, ("socle/50-structure-offres",))
    shipped = nomenclature.shipped().folder
    for name in ("same", "next"):
        shutil.copytree(shipped, tmp_path / name)
    path = tmp_path / "next" / "JDV_J20-ChampActivite-ROR.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["systems"][0]["codes"] = [one for one in document["systems"][0]["codes"] if one[0] != "02"]
    path.write_text(json.dumps(document), encoding="utf-8")

    then = workshop.report(folder)
    same = workshop.report(folder, rejudge=True, release=tmp_path / "same")
    later = workshop.report(folder, rejudge=True, release=tmp_path / "next")
    verdicts = [{row.id: row.verdict for row in one.requirements} for one in (then, same, later)]
    assert verdicts[0] == verdicts[1]
    assert {name: verdict for name, verdict in verdicts[2].items() if verdict != verdicts[0][name]} == {
        "ROR-NOM-HS-code": "inconclusive", "ROR-NOM-HealthcareService.type": "fail"}
    (problem,) = [one for one in later.problems if one.requirement == "ROR-NOM-HealthcareService.type"]
    assert "received TRE_R227|02" in problem.says.en
    assert later.nomenclatures_hash == nomenclature.Release(tmp_path / "next").hash()
    assert later.nomenclatures_hash != then.nomenclatures_hash == same.nomenclatures_hash
    with pytest.raises(OperatorError, match="no release of nomenclatures"):
        workshop.report(folder, rejudge=True, release=tmp_path / "run")


def test_a_record_is_judged_again_by_the_next_version_of_the_specification(ror, tmp_path):
    """The package of the next version is imported; what it asks more breaks in the record of today, and nothing else."""
    from click.testing import CliRunner

    from conformance.cli.group import rorqual

    def done(*words):
        told = CliRunner().invoke(rorqual, [str(one) for one in words])
        assert told.exit_code == 0, told.output

    run(ror, tmp_path / "run", ("socle/50-structure-offres", "socle/05-forme-du-resultat"))
    done("profile", "export", "ror-fhir-0.7.0", "--out", tmp_path / "published.tgz")
    shutil.unpack_archive(tmp_path / "published.tgz", tmp_path, filter="data")
    (path,) = (tmp_path / "package").glob("StructureDefinition-ror-healthcareservice.json")
    service = json.loads(path.read_text())
    for words in ("differential", "snapshot"):
        for one in service.get(words, {"element": []})["element"]:
            if one["id"] == "HealthcareService.comment":
                one["min"] = 1
    path.write_text(json.dumps(service))
    done("profile", "import", tmp_path / "package", "--out", tmp_path / "next")

    told = CliRunner().invoke(rorqual, ["rejudge", str(tmp_path / "run"), "--profile", str(tmp_path / "next"),
                                        "--format", "json"])
    made = json.loads(told.stdout)
    broken = {one["id"]: one["before"] for one in made["changes"] if one["kind"] == "requirement" and one["after"] == "fail"}
    assert (told.exit_code, made["decision"]) == (1, "refused")
    assert broken == {"ROR-STR-HealthcareService.comment": "not-applicable"}
    same = CliRunner().invoke(rorqual, ["rejudge", str(tmp_path / "run"), "--profile", "ror-fhir-0.7.0", "--format", "json"])
    assert json.loads(same.stdout)["changes"] == []


def test_a_record_of_several_versions_says_which_is_judged_again(ror, tmp_path):
    from click.testing import CliRunner

    from conformance.cli.group import rorqual

    both = Candidate("Produit", "1", "Vendeur", "server", ("ror-fhir-0.6.0", "ror-fhir-0.7.0"), ())
    run(ror, tmp_path / "run", ("socle/50-structure-offres",), both)
    told = CliRunner().invoke(rorqual, ["rejudge", str(tmp_path / "run"), "--profile", "ror-fhir-0.7.0"])
    assert "say which is judged again: ror-fhir-0.6.0=ror-fhir-0.7.0" in str(told.exception)
    told = CliRunner().invoke(rorqual, ["rejudge", str(tmp_path / "run"), "--profile", "ror-fhir-0.6.0=ror-fhir-0.7.0",
                                        "--format", "json"])
    changed = json.loads(told.stdout)["changes"]
    assert {one["profile"] for one in changed} == {"ror-fhir-0.7.0"}
    assert {(one["id"], one["before"]) for one in changed} >= {
        ("ROR-STR-HealthcareService.extension:ror-meta-questionnaire-used-as-a-template", "absent")}
    told = CliRunner().invoke(rorqual, ["rejudge", str(tmp_path / "run"), "--profile", "ror-fhir-9=ror-fhir-0.7.0"])
    assert "does not speak of the profile 'ror-fhir-9'" in str(told.exception)


def test_a_run_pins_the_release_that_it_was_judged_by(ror, tmp_path):
    from conformance import nomenclature

    release = tmp_path / "release"
    shutil.copytree(nomenclature.shipped().folder, release)
    (release / "JDV_J20-ChampActivite-ROR.json").unlink()
    made = workshop.campaign(WHO, workshop.Choice(only=("socle/50-structure-offres",), nomenclature=release))
    workshop.drive(made, Endpoint(ror), tmp_path / "run", SystemClock(), lambda _event: None)
    report = workshop.report(tmp_path / "run")
    assert report.nomenclatures_hash == nomenclature.Release(release).hash()
    unsure = {row.id: row.causes for row in report.requirements if row.verdict not in ("pass", "not-applicable")}
    assert unsure == {"ROR-NOM-HS-code": ("data",), "ROR-NOM-HealthcareService.type": ("data",)}, "what is not held"
