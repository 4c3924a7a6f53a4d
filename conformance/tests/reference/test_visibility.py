"""What a client of each access profile is shown by the reference, on a real socket."""

import httpx
import pytest

from conformance.reference.access import CLIENTS
from conformance.reference.app import create_app
from conformance.reference.faults_access import ACCESS
from conformance.reference.region import generate
from conformance.reference.server import Running, stored

KINDS = ("HealthcareService", "Location", "Organization", "PractitionerRole", "Practitioner")
REGION = list(generate(120, 7))
DOWN = {0: (2, 5), 2: (1, 4), 3: (2,), 5: (2,), 4: (1,)}  # each sees no more resources than these


@pytest.fixture(scope="module")
def street():
    apps = {"clean": create_app(stored(REGION), profile_id="ror-fhir-0.7.0", base_path="/clean")}
    apps |= {fault.name: create_app(stored(REGION), profile_id="ror-fhir-0.7.0", base_path=f"/{fault.name}", fault=fault)
             for fault in ACCESS}

    async def door(scope, receive, send):
        await apps[scope["path"].split("/")[1]](scope, receive, send)

    with Running(door, base_path="") as base, httpx.Client(trust_env=False, base_url=base) as client:
        yield client


def shown(client, name, kind, access):
    """What an access profile is shown of a type, by id, over all pages."""
    found, url = {}, f"/{name}/{kind}?_count=200"
    while url:
        body = client.get(url, headers={"Authorization": f"Bearer {CLIENTS[access].token}"}).json()
        found |= {entry["resource"]["id"]: entry["resource"] for entry in body.get("entry", ())}
        url = next((link["url"] for link in body["link"] if link["relation"] == "next"), "")
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_shown_nests(street, kind):
    seen = {access: shown(street, "clean", kind, access) for access in range(6)}
    for access, wider in DOWN.items():
        for other in wider:
            assert set(seen[access]) <= set(seen[other]), f"{access} within {other}"
    assert seen[1].keys() == {one["id"] for one in REGION if one["resourceType"] == kind}
    assert all(one == seen[1][key] for key, one in seen[4].items() if kind == "Practitioner")


def test_a_sensitive_unit_is_found_by_nobody_else(street):
    sensitive = next(one for one in REGION if one["resourceType"] == "HealthcareService"
                     and one["extension"][0]["valueBoolean"])
    place = sensitive["location"][0]["reference"]
    for access in (0, 2, 3, 5):
        headers = {"Authorization": f"Bearer {CLIENTS[access].token}"}
        for path in (f"HealthcareService/{sensitive['id']}", place):
            assert street.get(f"/clean/{path}", headers=headers).status_code == 404
    for access in (1, 4):
        headers = {"Authorization": f"Bearer {CLIENTS[access].token}"}
        assert street.get(f"/clean/HealthcareService/{sensitive['id']}", headers=headers).status_code == 200


def test_a_criterion_on_what_is_hidden_finds_nothing(street):
    for access, some in ((0, False), (1, True), (2, True)):
        headers = {"Authorization": f"Bearer {CLIENTS[access].token}"}
        found = street.get("/clean/Location?capacity-status=02", headers=headers).json()["total"]
        assert bool(found) is some


def test_a_token_of_nobody_is_refused(street):
    got = street.get("/clean/Location", headers={"Authorization": "Bearer guess"})
    assert (got.status_code, got.json()["resourceType"]) == (401, "OperationOutcome")


def test_what_is_written_is_seen_by_those_who_may(street):
    offer = next(one for one in REGION if one["resourceType"] == "HealthcareService"
                 and not one["extension"][0]["valueBoolean"])
    headers = {"Authorization": f"Bearer {CLIENTS[2].token}"}
    assert street.get(f"/clean/HealthcareService/{offer['id']}", headers=headers).status_code == 200
    hidden = {**offer, "extension": [{**offer["extension"][0], "valueBoolean": True}, *offer["extension"][1:]]}
    for body, status in ((hidden, 404), (offer, 200)):
        assert street.put(f"/clean/HealthcareService/{offer['id']}", json=body).status_code == 200
        assert street.get(f"/clean/HealthcareService/{offer['id']}", headers=headers).status_code == status


def test_a_page_is_good_for_its_reader_alone(street):
    body = street.get("/clean/HealthcareService?_count=10").json()
    following = next(link["url"] for link in body["link"] if link["relation"] == "next")
    assert street.get(following).status_code == 200
    assert street.get(following, headers={"Authorization": f"Bearer {CLIENTS[0].token}"}).status_code == 410


@pytest.mark.parametrize("fault", ACCESS, ids=lambda fault: fault.name)
def test_each_fault_shows_to_some_client(street, fault):
    assert any(shown(street, fault.name, kind, access) != shown(street, "clean", kind, access)
               for kind in KINDS for access in range(6))
