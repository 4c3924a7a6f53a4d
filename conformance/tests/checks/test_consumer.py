"""What applications send and show: wrong requests that a check tells, right ones that it does not."""

import json

import pytest

from conformance.checks import CHECKS, Ground
from conformance.codes import CODES
from conformance.model import Trouble
from conformance.tests.checks import test_conduct, test_secured
from conformance.tests.checks.heard import (
    ALL,
    BUSY,
    ENDED,
    FIELD,
    FINE,
    KNOWN,
    NOS,
    TOKEN,
    UNKNOWN,
    get,
    paged,
    stated,
    tells_wrong_from_right,
    told,
)
from conformance.tests.checks.stage import REGION, answer, entry, offer, searchset
from conformance.tests.checks.test_findings import compared

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
    "request.token": (("renews-token", {}, [ENDED, ENDED], {}), ("renews-token", {}, [ENDED, TOKEN, get("Location")], {})),
    "request.link": (("follows-next", {}, paged("[base]/HealthcareService?_page=7", "HealthcareService?a=1&_page=7"), {}),
                     ("follows-next", {}, paged("HealthcareService?_page=7", "HealthcareService?_page=7"), {})),
    "request.early": (("waits", {}, [get("Location", BUSY), get("Location")], {}),
                      ("waits", {}, [get("Location", BUSY), get("Location")], {"seconds": (0, 3)})),
    "request.insistent": (("gives-up", {"within": 2}, [get("Location", BUSY)] * 3, {}),
                          ("gives-up", {"within": 2}, [get("Location", Trouble("bench.cut", "x"))] * 2, {})),
    "shown.lost": (("shows", ALL, [get("HealthcareService")], {"outcome": {"shown": ["1"]}, "known": KNOWN}),
                   ("shows", ALL, [get("HealthcareService")],
                    {"outcome": {"shown": ["HealthcareService/1", "B2"]}, "known": KNOWN})),
    "shown.denied": (("shows", ALL, [get("HealthcareService")], {"outcome": stated("shows", "no", "B2"), "known": KNOWN}),
                     ("shows", ALL, [get("HealthcareService")], {"outcome": stated("shows", "yes"), "known": KNOWN})),
    "shown.added": (("shows", ALL, [get("HealthcareService")], {"outcome": {"shown": ["1", "2", "3"]}, "known": KNOWN}),
                    ("shows", ALL, [get("HealthcareService")], {"outcome": {"shown": ["1", "2"]}, "known": KNOWN})),
    "shown.twice": (("shows", ALL, [get("HealthcareService")], {"outcome": {"shown": ["1", "2", "B2"]}, "known": KNOWN}),
                    ("shows", ALL, [get("HealthcareService")], {"outcome": {"shown": ["1", "2"]}, "known": KNOWN})),
}
BESIDE = ("bench.cut", "bench.drive", "bench.handshake", "bench.refused", "bench.skipped")  # told by the bench, not by a check


@pytest.mark.parametrize("code", CASES)
def test_the_wrong_request_gives_it_and_the_right_one_does_not(code):
    tells_wrong_from_right(code, CASES[code])


@pytest.mark.parametrize("code", BESIDE)
def test_the_text_of_those_told_by_the_bench(code):
    compared(code, "what was expected", "what was seen", "")


def test_each_check_and_each_kind_of_finding_is_here():
    assert {one for one in CODES if one.startswith(("bench.", "request.", "shown."))} == {*CASES, *test_conduct.CASES, *test_secured.CASES, *BESIDE}
    own = {name for name, one in CHECKS.items() if one.ground <= Ground.HEARD}
    assert own - {one[0][0] for one in (*CASES.values(), *test_conduct.CASES.values(), *test_secured.CASES.values())} == {
        "bearer", "token-request", "full-codes", "confirms", "no-headers", "sends-fhir", "patch-form", "asks-async", "not-whole",
        "zoned", "no-secret",
    }, "these: below, in test_conduct and test_secured"


