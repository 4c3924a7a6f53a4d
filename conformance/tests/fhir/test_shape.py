"""Base FHIR R4 as JSON Schema: what is known, of which form, and what must be there; two validators agree."""

import jsonschema
import jsonschema_rs
import pytest

from conformance.fhir.r4 import r4
from conformance.fhir.shape import Shape

SHAPE = Shape(r4())
RESOURCES = [kind for kind in r4().kinds if r4().resource(kind) and kind not in ("Resource", "DomainResource")]


def offer(**more):
    return {"resourceType": "HealthcareService", "id": "1", **more}


def wrong(schema, resource):
    """Whether a resource differs from a schema; both validators must say so, or neither."""
    fast = not jsonschema_rs.validator_for(schema).is_valid(resource)
    slow = not jsonschema.Draft202012Validator(schema).is_valid(resource)
    assert fast is slow
    return fast


@pytest.mark.parametrize("kind", RESOURCES)
def test_each_resource_has_a_schema_of_the_draft(kind):
    schema = SHAPE.of_resource(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert not [name for name, one in schema["$defs"].items() if not one], "each definition is filled"
    assert wrong(schema, {"resourceType": kind, "id": "a 1"})


@pytest.mark.parametrize("right", [
    offer(), offer(availableTime=[{"daysOfWeek": ["mon", "sun"], "availableStartTime": "08:30:00"}]),
    offer(availableTime=[{"daysOfWeek": [None, "mon"], "_daysOfWeek": [{"extension": [{"url": "urn:x", "valueCode": "y"}]}, None]}]),
    offer(_name={"extension": [{"url": "urn:x", "valuePeriod": {"start": "2026"}}]}),
    offer(contained=[{"resourceType": "Basic", "whatever": 1}]),
    offer(telecom=[{"system": "phone", "rank": 1}], meta={"tag": [{"system": "urn:x"}], "lastUpdated": "2026-01-01T00:00:00Z"}),
    offer(extension=[{"url": "urn:x", "extension": [{"url": "y", "valueQuantity": {"value": 1.5}}]}]),
])
def test_right_forms(right):
    assert not wrong(SHAPE.of_resource("HealthcareService"), right)


@pytest.mark.parametrize("different", [
    offer(colour="red"), offer(name=["x"]), offer(name=1), offer(name=" "), offer(type={}), offer(type=[]),
    offer(availableTime=[{"daysOfWeek": ["lundi"]}]), offer(availableTime=[{"daysOfWeek": [1]}]),
    offer(availableTime=[{"daysOfWeek": "mon"}]), offer(availableTime=[{"opening": "x"}]),
    offer(telecom=[{"system": "pigeon"}]), offer(telecom=[{"rank": "1"}]),
    offer(extension=[{"url": "x", "valueColour": "red"}]), offer(contained=["x"]), offer(active="true"),
    offer(meta={"lastUpdated": "2026-13-01T00:00:00Z"}), offer(_name="x"), {"resourceType": "Location"},
    offer(notAvailable=[{"during": {"start": "lundi"}}]),
    offer(extension=[{"url": "partie", "valueCode": "y"}]), offer(extension=[{"url": "urn:x"}]), offer(telecom=[{}]),
    offer(extension=[{"url": "urn:x", "valueCode": "y", "valueString": "y"}]), offer(telecom=[{"rank": 0}]),
    offer(extension=[{"url": "urn:x", "valueCode": "y", "extension": [{"url": "z", "valueCode": "y"}]}]),
    offer(availableTime=[{"daysOfWeek": ["mon", None]}]), offer(providedBy={"reference": "Location/1"}),
    offer(meta={"lastUpdated": "2026-02-30T00:00:00Z"}),
])
def test_wrong_forms(different):
    assert wrong(SHAPE.of_resource("HealthcareService"), different)


@pytest.mark.parametrize(("kind", "full"), [
    ("HealthcareService", {"notAvailable": [{"description": "x"}]}),
    ("HealthcareService", {"notAvailable": [{"_description": {"extension": [{"url": "urn:x", "valueCode": "y"}]}}]}),
    ("HealthcareService", {"extension": [{"url": "urn:x", "valueCode": "y"}], "text": {"status": "empty", "div": "<div/>"}}),
    ("Location", {"position": {"latitude": 1, "longitude": 2}}),
    ("Questionnaire", {"status": "draft", "item": [{"linkId": "1", "type": "group",
                                                    "item": [{"linkId": "2", "type": "string"}]}]}),
    ("Bundle", {"type": "searchset", "link": [{"relation": "self", "url": "x"}], "entry": [{"resource": {"resourceType": "Basic"}}]}),
])
def test_what_must_be_there_is(kind, full):
    assert not wrong(SHAPE.of_resource(kind), {"resourceType": kind, **full})


@pytest.mark.parametrize(("kind", "lacking"), [
    ("HealthcareService", {"notAvailable": [{"description": "x"}, {"during": {"start": "2026"}}]}),
    ("HealthcareService", {"extension": [{"valueString": "x"}]}),
    ("HealthcareService", {"telecom": [{"extension": [{"valueString": "x"}]}]}),
    ("HealthcareService", {"text": {"status": "empty"}}),
    ("Location", {"position": {"latitude": 1}}),
    ("Questionnaire", {}), ("Bundle", {"entry": []}),
    ("Questionnaire", {"status": "draft", "item": [{"linkId": "1", "type": "group", "item": [{"linkId": "2"}]}]}),
    ("Bundle", {"type": "searchset", "entry": [{"link": [{"url": "x"}]}]}),
])
def test_what_must_be_there_is_not(kind, lacking):
    assert wrong(SHAPE.of_resource(kind), {"resourceType": kind, **lacking})


@pytest.mark.parametrize(("path", "many"), [
    (["telecom"], True), (["name"], False), (["meta", "tag"], True), (["telecom", "value"], False),
    (["availableTime", "daysOfWeek"], True), (["nothing"], False), (["extension", "extension"], True)])
def test_what_repeats(path, many):
    assert SHAPE.repeats("HealthcareService", path) is many
