"""``report.json`` is what its published schema says, whatever the decision."""

import dataclasses
import json

import pytest
from jsonschema import Draft202012Validator

from conformance import data, selftest, workshop
from conformance.clock import SystemClock
from conformance.reference.faults import FAULTS
from conformance.report import model, render

SCHEMA = json.loads(data.path("reports", "schemas", "report.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", ["", "total-wrong", "unknown-id-500"])
def test_reports_respect_it(name, tmp_path):
    fault = FAULTS.get(name)
    made = workshop.campaign(selftest.campaign("ror-fhir-0.7.0", 1).candidate, workshop.Choice(
        only=("socle/04-ressource-inconnue", "socle/05-forme-du-resultat", "socle/06-resultat-vide")))
    report = selftest.judged(made, fault, 60, 3, SystemClock(), tmp_path / "run")
    written = json.loads(render.as_json(report))
    assert [error.message for error in VALIDATOR.iter_errors(written)] == []
    assert written["decision"]["exit-code"] == (1 if name else 0)


@pytest.mark.parametrize("name", sorted(SCHEMA["$defs"]))
def test_it_names_every_field_and_no_other(name):
    made = getattr(model, name[0].upper() + name[1:])
    fields = {one.name.replace("_", "-") for one in dataclasses.fields(made)}
    assert set(SCHEMA["$defs"][name]["properties"]) == fields == set(SCHEMA["$defs"][name]["required"])


def test_it_names_every_field_of_the_report():
    fields = {one.name.replace("_", "-") for one in dataclasses.fields(model.Report)}
    assert set(SCHEMA["properties"]) == {"report", *fields}