@pytest.mark.parametrize(("check", "requests", "wrong"), [
    ("bearer", [get("Location", authorization="Bearer [token 1]")], set()),
    ("bearer", [get("Location", authorization="Basic [secret 1]")], {"Basic [secret 1]"}),
    ("token-request", [TOKEN], set()),
    ("token-request", [get("Location")], {"none"}),
    ("token-request", [(*TOKEN[:3], "grant_type=password&client_id=app", TOKEN[4])], {"password"}),
    ("token-request", [("GET", *TOKEN[1:])], {"GET, application/x-www-form-urlencoded"}),
    ("token-request", [UNKNOWN], {"absent"}),
    ("token-request", [UNKNOWN, TOKEN], set()),
    ("token-request", [(*TOKEN[:2], {"content-type": "Application/X-WWW-Form-URLEncoded"}, *TOKEN[3:])], set()),
    ("token-request", [(*TOKEN[:3], "grant_type=client%5Fcredentials&client_id=app", TOKEN[4])], set()),
    ("renews-token", [ENDED, TOKEN], {"not sent"}),
    ("renews-token", [ENDED, TOKEN, get("Location"), get("Location?_page=8")], set()),
    ("renews-token", [get("metadata", answer({}, 401)), TOKEN, get("Location")], {"none"}),
])
def test_tokens(check, requests, wrong):
    found = [one for own in ("ROR-SEC-010", "ROR-SEC-014", "ROR-SEC-015") for one in told(check, {}, requests, requirement=own)]
    assert {one.actual for one in found} == wrong


@pytest.mark.parametrize(("value", "requirement"), [
    (f"{NOS}|02", None), (f"{NOS}|02,{NOS}|03", None), ("02", "ROR-HTTP-071"), ("|02", "ROR-HTTP-071"),
    (f"{NOS.replace('FHIR/TRE-', 'FHIR/TRE_')}|02", "ROR-HTTP-072"), ("urn:other|02", None),
])
def test_a_code_is_asked_with_its_system(value, requirement):
    for own in ("ROR-HTTP-071", "ROR-HTTP-072"):
        found = told("full-codes", {}, [get(f"HealthcareService?service-type={value}")], known=REGION, requirement=own)
        assert bool(found) is (own == requirement)


@pytest.mark.parametrize(("modifier", "value", "wrong"), [
    ("missing", "true", False), ("text", "SSR", False), ("not", "02", True),
])
def test_a_value_that_is_no_code_has_no_system(modifier, value, wrong):
    asked = [get(f"HealthcareService?service-type:{modifier}={value}")]
    assert bool(told("full-codes", {}, asked, known=REGION, requirement="ROR-HTTP-071")) is wrong


@pytest.mark.parametrize(("value", "wrong"), [
    ("[base]/Location/1", False), ("[base capacities]/Location/1", False), ("[family 12]", False), ("[x]", True),
])
def test_what_the_record_masks_was_not_sent_raw(value, wrong):
    asked = [get(f"HealthcareService?location={value}")]
    assert bool(told("encoded", {}, asked, requirement="ROR-APP-008")) is wrong


@pytest.mark.parametrize(("asked", "same"), [
    ("ge2026-01-01T00:00:00%2B01:00", True), ("ge2025-12-31T23:00:00Z", True), ("gt2025-12-31T23:00:00Z", False),
    ("ge2026-01-01T00:00:00Z", False),
])
def test_an_instant_may_be_asked_in_another_time_zone(asked, same):
    wanted = {"GET": "HealthcareService", "with": {"_lastUpdated": "ge2026-01-01T00:00:00+01:00"}}
    assert bool(told("asks", wanted, [get(f"HealthcareService?_lastUpdated={asked}")])) is not same


def test_a_request_under_way_is_not_early_and_another_reading_is_another():
    asked = [get("HealthcareService?a=1", BUSY), get("HealthcareService?a=2")]
    assert not told("waits", {}, asked, seconds=(0, 0))
    assert told("waits", {}, asked, seconds=(0, 1))
    assert not told("waits", {}, [get("HealthcareService/1", BUSY), get("HealthcareService/2")], seconds=(0, 1))


def test_a_link_may_be_written_with_other_escapes_of_the_same():
    asked = paged("[base]/HealthcareService?_id=1,2&_page=7", "HealthcareService?_id=1%2C2&_page=7")
    assert not told("follows-next", {}, asked)


@pytest.mark.parametrize("link", [f"[base]/HealthcareService?{FIELD}&name=a%20b&_page=7",
                                  f"HealthcareService?{FIELD}&name=a%20b&_page=7"])
def test_a_link_is_still_one_when_its_escapes_are_others(link):
    other = f"HealthcareService?service-type={NOS}%7C02&name=a+b&_page=7"
    first = get(f"HealthcareService?{FIELD}&name=a%20b", answer(searchset(entry(offer("1")), next_link=link)))
    for check, requirement in (("follows-next", "ROR-APP-001"), ("known-parameters", "ROR-APP-009")):
        assert not told(check, {}, [first, get(other)], requirement=requirement)


@pytest.mark.parametrize(("query", "same"), [
    ("name=H%C3%B4pital%20Nord", True), ("name=H%C3%B4pital+Nord", True), ("name=H%C3%B4pital%2BNord", False),
])
def test_a_space_may_be_written_as_a_plus(query, same):
    wanted = {"GET": "HealthcareService", "with": {"name": "Hôpital Nord"}}
    assert bool(told("asks", wanted, [get(f"HealthcareService?{query}")])) is not same


