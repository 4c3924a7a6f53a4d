"""A stage for the requests of applications: exchanges as a bench heard them, judged by one check."""

from conformance import nomenclature
from conformance.checks.evidence import Evidence
from conformance.checks.judge import Spot, judge_step
from conformance.fhir.body import Bodies
from conformance.fhir.population import Population
from conformance.model import Action, Ask, Exchange, Expectation, Request, Scenario, Sent, Step, Trouble
from conformance.specification import Text
from conformance.tests.checks.stage import HERE, PROFILE, answer, entry, offer, searchset
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


ENDED = get("Location?_page=7", answer({}, 401), authorization="Bearer [token 1]")
UNKNOWN = (*TOKEN[:3], "grant_type=client_credentials", answer({}, 401))


def heard(requests, seconds=(), tls="", client=""):
    """Exchanges as they came in, one a second unless other times are given."""
    made = []
    for number, (method, url, headers, body, result) in enumerate(requests):
        at = seconds[number] if seconds else number
        made.append(Exchange(
            f"x{number + 1}", "heard", Request(method, url, tuple(headers.items()), body),
            None if isinstance(result, Trouble) else result, result if isinstance(result, Trouble) else None,
            f"2026-01-01T00:00:{at:02d}.000Z", 1.0, tls, client))
    return tuple(made)


def greeting(told):
    """A handshake that led to no request."""
    return Exchange("h1", "handshake", Request("TLS", "[bench]"), None, Trouble("bench.handshake", told),
                    "2026-01-01T00:00:00.000Z", 0.0)


def told(check, parameters, requests, *, outcome=None, seconds=(), known=(), names=None, requirement="ROR-APP-010",
         tls="", client="", greetings=()):
    expectation = Expectation(check, parameters, (requirement,), HERE)
    action = Action("search-offers", Text("x", "x"), (), {}, 1.0, 1.0)
    step = Step("step", "AWAIT", "search-offers", (), (), (), 1, (expectation,), HERE, action=action)
    current = Sent(step, Ask("AWAIT", "search-offers"), heard(requests, seconds, tls, client), "done", outcome)
    population = Population()
    for one in known:
        population.add(one)
    evidence = Evidence(PROFILE, nomenclature.shipped(), population, names or {}, {}, current, Bodies(),
                        greetings=greetings)
    scenario = Scenario("socle/x", Text("x", "x"), None, (PROFILE.id,), "socle", "socle", "consumer", "active",
                        (requirement,), (), (), (step,), HERE)
    return [one for made in judge_step(Spot(PROFILE, scenario), evidence) for one in made.findings]


def stated(check, answer, note=""):
    return {"stated": {check: {"answer": answer, "note": note}}}


def paged(*links):
    return [get("HealthcareService?a=1", answer(searchset(entry(offer("1")), next_link=links[0])))] + [
        get(url, answer(searchset(entry(offer("2"))))) for url in links[1:]]


def tells_wrong_from_right(code, case):
    """The wrong request gives a finding of a kind, told as its golden file has it; the right one gives none at all."""
    (check, parameters, wrong, how), (right_check, right_parameters, right, right_how) = case
    found = told(check, parameters, wrong, **how)
    assert code in {one.code for one in found}
    assert not told(right_check, right_parameters, right, **right_how)
    one = next(one for one in found if one.code == code)
    compared(code, one.expected, one.actual, one.place)
