"""A step made by hand: answers as a candidate gave them, put before one check."""

import copy
import json

from conformance import nomenclature, workshop
from conformance.checks.evidence import Evidence
from conformance.checks.judge import Spot, judge_step
from conformance.fhir.body import Bodies
from conformance.fhir.population import Population
from conformance.model import Ask, Exchange, Expectation, Place, Request, Response, Scenario, Sent, Step, Trouble
from conformance.reference.region import generate
from conformance.specification import Text

PROFILE = workshop.read_profiles()["ror-fhir-0.7.0"]
HERE = Place("scenario.yaml", 1, 1)
REGION = list(generate(50, 5))


def example(kind, **changes):
    """A resource of the reference, in a copy that may be made wrong."""
    made = copy.deepcopy(next(one for one in REGION if one["resourceType"] == kind))
    made.update(changes)
    return {name: value for name, value in made.items() if value is not None}


def offer(identifier="1", **changes):
    """A small HealthcareService."""
    return {"resourceType": "HealthcareService", "id": identifier, **changes}


def place(identifier="1", **changes):
    """A small Location."""
    return {"resourceType": "Location", "id": identifier, **changes}


def entry(resource, mode="match", **changes):
    """An entry of a searchset; ``mode`` None leaves search out."""
    made = {"fullUrl": f"https://ror.example/fhir/{resource['resourceType']}/{resource['id']}", "resource": resource}
    if mode:
        made["search"] = {"mode": mode}
    made.update(changes)
    return {name: value for name, value in made.items() if value is not None}


def searchset(*entries, total=None, next_link="", self_link="", **changes):
    """A searchset; its total is the number of matches unless told."""
    links = [{"relation": name, "url": url} for name, url in (("self", self_link), ("next", next_link)) if url]
    counted = sum(one.get("search", {}).get("mode") == "match" for one in entries)
    return {"resourceType": "Bundle", "type": "searchset", "total": counted if total is None else total,
            "link": links, "entry": list(entries), **changes}


def answer(body, status=200, kind="application/fhir+json;charset=UTF-8", **headers):
    """What the candidate sent: an object written as JSON, or bytes as they are."""
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return Response(status, (("Content-Type", kind), *headers.items()), raw, len(raw))


def sent(answers, path="HealthcareService", query=(), ending="complete", name="step", expect=(), purposes=(), access="", tls=""):
    """A step as driven; an answer may be a Trouble."""
    step = Step(name, "GET", path, tuple(query), (), (), 1, tuple(expect), HERE)
    exchanges = tuple(
        Exchange(f"{name}-{number}", dict(enumerate(purposes, 1)).get(number, "step"), Request("GET", f"[base]/{path}"),
                 None if isinstance(one, Trouble) else one if isinstance(one, Response) else answer(one),
                 one if isinstance(one, Trouble) else None, "2026-01-01T00:00:00Z", 1.0,
                 tls)
        for number, one in enumerate(answers, 1))
    return Sent(step, Ask("GET", path, tuple(query), access=access), exchanges, ending)


def judged(check, parameters, answers, *, known=(), names=None, earlier=None, stable=True,
           requirement="ROR-HTTP-011", **how):
    """The judgements of one expectation on a step."""
    expectation = Expectation(check, parameters, (requirement,), HERE)
    current = sent(answers, expect=(expectation,), **how)
    population = Population()
    for one in known:
        population.add(one)
    everyone = "1" if current.ask.access else ""
    steps = {name: sent(given, name=name, path=current.ask.path, access=everyone) for name, given in (earlier or {}).items()}
    evidence = Evidence(PROFILE, nomenclature.shipped(), population, names or {}, {**steps, "step": current}, current,
                        Bodies())
    scenario = Scenario("socle/x", Text("x", "x"), None, (PROFILE.id,), "socle", "socle", "server", "live",
                        (requirement,), (), (), current.step.place and (current.step,), HERE)
    return judge_step(Spot(PROFILE, scenario), evidence, stable)


def findings(*arguments, **how):
    """The findings of one expectation on a step."""
    return [one for judgement in judged(*arguments, **how) for one in judgement.findings]
