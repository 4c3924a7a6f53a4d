"""What a run writes: only on what it created, told before it is sent, taken back whatever happens."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from conformance import interrupted, ledger, workshop
from conformance.clock import SystemClock
from conformance.endpoint import Endpoint
from conformance.errors import OperatorError
from conformance.events import Writing
from conformance.model import Candidate, Written
from conformance.reference.app import create_app
from conformance.reference.fault import Answer, Fault
from conformance.reference.region import generate
from conformance.reference.server import Running, bases, stored

PROFILE = "ror-fhir-0.7.0"
SOME = ("regulation-snp/uc-07-1-ajouter-un-lieu", "regulation-snp/uc-07-2bis-modifier-une-capacite",
        "socle/uc-08-10-situation-operationnelle", "socle/uc-10-1-signaler-une-anomalie", "socle/uc-14-1-creer-un-modele",
        "socle/04-ressource-inconnue")
KINDS = ("Location", "HealthcareService", "Organization", "Practitioner", "PractitionerRole", "Task", "Questionnaire")


class Served:
    """A reference whose store can be looked into."""

    def __init__(self, fault=None):
        self.store = stored(generate(30, 3))
        self.before = {(kind, one["id"]): json.dumps(one) for kind in KINDS for one in self.all(kind)}
        self.app = create_app(self.store, profile_id=PROFILE, fault=fault)

    def all(self, kind):
        return [self.store.at(kind, rank) for rank in range(self.store.count(kind))]

    def created(self):
        return [one for kind in KINDS for one in self.all(kind) if (kind, one["id"]) not in self.before]

    def changed(self):
        return [key for key, text in self.before.items() if json.dumps(self.store.get(*key)) != text]

    def standing(self):
        return [one for one in self.created() if not ended(one)]


def ended(one):
    kind = one["resourceType"]
    if kind == "Task":
        return one["businessStatus"]["coding"][0]["code"] == "03"
    if kind in ("Location", "Questionnaire"):
        return one["status"] in ("inactive", "retired")
    return one["active"] is False


def run(served, base, folder, writes=True, only=SOME):
    who = Candidate("Produit", "1", "Vendeur", "server", (PROFILE,), (), writes=writes)
    made = workshop.campaign(who, workshop.Choice(only=only))
    workshop.drive(made, Endpoint(base, bases=bases(base)), folder, SystemClock(), lambda _event: None)
    return workshop.report(folder)


def test_what_is_created_is_taken_back_and_nothing_else_changes(tmp_path):
    served = Served()
    with Running(served.app) as base:
        report = run(served, base, tmp_path / "run")
    assert {one.verdict for one in report.scenarios} == {"pass"}
    assert len(served.created()) > 8
    assert served.standing() == []
    assert served.changed() == []
    assert {one.state for one in report.writes} == {"removed", "changed"}
    assert {one.key for one in report.writes if one.key} >= {f"{one['resourceType']}/{one['id']}" for one in served.created()}
    again = workshop.report(tmp_path / "run", rejudge=True)
    assert (again.requirements, again.problems) == (report.requirements, report.problems)


def test_without_leave_nothing_is_written(tmp_path):
    served = Served()
    with Running(served.app) as base:
        report = run(served, base, tmp_path / "run", writes=False)
    told = {one.id: (one.verdict, bool(one.skipped)) for one in report.scenarios}
    assert served.created() == []
    assert served.changed() == []
    assert told["socle/uc-08-10-situation-operationnelle"] == ("not-applicable", True)  # of the national ROR only
    assert told["regulation-snp/uc-07-2bis-modifier-une-capacite"] == ("inconclusive", False)
    assert {one.cause for one in report.problems} == {"configuration"}
    assert {line["request"]["method"] for line in ledger.read(tmp_path / "run").of_type("exchange")} == {"GET"}


def lost(answer, asked):
    return Answer(500, answer.headers, b"{}") if asked.interaction == "create" else answer


def test_a_creation_whose_answer_tells_nothing_is_found_again_and_taken_back(tmp_path):
    served = Served(Fault("x", {}, "ROR-HTTP-093", answer=lost))
    with Running(served.app) as base:
        report = run(served, base, tmp_path / "run")
    assert served.created() != []
    assert served.standing() == []
    assert {one.state for one in report.writes} == {"removed", "changed"}
    told = [one for one in report.problems if one.code == "blocked.not-created"]
    assert told, "steps that rest on what was not created are not judged"


@pytest.mark.parametrize(("shown", "state"), [(10_000, "removed"), (3, "left")])
def test_a_server_that_ignores_identifiers_keeps_what_the_run_did_not_create(tmp_path, shown, state):
    served = Served(Fault("x", {}, "ROR-HTTP-093", answer=lost, matches=lambda found: found[:shown],
                          query=lambda _kind, pairs: tuple(pair for pair in pairs if pair[0] != "identifier")))
    with Running(served.app) as base:
        report = run(served, base, tmp_path / "run", only=("socle/uc-08-1-entite-juridique",))
    assert served.changed() == []
    assert [one.state for one in report.writes] == [state], "what was not seen may stand: it is told, and not guessed"


def test_a_wrong_body_that_a_server_takes_is_taken_back(tmp_path):
    served = Served(Fault("x", {}, "ROR-HTTP-084", lenient=True))
    with Running(served.app) as base:
        report = run(served, base, tmp_path / "run", only=("socle/78-creations-fautives",))
    assert len(served.created()) == 6
    assert served.standing() == []
    assert {one.state for one in report.writes} == {"removed"}
    broken = {problem.requirement for problem in report.problems}
    assert {"ROR-HTTP-084", "ROR-HTTP-018"} <= broken


def stubborn(answer, asked):
    return Answer(403, {"content-type": "application/fhir+json"}, b"{}") if asked.interaction in ("patch", "update") else answer


def test_what_cannot_be_taken_back_is_told(tmp_path):
    served = Served(Fault("x", {}, "ROR-HTTP-098", answer=stubborn))
    served.app = create_app(Refusing(served.store), profile_id=PROFILE, fault=Fault("x", {}, "ROR-HTTP-098", answer=stubborn))
    with Running(served.app) as base:
        report = run(served, base, tmp_path / "run", only=("socle/uc-08-1-entite-juridique",))
    assert [one.state for one in report.writes] == ["left"]
    assert served.standing() != []


class Refusing:
    """A store in which nothing is changed once it was put."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    def put(self, resource):
        if self._store.get(resource["resourceType"], str(resource["id"])) is None:
            self._store.put(resource)


