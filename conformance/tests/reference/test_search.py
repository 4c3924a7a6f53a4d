"""Searches over a socket, compared with what plain Python selects in the same resources."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.reference.nomenclature import system_url
from conformance.reference.proximity import distance

R211, R213 = system_url("TRE_R211-ActiviteOperationnelle"), system_url("TRE_R213-ModePriseEnCharge")
R30, R66 = system_url("TRE_R30-RegionOM"), system_url("TRE_R66-CategorieEtablissement")
CRITERIA = [
    ("specialty", "242,241"),
    ("specialty:not", "242"),
    ("service-type", "02"),
    ("_tag", "53"),
    ("name:contains", "geriatr"),
    ("_lastUpdated", "ge2025-06-01"),
    ("location.capacity-status", "05"),
    ("location.nb-capacity", "gt8"),
    ("characteristic", f"{R213}|28"),
    ("organization.type:above", "355"),
    ("_filter", "specialty eq 242 or 241"),
    ("_has:PractitionerRole:service:_lastUpdated", "lt2026"),
]


def has(element, system, code):
    return any(c["system"] == system and c["code"] == code for each in element for c in each["coding"])


def specialty(code):
    return lambda each: has(each["specialty"], R211, code)


def held(resource, outer, inner):
    """The values of sub-extensions, by the ends of their urls."""
    for one in resource["extension"]:
        for two in one.get("extension", ()):
            if one["url"].endswith(outer) and two["url"] == inner:
                yield next(value for key, value in two.items() if key.startswith("value"))


@pytest.mark.parametrize("value", [f"{R211}|242", "242", f"{R211}|242,urn:x|1"])
def test_token(ror, of, value):
    assert ror.ids("HealthcareService", specialty=value) == of("HealthcareService", specialty("242"))


@pytest.mark.parametrize("value", ["|242", "urn:x|242", f"{R211}|", "2"])
def test_token_system_decides(ror, of, value):
    expected = of("HealthcareService") if value == f"{R211}|" else set()
    assert ror.search("HealthcareService", specialty=value)["total"] == len(expected)


def test_not_is_the_complement(ror, of):
    total = ror.search("HealthcareService", **{"specialty:not": "242,241", "_count": "0"})["total"]
    assert total == len(of("HealthcareService")) - len(
        of("HealthcareService", lambda e: specialty("242")(e) or specialty("241")(e))
    )


def test_missing(ror, of):
    assert ror.ids("Location", **{"near:missing": "true"}) == of("Location", lambda each: "position" not in each)
    assert ror.ids("Organization", **{"partof:missing": "true"}) == of(
        "Organization", lambda each: "partOf" not in each
    )


def test_code_and_boolean(ror, of):
    assert ror.ids("Location", status="http://hl7.org/fhir/location-status|suspended") == of(
        "Location", lambda e: e["status"] == "suspended"
    )
    drops = ror.ids("Organization", **{"drop-zone": "true"})
    assert drops == of(
        "Organization",
        lambda e: any(x.get("valueBoolean") is True and "drop-zone" in x["url"] for x in e["extension"]),
    )


@pytest.mark.parametrize(
    ("name", "value", "test"),
    [
        ("name", "CENTRE DE READ", lambda name: name.startswith("Centre de réad")),
        ("name:contains", "ERABLES", lambda name: "Érables" in name),
        ("name:exact", "centre", lambda name: name == "centre"),
    ],
)
def test_string(ror, of, name, value, test):
    found = of("Organization", lambda each: any(test(text) for text in [each["name"], *each.get("alias", ())]))
    assert ror.ids("Organization", **{name: value}) == found


def test_string_with_a_comma_is_escaped(ror, resources):
    house = next(each for each in resources if each["resourceType"] == "Organization" and "," in each["name"])
    assert house["id"] in ror.ids("Organization", **{"name:exact": house["name"].replace(",", "\\,")})
    assert house["id"] not in ror.ids("Organization", **{"name:exact": house["name"]})


def test_identifier(ror, resources):
    place = next(each for each in resources if each["resourceType"] == "Location" and len(each["identifier"]) == 2)
    one, other = place["identifier"]
    kind = one["type"]["coding"][0]
    assert ror.ids("Location", identifier=one["value"]) == {place["id"]}
    assert ror.ids("Location", **{"identifier:of-type": f"{kind['system']}|25|{one['value']}"}) == {place["id"]}
    assert ror.ids("Location", **{"identifier:of-type": f"{kind['system']}|25|{other['value']}"}) == set()
    house = next(each for each in resources if each["resourceType"] == "Organization")["identifier"][1]
    assert len(ror.ids("Organization", identifier=f"{house['system']}|{house['value']}")) == 1


def test_dates_and_periods(ror, of):
    between = ror.ids("HealthcareService", _lastUpdated="ge2025-03") & ror.ids(
        "HealthcareService", _lastUpdated="lt2025-06"
    )
    assert between == of("HealthcareService", lambda each: "2025-03" <= each["meta"]["lastUpdated"][:7] < "2025-06")
    closed = ror.ids("HealthcareService", **{"notavailable-closing-reopeningdate": "gt2027-06"})
    assert closed == of(
        "HealthcareService",
        lambda e: any(n["during"].get("end", "9") >= "2027-07" for n in e.get("notAvailable", ())),
    )


def test_number_and_quantity(ror, of):
    beds = of("Location", lambda each: any(n > 40 for n in held(each, "supported-capacity", "nbCapacity")))
    assert ror.ids("Location", **{"nb-capacity": "gt40"}) == beds
    ages = of(
        "HealthcareService", lambda each: any(r["low"]["value"] >= 60 for r in held(each, "patient-type", "ageRange"))
    )
    assert ror.ids("HealthcareService", **{"age-range-low": "ge60|http://unitsofmeasure.org|a"}) == ages
    assert ror.ids("Location", **{"limit-value": "ge200|http://unitsofmeasure.org|kg"})
    assert not ror.ids("Location", **{"limit-value": "ge200|http://unitsofmeasure.org|cm"})


def test_near_gives_distances(ror, of):
    here = (47.2184, -1.5536)
    near = of(
        "Location",
        lambda e: "position" in e and distance(here, (e["position"]["latitude"], e["position"]["longitude"])) <= 12,
    )
    assert near
    assert (
        ror.ids("Location", near="47.2184|-1.5536|12|km")
        == near
        == ror.ids("Location", **{"near-insee-code": "44109|12000|m"})
    )
    bundle = ror.search(
        "HealthcareService", **{"location.near": "47.2184|-1.5536|12|km", "_include": "HealthcareService:location"}
    )
    given = [e["search"]["extension"][0]["valueDistance"] for e in bundle["entry"] if e["resource"]["id"] in near]
    assert given
    assert all(one["unit"] == "km" and 0 <= one["value"] <= 12 for one in given)
    assert all("extension" not in e["search"] for e in bundle["entry"] if e["search"]["mode"] == "match")


def test_chain_is_any_of_the_places(ror, of):
    places = of("Location", lambda each: each["address"]["postalCode"].startswith("44"))
    offers = of(
        "HealthcareService", lambda e: any(r["reference"].removeprefix("Location/") in places for r in e["location"])
    )
    assert ror.ids("HealthcareService", **{"location.address-postalcode": "44"}) == offers
    assert ror.ids("HealthcareService", **{"location:Location.address-postalcode": "44"}) == offers


def test_above_climbs_the_hierarchy(ror, resources):
    by_id = {each["id"]: each for each in resources}

    def chain(offer):
        link = offer.get("providedBy")
        while link:
            house = by_id[link["reference"].removeprefix("Organization/")]
            yield house
            link = house.get("partOf")

    offers = [each for each in resources if each["resourceType"] == "HealthcareService"]
    above = {o["id"] for o in offers if any(has(house["type"], R66, "355") for house in chain(o))}
    direct = {o["id"] for o in offers if has(next(chain(o))["type"], R66, "355")}
    assert direct < above
    assert ror.ids("HealthcareService", **{"organization.type": f"{R66}|355"}) == direct
    assert ror.ids("HealthcareService", **{"organization.type:above": f"{R66}|355"}) == above
    assert ror.ids("HealthcareService", _filter=f"organization.type:above eq {R66}|355") == above
    recent = {o["id"] for o in offers if any(house["meta"]["lastUpdated"] >= "2026-08-02" for house in chain(o))}
    assert (
        ror.ids("HealthcareService", **{"organization._lastUpdated:above": "ge2026-08-02T00:00:00+02:00"}) == recent
    )


def test_has(ror, resources, of):
    role = next(each for each in resources if each["resourceType"] == "PractitionerRole")
    who = next(
        each for each in resources if each["id"] == role["practitioner"]["reference"].removeprefix("Practitioner/")
    )
    served = {
        e["healthcareService"][0]["reference"].removeprefix("HealthcareService/")
        for e in resources
        if e["resourceType"] == "PractitionerRole" and e["practitioner"] == role["practitioner"]
    }
    number = who["identifier"][0]["value"]
    assert ror.ids("HealthcareService", **{"_has:PractitionerRole:service:practitioner.identifier": number}) == served
    used = {
        r["reference"].removeprefix("Location/")
        for e in resources
        if e["id"] in of("HealthcareService", specialty("242"))
        for r in e["location"]
    }
    assert ror.ids("Location", **{"_has:HealthcareService:location:specialty": "242"}) == used
    nested = "_has:HealthcareService:location:_has:PractitionerRole:service:_id"
    assert role["id"] in {role["id"] for _ in ror.ids("Location", **{nested: role["id"]})}


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        (f"(specialty eq {R211}|242 or {R211}|241)", "specialty", "242,241"),
        ("specialty eq 242 OR specialty eq 241", "specialty", "242,241"),
        ("not (specialty eq 242)", "specialty:not", "242"),
        ("location.address-postalcode sw 44", "location.address-postalcode", "44"),
        ('(location.address-postalcode eq "44000" or "35000")', "location.address-postalcode", "44000,35000"),
        ("location.nb-capacity gt 8", "location.nb-capacity", "gt8"),
        ("_lastUpdated ge 2025-06-01", "_lastUpdated", "ge2025-06-01"),
        (
            "_has:PractitionerRole:service:_lastUpdated lt 2026",
            "_has:PractitionerRole:service:_lastUpdated",
            "lt2026",
        ),
        ("characteristic pr true", "characteristic:missing", "false"),
        ("age-range-low le 35|https://unitsofmeasure.org|a", "age-range-low", "le35|http://unitsofmeasure.org|a"),
    ],
)
def test_filter_says_the_same_as_parameters(ror, text, name, value):
    found = ror.ids("HealthcareService", _filter=text)
    assert found == ror.ids("HealthcareService", **{name: value})
    assert found


def test_filter_equality_is_whole(ror):
    assert ror.ids("HealthcareService", _filter='location.address-postalcode eq "44"') == set()


def test_content(ror, of):
    assert ror.ids("Organization", _content="kerlann psy service") <= ror.ids("Organization", _content="kerlann")
    assert ror.ids("Organization", _content="KERLANN") >= of("Organization", lambda each: "Kerlann" in each["name"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_criteria_narrow_commas_unite(ror, data):
    one, other = data.draw(
        st.lists(st.sampled_from(CRITERIA), min_size=2, max_size=2, unique_by=lambda pair: pair[0])
    )
    alone, both = ror.ids("HealthcareService", **dict([one])), ror.ids("HealthcareService", **dict([one, other]))
    assert both == alone & ror.ids("HealthcareService", **dict([other]))
    codes = data.draw(
        st.lists(st.sampled_from(("242", "241", "233", "229", "293")), min_size=2, max_size=3, unique=True)
    )
    union = set().union(*(ror.ids("HealthcareService", specialty=code) for code in codes))
    assert ror.ids("HealthcareService", specialty=",".join(codes)) == union


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("_lastUpdated", "yesterday"),
        ("location.nb-capacity", "gtmany"),
        ("age-range-low", "ge5|kg"),
        ("location.near", "1|2|3|league"),
        ("location.near-insee-code", "44162|far|km"),
        ("name:text", "x"),
        ("specialty:above", "242"),
        ("specialty:contains", "2"),
        ("_count", "-1"),
        ("name:missing", "maybe"),
        ("identifier:of-type", "a|b"),
        ("_filter", "specialty is 2"),
        ("_filter", "colour eq red"),
        ("specialty", "a|b|c"),
    ],
)
def test_refused(ror, name, value):
    assert ror.refused("HealthcareService", params={name: value})["diagnostics"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("colour", "red"),
        ("_include", "HealthcareService:colour"),
        ("_revincluded", "PractitionerRole:service"),
        ("organization.colour", "red"),
        ("_sort", "colour"),
        ("_has:HealthcareService:colour:name", "x"),
        ("_elements", "identifier"),
        ("specialty", ""),
    ],
)
def test_unknown_is_ignored_and_left_out_of_self_unless_strict(ror, of, name, value):
    bundle = ror.search("HealthcareService", **{name: value, "_tag": R30 + "|"})
    assert bundle["total"] == len(of("HealthcareService"))
    assert used_names(bundle) == ["_tag"]
    if name != "_elements":
        ror.refused("HealthcareService", params={name: value}, headers={"Prefer": "return=minimal, handling=strict"})


def used_names(bundle):
    url = next(link["url"] for link in bundle["link"] if link["relation"] == "self")
    return [pair.partition("=")[0] for pair in url.partition("?")[2].split("&") if pair]
