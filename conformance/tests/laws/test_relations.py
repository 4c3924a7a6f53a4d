"""One case per law: answers that break it, answers that keep it, and the golden text told of it."""

from dataclasses import replace

import pytest

from conformance.fhir.body import Bodies
from conformance.fhir.population import Population
from conformance.laws.ground import Ground
from conformance.laws.judging import tried
from conformance.model import Expectation, Trouble
from conformance.tests.checks.stage import HERE, PROFILE, answer, entry, offer, place, searchset, sent
from conformance.tests.checks.test_findings import compared

NOTHING = searchset()
KNOWN = (
    offer("1", providedBy={"reference": "Organization/7"}, location=[{"reference": "Location/5"}]),
    offer("2", providedBy={"reference": "Organization/8"}),
    {"resourceType": "Organization", "id": "7"}, {"resourceType": "Organization", "id": "8"},
    place("5", position={"latitude": 48.0, "longitude": -3.0}),
    place("6", position={"latitude": 48.9, "longitude": -3.0}),
)
BY_KEY = {f"{one['resourceType']}/{one['id']}": one for one in KNOWN}


def offers(*ids, **changes):
    return searchset(*(entry(offer(one)) for one in ids), **changes)


def known(*keys, **changes):
    return searchset(*(entry(BY_KEY[one]) for one in keys), **changes)


def dated(*pairs):
    return searchset(*(entry(offer(one, meta={"lastUpdated": when})) for one, when in pairs))


def ask(role, *pages, path="HealthcareService", query=(), ending="complete"):
    return role, sent(pages, path=path, query=query, ending=ending, name=role)


