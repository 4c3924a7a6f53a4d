import gzip
import urllib.request

import httpx
import pytest

from conformance.reference.access import Access, Client
from conformance.reference.app import create_app
from conformance.reference.server import Running

FHIR = {"content-type": "application/fhir+json"}


@pytest.fixture
def offer(own, of):
    return own.get(f"HealthcareService/{min(of('HealthcareService'))}").json()


def operation(kind, path, name=None, value=None, typed="valueCode"):
    parts = [{"name": "type", typed: kind}, {"name": "path", "valueString": path}]
    parts += [{"name": "name", "valueString": name}] if name else []
    parts += [{"name": "value", **value}] if value else []
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}


def test_read_has_version_and_date(ror, of):
    answer = ror.get(f"Location/{min(of('Location'))}")
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.headers["last-modified"].endswith("GMT")
    assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"
    assert answer.json() in [entry["resource"] for entry in ror.search("Location")["entry"]]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("HealthcareService/0", 404),
        ("Patient", 404),
        ("HealthcareService/1/_history", 404),
        ("", 404),
        ("HealthcareService/_search", 405),
    ],
)
def test_nothing_there(ror, path, status):
    ror.refused(path, status)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "HealthcareService/1001", 405),
        ("PUT", "HealthcareService", 405),
        ("POST", "metadata", 405),
        ("PATCH", "Measure/1001", 405),
    ],
)
def test_other_methods(ror, method, path, status):
    answer = ror.client.request(method, f"{ror.base}/{path}")
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")


@pytest.mark.parametrize(
    ("query", "accept", "status"),
    [
        ("", "application/fhir+xml", 406),
        ("", "*/*", 200),
        ("", "application/json;q=0, */*;q=0.1", 200),
        ("", "text/html", 406),
        ("?_format=json", "application/fhir+xml", 200),
        ("?_format=application/fhir%2Bjson", "text/html", 200),
        ("?_format=application/fhir+json", "*/*", 200),
        ("?_format=xml", "application/fhir+json", 406),
        ("?_format=text/html", "*/*", 406),
    ],
)
def test_formats(ror, query, accept, status):
    assert ror.get(f"metadata{query}", headers={"accept": accept}).status_code == status


def test_search_by_post_is_a_search(ror):
    answer = ror.client.post(f"{ror.base}/HealthcareService/_search?_count=5", data={"specialty": "242"})
    assert answer.json()["total"] == ror.search("HealthcareService", specialty="242")["total"]
    assert ror.client.post(f"{ror.base}/HealthcareService/_search", json={}).status_code == 415


def test_gzip_is_only_for_those_who_accept_it(ror):
    url = f"{ror.base}/HealthcareService"
    plain = urllib.request.urlopen(url).read()
    with urllib.request.urlopen(urllib.request.Request(url, headers={"accept-encoding": "gzip"})) as answer:
        assert gzip.decompress(answer.read()) == plain
    assert "content-encoding" not in ror.get("HealthcareService?_count=0").headers
    assert "é".encode() in plain


def test_capability_declares_what_is_served(ror):
    statement = ror.get("metadata").json()
    assert (statement["kind"], statement["fhirVersion"]) == ("instance", "4.0.1")
    for resource in statement["rest"][0]["resource"]:
        for parameter in resource["searchParam"]:
            name, samples = (
                parameter["name"],
                {"date": "2025", "number": "1", "quantity": "1", "token": "x", "string": "x"},
            )
            special = {"near": "47|-1|5|km", "near-insee-code": "44109|5|km", "_filter": "_id eq 1", "_content": "x"}
            query = (
                {"_has:HealthcareService:location:_id": "1"}
                if name == "_has" and resource["type"] == "Location"
                else None
            )
            query = query or (
                {"_has:PractitionerRole:service:_id": "1"}
                if name == "_has"
                else {name: special.get(name) or samples[parameter["type"]]}
            )
            strict = ror.get(resource["type"], params=query, headers={"prefer": "handling=strict"})
            assert strict.status_code == 200, (resource["type"], name)


def test_create(own, offer):
    answer = own.client.post(f"{own.base}/HealthcareService", json={**offer, "id": "mine"}, headers=FHIR)
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{own.base}/HealthcareService/{made['id']}/_history/1"
    assert made["id"] not in ("mine", offer["id"])
    assert own.get(f"HealthcareService/{made['id']}").json() == made
    assert own.ids("HealthcareService", identifier=offer["identifier"][0]["value"]) == {offer["id"], made["id"]}


