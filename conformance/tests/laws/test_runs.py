"""Laws against real servers: what they find, shrink and record; what they hold against nobody."""

import itertools
import json
import random
import re
import socket

import pytest

from conformance import ledger, selftest, workshop
from conformance.clock import SystemClock
from conformance.engine import talk
from conformance.engine.laws import DRAWS, QUICK
from conformance.fhir_generation import FhirGeneration
from conformance.model import Candidate
from conformance.reference.app import create_app
from conformance.reference.fault import Answer, Fault
from conformance.reference.faults import FAULTS
from conformance.reference.server import Running, stored
from conformance.report import render
from conformance.tests.checks.test_findings import compared

TIMES = re.compile(r'"(?:started|milliseconds)":(?:"[^"]*"|[\d.]+)|\["date","[^"]*"\]')
REGION = selftest._region(80, 4)
CRITERIA, COMPARISONS, LINKS = "socle/70-lois-des-criteres", "socle/71-lois-des-comparaisons", "socle/72-lois-des-liens"
OPTIONAL = "socle/77-lois-facultatives"
ALL = (CRITERIA, COMPARISONS, LINKS, OPTIONAL, "socle/73-lois-des-pages", "socle/74-lois-de-proximite", "socle/75-valeurs-aux-limites")


def campaign(*only, profile="ror-fhir-0.7.0", depth=QUICK, seed=7):
    who = Candidate("Produit", "1", "Vendeur", "server", (profile,), ())
    return workshop.campaign(who, workshop.Choice(only=only, depth=depth, seed=seed))


def run(folder, *only, fault=None, profile="ror-fhir-0.7.0", depth=QUICK, seed=7):
    made = campaign(*only, profile=profile, depth=depth, seed=seed)
    with Running(create_app(stored(REGION, fault), profile_id=profile, fault=fault)) as base:
        workshop.drive(made, selftest.endpoint(base), folder, SystemClock(), lambda _event: None)
    return ledger.read(folder), workshop.report(folder)


@pytest.mark.parametrize("profile", ["ror-fhir-0.6.0", "ror-fhir-0.7.0"])
def test_the_clean_reference_keeps_every_law(profile, tmp_path):
    record, report = run(tmp_path / "run", *ALL, profile=profile)
    assert {one.verdict.word for one in record.judgements()} == {"pass"}
    assert report.problems == ()
    for one in record.judgements():
        assert 0 < one.weight.draws <= DRAWS[QUICK], one.check
        assert one.weight.values > 0, one.check
        assert one.weight.exchanges >= one.weight.draws, one.check


def test_a_broken_law_is_shrunk_confirmed_and_shown_beside_what_it_is_compared_with(tmp_path):
    record, report = run(tmp_path / "run", LINKS, fault=FAULTS["filter-and-as-or"], depth="standard")
    (problem,) = [one for one in report.problems if one.effect == "broken"][:1]
    assert (problem.requirement, problem.code) == ("ROR-HTTP-045", "law.filters-as-plain")
    one = problem.occurrences[0]
    assert one.draws > 0
    assert " and " in one.place, "two criteria, for one alone shows nothing"
    shown = [report.shown[name] for name in (one.exchange, *one.beside)]
    assert len(shown) == 2
    assert shown[1].url.count("=") == 2, "the simplest: two criteria"
    cases = [line for line in record.of_type("case") if line["again"]]
    assert cases, "asked once more before it is held against anybody"
    page = render.RENDERERS["html"](report)
    assert page.count(f"[base]/{shown[0].url.removeprefix('[base]/').split('?')[0]}") >= 1
    assert "pair" in page


def test_a_record_is_judged_again_to_the_same(tmp_path):
    for name in (None, "comma-as-and"):
        folder = tmp_path / str(name)
        _, then = run(folder, CRITERIA, fault=FAULTS.get(name))
        now = workshop.report(folder, rejudge=True)
        assert render.jsonable(now) | {"rejudged": False} == render.jsonable(then)


class Recorded:
    """A server that gives the answers of a record again, to the same questions, in their order."""

    def __init__(self, record, then, now):
        self.answers = {}
        for line in record.of_type("exchange"):
            exchange = record.exchange(line)
            url = exchange.request.url.replace("[base]", "/ws-diffusion-fhir")
            body = exchange.response.body.replace(then.encode(), now.encode())
            self.answers.setdefault((exchange.request.method, url, exchange.request.body), []).append(
                (exchange.response, body))

    async def __call__(self, scope, receive, send):
        sent = (await receive())["body"].decode()
        query = scope["query_string"].decode()
        url = scope["raw_path"].decode() + (f"?{query}" if query else "")
        held = self.answers[scope["method"], url, sent]
        response, body = held.pop(0) if len(held) > 1 else held[0]
        kept = [(name.encode(), value.encode()) for name, value in response.headers
                if name not in ("content-length", "content-encoding", "date", "server")]
        await send({"type": "http.response.start", "status": response.status, "headers": kept})
        await send({"type": "http.response.body", "body": body})