A, B, AB = [("specialty", "a")], [("specialty", "b")], [("specialty", "a,b")]
SINCE = [("_lastUpdated", "ge2024-01-01")]
NEAR = ([("near", "48.0|-3.0|10|km")], [("near", "48.0|-3.0|50|km")])
CASES = {
    "narrows": ({}, [ask("wide", offers("1"), query=A), ask("narrow", offers("1", "2"), query=A + B)],
                [ask("wide", offers("1", "2"), query=A), ask("narrow", offers("1"), query=A + B)]),
    "any-order": ({}, [ask("given", offers("1"), query=A + SINCE), ask("turned", NOTHING, query=SINCE + A)],
                  [ask("given", offers("1", "2"), query=A + SINCE), ask("turned", offers("2", "1"), query=SINCE + A)]),
    "unites": ({}, [ask("of-1", offers("1"), query=A), ask("of-2", offers("2"), query=B), ask("listed", offers("1"), query=AB)],
               [ask("of-1", offers("1"), query=A), ask("of-2", NOTHING, query=B), ask("listed", offers("1"), query=AB)]),
    "intersects": ({}, [ask("first", offers("1"), query=A), ask("second", offers("1", "2"), query=B),
                        ask("both", offers("1", "2"), query=A + B)],
                   [ask("first", offers("1"), query=A), ask("second", offers("1", "2"), query=B),
                    ask("both", offers("1"), query=A + B)]),
    "not-partitions": ({}, [ask("all", offers("1", "2")), ask("with", offers("1"), query=A),
                            ask("without", NOTHING, query=[("specialty:not", "a")])],
                       [ask("all", offers("1", "2")), ask("with", offers("1"), query=A),
                        ask("without", offers("2"), query=[("specialty:not", "a")])]),
    "prefixes-agree": ({}, [ask("ge", offers("2"), query=SINCE), ask("gt", offers("2")), ask("le", offers("1")),
                            ask("lt", NOTHING), ask("equal", offers("1"), query=[("_lastUpdated", "2024-01-01")])],
                       [ask("ge", offers("1", "2"), query=SINCE), ask("gt", offers("2")), ask("le", offers("1")),
                        ask("lt", NOTHING), ask("equal", offers("1"), query=[("_lastUpdated", "2024-01-01")])]),
    "later-narrows": ({}, [ask("since", offers("1"), query=SINCE), ask("later", offers("2"))],
                      [ask("since", offers("1", "2"), query=SINCE), ask("later", offers("2"))]),
    "zones-agree": ({}, [ask("here", offers("1"), query=[("_lastUpdated", "ge2024-01-01T10:00:00Z")]), ask("elsewhere", NOTHING)],
                    [ask("here", offers("1")), ask("elsewhere", offers("1"))]),
    "systems-agree": ({}, [ask("code", offers("1")), ask("whole", offers("1")), ask("none", NOTHING),
                           ask("other", offers("1"), query=[("specialty", "urn:x|a")])],
                      [ask("code", offers("1", "2")), ask("whole", offers("1")), ask("none", offers("2")),
                       ask("other", NOTHING)]),
    "spelling-agrees": ({}, [ask("given", offers("1"), query=[("name", "Été")]), ask("capitals", NOTHING),
                             ask("plain", offers("1"))],
                        [ask("given", offers("1")), ask("capitals", offers("1")), ask("plain", offers("1"))]),
    "pages-partition": ({}, [ask("whole", offers("1", "2")), ask("paged", offers("1"), offers("1")), ask("anew", offers("1"))],
                        [ask("whole", offers("1", "2")), ask("paged", offers("1"), offers("2")), ask("anew", offers("1"))]),
    "totals-agree": ({}, [ask("whole", offers("1", "2", total=3)), ask("paged", offers("1", "2", total=2)), ask("anew", NOTHING)],
                     [ask("whole", offers("1", "2")), ask("paged", offers("1", total=2), offers("2", total=2)),
                      ask("anew", NOTHING)]),
    "sorts": ({}, [ask("plain", offers("1", "2")),
                   ask("sorted", dated(("1", "2024-02-01T00:00:00Z"), ("2", "2024-01-01T00:00:00Z")),
                       query=[("_sort", "_lastUpdated")])],
              [ask("plain", offers("1", "2")),
               ask("sorted", dated(("1", "2024-02-01T00:00:00Z"), ("2", "2024-01-01T00:00:00Z")),
                   query=[("_sort", "-_lastUpdated")])]),
    "answers-again": ({}, [ask("first", offers("1"), query=A), ask("between", offers("2")), ask("again", offers("2"))],
                      [ask("first", offers("1"), query=A), ask("between", offers("2")), ask("again", offers("1"))]),
    "answers-all": ({}, [ask("asked-1", answer(b"", 500), query=[("name", "\\")])],
                    [ask("asked-1", answer(b"", 400)), ask("asked-2", offers("1"))]),
    "filters-as-plain": ({}, [ask("plain", offers("1"), query=A), ask("filtered", offers("1", "2"))],
                         [ask("plain", offers("1"), query=A), ask("filtered", offers("1"))]),
    "reads-as-found": ({}, [ask("found", searchset(entry(offer("1", name="Alpha")))),
                            ask("read", answer(offer("1", name="Beta")), path="HealthcareService/1", ending="one")],
                       [ask("found", searchset(entry(offer("1", name="Alpha")))),
                        ask("read", answer(offer("1", name="Alpha")), path="HealthcareService/1", ending="one")]),
    "chains-in-two-steps": ({"by": "organization"},
                            [ask("there", known("Organization/7"), path="Organization"),
                             ask("chained", known("HealthcareService/2"))],
                            [ask("there", known("Organization/7"), path="Organization"),
                             ask("chained", known("HealthcareService/1"))]),
    "has-in-two-steps": ({"by": "HealthcareService:location"},
                         [ask("pointing", known("HealthcareService/1"), query=A), ask("having", known("Location/6"), path="Location")],
                         [ask("pointing", known("HealthcareService/1")), ask("having", known("Location/5"), path="Location")]),
    "includes-close": ({"paths": ["HealthcareService:organization"]},
                       [ask("asked", known("HealthcareService/1"), query=[("_include", "HealthcareService:organization")])],
                       [ask("asked", searchset(entry(KNOWN[0]), entry(KNOWN[2], mode="include")),
                            query=[("_include", "HealthcareService:organization")])]),
    "revincludes-close": ({"paths": ["HealthcareService:location"]},
                          [ask("asked", known("Location/5"), path="Location", query=[("_revinclude", "HealthcareService:location")])],
                          [ask("asked", searchset(entry(KNOWN[4]), entry(KNOWN[0], mode="include")), path="Location",
                               query=[("_revinclude", "HealthcareService:location")])]),
    "missing-partitions": ({}, [ask("all", offers("1", "2")), ask("lacking", offers("1"), query=[("specialty:missing", "true")]),
                                ask("having", offers("1", "2"), query=[("specialty:missing", "false")])],
                           [ask("all", offers("1", "2")), ask("lacking", offers("1")), ask("having", offers("2"))]),
    "exact-within": ({}, [ask("given", offers("1", "2"), query=[("name", "Ab")]), ask("exact", offers("1"), query=[("name:exact", "Ab")]),
                          ask("capitals", offers("1"), query=[("name:exact", "AB")])],
                     [ask("given", offers("1", "2")), ask("exact", offers("1")), ask("capitals", offers("2"))]),
    "posts-as-gets": ({}, [ask("given", offers("1"), query=A), ask("posted", offers("1", "2"), path="HealthcareService/_search")],
                      [ask("given", offers("1"), query=A), ask("posted", offers("1"), path="HealthcareService/_search")]),
    "reductions-only-remove": ({}, [ask("whole", offers("1"), query=A),
                                    ask("reduced", searchset(entry(offer("1", name="Other"))), query=[*A, ("_summary", "true")])],
                               [ask("whole", searchset(entry(offer("1", name="One", comment="x"))), query=A),
                                ask("reduced", searchset(entry(offer("1", name="One"))), query=[*A, ("_summary", "true")])]),
    "distance-grows": ({"by": "near"},
                       [ask("short", known("Location/5", "Location/6"), path="Location", query=NEAR[0]),
                        ask("long", known("Location/5", "Location/6"), path="Location", query=NEAR[1])],
                       [ask("short", known("Location/5"), path="Location", query=NEAR[0]),
                        ask("long", known("Location/5"), path="Location", query=NEAR[1])]),
}


