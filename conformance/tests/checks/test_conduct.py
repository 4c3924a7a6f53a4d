"""What applications change, extract, ask beside their matches, and how fast: wrong, and right."""

import json

import pytest

from conformance.model import Trouble
from conformance.tests.checks.heard import FINE, get, tells_wrong_from_right, told
from conformance.tests.checks.stage import REGION, answer, entry, offer, searchset

CAPACITY = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/ror-location-supported-capacity"
FHIR = {"content-type": "application/fhir+json"}
CREATED = answer({"resourceType": "Task", "id": "1"}, 201)
DONE, GONE = answer({"resourceType": "Location", "id": "1"}), Trouble("bench.cut", "closed")
ABSENT = answer({"resourceType": "OperationOutcome", "issue": [{"code": "not-found", "expression": [
    f"Location.extension.where(url='{CAPACITY}')"]}]}, 404)
NO_PLACE = answer({"resourceType": "OperationOutcome", "issue": [{"code": "not-found", "expression": ["Location"]}]}, 404)
STATE = "[base]/$export-poll-status?_jobId=1"
STARTED = answer({}, 202, **{"Content-Location": STATE})
MANIFEST = answer({"output": [{"url": "[base]/$export-file?_file=0"}, {"url": "[base]/$export-file?_file=1"}]})
PATCH = {"method": "PATCH", "resource": "Location", "base": "capacities", "with": {"identifier": "185/UF"}}
PLACED = {**offer("1"), "location": [{"reference": "Location/1"}]}
PLACE = {"resourceType": "Location", "id": "1"}


def patch(kind="replace", path=f"Location.extension.where(url='{CAPACITY}')", value=7, result=DONE, headers=None,
          url="[base capacities]/Location?identifier=185%2FUF"):
    inside = [{"url": CAPACITY, "extension": [{"url": "nbCapacity", "valueInteger": value}]}]
    part = [{"name": "type", "valueString": kind}, {"name": "path", "valueString": path},
            {"name": "value", "part": [{"extension": inside}]}]
    body = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": part}]}
    return "PATCH", url, FHIR if headers is None else headers, json.dumps(body), result


def task(result=CREATED, **headers):
    body = json.dumps({"resourceType": "Task", "description": "x"})
    return "POST", "[base anomalies]/Task", {**FHIR, **headers}, body, result


EXTRACTION = [get("$export?_type=HealthcareService", STARTED), get("$export-poll-status?_jobId=1", answer({}, 202)),
              get("$export-poll-status?_jobId=1", MANIFEST), get("$export-file?_file=0"), get("$export-file?_file=1")]
CASES = {
    "request.refused": (("sends", PATCH, [patch(result=NO_PLACE)], {}), ("sends", PATCH, [patch(result=ABSENT), patch()], {})),
    "request.body": (("sends", {**PATCH, "body": "descendants().where(url = 'nbCapacity').value = 7"}, [patch(value=8)], {}),
                     ("sends", {**PATCH, "body": "descendants().where(url = 'nbCapacity').value = 7"}, [patch()], {})),
    "request.order": (("replaces-first", {}, [patch("add")], {}),
                      ("replaces-first", {}, [patch(result=ABSENT), patch("add")], {})),
    "request.repeated": (("sent-once", {}, [task(GONE), task()], {}),
                         ("sent-once", {}, [task(GONE), ("GET", "[base anomalies]/Task?focus=1", {}, "", FINE), task()], {})),
    "request.poll": (("polls", {}, EXTRACTION[:4], {}), ("polls", {}, EXTRACTION, {})),
    "request.pace": (("paced", {"at-most": 2}, [get("Location")] * 5, {"seconds": (0, 0, 0, 0, 2)}),
                     ("paced", {"at-most": 2}, [get("Location")] * 5, {"seconds": (0, 0, 1, 1, 2)})),
    "request.linked": (("receives", ["HealthcareService.location"], [get("HealthcareService", answer(searchset(entry(PLACED))))],
                        {"known": (PLACED, PLACE)}),
                       ("receives", ["HealthcareService.location"],
                        [get("HealthcareService", answer(searchset(entry(PLACED)))), get("Location/1", answer(PLACE))],
                        {"known": (PLACED, PLACE)})),
}


@pytest.mark.parametrize("code", CASES)
def test_the_wrong_request_gives_it_and_the_right_one_does_not(code):
    tells_wrong_from_right(code, CASES[code])