@pytest.mark.parametrize(("only", "fault"), [((LINKS, OPTIONAL, "socle/76-contrat"), None),
                                             ((CRITERIA, COMPARISONS), "comma-as-and")])
def test_the_same_seed_and_answers_give_the_same_record(only, fault, tmp_path):
    first, _ = run(tmp_path / "first", *only, fault=FAULTS.get(fault))
    assert any(line["again"] for line in first.of_type("case")) == bool(fault)
    whole = next(one for one in map(first.exchange, first.of_type("exchange")) if b'"url":"http' in one.response.body)
    then = re.search(rb'"url":"(http://[^/]+/[^/]+)/', whole.response.body)[1].decode()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    made = campaign(*only)

    def told(folder):
        base = f"http://127.0.0.1:{port}/ws-diffusion-fhir"
        with Running(Recorded(first, then, base), port=port) as there:
            workshop.drive(made, selftest.endpoint(there), folder, SystemClock(), lambda _event: None)
        lines = (folder / "record.jsonl").read_text(encoding="utf-8").split("\n")
        assert len(lines) > 300
        return [TIMES.sub("", line) for line in lines if '"type":"footer"' not in line]

    assert told(tmp_path / "one") == told(tmp_path / "two")


class Changing:
    """After some searches, one resource of each type is gone."""

    def __init__(self, after):
        self.searches, self.after = itertools.count(), after

    def __call__(self, matches):
        gone = next(self.searches) > self.after
        return [one for one in matches if not gone or one != 9]


def moody(answer, asked, mood=random.Random(5)):  # noqa: B008 - one mood for all answers
    if asked.interaction != "search-type" or asked.start or mood.random() > 0.3:
        return answer
    body = json.loads(answer.body)
    kept = [one for one in body.get("entry", []) if one["search"]["mode"] != "match"][:1]
    return Answer(answer.status, answer.headers, json.dumps({**body, "total": len(kept), "entry": kept}).encode())


def test_a_candidate_that_answers_by_mood_is_inconclusive_with_both_answers(tmp_path):
    record, _ = run(tmp_path / "run", CRITERIA, fault=Fault("moody", {}, "", answer=moody))
    told = [one for one in record.judgements() if one.findings]
    assert {one.verdict.word for one in told} <= {"inconclusive", "none"}
    unstable = [found for one in told for found in one.findings if found.code == "blocked.unstable"]
    assert unstable
    assert all(found.exchange and found.beside for found in unstable if "narrows" in found.actual)


def test_data_that_change_during_a_case_are_blamed_on_nobody(tmp_path):
    for after in (20, 33, 47):
        fault = Fault("changing", {}, "", matches=Changing(after))
        record, _ = run(tmp_path / str(after), "ROR-SRC-001", fault=fault)
        assert not [one for one in record.judgements() if one.verdict.word == "fail" and one.step.startswith("law-")]


def test_a_parameter_that_is_refused_is_told_and_not_passed_over(tmp_path):
    def refusing(answer, asked):
        refused = any(name == "_filter" for name, _ in asked.pairs)
        return Answer(400, answer.headers, answer.body) if refused else answer

    record, _ = run(tmp_path / "run", LINKS, fault=Fault("refusing", {}, "", answer=refusing))
    told = [one for one in record.judgements() if one.check == "filters-as-plain"]
    assert {(one.verdict.word, one.findings[0].code, one.findings[0].actual) for one in told} == {
        ("inconclusive", "blocked.status", "status 400")}


def test_what_a_server_may_refuse_is_not_applicable_when_it_does(tmp_path):
    def refusing(answer, asked):
        refused = any(name.endswith((":missing", ":exact")) for name, _ in asked.pairs)
        return Answer(400, answer.headers, answer.body) if refused else answer

    record, _ = run(tmp_path / "run", OPTIONAL, fault=Fault("refusing", {}, "", answer=refusing))
    told = {one.check: one for one in record.judgements()}
    for check in ("missing-partitions", "exact-within"):
        one = told[check]
        assert (one.verdict.word, one.findings[0].code) == ("not-applicable", "optional.not-served"), check
        compared("optional.not-served", one.findings[0].expected, one.findings[0].actual, "")
    assert told["posts-as-gets"].verdict.word == told["reductions-only-remove"].verdict.word == "pass"