@pytest.fixture
def going(tmp_path, candidate_file):
    """A run in a process of its own, which can be interrupted."""
    served = Served()
    with Running(served.app) as base:
        path = candidate_file(base, "  bases:\n" + "".join(f"    {name}: {url}\n" for name, url in bases(base)),
                              top="writes: allowed\npace: {requests-per-second: 20}\n")
        command = [sys.executable, "-m", "conformance", "run", str(path)]
        chosen = [word for one in SOME for word in ("--only", one)]

        def begin():
            return subprocess.Popen([*command, *chosen, "--out", str(tmp_path / "run")], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)

        yield served, path, tmp_path / "run", begin, command


def struck(begin, folder, how, seconds):
    """A run struck some time after it began to write."""
    process = begin()
    record = folder / "record.jsonl"
    end = time.monotonic() + 60
    while time.monotonic() < end and not (record.exists() and b'"type":"writing"' in record.read_bytes()):
        time.sleep(0.01)
    time.sleep(seconds)
    os.kill(process.pid, how)
    return process.wait()


def test_what_is_about_to_be_written_is_on_the_disk_before(tmp_path):
    book = ledger.Ledger(tmp_path)
    for number in range(200):
        book.write(Writing(Written(number, PROFILE, "s", "POST", "Location", "", f"mark-{number}")))
        assert f'"mark":"mark-{number}"'.encode() in (tmp_path / ledger.RECORD_FILE).read_bytes()
    book.close()


@pytest.mark.parametrize("turn", range(3))
def test_an_interrupt_takes_back_what_stands(going, turn):
    served, _path, folder, begin, _command = going
    struck(begin, folder, signal.SIGINT, random.Random(turn).uniform(0, 1.5))
    assert served.standing() == []
    assert served.changed() == []
    record = ledger.read(folder)
    assert all(how for _, how in record.writings())


@pytest.mark.parametrize("turn", range(3))
def test_a_killed_run_is_cleaned_from_its_record(going, turn):
    served, path, folder, begin, _command = going
    struck(begin, folder, signal.SIGKILL, random.Random(turn).uniform(0, 1.5))
    before = ledger.read(folder)
    done = subprocess.run([sys.executable, "-m", "conformance", "clean", str(folder), str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert served.standing() == []
    assert served.changed() == []
    after = ledger.read(folder)
    assert after.lines[: len(before.lines)] == before.lines
    assert all(how for _, how in after.writings())
    assert not after.complete


@pytest.mark.parametrize("turn", range(3))
def test_a_killed_run_goes_on(going, turn):
    served, _path, folder, begin, command = going
    struck(begin, folder, signal.SIGKILL, random.Random(turn + 10).uniform(0, 1.5))
    before = ledger.read(folder)
    done = subprocess.run([*command, "--resume", str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert served.standing() == []
    assert served.changed() == []
    record = ledger.read(folder)
    assert record.complete
    assert {line["id"] for line in before.of_type("exchange")} <= {line["id"] for line in record.of_type("exchange")}
    ids = [line["id"] for line in record.of_type("exchange")]
    assert len(ids) == len(set(ids))
    report, again = workshop.report(folder), workshop.report(folder, rejudge=True)
    assert {one.verdict for one in report.scenarios} == {"pass"}
    assert len(report.scenarios) == len(SOME)
    assert (again.requirements, again.problems) == (report.requirements, report.problems)


def test_a_run_that_ended_is_not_gone_on_with(tmp_path):
    served = Served()
    with Running(served.app) as base:
        run(served, base, tmp_path / "run", only=("socle/04-ressource-inconnue",))
        with pytest.raises(OperatorError, match="came to its end"):
            interrupted.clean(tmp_path / "run", Endpoint(base), SystemClock())


def test_another_candidate_does_not_go_on_with_a_run(going):
    _served, _path, folder, begin, _command = going
    struck(begin, folder, signal.SIGKILL, 0)
    with pytest.raises(OperatorError, match="the run was of"):
        interrupted.campaign(Candidate("Autre", "1", "V", "server", (PROFILE,), ()), folder)
