"""The contract: the document is valid, requests are drawn from it, answers are judged by it whatever was asked."""

import json
import subprocess
import sys

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from conformance import nomenclature, openapi, profile, workshop
from conformance.checks.structure import structures
from conformance.codes import CODES
from conformance.laws import LAWS
from conformance.tests.checks.stage import answer, entry, offer, searchset
from conformance.tests.checks.test_findings import compared
from conformance.tests.laws import test_relations as relations
from conformance.tests.laws.test_relations import ask, told
from conformance.tests.laws.test_runs import run

CONTRACT = "socle/76-contrat"
SEARCH, READ = "searches-keep-contract", "reads-keep-contract"
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "invalid", "diagnostics": "no"}]}
TRACE = {**OUTCOME, "issue": [{"severity": "error", "code": "invalid",
                               "diagnostics": "ORA-00933"}]}
WRONG = {
    "contract.server-error": (SEARCH, answer(OUTCOME, 500), []),
    "contract.status": (SEARCH, answer(b"", 302), []),
    "contract.content-type": (SEARCH, answer(b"<html>", 404, "text/html"), []),
    "contract.bundle": (SEARCH, searchset(entry(offer("1")), total="1"), []),
    "contract.resource": (READ, searchset(), []),
    "contract.outcome": (READ, answer({"error": "no"}, 404), []),
    "contract.internals": (READ, answer(TRACE, 404), []),
    "contract.accepted": (SEARCH, searchset(), [("_lastUpdated", "ge2024-13-01")]),
}
RIGHT = {
    "a search": (SEARCH, searchset(entry(offer("1"))), []),
    "a search that was refused": (SEARCH, answer(OUTCOME, 400), [("_lastUpdated", "ge2024-13-01")]),
    "an empty value": (SEARCH, searchset(), [("_lastUpdated", "")]),
    "a large number": (SEARCH, searchset(), [("age-range-low", "1e+100")]),
    "dates in a list": (SEARCH, searchset(), [("_lastUpdated", "ge2024-12-01T10:00:00.123456789Z,2023")]),
    "a read": (READ, answer(offer("1")), []),
    "an unknown resource": (READ, answer(OUTCOME, 404), []),
}


def judged(law, given, query):
    path = "HealthcareService" if law == SEARCH else "HealthcareService/1"
    return told(law, {}, [ask("asked", given, path=path, query=query, ending="one")])


def test_each_law_has_a_case():
    assert set(LAWS) == {*relations.CASES, SEARCH, READ}
    assert set(WRONG) == {code for code in CODES if code.startswith("contract.")}


@pytest.mark.parametrize("code", WRONG)
def test_what_departs_from_the_contract_is_told_and_held_against_its_own_requirements(code):
    found = judged(*WRONG[code]).findings
    one = next(one for one in found if one.code == code)
    for version in profile.known():
        held = profile.read(version)
        assert set(held.checks[code]) <= set(held.checks[WRONG[code][0]])
    compared(code, one.expected, one.actual, one.place)


@pytest.mark.parametrize("name", RIGHT)
def test_what_keeps_the_contract_is_not_told(name):
    assert judged(*RIGHT[name]).findings == ()


@pytest.mark.parametrize("version", profile.known())
def test_the_document_is_valid_and_describes_what_the_reference_answers(version):
    held = profile.read(version)
    for described in (None, structures(held, nomenclature.shipped())):
        made = openapi.document(held, described)
        assert list(OpenAPIV31SpecValidator(made).iter_errors()) == []
        for one in held.capability["resources"]:
            names = {each["name"] for each in made["paths"][f"/{one['type']}"]["get"]["parameters"]}
            assert {each["name"] for each in one["search-parameters"]} - {"_has"} <= names


@pytest.mark.parametrize("version", profile.known())
def test_the_clean_reference_keeps_the_contract(version, tmp_path):
    record, report = run(tmp_path / "run", CONTRACT, profile=version)
    assert {one.verdict.word for one in record.judgements()} == {"pass"}
    assert report.problems == ()
    statuses = {record.exchange(line).response.status for line in record.of_type("exchange") if line["purpose"] == "draw"}
    assert {200, 400, 404} <= statuses, "right and wrong ones"
    again = workshop.report(tmp_path / "run", rejudge=True)
    assert [(one.id, one.verdict, one.weight) for one in again.requirements] == [
        (one.id, one.verdict, one.weight) for one in report.requirements]


def test_the_document_is_written_from_the_command_line(tmp_path):
    def command(*words):
        return subprocess.run([sys.executable, "-m", "conformance", "profile", "openapi", *words], text=True,
                              capture_output=True, check=False)

    out = tmp_path / "openapi.json"
    assert command("ror-fhir-0.7.0", "--out", str(out)).returncode == 0
    whole = json.loads(out.read_text(encoding="utf-8"))
    outline = json.loads(command("ror-fhir-0.7.0", "--outline").stdout)
    assert whole["paths"] == outline["paths"]
    assert "Coding" in whole["components"]["schemas"]
    assert "Coding" not in outline["components"]["schemas"]
    refused = command("ror-fhir-0.7.0", "--out", str(tmp_path / "no" / "where.json"))
    assert refused.returncode != 0
    assert "cannot write" in refused.stderr
