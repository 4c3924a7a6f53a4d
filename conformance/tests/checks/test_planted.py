"""Faults planted in resources: each is of an element, a run tells it, and one that is not there is missed."""

from dataclasses import replace

from conformance import planted, profile
from conformance.clock import SystemClock

NAME = profile.known()[-1]
DAY = "2026-11-27"
SOME = [one for one in planted.resources(NAME) if one["resourceType"] in ("Practitioner", "PractitionerRole")][:6]


def test_what_is_planted_is_told_and_nothing_else():
    found, without = planted.planted(profile.read(NAME), SOME, DAY)
    assert len(found) > 20
    assert len({one.requirement for one in found}) == len(found)
    assert not {one.requirement for one in found} & set(without)
    assert without["ROR-STR-Practitioner.meta.tag:codeRegion"] == "defect"
    batch = next(planted.batches(found))
    assert len({one.key for one in batch}) == len(batch) >= 2
    assert planted.missed(NAME, batch, SystemClock()) == ([], [])


def test_what_is_not_there_is_missed():
    one = next(iter(planted.planted(profile.read(NAME), SOME, DAY)[0]))
    clean = next(each for each in SOME if (each["resourceType"], each["id"]) == one.key)
    assert planted.missed(NAME, [replace(one, resource=clean)], SystemClock()) == ([one.requirement], [])


def test_what_was_measured_is_of_requirements_that_are_verified():
    for name, kept in planted.kept().items():
        known = profile.read(name).requirements
        assert len(kept["faults"]) > 700
        assert not set(kept["faults"]) & set(kept["without"])
        assert all(known[one].not_tested is None for one in kept["faults"])
        assert set(kept["without"].values()) <= {"defect", "not-carried", "tells-slice", "of-parts", "none-found"}


def test_each_requirement_of_an_element_is_broken_or_says_why_not():
    for name, kept in planted.kept().items():
        asked = {one.id for one in profile.read(name).requirements.values() if one.topic in ("structure", "nomenclature")}
        assert asked == {*kept["faults"], *kept["without"]}
