"""Persons in the bodies of answers: masked before anything is recorded, whatever is wrong with the body."""

import json

import orjson
import pytest

from conformance.drive.redact import Vault
from conformance.fhir.body import Bodies, Unreadable, parse
from conformance.fhir.personal import scrubber


def person(number="1", family="Canary", **more):
    return {"resourceType": "Practitioner", "id": number, "name": [{"family": family, "given": ["Bird"]}],
            "identifier": [{"system": "https://rpps.esante.gouv.fr", "value": "10101010101"}], **more}


def bundle(*resources, **more):
    return {"resourceType": "Bundle", "type": "searchset", **more,
            "entry": [{"fullUrl": f"http://x/{one['id']}", "resource": one} for one in resources]}


OFFER = {"resourceType": "HealthcareService", "id": "7", "name": "Rééducation", "active": True}


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.fixture
def scrub():
    made = scrubber(Bodies(), Vault())
    return lambda value: made(value if isinstance(value, bytes) else compact(value))


def test_persons_are_masked_and_the_rest_is_not(scrub):
    clean = json.loads(scrub(bundle(person(), OFFER)))
    told = clean["entry"][0]["resource"]
    assert (told["name"], told["identifier"][0]["value"]) == (
        [{"family": "[family 1]", "given": ["[given 1]"]}], "[person identifier 1]")
    assert clean["entry"][1]["resource"] == OFFER


def test_what_else_tells_of_a_person_is_masked(scrub):
    told = scrub(person(telecom=[{"value": "canary@x"}], address=[{"line": ["canary street"], "text": "canary"}],
                        text={"status": "generated", "div": "<div>canary</div>"}, birthDate="1960-01-canary"))
    assert b"canary" not in told.lower()
    place = {"resourceType": "Location", "id": "2", "name": "x", "address": {"line": ["5 rue X"]}}
    assert json.loads(scrub(bundle(person(), place)))["entry"][1]["resource"] == place


def test_a_body_without_persons_is_the_same_bytes(scrub):
    body = json.dumps(bundle(OFFER), indent=3).encode()
    assert scrub(body) is body
    assert scrub(compact(bundle(OFFER))) == compact(bundle(OFFER))


def test_seen_again_a_person_has_the_same_mask_in_every_spelling_of_the_answer(scrub):
    first = json.loads(scrub(bundle(person(), OFFER)))
    for again in (compact(bundle(person(), OFFER)), json.dumps(bundle(person(), OFFER), indent=1).encode(),
                  compact(bundle(OFFER, person(), total=2))):
        clean = scrub(again)
        assert b"Canary" not in clean
        assert {one["resource"]["id"]: one["resource"] for one in json.loads(clean)["entry"]} == {
            one["resource"]["id"]: one["resource"] for one in first["entry"]}
    assert json.loads(scrub(person())) == first["entry"][0]["resource"]


def test_where_a_person_was_seen_before_only_that_person_is_written_again(scrub):
    scrub(bundle(person(), OFFER))
    odd = b'{ "resourceType" : "Bundle",\t"type":"searchset","total": 2.0,"entry":[{"resource":%s},{"resource":%s}\n]}'
    told = scrub(odd % (compact(OFFER), compact(person())))
    assert told == odd % (compact(OFFER), compact(json.loads(scrub(person()))))
    spoofed = compact({**bundle(person()), "id": "known to the harness"})
    assert json.loads(scrub(spoofed))["entry"][0]["resource"] == json.loads(scrub(person()))


def test_an_answer_of_offers_alone_stays_untouched_after_one_with_persons(scrub):
    scrub(bundle(person(), OFFER))
    assert scrub(bundle(OFFER)) == compact(bundle(OFFER))


@pytest.mark.parametrize("spoil", [
    lambda body: body[:-20],
    lambda body: body.replace(b'"Bird"', b'"B\xe9ird"'),
    lambda body: body.replace(b'"Bundle"', b'"Bundle" oops'),
    lambda _body: b'<Practitioner><name><family value="Canary"/><given value = \'Canary\'/></name></Practitioner>',
    lambda body: b"<html>" + body,
], ids=["cut", "latin-1", "comma", "xml", "html"])
def test_in_a_body_that_is_not_json_what_looks_personal_is_struck_out_in_place(scrub, spoil):
    body = spoil(compact(bundle(person(), OFFER)))
    clean = scrub(body)
    assert (b"Canary" in body, b"Canary" in clean, b"1010" in clean) == (True, False, False)
    assert len(clean) == len(body)
    with pytest.raises(Unreadable) as before:
        parse(body)
    with pytest.raises(Unreadable) as after:
        parse(clean)
    assert (before.value.code, before.value.detail) == (after.value.code, after.value.detail)


@pytest.mark.parametrize("depth", [300, 900, 1020])
def test_a_body_nested_too_deeply_to_be_masked_is_withheld(scrub, depth):
    deep = b'{"resourceType":"Practitioner","name":[{"family":"Canary"}],"x":' + b"[" * depth + b"]" * depth + b"}"
    clean = scrub(deep)
    assert b"Canary" not in clean
    with pytest.raises(Unreadable) as told:
        parse(clean)
    assert told.value.code == "body.too-deep"


@pytest.mark.parametrize("place", ["known", "new", "beside"])
def test_a_secret_is_masked_wherever_it_stands_from_its_registration_on(place):
    vault, bodies = Vault(), Bodies()
    scrub = scrubber(bodies, vault)
    other = {**OFFER, "id": "8", "name": "sesame-1234"}
    held = {"known": bundle(other, OFFER), "new": bundle(OFFER, other),
            "beside": bundle(OFFER, link=[{"relation": "self", "url": "http://x?name=sesame-1234"}])}[place]
    for before in (bundle(OFFER), *([held] if place == "known" else [])):
        for _ in range(2):
            assert scrub(compact(before)) == compact(before), "nothing is masked before it is a secret"
    vault.secret("token", "sesame-1234")
    assert scrub(compact(bundle(OFFER))) == compact(bundle(OFFER))
    for _ in range(3):
        clean = scrub(compact(held))
        assert clean == compact(held).replace(b"sesame-1234", b"[token 1]")
        assert orjson.dumps(bodies.read(clean)) == clean, "what is read is what is recorded"
    vault.secret("token", "another-5678")
    assert scrub(compact(held)) == clean
    assert scrub(b"no json, but sesame-1234") == b"no json, but [token 1]"