@pytest.mark.parametrize(("check", "parameters", "requests", "wrong"), [
    ("sends", PATCH, [get("Location")], {"nothing that writes"}),
    ("sends", PATCH, [patch(url="[base capacities]/Location?identifier=UF")], {
        "PATCH [base capacities]/Location?identifier=UF"}),
    ("sends", PATCH, [patch(url="[base]/Location?identifier=185/UF")], {"PATCH [base]/Location?identifier=185/UF"}),
    ("sends", PATCH, [patch(url="[base capacities]/Location?identifier=185/UF")], set()),
    ("no-headers", ["Ror-Role-Metier-Code"], [patch()], set()),
    ("no-headers", ["Ror-Role-Metier-Code"], [patch(headers={"ror-role-metier-code": "AUTOMATE"})], {"AUTOMATE"}),
    ("no-headers", ["Ror-Role-Metier-Code"], [get("Location")], {"none"}),
    ("sends-fhir", {}, [patch(headers={"content-type": "application/fhir+json; charset=UTF-8"})], set()),
    ("sends-fhir", {}, [patch(headers={"content-type": "application/json"})], {"application/json"}),
    ("sends-fhir", {}, [("POST", "[base anomalies]/Task", FHIR, "not json", FINE)], {"not json"}),
    ("sends-fhir", {}, [("POST", "[base]/Location/_search", {}, "a=b", FINE)], {"none"}),
    ("patch-form", {}, [patch()], set()),
    ("patch-form", {}, [patch("remove")], {"remove"}),
    ("patch-form", {}, [patch(path="")], {"none"}),
    ("patch-form", {}, [("PATCH", "[base capacities]/Location", FHIR, '[{"op": "add"}]', FINE)], {'[{"op": "add"}]'}),
    ("patch-form", {}, [("PATCH", "[base capacities]/Location", FHIR, "", FINE)], {"nothing"}),
    ("replaces-first", {}, [patch(result=ABSENT)], {"no further change"}),
    ("replaces-first", {}, [patch(result=NO_PLACE), patch("add")], {"add"}),
    ("replaces-first", {}, [patch(result=NO_PLACE)], set()),
    ("sent-once", {}, [task()], {"none"}),
    ("sent-once", {}, [task(GONE)], set()),
    ("polls", {}, EXTRACTION[:2], {"asked 1 times"}),
    ("polls", {}, [get("HealthcareService")], {"none"}),
    ("asks-async", {}, [get("$export", STARTED, prefer="respond-async, wait=5")], set()),
    ("asks-async", {}, [get("$export", STARTED)], {"absent"}),
    ("asks-async", {}, [get("HealthcareService")], {"none"}),
    ("not-whole", {}, [get("HealthcareService?_count=200&_include=HealthcareService:location")], {
        "[base]/HealthcareService?_count=200&_include=HealthcareService:location"}),
    ("not-whole", {}, [get("HealthcareService?_lastUpdated=ge2026-01-01"), get("HealthcareService/1"), get("Location")], set()),
    ("zoned", {}, [get("HealthcareService?_lastUpdated=ge2026-01-01T00:00:00")], {"_lastUpdated=ge2026-01-01T00:00:00"}),
    ("zoned", {}, [get("HealthcareService?_lastUpdated=ge2026-01-01T00:00:00Z")], set()),
    ("zoned", {}, [get("HealthcareService?_lastUpdated=ge2026-01-01T00:00:00%2B01:00&_lastUpdated=le2026-02-01")], set()),
    ("paced", {"at-most": 9}, [get("Location")], {"1"}),
    ("asks-async", {}, [get("%24export", STARTED, prefer="Respond-Async")], set()),
    ("polls", {}, [get("$export?a=1", answer({}, 202, **{"Content-Location": f"{STATE}0"})), *EXTRACTION], set()),
    ("not-whole", {}, [get("HealthcareService?_format=application/fhir+json")], {
        "[base]/HealthcareService?_format=application/fhir+json"}),
    ("not-whole", {}, [get("HealthcareService?_summary=count")], set()),
    ("sent-once", {}, [task(GONE), ("POST", "[base anomalies]/Task/_search", {}, "focus=1", FINE), task()], set()),
    ("sent-once", {}, [task(GONE), ("POST", "[base anomalies]/Task", FHIR, json.dumps(
        {"resourceType": "Task", "description": "x", "authoredOn": "2026"}), CREATED)], {"sent again"}),
    ("sends-fhir", {}, [("POST", "[base]/$export", {}, "", FINE)], {"none"}),
    ("sends-fhir", {}, [("POST", "[base anomalies]/Task", FHIR, '{"a": "t\ufffdl"}', FINE)], {'{"a": "t\ufffdl"}'}),
    ("patch-form", {}, [patch("delete")], {"a value"}),
    ("replaces-first", {}, [patch("add", path="Location")], {"add"}),
    ("replaces-first", {}, [patch(result=ABSENT), task()], {"no further change"}),
    ("receives", ["HealthcareService.location"], [get("Location")], {"none"}),
])
def test_conduct(check, parameters, requests, wrong):
    assert {one.actual for one in told(check, parameters, requests, known=REGION)} == wrong


def test_requests_are_counted_by_when_they_came_whatever_order_they_were_answered_in():
    assert not told("paced", {"at-most": 2}, [get("Location")] * 6, seconds=(1, 1, 0, 0, 2, 2))


def test_what_was_not_changed_was_received():
    asked = [get("HealthcareService", answer(searchset(entry(PLACED)))), get("Location/1", answer({}, 304))]
    assert not told("receives", ["HealthcareService.location"], asked, known=(PLACED, PLACE))


def test_what_a_match_refers_to_but_nobody_serves_is_not_missed():
    asked = [get("HealthcareService", answer(searchset(entry(PLACED))))]
    assert not told("receives", ["HealthcareService.location"], asked, known=(offer("1"),))
