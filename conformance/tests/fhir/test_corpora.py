"""The judge of structures measured: what is right passes, what is wrong is found where it is, two validators agree."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.fhir.coding import judged
from conformance.fhir.engine import Plain
from conformance.fhir.mutation import OPERATORS
from conformance.fhir.strategy import resources
from conformance.tests.fhir.corpora import DAY, PROFILES, RELEASE, found, structures, told, valid, wrong

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


def test_one_walk_tells_what_needs_a_closer_look(whole):
    """It never lets pass what the judges would find; what it says of codes is what the judge of codes says."""
    quiet = 0
    for number, (compiled, resource) in enumerate(_mixed(whole, 3)):
        if number % 3:
            continue
        seen = compiled.seen(resource, DAY)
        codes = judged(compiled.codings(resource), RELEASE, DAY)
        differences = compiled.differences(resource)
        assert seen.invariants or not differences, differences
        assert seen.codes or not codes.differences, codes
        if not differences:
            assert set(seen.coded) == codes.elements
        quiet += not (seen.invariants or seen.codes)
    assert quiet, "a walk that always doubts saves nothing"


def test_a_walk_tells_the_elements_that_a_resource_shows(whole):
    compiled = whole.of("ror-organization")
    bare = {"resourceType": "Organization", "id": "1", "name": "Centre"}
    shown = set(compiled.survey(DAY).of({**bare, "address": [{"city": "Nantes"}]}).elements)
    without = set(compiled.survey(DAY).of(bare).elements)
    assert {one for one in shown - without if "address" in one}, "what stands in the resource is shown"
    assert not {one for one in without if one.startswith("Organization.address.")}, "nothing is, of what is not there"
    asked = {one["path"] for one in compiled.structure["elements"] if one.get("min") and one["path"].count(".") == 1
             and not one.get("slice") and "[x]" not in one["path"]}
    assert asked <= without, "what must be there is shown where its holder is"


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
