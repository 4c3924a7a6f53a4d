from urllib.parse import parse_qs, urlsplit

import pytest


def walk(ror, bundle):
    """The pages from a first one, by their next links."""
    while True:
        yield bundle
        links = {link["relation"]: link["url"] for link in bundle["link"]}
        if "next" not in links:
            return
        bundle = ror.search(links["next"])


def matches(bundle):
    return [each["resource"]["id"] for each in bundle.get("entry", ()) if each["search"]["mode"] == "match"]


@pytest.mark.parametrize("size", [1, 7, 40, 149, 150, 151])
def test_pages_partition_the_matches(ror, of, size):
    pages = list(walk(ror, ror.search("HealthcareService", _count=str(size), _sort="-_lastUpdated")))
    found = [each for page in pages for each in matches(page)]
    assert len(found) == len(set(found)) == pages[0]["total"]
    assert set(found) == of("HealthcareService")
    assert all(len(matches(page)) <= size and page["total"] == 150 for page in pages)


def test_pages_keep_the_order_of_the_first_one(own):
    before = [each for page in walk(own, own.search("HealthcareService", _count="60")) for each in matches(page)]
    first = own.search("HealthcareService", _count="60")
    offer = own.get(f"HealthcareService/{before[-1]}").json()
    own.client.post(f"{own.base}/HealthcareService", json=offer, headers={"content-type": "application/fhir+json"})
    assert [each for page in walk(own, first) for each in matches(page)] == before


def test_previous_and_first_links(ror):
    first, second, *_ = walk(ror, ror.search("HealthcareService", _count="20"))
    links = {link["relation"]: link["url"] for link in second["link"]}
    assert matches(ror.search(links["previous"])) == matches(ror.search(links["first"])) == matches(first)
    assert matches(ror.search(links["self"])) == matches(second)
    assert ror.refused("HealthcareService?_page=ffffffff-20", 410)


def test_default_and_greatest_page_is_200(ror):
    assert len(matches(ror.search("HealthcareService"))) == 150
    url = ror.search("Location", _count="5000")["link"][0]["url"]
    assert parse_qs(urlsplit(url).query)["_count"] == ["200"]


@pytest.mark.parametrize("query", [{"_count": "0"}, {"_summary": "count"}])
def test_total_alone(ror, query):
    bundle = ror.search("HealthcareService", **query)
    assert bundle["total"] == 150
    assert "entry" not in bundle
    assert [link["relation"] for link in bundle["link"]] == ["self"]


def test_sort_by_several_keys(ror):
    keys = [
        (e["resource"]["meta"]["tag"][0]["code"], e["resource"]["name"].casefold())
        for e in ror.search("HealthcareService", _sort="_tag,_lastUpdated")["entry"]
    ]
    assert [key[0] for key in keys] == sorted(key[0] for key in keys)
    dates = [
        e["resource"]["meta"]["lastUpdated"][:10]
        for e in ror.search("HealthcareService", _sort="-_lastUpdated")["entry"]
    ]
    assert dates == sorted(dates, reverse=True)


def test_sort_puts_those_without_value_last_and_follows_a_chain(ror, resources):
    priced = {
        e["id"]
        for e in resources
        if e["resourceType"] == "Organization" and any(
            part["url"] == "startDate" for x in e["extension"] if "price" in x["url"] for part in x["extension"])
    }
    for direction in ("", "-"):
        offers = ror.search("HealthcareService", _sort=f"{direction}organization.price-validity-start-date")["entry"]
        flags = [e["resource"]["providedBy"]["reference"].removeprefix("Organization/") in priced for e in offers]
        assert flags == sorted(flags, reverse=True)
        assert any(flags)
        assert not all(flags)


GUIDE = {
    "_include": ["HealthcareService:organization", "HealthcareService:location", "PractitionerRole:practitioner"],
    "_include:iterate": "Organization:partof",
    "_revinclude": "PractitionerRole:service",
}


def test_inclusions_of_the_guide_are_closed(ror, resources):
    entries = ror.get("HealthcareService", params={"specialty": "242", **GUIDE}).json()["entry"]
    held = {f"{e['resource']['resourceType']}/{e['resource']['id']}": e for e in entries}
    assert len(held) == len(entries)
    wanted = {each for key, e in held.items() for each in forward(e["resource"])}
    assert wanted <= set(held)
    offers = {key for key in held if key.startswith("HealthcareService/")}
    roles = {
        f"PractitionerRole/{e['id']}"
        for e in resources
        if e["resourceType"] == "PractitionerRole" and e["healthcareService"][0]["reference"] in offers
    }
    assert {key for key in held if key.startswith("PractitionerRole/")} == roles
    assert {e["search"]["mode"] for key, e in held.items() if key not in offers} == {"include"}
    assert all(key in offers | roles | wanted for key in held)


FORWARD = {"HealthcareService": ("providedBy", "location"), "Organization": ("partOf",),
           "PractitionerRole": ("practitioner",)}  # what the inclusions of the guide follow


def forward(resource):
    for name in FORWARD.get(resource["resourceType"], ()):
        held = resource.get(name, [])
        yield from (each["reference"] for each in (held if isinstance(held, list) else [held]))


def test_include_without_iterate_stays_at_the_matches(ror):
    kinds = [
        e["resource"]["resourceType"]
        for e in ror.search("HealthcareService", specialty="242", _include="Organization:partof")["entry"]
    ]
    assert set(kinds) == {"HealthcareService"}
    one = ror.search("Organization", **{"_count": "200", "_include:iterate": "Organization:partof"})["entry"]
    assert {e["search"]["mode"] for e in one} == {"match"}


def test_reverse_inclusion_of_offers(ror, resources):
    place = next(e for e in resources if e["resourceType"] == "HealthcareService")["location"][0]["reference"]
    entries = ror.search("Location", _id=place.removeprefix("Location/"), _revinclude="HealthcareService:location")[
        "entry"
    ]
    found = {e["resource"]["id"] for e in entries if e["search"]["mode"] == "include"}
    assert found == {
        e["id"]
        for e in resources
        if e["resourceType"] == "HealthcareService" and {"reference": place} in (e.get("location") or ())
    }
