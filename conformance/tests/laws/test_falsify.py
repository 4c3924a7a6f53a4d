"""Drawing cases: the same for the same answers, ever simpler once one breaks, stopped when nobody asks."""

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.engine.falsify import Undrawn, falsify, foreseen


def drawn(draw):
    return tuple(draw.number(0, 100) for _ in range(draw.number(1, 5)))


def asked(seed, broken, draws=100):
    """The cases that were asked, by whoever finds some broken."""
    return walked(falsify(draws, seed, drawn), broken)


def walked(search, broken):
    cases = []
    try:
        case = next(search)
        while True:
            cases.append(case)
            case = search.send(broken(case))
    except StopIteration:
        return cases


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_the_last_that_breaks_is_the_simplest_and_the_same_each_time(seed):
    def broken(case):
        return sum(case) > 150

    cases = asked(seed, broken)
    assert cases == asked(seed, broken)
    assert len(set(cases)) == len(cases), "nothing is asked twice"
    simplest = [one for one in cases if broken(one)][-1]
    assert (len(simplest), sum(simplest)) == (2, 151)


def test_without_a_breach_the_draws_are_spent():
    cases = asked(1, lambda _case: False)
    assert 50 <= len(cases) <= 100
    assert len({len(one) for one in cases}) == 5


def test_it_stops_when_nobody_asks_any_more_and_its_thread_serves_again():
    for search in [falsify(100, 1, drawn) for _ in range(3)]:
        next(search)
        search.close()
    before = threading.active_count()
    for _ in range(5):
        search = falsify(100, 1, drawn)
        next(search)
        search.close()
    assert threading.active_count() <= before + 1, "a thread may begin before the one before is idle"


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_what_is_foreseen_is_what_comes_until_one_breaks_and_simpler_ones_follow_as_if_all_had_been_asked(seed):
    def broken(case):
        return sum(case) > 150

    whole = asked(seed, broken)
    coming, known = foreseen(100, seed, drawn), {}
    for case in coming:
        known[case] = broken(case)
        if known[case]:
            break
    coming.close()
    assert list(known) == whole[: len(known)]
    if not any(known.values()):
        return
    assert walked(falsify(100, seed, drawn, known), broken) == whole[len(known):]


def test_what_is_foreseen_is_drawn_before_it_is_asked_and_not_without_end():
    drew = []

    def counted(draw):
        drew.append(drawn(draw))
        return drew[-1]

    coming = foreseen(100, 1, counted)
    taken = [next(coming) for _ in range(10)]
    time.sleep(0.5)
    assert len(set(taken)) == 10
    assert 10 < len(set(drew)) <= 10 + 3
    coming.close()


def test_two_draw_at_once():
    one, other = falsify(100, 1, drawn), falsify(100, 2, drawn)
    assert next(one) is not None
    assert next(other) is not None
    other.close()
    assert one.send(False) is not None
    one.close()


def test_what_breaks_in_our_own_drawing_is_told():
    with pytest.raises(Undrawn, match="ZeroDivisionError"):
        next(falsify(10, 1, lambda _draw: 1 / 0))


def test_nothing_to_draw_is_no_case():
    assert list(falsify(10, 1, lambda _draw: None)) == []
