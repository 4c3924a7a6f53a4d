"""Resources met again: the same object, never another, whatever a candidate writes around them."""

import json

import orjson
import pytest

from conformance.fhir.body import Bodies, parse
from conformance.fhir.pool import Pool


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def offer(number, **more):
    return {"resourceType": "HealthcareService", "id": str(number), "name": "Rééducation " * 20, **more}


def bundle(*resources, **more):
    return {"resourceType": "Bundle", "type": "searchset", **more,
            "entry": [{"fullUrl": "http://x/1", "resource": one, "search": {"mode": "match"}} for one in resources]}


def resources(value):
    return [entry["resource"] for entry in value["entry"]]


@pytest.fixture
def bodies():
    made = Bodies()
    made.read(compact(bundle(*(offer(number) for number in range(5)))))
    return made


def test_the_same_content_is_the_same_object_in_every_spelling(bodies):
    first = resources(bodies.read(compact(bundle(offer(1), offer(2)))))
    for spelling in (compact, lambda value: json.dumps(value, indent=2).encode(),
                     lambda value: json.dumps(value, separators=(" , ", " : ")).encode()):
        again = resources(bodies.read(spelling(bundle(offer(2), offer(1), total=2))))
        assert again[0] is first[1]
        assert again[1] is first[0]
    alone = bodies.read(compact(offer(1)))
    assert alone is first[0]


@pytest.mark.parametrize("value", [
    bundle(offer(1), offer(9), offer(2)), bundle(offer(1, active=1)), bundle(offer(1, active=True)), bundle(),
    bundle(offer(1, contained=[{"resource": offer(2)}])),
    {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": offer(1)}, {"resource": "x"}, 5, {}]},
    {"resourceType": "Bundle", "entry": {"resource": offer(1)}},
    {"resourceType": "Parameters", "parameter": [{"name": "x", "resource": offer(1)}]},
    {"resourceType": "Bundle", "entry": [{"fullUrl": '"resource":', "resource": offer(1)}], "resource": offer(2)},
    {"resource": offer(1)},
    {"resourceType": "Bundle", "entry": [{"resource": {"known to the harness": 0}}, {"resource": offer(1)}]},
    {"resourceType": "Bundle", "entry": [{"resource": {"known to the harness": 0}}]},
    {"resourceType": "Bundle", "known to the harness": 1, "entry": [{"resource": offer(1)}]},
    {"resourceType": "Bundle", "entry": [{"resource": {"known to the harness": 0}}], "x": {"resource": offer(1)}},
], ids=range(14))
@pytest.mark.parametrize("spelling", [compact, lambda value: json.dumps(value).encode()], ids=["compact", "spaced"])
def test_a_body_is_read_as_if_nothing_were_known(bodies, value, spelling):
    for _ in range(2):
        body = spelling(value)
        assert orjson.dumps(bodies.read(body)) == orjson.dumps(parse(body)) == orjson.dumps(value)


def test_one_and_true_are_not_the_same():
    made = Bodies()
    for active in (1, True, 1.0):
        read = resources(made.read(compact(bundle(offer(1, active=active)))))[0]
        assert type(read["active"]) is type(active)


def test_what_was_found_out_is_kept_with_the_resource_and_forgotten_with_it():
    pool, one = Pool(keep=2), offer(1)
    pool.facts(one)["colour"] = "blue"
    assert pool.facts(one) == {"colour": "blue"}
    assert pool.facts(offer(1)) == {}, "an equal resource that was not settled is another"
    made = Bodies()
    made.pool = Pool(keep=2)
    first = resources(made.read(compact(bundle(offer(1)))))[0]
    for number in range(2, 6):
        made.read(compact(bundle(offer(number))))
    assert resources(made.read(compact(bundle(offer(1)))))[0] is not first
