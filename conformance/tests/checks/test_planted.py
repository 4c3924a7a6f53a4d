"""Faults planted in resources: each is of an element, a run tells it, and one that is not there is missed."""

from dataclasses import replace

from conformance import planted, profile
from conformance.clock import SystemClock

NAME = profile.known()[-1]
DAY = "2026-11-27"
SOME = [one for one in planted.resources(NAME) if one["resourceType"] in ("Practitioner", "PractitionerRole")][:6]


def test_what_is_planted_is_told_and_nothing_else():
    found = planted.planted(profile.read(NAME), SOME, DAY)
    assert len(found) > 20
    assert len({one.requirement for one in found}) == len(found)
    batch = next(planted.batches(found))
    assert len({one.key for one in batch}) == len(batch) >= 2
    assert planted.missed(NAME, batch, SystemClock()) == ([], [])


def test_what_is_not_there_is_missed():
    one = next(iter(planted.planted(profile.read(NAME), SOME, DAY)))
    clean = next(each for each in SOME if (each["resourceType"], each["id"]) == one.key)
    assert planted.missed(NAME, [replace(one, resource=clean)], SystemClock()) == ([one.requirement], [])


def test_what_was_measured_is_of_requirements_that_are_verified():
    for name, operators in planted.kept().items():
        known = profile.read(name).requirements
        assert len(operators) > 500
        assert all(known[one].not_tested is None for one in operators)