def told(law, given, asked):
    population = Population()
    for one in KNOWN:
        population.add(one)
    use = Expectation(law, {"resource": "HealthcareService", **given}, ("ROR-SRC-001",), HERE)
    return tried(use, 1, [one for _, one in asked], Bodies(), Ground(PROFILE, population))


@pytest.mark.parametrize("law", CASES)
def test_answers_that_break_it_are_told_and_those_that_keep_it_are_not(law):
    given, wrong, right = CASES[law]
    kept = told(law, given, right)
    assert (kept.findings, kept.void) == ((), None)
    broken = told(law, given, wrong)
    assert broken.broken
    one = broken.findings[0]
    roles = {role for role, _ in wrong}
    assert {exchange.rsplit("-", 1)[0] for exchange in (one.exchange, *one.beside)} <= roles
    compared(f"law.{law}", one.expected, one.actual, one.place)


@pytest.mark.parametrize(("answers", "why"), [
    ([ask("wide", answer(b"", 400)), ask("narrow", offers("1"))], ("blocked.status", "status 400")),
    ([ask("wide", offers("1"), ending="limit"), ask("narrow", offers("2"))], ("data.too-many", "more than 1 pages")),
    ([ask("wide", offers("1"), ending="broken"), ask("narrow", offers("2"))], ("blocked.pages", "broken")),
    ([ask("wide", answer(b"{")), ask("narrow", offers("2"))], ("blocked.status", "body.not-json")),
    ([ask("wide", Trouble("transport.too-slow", "30 s")), ask("narrow", offers("2"))],
     ("blocked.status", "transport.too-slow")),
    ([ask("wide", NOTHING), ask("narrow", NOTHING)], ("data.no-example", "none")),
])
def test_a_case_that_cannot_tell_says_why(answers, why):
    made = told("narrows", {}, answers)
    assert not made.broken
    assert (made.void.code, made.void.actual) == why


def test_some_pages_tell_of_inclusions():
    given, wrong, right = CASES["includes-close"]
    for asked, broken in ((wrong, True), (right, False)):
        made = told("includes-close", given, [(role, replace(one, ending="limit")) for role, one in asked])
        assert (made.broken, made.void) == (broken, None)


@pytest.mark.parametrize(("selected", "accused"), [
    ({"ge": "12", "gt": "2", "le": "1", "lt": "", "equal": ""}, {"equal"}),
    ({"ge": "12", "gt": "2", "le": "1", "lt": "", "equal": "1"}, set()),
    ({"ge": "2", "gt": "2", "le": "1", "lt": "", "equal": "1"}, {"ge"}),
    ({"ge": "12", "gt": "2", "le": "", "lt": "", "equal": "1"}, {"le"}),
    ({"ge": "123", "gt": "2", "le": "1", "lt": "", "equal": "1"}, {"ge"}),
    ({"ge": "12", "gt": "2", "le": "1", "lt": ""}, set()),
    ({"ge": "1", "gt": "2", "le": "1", "lt": ""}, {"ge"}),
])
def test_of_prefixes_the_one_that_departs_is_accused(selected, accused):
    made = told("prefixes-agree", {}, [ask(role, offers(*keys)) for role, keys in selected.items()])
    assert {one.exchange.rsplit("-", 1)[0] for one in made.findings} == accused
