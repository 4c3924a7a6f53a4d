"""What an application relies on, and its requests asked of a ROR."""

import json

import jsonschema
import pytest
from click.testing import CliRunner

from conformance import bench, data, ledger, profile, relied, replay, selftest_bench, workshop
from conformance.cli.group import rorqual
from conformance.clock import SystemClock
from conformance.errors import OperatorError
from conformance.model import Candidate, Exchange, Request, Response
from conformance.reference.app import create_app
from conformance.reference.server import Running, stored
from conformance.reference_data import region

LATEST = profile.known()[-1]
ONLY = ("socle/c02-criteres", "socle/c03-pages", "socle/c21-non-modifie", "socle/c28-signaler-une-anomalie",
        "inter-ror/c01-extraction-d-une-region", "orientation-ssr/c01-activite-et-departement", "socle/c15-depuis-une-date")


def benched(folder, fault="", only=ONLY):
    who = Candidate("Appli", "1", "V", "consumer", (LATEST,), ())
    made = workshop.campaign(who, workshop.Choice(only=only))
    bench.receive(made, lambda told: selftest_bench.Sample(told, fault), folder, SystemClock(), lambda _one: None)
    workshop.keep_contract(folder)
    return folder


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    return benched(tmp_path_factory.mktemp("bench") / "run")


def test_the_contract_says_what_was_asked(recorded):
    made = json.loads((recorded / relied.FILE).read_text(encoding="utf-8"))
    schema = json.loads((data.path("reports") / "schemas" / "contract.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(made, schema)
    told = made["profiles"][LATEST]
    assert made["complete"]
    assert {(one["resource"], one["parameter"]): (one["prefixes"], one["known"]) for one in told["parameters"]} == {
        ("HealthcareService", "_lastUpdated"): (["ge"], True), ("HealthcareService", "service-type"): ([], True),
        ("HealthcareService", "specialty"): ([], True), ("HealthcareService", "location.address-postalcode"): ([], True)}
    assert {one["value"] for one in told["inclusions"]} == {"HealthcareService:organization", "HealthcareService:location"}
    assert [(one["method"], one["resource"], one["base"]) for one in told["writes"]] == [("POST", "Task", "anomalies")]
    assert [one["name"] for one in told["operations"]] == ["$export"]
    assert [one["resource"] for one in told["reads"]] == ["HealthcareService"]
    assert told["follows-links"]
    assert {one["id"] for one in told["transactions"]} >= {"ROR-UC-03/1", "ROR-UC-02/1ter", "ROR-UC-10/1"}
    shown = CliRunner().invoke(rorqual, ["contract", str(recorded)])
    assert shown.exit_code == 0
    assert "location.address-postalcode" in shown.output


def test_a_parameter_that_the_profile_lacks_is_told_and_not_replayed(tmp_path):
    folder = benched(tmp_path / "run", "parameter-misspelt", ("socle/c02-criteres",))
    told = json.loads((folder / relied.FILE).read_text(encoding="utf-8"))["profiles"][LATEST]
    assert {one["parameter"]: one["known"] for one in told["parameters"]}["service_type"] is False
    made = workshop.replayed(ledger.read(folder))
    assert [reason for _, reason in made.left] == [f"{LATEST} has no search parameter 'service_type' on HealthcareService"]
    assert not made.scenarios


def test_requests_are_asked_of_a_ror_with_its_own_values(recorded, tmp_path):
    resources = list(region(120, 77))
    app = create_app(stored(resources, None), profile_id=LATEST)
    with Running(app) as server:
        candidate = tmp_path / "ror.yaml"
        candidate.write_text(json.dumps({
            "product": "ROR", "version": "1", "vendor": "V", "role": "server", "profiles": [LATEST],
            "endpoint": {"base-url": f"{server}"}}), encoding="utf-8")
        told = CliRunner().invoke(rorqual, ["replay", str(recorded), "--on", str(candidate), "--out", str(tmp_path / "run")])
    assert told.exit_code == 0, told.output
    assert "not replayed: POST [base anomalies]/Task (it changes something)" in told.output
    record = ledger.read(tmp_path / "run")
    asked = {line["ask"]["path"] + str(sorted(name for name, _ in line["ask"]["query"])) for line in record.of_type("step")}
    assert {one.partition("[")[0].partition("/")[0] for one in asked} == {"HealthcareService", "$export"}
    served = {one["id"] for one in resources}
    read = next(line["ask"]["path"] for line in record.of_type("step") if "/" in line["ask"]["path"])
    assert read.partition("/")[2] in served
    assert all(one.verdict.word == "pass" for one in record.judgements())


def test_values_are_put_back_by_their_names_only_where_they_stand_whole():
    names = replay._Rebinding({"f": {"system": "http://s", "code": "02"}, "d": "35", "day": "2026-04-24",
                               "offer": {"resourceType": "HealthcareService", "id": "1008"}})
    assert names.of("http://s|02") == "{f.system}|{f.code}"
    assert names.of("http://s|02,http://s|03") == "{f.system}|{f.code},http://s|03"
    assert names.of("ge2026-04-24T00:00:00+01:00") == "ge{day}T00:00:00+01:00"
    assert names.of("35") == "{d}"
    assert names.of("350") == "350"
    assert names.of("1008") == "{offer.id}"
    assert names.of("HealthcareService?_tag=http://s|02") == "HealthcareService?_tag={f.system}|{f.code}"
    with pytest.raises(replay._Left):
        names.of("[family 12]")


def heard(url, status=200, method="GET"):
    return relied.Call(LATEST, "socle/x", Exchange(
        "x1", "heard", Request(method, f"[base]/{url}"), Response(status, (), b"{}"), None, "2026-01-01T00:00:00.000Z", 1.0), False)


@pytest.mark.parametrize(("url", "status", "reason"), [
    ("Organization/12", 200, "its id is one of the bench"), ("Location?_id=7", 200, "its id is one of the bench"),
    ("HealthcareService?organization=Organization/12", 200, "its id is one of the bench"),
    ("HealthcareService/1008/_history", 200, "its id is one of the bench"),
    ("HealthcareService?service-type:foo=x", 400, "the bench refused it"),
])
def test_what_no_other_ror_can_answer_is_left_out(url, status, reason):
    names = replay._Rebinding({"f": {"system": "http://s", "code": "10"}})
    with pytest.raises(replay._Left, match=reason):
        replay._step(heard(url, status), workshop.read_profiles()[LATEST], names)


def test_what_shapes_the_result_is_no_data():
    names = replay._Rebinding({"f": {"system": "http://s", "code": "10"}})
    made = replay._step(heard("HealthcareService/?specialty=http%3A%2F%2Fs%7C10&_count=10"), workshop.read_profiles()[LATEST], names)
    assert made["send"] == {"GET": "HealthcareService", "query": {"specialty": "{f.system}|{f.code}", "_count": "10"}}


def test_the_record_of_a_ror_is_no_contract(tmp_path):
    record = ledger.Record(tmp_path, {"candidate": {"role": "server"}})
    with pytest.raises(OperatorError, match="give that of an application"):
        list(relied.calls(record))


def test_a_replay_is_asked_of_a_ror(recorded, tmp_path):
    candidate = tmp_path / "app.yaml"
    candidate.write_text(json.dumps({"product": "A", "version": "1", "vendor": "V", "role": "consumer",
                                     "profiles": [LATEST]}), encoding="utf-8")
    told = CliRunner().invoke(rorqual, ["replay", str(recorded), "--on", str(candidate)])
    assert isinstance(told.exception, OperatorError)
    assert "role server" in str(told.exception)