@pytest.mark.parametrize("colon", [":", "%3A", "%3a"])
def test_a_time_zone_with_a_bare_plus_is_told_once(colon):
    asked = [get(f"HealthcareService?_lastUpdated=ge2026-01-01T00{colon}00{colon}00+01{colon}00")]
    wanted = {"GET": "HealthcareService", "with": {"_lastUpdated": "ge2026-01-01T00:00:00+01:00"}}
    assert not told("asks", wanted, asked)
    assert told("encoded", {}, asked, requirement="ROR-HTTP-068")


def test_a_search_sent_by_post_has_the_parameters_of_its_address_too():
    asked = [("POST", "[base]/HealthcareService/_search?_count=5&name=x", {}, "specialty=a%7Cb", FINE)]
    assert not told("asks", {"GET": "HealthcareService", "with": {"specialty": "a|b", "name": "x"}}, asked)


@pytest.mark.parametrize("request_", [get("metadata"), get(".well-known/smart-configuration", answer({}, 404)),
                                      ("OPTIONS", "[base]/HealthcareService", {}, "", answer({}, 405))])
def test_what_is_for_all_needs_no_token(request_):
    assert not told("bearer", {}, [request_])


def test_what_is_no_more_active_may_be_left_out():
    known = (offer("1"), offer("2", active=False))
    for shown in (["1"], ["1", "2"]):
        assert not told("shows", ALL, [get("HealthcareService")], outcome={"shown": shown}, known=known)


def test_a_filter_is_not_read_and_not_held_against_anybody():
    wanted = {"GET": "HealthcareService", "with": {"service-type": "02"}}
    found = told("asks", wanted, [get("HealthcareService?_filter=service-type%20eq%2002")])
    assert [one.code for one in found] == ["bench.not-met"]


def test_who_is_given_no_token_is_not_told_to_search_or_show_badly():
    for check, parameters in (("asks", {"GET": "HealthcareService"}), ("shows", ALL)):
        found = told(check, parameters, [UNKNOWN], outcome={"shown": []}, known=KNOWN)
        assert [one.code for one in found] == ["bench.not-met"]
        assert "bench.not-met" not in {one.code for one in told(check, parameters, [UNKNOWN, get("Location")],
                                                                outcome={"shown": []}, known=KNOWN)}


def test_what_an_application_says_may_be_anything():
    for outcome in ({"shown": [None, 3, {"a": 1}]}, {"shown": "1"}, [], {"shown": []}, json.loads('{"shown": [[]]}')):
        assert told("shows", ALL, [get("HealthcareService")], outcome=outcome, known=KNOWN)


ERROR = {"fr": "Une erreur est-elle montrée ?", "en": "Is an error shown?"}


@pytest.mark.parametrize(("outcome", "codes"), [
    (stated("confirms", "yes"), []), (stated("confirms", "no"), ["shown.denied"]), ({"confirmed": True}, []),
    ({"confirmed": False}, ["shown.denied"]), (stated("confirms", "unknown"), ["bench.no-outcome"]),
    (stated("shows", "yes"), ["bench.no-outcome"]), ({"confirmed": "yes"}, ["bench.no-outcome"]), (None, ["bench.no-outcome"]),
    ({"confirmed": True} | stated("confirms", "no"), ["shown.denied"]), ({"stated": []}, ["bench.no-outcome"]),
])
def test_what_only_a_user_can_tell(outcome, codes):
    assert [one.code for one in told("confirms", ERROR, [get("Location")], outcome=outcome)] == codes


@pytest.mark.parametrize(("outcome", "codes"), [
    (stated("shows", "unknown"), ["bench.no-outcome"]), (stated("shows", "maybe"), ["bench.no-outcome"]),
    ({"shown": ["1", "2"]} | stated("shows", "no"), ["shown.denied"]),
    ({"shown": ["1"]} | stated("shows", "yes"), ["shown.lost"]),
])
def test_a_no_never_passes(outcome, codes):
    assert [one.code for one in told("shows", ALL, [get("HealthcareService")], outcome=outcome, known=KNOWN)] == codes


def test_of_who_was_refused_each_search_it_is_not_told_what_it_shows():
    known = (offer("1"), offer("2"))
    refused = get("HealthcareService?_lastUpdated=%3E%3D2026", answer({}, 400))
    assert {one.code for one in told("shows", ALL, [refused], outcome={"shown": []}, known=known)} == {"bench.not-met"}
    both = told("shows", ALL, [refused, get("HealthcareService")], outcome={"shown": []}, known=known)
    assert {one.code for one in both} == {"shown.lost"}
