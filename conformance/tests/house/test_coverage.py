"""Requirements, scenarios and checks: each is used, or says why not."""

import pytest

from conformance import profile, workshop
from conformance.checks import CHECKS
from conformance.codes import CODES
from conformance.report import texts


@pytest.fixture(scope="module")
def library():
    return workshop.library()


@pytest.mark.parametrize("name", profile.known())
def test_each_requirement_is_verified_or_says_why_not(library, name):
    profiles, found = library
    verified = {one for scenario in found.of(name) for one in profiles[name].named(scenario.verifies)}
    for requirement in profiles[name].requirements.values():
        if requirement.id in verified:
            assert requirement.not_tested is None, f"{requirement.id} is verified, its reason not to be is stale"
        else:
            assert requirement.not_tested is not None, f"{requirement.id} is verified by no scenario and says not why"


def test_each_check_is_used(library):
    _, found = library
    used = {one.check for scenario in found.scenarios for step in scenario.steps for one in step.expect}
    assert set(CHECKS) == used, "a check that no scenario uses is not a rule"


def test_ids_of_defects_and_scenarios_agree(library):
    profiles, found = library
    transactions = {scenario.transaction for scenario in found.scenarios} | {"socle"}
    for one in profiles.values():
        for defect in one.defects:
            assert set(defect.requirements) <= set(one.requirements), defect.id
        touched = {name for defect in one.defects for name in defect.scenarios}
        for scenario in found.of(one.id):
            if scenario.transaction in touched:
                expected = {defect.id for defect in one.defects if scenario.transaction in defect.scenarios}
                assert expected <= set(scenario.defects), f"{scenario.id} meets {sorted(expected)}"
    assert "ROR-UC-03/1" in transactions


@pytest.mark.parametrize("name", profile.known())
def test_each_requirement_that_is_verified_says_how_to_meet_it(library, name):
    profiles, found = library
    verified = {one for scenario in found.of(name) for one in profiles[name].named(scenario.verifies)}
    silent = [one.id for one in profiles[name].requirements.values()
              if one.id in verified and one.remedy is None and not one.id.startswith(("ROR-STR-", "ROR-NOM-"))]
    assert not silent, f"{silent} need a remedy (those of structures and codes are said by the finding itself)"


def test_defects_name_findings_and_places_that_exist(library):
    profiles, _ = library
    for one in profiles.values():
        for defect in one.defects:
            assert set(defect.findings) <= set(CODES), defect.id
            assert not defect.findings or defect.paths or defect.codes, f"{defect.id}: findings of what?"


def test_each_topic_says_why_its_requirements_matter(library):
    profiles, _ = library
    assert {one.topic for each in profiles.values() for one in each.requirements.values()} <= set(texts.topics())
