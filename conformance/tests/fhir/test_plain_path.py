"""Plain paths give what the general evaluator gives: over every expression in use, and over data made wrong."""

import copy
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance import workshop
from conformance.fhir.path import _plain, compiled, holds, select
from conformance.fhir.plain_path import conjuncts, plain
from conformance.fhir.plain_steps import Unsure
from conformance.reference.region import generate

REGION = list(generate(60, 5))
BY_TYPE = {}
for one in REGION:
    BY_TYPE.setdefault(one["resourceType"], []).append(one)


def general(resource, expression, names):
    found = compiled(expression)(resource, dict(names))
    return [_deep(_plain(value)) for value in (found if isinstance(found, list) else [found])]


def _deep(value):
    """The general evaluator leaves decimals inside the objects that it selects."""
    if isinstance(value, dict):
        return {name: _deep(_plain(part)) for name, part in value.items()}
    return [_deep(_plain(part)) for part in value] if isinstance(value, list) else value


def in_use():
    profiles, found = workshop.library()
    expressions = {(kind, one.expression) for profile in profiles.values()
                   for (kind, _), one in profile.search_parameters.items() if one.expression}
    for scenario in found.scenarios:
        for need in scenario.needs:
            kinds = [need.among] if need.among else ["HealthcareService", "Location"]
            expressions |= {(kind, part) for kind in kinds for text in (need.value, need.where) if text
                            for part in conjuncts(text)}
        for step in scenario.steps:
            for expectation in step.expect:
                if isinstance(expectation.parameters, dict) and "fhirpath" in expectation.parameters:
                    expressions.add((step.path.split("/")[0], expectation.parameters["fhirpath"]))
    return sorted(one for one in expressions if plain(one[1]) is not None)


IN_USE = in_use()


CONSTANTS = workshop.read_profiles().popitem()[1].constants


def names_for(expression, resource):
    """A value for each name of the expression: a resource where a member of it is read, a code or an id elsewhere."""
    names = dict(CONSTANTS)
    for name, member in re.findall(r"%([A-Za-z_]\w*)(\.?)", expression):
        names.setdefault(name, resource if member else resource["id"])
    return names


def test_most_expressions_in_use_are_plain():
    assert len(IN_USE) > 100


@pytest.mark.parametrize("kind", sorted(BY_TYPE))
def test_the_same_answers_as_the_general_evaluator(kind):
    compared = 0
    for wanted, expression in IN_USE:
        if wanted != kind:
            continue
        for resource in BY_TYPE[kind][:3]:
            names = names_for(expression, resource)
            try:
                fast = plain(expression)(resource, names)
            except Unsure:
                continue
            compared += 1
            assert fast == general(resource, expression, names), expression
    assert compared or not any(wanted == kind for wanted, _ in IN_USE)


VALUES = st.recursive(
    st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "a", "b", "2020", "2020-01", "2020-01-02"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "code", "value"]), inner,
                                                               max_size=3), max_leaves=12)
EXPRESSIONS = ("a", "a.b", "a.where(b = 'a')", "a.where(b = 'a' and code = 'b')", "a.where($this = 'a')", "a.exists()",
               "a = true", "a = false", "a.where(b = true)", "true",
               "a.where(b = 'a').empty()", "a.b = 'a'", "a != b", "a.where(b > 1).code", "a < 3 or b > 2",
               "a.where(b.exists() and code.empty()).code", "a.exists(b = 'a')", "a.count()", "a.b.count() = 1",
               "a.exists().not()", "(a = 'a').not()", "a.startsWith('a')", "a.b.startsWith(%n)",
               "a.exists(b.exists() and code.empty())", "a + b", "a | b", "(a | b).code", "a = %n", "a.code = %n",
               "a.b + 1 < b - 2", "(a = 'a' or b = 'b') and code.exists()", "a.all(b = 'a')",
               "a.all($this = 'a')", "(a | b).all(code.exists())", "a.substring(1)", "a.b.substring(0, 1)",
               "a.matches('^a')", "a.b.matches('b|2')", "a.all($this.matches('^[ab]'))")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["a", "b", "code"]), VALUES, max_size=3), st.sampled_from(EXPRESSIONS),
       st.sampled_from(["a", 1, True, "2020-01"]))
def test_on_any_data_the_same_answer_or_unsure(data, expression, name):
    given_ = copy.deepcopy(data)
    try:
        fast = plain(expression)(data, {"n": name})
    except Unsure:
        return
    try:
        expected = general(data, expression, {"n": name})
    except Exception:
        # the general evaluator stops on such data; plain paths may know an answer, or nothing
        return
    assert fast == expected
    assert data == given_, "data is only read"


@pytest.mark.parametrize("expression", ["", "a.", "a..b", "a.where(", "a.where(b)x", "a and", "= b", "a b", "a[0]",
                                        "a.first()", "a is b", "not a", "'it\\'s'", "a.substring()", "a.substring(%n)", "a.matches('(')",
                                        "a.substring(1 2)", "a.substring(1, 2, 3)", "a.all()",
                                        "a.startsWith(b)", "a.startsWith()"])
def test_other_words_are_left_to_the_general_evaluator(expression):
    assert plain(expression) is None


def test_a_condition_is_the_and_of_its_parts():
    assert conjuncts("a = 'x and y' and (b and c) and d.where(e and f).exists()") == [
        "a = 'x and y'", "(b and c)", "d.where(e and f).exists()"]
    assert conjuncts("a and b or c") == ["a and b or c"]
    assert holds({"a": "x", "b": 2}, "a = 'x' and b > 1")
    assert not holds({"a": "x", "b": 2}, "a = 'x' and c.exists()")
    assert select({"a": [{"b": 1}, {"b": 2}]}, "a.b") == [1, 2]
