"""The same scenarios, with no identifier edited, on RORs that have nothing in common; and on one of one use case."""

import pytest

from conformance import selftest
from conformance.clock import SystemClock
from conformance.engine.laws import NONE, QUICK
from conformance.reference.territories import TERRITORIES
from conformance.reference_data import region

SIZES = {"nord": 120, "sud": 150, "est": 300}
REGIONS = {name: list(region(size, 9, TERRITORIES[name])) for name, size in SIZES.items()}
SHARED = {"157", "202", "211"}  # emergencies and cancer meetings


# who is let in is seen behind TLS alone; these are in clear
SECURED = {one.scenario.id for one in selftest.campaign("ror-fhir-0.7.0", 5).planned if one.scenario.secured}


def played(resources, profile="ror-fhir-0.7.0", depth=NONE):
    return selftest.of_resources(selftest.campaign(profile, 5, depth=depth), resources, None, SystemClock())


def held(resources):
    """Ids, source regions, activities, identifiers and towns."""
    offers = [one for one in resources if one["resourceType"] == "HealthcareService"]
    return (
        {one["id"] for one in resources if one["resourceType"] not in ("Measure", "MeasureReport", "Questionnaire")},
        {one["meta"]["tag"][0]["code"] for one in offers},
        {coding["code"] for one in offers for concept in one["specialty"] for coding in concept["coding"]
         if "TRE_R211" in coding["system"]} - SHARED,
        {(each.get("system"), each["value"]) for one in resources if one["resourceType"] in ("Organization", "HealthcareService", "Location")
         for each in one["identifier"]},
        {one["address"]["city"] for one in resources if one["resourceType"] == "Location"},
    )


@pytest.mark.parametrize(("one", "other"), [("nord", "sud"), ("nord", "est"), ("sud", "est")])
def test_they_have_nothing_in_common(one, other):
    for mine, theirs in zip(held(REGIONS[one]), held(REGIONS[other]), strict=True):
        assert mine
        assert not mine & theirs


@pytest.mark.parametrize(("name", "profile"), [("nord", "ror-fhir-0.7.0"), ("sud", "ror-fhir-0.6.0")])
def test_every_scenario_binds_to_each(name, profile):
    report = played(REGIONS[name], profile, QUICK)
    assert report.decision.word == "granted", [one.id for one in report.requirements if one.verdict == "inconclusive"]
    assert {one.verdict for one in report.scenarios if one.id not in SECURED} == {"pass"}
    assert {one.verdict for one in report.scenarios if one.id in SECURED} == {"not-applicable"}


@pytest.mark.parametrize(("name", "profile"), [
    ("nord", "ror-fhir-0.6.0"), ("sud", "ror-fhir-0.7.0"), ("est", "ror-fhir-0.6.0"), ("est", "ror-fhir-0.7.0")])
def test_every_scenario_without_laws_binds_to_each(name, profile):
    report = played(REGIONS[name], profile)
    lawful = {one.scenario.id for one in selftest.campaign(profile, 5).planned if one.scenario.laws}
    assert selftest.broken(report) == ()
    assert {one.verdict for one in report.scenarios if one.id not in lawful | SECURED} == {"pass"}


def test_where_the_data_carry_one_use_case_the_rest_says_what_to_create():
    report = played(list(region(80, 3, TERRITORIES["nord"].only("smr"))))
    assert {one.verdict for one in report.scenarios if one.use_case == "orientation-ssr"} == {"pass"}
    lacking = [one for one in report.requirements if one.verdict not in ("pass", "not-applicable")]
    assert lacking
    assert {one.verdict for one in lacking} == {"inconclusive"}
    assert {cause for one in lacking for cause in one.causes} == {"data"}
    asked = {one.scenario: one.create.en for one in report.gaps}
    assert asked["inter-ror/uc-03-3-offre-psy"] == "psychiatric offers with a source region and an operational activity"
    assert {one.id for one in report.scenarios if one.verdict == "inconclusive"} <= set(asked)
