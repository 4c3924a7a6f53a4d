"""The judge of structures measured: what is right passes, what is wrong is found where it is, two validators agree."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.fhir.engine import Plain
from conformance.fhir.mutation import OPERATORS
from conformance.fhir.strategy import resources
from conformance.tests.fhir.corpora import PROFILES, RELEASE, found, structures, told, valid, wrong

VALID = 115  # of each structure and version: more than 2,000
WRONG = 27  # of each structure and version, by every operator: more than 10,000
# Operators that miss some mutants, with the share missed and the reason: none.
MISSED = {}


@pytest.fixture(scope="module", params=PROFILES)
def whole(request):
    return structures(request.param)


def test_valid_resources_are_found_valid(whole):
    seen = 0
    for compiled, resource in valid(whole, VALID):
        seen += 1
        assert not told(compiled, resource), resource
    assert seen * len(PROFILES) >= 2_000


def test_wrong_resources_are_found_wrong_at_their_element(whole):
    made, missed = Counter(), Counter()
    for compiled, mutant in wrong(whole, WRONG):
        made[mutant.operator] += 1
        missed[mutant.operator] += not found(compiled, mutant)
    assert set(made) == set(OPERATORS)
    assert len(OPERATORS) >= 25
    assert made.total() * len(PROFILES) >= 10_000
    assert missed.total() <= 0.005 * made.total(), missed
    assert {name for name, count in missed.items() if count} <= set(MISSED), missed


def test_two_validators_tell_the_same(whole):
    plain = structures(_name(whole), Plain)
    for number, (compiled, resource) in enumerate(_mixed(whole, 2)):
        if number % 3 == 0:
            other = plain.of(next(name for name, one in whole.structures.items() if one["type"] == compiled.type))
            assert _told(compiled, resource) == _told(other, resource)


def _name(whole):
    return next(name for name in PROFILES if structures(name).structures == whole.structures)


def _mixed(whole, count):
    yield from valid(whole, count, seed=3)
    yield from ((compiled, one.resource) for compiled, one in wrong(whole, count, seed=3))


def _told(compiled, resource):
    return sorted((one.code, one.place, one.element, one.expected, one.actual) for one in compiled.differences(resource))


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_resources_are_drawn_by_hypothesis(data):
    name = data.draw(st.sampled_from(PROFILES))
    whole = _SHARED.setdefault(name, structures(name))
    structure = data.draw(st.sampled_from(sorted(whole.structures)))
    assert not told(whole.of(structure), data.draw(resources(whole, RELEASE, structure)))


_SHARED = {}