def spoilt(resource):
    """Every third resource has values of types that nobody expects."""
    if int(resource["id"]) % 3 or resource["resourceType"] in ("Measure", "Questionnaire"):
        return resource
    odd = {"meta": ["x"], "name": {"a": 1}, "specialty": "x", "type": 5, "identifier": [{"value": {}}, None, 3],
           "location": [{"reference": 4}, "y"], "providedBy": "z", "characteristic": [{"coding": "w"}],
           "position": {"latitude": "48", "longitude": None}, "address": [], "partOf": 7, "extension": [{"url": 3}, "e"]}
    return {**resource, **{key: value for key, value in odd.items() if key in resource}}


def test_values_of_wrong_types_neither_stop_the_run_nor_are_ours(tmp_path):
    record, _ = run(tmp_path / "run", *ALL, fault=Fault("spoilt", {}, "", resource=spoilt))
    assert record.complete
    assert "harness.check" not in {found.code for one in record.judgements() for found in one.findings}


def test_a_candidate_that_dies_ends_the_laws(tmp_path):
    def dying(_answer, _asked, left=itertools.count()):  # noqa: B008 - one count for all answers
        if next(left) > 60:
            raise RuntimeError
        return _answer

    record, _ = run(tmp_path / "run", CRITERIA, fault=Fault("dying", {}, "", answer=dying))
    assert record.complete
    assert {one.verdict.word for one in record.judgements()} <= {"pass", "error", "inconclusive"}


def test_at_depth_none_nothing_is_drawn_and_that_is_said(tmp_path):
    record, report = run(tmp_path / "run", CRITERIA, depth="none")
    assert not list(record.of_type("case"))
    assert [(one.verdict, one.skipped) for one in report.scenarios] == [
        ("not-applicable", "no case of a law is drawn (--depth none)")]


def test_what_was_asked_ahead_of_a_case_that_breaks_is_recorded_and_judged_by_nobody(tmp_path):
    record, _ = run(tmp_path / "run", CRITERIA, fault=FAULTS["comma-as-and"], depth="standard")
    cases = list(record.of_type("case"))
    told = {name for line in cases for one in line["questions"] for name in one["exchanges"]}
    told |= {name for line in cases for name in line["again"]}
    drawn = [line["id"] for line in record.of_type("exchange") if line["purpose"] in ("draw", "page")]
    beyond = [int(name[1:]) for name in drawn if name not in told]
    broken = [line for line in cases if line["again"]]
    between = [(int(line["questions"][0]["exchanges"][0][1:]), int(line["again"][0][1:])) for line in broken]
    assert beyond
    assert all(any(first < one < again for first, again in between) for one in beyond)
    assert len(beyond) < 100 < len(drawn)
    assert {name for one in record.judgements() for name in one.exchanges} & set(drawn) <= told


def test_pages_of_several_questions_are_walked_among_each_other_and_each_to_its_end(tmp_path):
    record, _ = run(tmp_path / "run", "socle/73-lois-des-pages", depth="standard")
    asked = {line["id"]: line["request"]["url"] for line in record.of_type("exchange")}
    among = 0
    for line in record.of_type("case"):
        for one in line["questions"]:
            numbers = [int(name[1:]) for name in one["exchanges"]]
            assert numbers == sorted(numbers)
            assert len({asked[name] for name in one["exchanges"]}) == len(numbers), "no page twice"
            assert one["ending"] in ("complete", "one", "limit")
            among += len(numbers) > 1 and numbers != list(range(numbers[0], numbers[0] + len(numbers)))
    assert among


@pytest.mark.parametrize("fault", [None, "comma-as-and"])
def test_where_much_is_held_one_case_goes_on_at_a_time_to_the_same_end(fault, tmp_path, monkeypatch):
    def told(name):
        record, _ = run(tmp_path / name, CRITERIA, "socle/73-lois-des-pages", fault=FAULTS.get(fault))
        pages = [[int(one[1:]) for each in line["questions"] for one in each["exchanges"][1:]]
                 for line in record.of_type("case") if not line["again"]]
        return [(one.check, one.requirement, one.verdict, one.weight) for one in record.judgements()], pages

    def apart(pages):
        return all(max(one) < min(other) for one, other in itertools.pairwise(filter(None, pages)))

    wide, among = told("wide")
    monkeypatch.setattr(talk, "ROOM", 1)
    narrow, alone = told("narrow")
    assert narrow == wide
    assert apart(alone)
    assert not apart(among)


def test_of_cases_that_kept_a_law_no_body_is_held(tmp_path, monkeypatch):
    held = []
    monkeypatch.setattr(FhirGeneration, "settled", lambda _self, _course, _law, cases, _reason: held.append(cases) or [])
    run(tmp_path / "run", CRITERIA)
    exchanges = [one for cases in held for case in cases for sent in case.sents for one in sent.exchanges]
    assert len(exchanges) > 100
    assert not any(one.response.body for one in exchanges)
