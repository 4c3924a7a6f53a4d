"""The algebra of verdicts, and how findings become verdicts."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.checks.judge import fold, verdict_of
from conformance.codes import CODES
from conformance.model import Finding, Judgement, Weight
from conformance.report.roots import roots
from conformance.verdict import Cause, Effect, Severity, Strength, Verdict, concluded, consequence, severity, worst

VERDICTS = st.lists(st.sampled_from(Verdict), max_size=6)


@given(VERDICTS, VERDICTS)
def test_worst_is_a_semilattice(some, others):
    assert worst([*some, *others]) is worst([*others, *some])
    assert worst([worst(some), worst(others)]) is worst([*some, *others])
    assert worst([*some, *some]) is worst(some)
    assert worst([]) is Verdict.NONE


@given(VERDICTS)
def test_more_evidence_never_makes_a_verdict_better(some):
    assert all(worst(some) >= one for one in some)
    assert concluded(some) is not Verdict.NONE


def test_words_lead_back_to_verdicts():
    assert [Verdict.of_word(one.word) for one in Verdict] == list(Verdict)
    with pytest.raises(ValueError, match="passed"):
        Verdict.of_word("passed")


@pytest.mark.parametrize(("effect", "cause", "strength"), list(product(Effect, Cause, Strength)))
def test_what_a_finding_asks_for(effect, cause, strength):
    asked = consequence(effect, cause, strength)
    if effect is Effect.PREVENTED:
        assert asked is Verdict.ERROR
    elif effect is Effect.BROKEN and cause is not Cause.SPECIFICATION:
        assert asked is (Verdict.FAIL if strength is Strength.SHALL else Verdict.PASS)
    elif effect is Effect.UNCONCERNED:
        assert asked is Verdict.NOT_APPLICABLE
    else:
        assert asked in (Verdict.INCONCLUSIVE, Verdict.NONE)
    assert (asked is Verdict.FAIL) <= (cause is not Cause.SPECIFICATION), "never held against a candidate"


def test_severity_is_derived_from_strength():
    assert [severity(one) for one in Strength] == [
        Severity.ERROR, Severity.WARNING, Severity.INFORMATION, Severity.INFORMATION]


def test_no_code_is_ours_and_held_against_the_candidate():
    for code, one in CODES.items():
        if not code.startswith(("transport.", "blocked.")):
            assert (one.effect is Effect.BROKEN) == (one.cause is Cause.CANDIDATE), code


def test_nothing_shown_is_no_pass():
    unshown = Finding("data.no-example", effect=Effect.UNSHOWN, cause=Cause.DATA)
    assert verdict_of([unshown], Strength.SHALL) is Verdict.NONE
    assert verdict_of([], Strength.SHALL) is Verdict.PASS
    assert verdict_of([unshown, Finding("http.status")], Strength.SHALL) is Verdict.FAIL
    unconcerned = Finding("data.not-carried", effect=Effect.UNCONCERNED, cause=Cause.DATA)
    assert verdict_of([unconcerned], Strength.SHALL) is Verdict.NOT_APPLICABLE
    assert verdict_of([unconcerned, Finding("structure.missing")], Strength.SHALL) is Verdict.FAIL


@given(st.lists(st.sampled_from(["http.status", "bundle.total", "search.missing"]), max_size=40))
def test_folding_loses_no_count(codes):
    folded = fold([Finding(code, place=str(number)) for number, code in enumerate(codes)])
    assert sum(one.count for one in folded) == len(codes)
    for code in set(codes):
        assert len([one for one in folded if one.code == code]) <= 5


def judgement(requirement, rests_on=(), fails=True, profile="p"):
    found = (Finding("http.status"),) if fails else ()
    verdict = Verdict.FAIL if fails else Verdict.PASS
    return Judgement(profile, "s", "step", 0, "status", requirement, verdict, found, Weight(1, 1, 0), ("x1",), rests_on)


def test_the_simplest_failure_is_the_root_and_what_rests_on_it_its_consequence():
    several = [judgement("B", ("A",)), judgement("A"), judgement("C", ("B", "X")), judgement("X", fails=False),
               judgement("D", ("X",)), judgement("B", ("A",), profile="q")]
    assert roots(several) == {0: "A"}, "C rests on B, which is no root; X passes; q has no failing A"


def test_a_requirement_found_broken_by_itself_stays_so():
    assert roots([judgement("A"), judgement("B"), judgement("B", ("A",))]) == {}


@given(st.lists(st.tuples(st.sampled_from("ABCDE"), st.lists(st.sampled_from("ABCDE"), max_size=3), st.booleans()),
                max_size=12))
def test_every_consequence_has_a_failing_root(drawn):
    several = [judgement(name, tuple(one for one in rests if one != name), fails) for name, rests, fails in drawn]
    found = roots(several)
    failing = {one.requirement for one in several if one.findings}
    standing = {one.requirement for number, one in enumerate(several) if one.findings and number not in found}
    for number, root in found.items():
        assert root in several[number].rests_on
        assert root in standing, "the root itself stands"
    assert not failing or standing, "where something fails, something stands"
