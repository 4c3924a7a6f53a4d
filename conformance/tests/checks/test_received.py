"""What is judged over a whole run: every resource that any answer showed, once for each content."""

from dataclasses import replace

from conformance.checks.evidence import Evidence
from conformance.checks.judge import Spot, judge_step
from conformance.fhir.body import Bodies
from conformance.fhir.population import Population
from conformance.fhir.received import Received
from conformance.model import Expectation, Request, Scenario
from conformance.specification import Text
from conformance.tests.checks.stage import HERE, PROFILE, answer, entry, example, nomenclature, searchset, sent

MINE = "ROR-STR-HealthcareService.name"
EVERY = "ROR-STR-HealthcareService.*"


def judged(earlier, over="run", url=""):
    """The judgement of the name of offers, after earlier answers; the step itself shows a right one."""
    bodies, received = Bodies(), Received()
    for number, body in enumerate(earlier, 1):
        for one in sent([body], name=f"earlier{number}").exchanges:
            received.take(replace(one, request=Request("GET", url)) if url else one, bodies)
    expectation = Expectation("elements", {"structure": "ror-healthcareservice", "over": over}, (EVERY,), HERE)
    current = sent([searchset(entry(example("HealthcareService")))], expect=(expectation,))
    for one in current.exchanges:
        received.take(one, bodies)
    scenario = Scenario("socle/x", Text("x", "x"), None, (PROFILE.id,), "socle", "socle", "server", "active",
                        (EVERY,), (), (), (current.step,), HERE)
    evidence = Evidence(PROFILE, nomenclature.shipped(), Population(), {}, {}, current, bodies, received)
    return next(one for one in judge_step(Spot(PROFILE, scenario), evidence) if one.requirement == MINE)


def wrong(**changes):
    return example("HealthcareService", id="2", name=["a list"], **changes)


def test_a_wrong_resource_of_an_earlier_answer_is_found_where_it_was():
    judgement = judged([searchset(entry(wrong()))])
    assert judgement.verdict.word == "fail"
    assert [(one.exchange, one.place) for one in judgement.findings] == [
        ("earlier1-1", "Bundle.entry[0].resource.HealthcareService.name")]
    assert (judgement.weight.exchanges, judgement.weight.resources) == (2, 2)


def test_an_inclusion_a_read_and_a_history_count_too():
    for body in (searchset(entry(wrong(), mode="include")), wrong(), searchset(entry(wrong()), type="history")):
        assert judged([body]).verdict.word == "fail"


def test_a_step_alone_is_judged_by_what_it_shows():
    assert judged([searchset(entry(wrong()))], over="step").verdict.word == "pass"


def test_a_resource_met_again_counts_once():
    body = searchset(entry(wrong()))
    assert len(judged([body, body]).findings) == 1


def test_resources_asked_in_part_are_left_out():
    subset = wrong(meta={"tag": [{"code": "SUBSETTED"}]})
    assert judged([searchset(entry(subset))]).verdict.word == "pass"
    assert judged([searchset(entry(wrong()))], url="[base]/HealthcareService?_elements=id").verdict.word == "pass"


def test_what_cannot_be_read_or_was_refused_shows_nothing():
    refused = answer(wrong(), status=422)
    assert judged([b"{", refused, answer(b"[]")]).verdict.word == "pass"
