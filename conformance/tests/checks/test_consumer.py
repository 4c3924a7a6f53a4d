"""What applications send and show: wrong requests that a check tells, right ones that it does not."""

import json

import pytest

from conformance import nomenclature
from conformance.checks import CHECKS, Ground
from conformance.checks.evidence import Evidence
from conformance.checks.judge import Spot, judge_step
from conformance.codes import CODES
from conformance.fhir.body import Bodies
from conformance.fhir.population import Population
from conformance.model import Action, Ask, Exchange, Expectation, Request, Scenario, Sent, Step, Trouble
from conformance.specification import Text
from conformance.tests.checks.stage import HERE, PROFILE, REGION, answer, entry, offer, searchset
from conformance.tests.checks.test_findings import compared

NOS = "https://mos.esante.gouv.fr/NOS/TRE_R227-ChampActivite/FHIR/TRE-R227-ChampActivite"
FIELD = f"service-type={NOS.replace(':', '%3A').replace('/', '%2F')}%7C02"
TOKEN = ("POST", "[base auth]/token", {"content-type": "application/x-www-form-urlencoded"},
         "grant_type=client_credentials&client_id=app", answer({"access_token": "[token 1]"}))
FINE, BUSY = answer(searchset()), answer({}, 503, **{"Retry-After": "2"})
ALL = {"resource": "HealthcareService", "criteria": {"_id": "1,2"}}
KNOWN = (offer("1"), {**offer("2"), "identifier": [{"value": "B2"}]}, offer("3"))


def get(url, result=FINE, **headers):
    return "GET", f"[base]/{url}", headers, "", result


def heard(requests, seconds=()):
    """Exchanges as they came in, one a second unless other times are given."""
    made = []
    for number, (method, url, headers, body, result) in enumerate(requests):
        at = seconds[number] if seconds else number
        made.append(Exchange(
            f"x{number + 1}", "heard", Request(method, url, tuple(headers.items()), body),
            None if isinstance(result, Trouble) else result, result if isinstance(result, Trouble) else None,
            f"2026-01-01T00:00:{at:02d}.000Z", 1.0))
    return tuple(made)


def told(check, parameters, requests, *, outcome=None, seconds=(), known=(), names=None, requirement="ROR-APP-010"):
    expectation = Expectation(check, parameters, (requirement,), HERE)
    action = Action("search-offers", Text("x", "x"), (), {}, 1.0, 1.0)
    step = Step("step", "AWAIT", "search-offers", (), (), (), 1, (expectation,), HERE, action=action)
    current = Sent(step, Ask("AWAIT", "search-offers"), heard(requests, seconds), "done", outcome)
    population = Population()
    for one in known:
        population.add(one)
    evidence = Evidence(PROFILE, nomenclature.shipped(), population, names or {}, {}, current, Bodies())
    scenario = Scenario("socle/x", Text("x", "x"), None, (PROFILE.id,), "socle", "socle", "consumer", "active",
                        (requirement,), (), (), (step,), HERE)
    return [one for made in judge_step(Spot(PROFILE, scenario), evidence) for one in made.findings]


def paged(*links):
    return [get("HealthcareService?a=1", answer(searchset(entry(offer("1")), next_link=links[0])))] + [
        get(url, answer(searchset(entry(offer("2"))))) for url in links[1:]]


CASES = {
    "bench.silent": (("asks", {"GET": "HealthcareService"}, [], {}), ("asks", {"GET": "HealthcareService"},
                                                                     [get("HealthcareService")], {})),
    "bench.no-outcome": (("shows", ALL, [get("HealthcareService")], {}),
                         ("shows", ALL, [get("HealthcareService")], {"outcome": {"shown": ["1", "2"]}, "known": KNOWN})),
    "bench.not-met": (("waits", {}, [get("HealthcareService")], {}),
                      ("waits", {}, [get("Location", BUSY), get("Location")], {"seconds": (0, 5)})),
    "request.missing": (("asks", {"GET": "HealthcareService", "with": {"service-type": "{field.system}|{field.code}"}},
                         [get("HealthcareService?service-type=02")], {"names": {"field": {"system": NOS, "code": "02"}}}),
                        ("asks", {"GET": "HealthcareService", "with": {"service-type": "{field.system}|{field.code}"}},
                         [get(f"HealthcareService?{FIELD}")], {"names": {"field": {"system": NOS, "code": "02"}}})),
    "request.header": (("sends-headers", {"Ror-Role-Metier-Code": "."}, [get("Location")], {}),
                       ("sends-headers", {"Ror-Role-Metier-Code": "."},
                        [get("Location", **{"ror-role-metier-code": "AUTOMATE"}), TOKEN], {})),
    "request.parameter": (("known-parameters", {}, [get("HealthcareService?speciality=02")],
                           {"requirement": "ROR-APP-009"}),
                          ("known-parameters", {}, [get("HealthcareService?specialty=02&_include=HealthcareService:location")],
                           {"requirement": "ROR-APP-009"})),
    "request.encoding": (("encoded", {}, [get("HealthcareService?specialty=a|b")], {"requirement": "ROR-APP-008"}),
                         ("encoded", {}, [get(f"HealthcareService?{FIELD}&name=Caf%C3%A9%20100%25")],
                          {"requirement": "ROR-APP-008"})),
    "request.token": (("renews-token", {}, [get("Location", answer({}, 401)), get("Location", answer({}, 401))], {}),
                      ("renews-token", {}, [get("Location", answer({}, 401)), TOKEN, get("Location")], {})),
    "request.link": (("follows-next", {}, paged("[base]/HealthcareService?_page=7", "HealthcareService?a=1&_page=7"), {}),
                     ("follows-next", {}, paged("HealthcareService?_page=7", "HealthcareService?_page=7"), {})),
    "request.early": (("waits", {}, [get("Location", BUSY), get("Location")], {}),
                      ("waits", {}, [get("Location", BUSY), get("Location")], {"seconds": (0, 3)})),
    "request.insistent": (("gives-up", {"within": 2}, [get("Location", BUSY)] * 3, {}),
                          ("gives-up", {"within": 2}, [get("Location", Trouble("bench.cut", "x"))] * 2, {})),
    "shown.lost": (("shows", ALL, [get("HealthcareService")], {"outcome": {"shown": ["1"]}, "known": KNOWN}),
                   ("shows", ALL, [get("HealthcareService")],
                    {"outcome": {"shown": ["HealthcareService/1", "B2"]}, "known": KNOWN})),
    "shown.added": (("shows", ALL, [get("HealthcareService")], {"outcome": {"shown": ["1", "2", "3"]}, "known": KNOWN}),
                    ("shows", ALL, [get("HealthcareService")], {"outcome": {"shown": ["1", "2"]}, "known": KNOWN})),
    "shown.twice": (("shows", ALL, [get("HealthcareService")], {"outcome": {"shown": ["1", "2", "B2"]}, "known": KNOWN}),
                    ("shows", ALL, [get("HealthcareService")], {"outcome": {"shown": ["1", "2"]}, "known": KNOWN})),
}
BESIDE = ("bench.cut", "bench.drive", "bench.refused")  # told by the bench, not by a check