def test_update(own, offer):
    url = f"{own.base}/HealthcareService/{offer['id']}"
    answer = own.client.put(url, json={**offer, "name": "Étoile filante"}, headers=FHIR)
    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"2"')
    assert own.ids("HealthcareService", name="etoile") == {offer["id"]}
    assert own.client.put(url, json={**offer, "id": "1"}, headers=FHIR).status_code == 400
    assert own.client.put(url, json=offer, headers={**FHIR, "if-match": 'W/"1"'}).status_code == 412


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "text/plain", 415),
        (b"{", "application/fhir+json", 400),
        (b'{"resourceType": "Location"}', "application/fhir+json", 400),
        (b"\xff\xfe", "application/fhir+json", 400),
        (b"[]", "application/json; charset=utf-8", 400),
    ],
)
def test_bodies_refused(ror, body, kind, status):
    answer = ror.client.post(f"{ror.base}/HealthcareService", content=body, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")


@pytest.mark.parametrize("typed", ["valueCode", "valueString"])
def test_patch_replaces_adds_and_deletes(own, offer, typed):
    url = f"{own.base}/HealthcareService/{offer['id']}"

    def patched(*one):
        answer = own.client.patch(url, json=operation(*one, typed=typed), headers=FHIR)
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert patched("replace", "HealthcareService.name", None, {"valueString": "Neuf"})["name"] == "Neuf"
    assert patched("add", "HealthcareService", "comment", {"valueString": "Vu"})["comment"] == "Vu"
    assert "comment" not in patched("delete", "HealthcareService.comment")
    assert own.get(f"HealthcareService/{offer['id']}").headers["etag"] == 'W/"4"'


def test_patch_selects_one_element_of_a_list(own, resources):
    place = next(e for e in resources if e["resourceType"] == "Location" and len(e["identifier"]) == 2)
    path = "Location.identifier.where(type.coding.code='26')"
    new = {"valueIdentifier": {**place["identifier"][1], "value": "1/UF-2"}}
    answer = own.client.patch(
        f"{own.base}/Location/{place['id']}", json=operation("replace", path, None, new), headers=FHIR
    )
    assert [each["value"] for each in answer.json()["identifier"]] == [place["identifier"][0]["value"], "1/UF-2"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (operation("replace", "Location.identifier.where(type.coding.code='99')", None, {"valueString": "x"}), 404),
        (operation("move", "Location.name", None, {"valueString": "x"}), 400),
        (operation("replace", "Patient.name", None, {"valueString": "x"}), 400),
        (operation("replace", "Location.id", None, {"valueString": "x"}), 400),
        ({"resourceType": "Parameters"}, 400),
        ([], 400),
    ],
)
def test_patch_refused(ror, of, body, status):
    answer = ror.client.patch(f"{ror.base}/Location/{min(of('Location'))}", json=body, headers=FHIR)
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")


def test_access(store):
    access = Access(bearer=True, ror_headers=True, clients=(Client("client", "secret"),))
    headers = {
        f"Ror-{name}": "1"
        for name in ("Profil-Utilisateur-Code", "Profil-Utilisateur-System", "Role-Metier-Code", "Role-Metier-System")
    }
    with (
        Running(create_app(store, profile_id="ror-fhir-0.7.0", access=access)) as base,
        httpx.Client(trust_env=False) as client,
    ):
        door = base.replace("/ws-diffusion-fhir", "/auth/token")
        form = {"grant_type": "client_credentials", "client_id": "client", "client_secret": "secret"}
        assert client.post(door, data={**form, "client_secret": "guess"}).status_code == 401
        token = client.post(door, data=form).json()["access_token"]
        assert (
            client.post(door, data={"grant_type": "client_credentials"}, auth=("client", "secret")).json()[
                "access_token"
            ]
            == token
        )
        bearer = {"authorization": f"Bearer {token}"}
        asked = [
            client.get(f"{base}/metadata", headers=each).status_code
            for each in ({}, bearer, headers, {**bearer, **headers})
        ]
        assert asked == [401, 403, 401, 200]
