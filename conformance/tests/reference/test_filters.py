import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.reference.filters import Compare, Logic, parse, render
from conformance.reference.refusal import Refusal

A, B, C = Compare("p", "eq", "a"), Compare("p", "eq", "b"), Compare("q", "ge", "c")


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("p eq a", A),
        ('p eq "a"', A),
        ("p eq a or p eq b", Logic("or", (A, B))),
        ("(p eq a or b)", Logic("or", (A, B))),
        ('(p eq "a" or "b")', Logic("or", (A, B))),
        ("p eq a OR p eq b", Logic("or", (A, B))),
        ("p eq a or b and q ge c", Logic("and", (Logic("or", (A, B)), C))),
        ("p eq a or q ge c and p eq b", Logic("or", (A, Logic("and", (C, B))))),
        ("((p eq a) or (q ge c)) and not (p eq b)", Logic("and", (Logic("or", (A, C)), Logic("not", (B,))))),
        ("x:above.y eq http://s|c", Compare("x:above.y", "eq", "http://s|c")),
    ],
)
def test_parse(text, expression):
    assert parse(text) == expression


@pytest.mark.parametrize(
    "text", ["", "p", "p eq", "p is a", "(p eq a", "p eq a)", 'p eq "a', "p eq a or", "and p eq a", "not p eq a q"]
)
def test_refused(text):
    with pytest.raises(Refusal):
        parse(text)


compares = st.builds(
    Compare, st.sampled_from(("p", "q.r", "_has:X:y:z")), st.sampled_from(("eq", "ge", "co")), st.text(max_size=6)
)
expressions = st.recursive(
    compares,
    lambda inner: (
        st.builds(Logic, st.sampled_from(("and", "or")), st.lists(inner, min_size=2, max_size=3).map(tuple))
        | st.builds(lambda one: Logic("not", (one,)), inner)
    ),
    max_leaves=6,
)


@given(expressions)
def test_what_is_rendered_is_read_back(expression):
    assert parse(render(expression)) == expression