@pytest.mark.parametrize("code", CASES)
def test_the_wrong_request_gives_it_and_the_right_one_does_not(code):
    (check, parameters, wrong, how), (right_check, right_parameters, right, right_how) = CASES[code]
    found = told(check, parameters, wrong, **how)
    assert code in {one.code for one in found}
    assert not told(right_check, right_parameters, right, **right_how)
    one = next(one for one in found if one.code == code)
    compared(code, one.expected, one.actual, one.place)


@pytest.mark.parametrize("code", BESIDE)
def test_the_text_of_those_told_by_the_bench(code):
    compared(code, "what was expected", "what was seen", "")


def test_each_check_and_each_kind_of_finding_is_here():
    assert {one for one in CODES if one.startswith(("bench.", "request.", "shown."))} == {*CASES, *BESIDE}
    own = {name for name, one in CHECKS.items() if one.ground is Ground.HEARD}
    assert own - {one[0][0] for one in CASES.values()} == {"bearer", "token-request", "full-codes"}, "these: below"


@pytest.mark.parametrize(("check", "requests", "wrong"), [
    ("bearer", [get("Location", authorization="Bearer [token 1]")], set()),
    ("bearer", [get("Location", authorization="Basic [secret 1]")], {"Basic [secret 1]"}),
    ("token-request", [TOKEN], set()),
    ("token-request", [get("Location")], {"none"}),
    ("token-request", [(*TOKEN[:3], "grant_type=password&client_id=app", TOKEN[4])], {"password"}),
    ("token-request", [("GET", *TOKEN[1:])], {"GET, application/x-www-form-urlencoded"}),
])
def test_tokens(check, requests, wrong):
    assert {one.actual for one in told(check, {}, requests)} == wrong


@pytest.mark.parametrize(("value", "requirement"), [
    (f"{NOS}|02", None), (f"{NOS}|02,{NOS}|03", None), ("02", "ROR-HTTP-071"), ("|02", "ROR-HTTP-071"),
    (f"{NOS.replace('FHIR/TRE-', 'FHIR/TRE_')}|02", "ROR-HTTP-072"), ("urn:other|02", None),
])
def test_a_code_is_asked_with_its_system(value, requirement):
    for own in ("ROR-HTTP-071", "ROR-HTTP-072"):
        found = told("full-codes", {}, [get(f"HealthcareService?service-type={value}")], known=REGION, requirement=own)
        assert bool(found) is (own == requirement)


@pytest.mark.parametrize(("asked", "same"), [
    ("ge2026-01-01T00:00:00%2B01:00", True), ("ge2025-12-31T23:00:00Z", True), ("gt2025-12-31T23:00:00Z", False),
    ("ge2026-01-01T00:00:00Z", False),
])
def test_an_instant_may_be_asked_in_another_time_zone(asked, same):
    wanted = {"GET": "HealthcareService", "with": {"_lastUpdated": "ge2026-01-01T00:00:00+01:00"}}
    assert bool(told("asks", wanted, [get(f"HealthcareService?_lastUpdated={asked}")])) is not same


def test_a_link_may_be_written_with_other_escapes_of_the_same():
    asked = paged("[base]/HealthcareService?_id=1,2&_page=7", "HealthcareService?_id=1%2C2&_page=7")
    assert not told("follows-next", {}, asked)


def test_the_statement_is_for_all():
    assert not told("bearer", {}, [get("metadata")])


def test_what_is_no_more_active_may_be_left_out():
    known = (offer("1"), offer("2", active=False))
    for shown in (["1"], ["1", "2"]):
        assert not told("shows", ALL, [get("HealthcareService")], outcome={"shown": shown}, known=known)


def test_a_filter_is_not_read_and_not_held_against_anybody():
    wanted = {"GET": "HealthcareService", "with": {"service-type": "02"}}
    found = told("asks", wanted, [get("HealthcareService?_filter=service-type%20eq%2002")])
    assert [one.code for one in found] == ["bench.not-met"]


def test_what_an_application_says_may_be_anything():
    for outcome in ({"shown": [None, 3, {"a": 1}]}, {"shown": "1"}, [], {"shown": []}, json.loads('{"shown": [[]]}')):
        assert told("shows", ALL, [get("HealthcareService")], outcome=outcome, known=KNOWN)
