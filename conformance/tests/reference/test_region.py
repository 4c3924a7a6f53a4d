from itertools import pairwise

import pytest

from conformance import nomenclature, profile
from conformance.checks.structure import structures
from conformance.fhir.coding import judged
from conformance.fhir.tree import keys
from conformance.reference import identifiers
from conformance.reference.parameters import PARAMETERS
from conformance.reference.region import generate
from conformance.reference.store import Store
from conformance.reference_data import region

KINDS = ("HealthcareService", "Location", "Organization", "Practitioner", "PractitionerRole")
# these hold one value per resource
ALONE = {"_id", "identifier", "_lastUpdated", "name", "near", "near-insee-code", "_content", "service"}


def test_one_seed_gives_one_region():
    assert list(generate(80, 3)) == list(generate(80, 3))
    assert list(generate(80, 3)) != list(generate(80, 4))


def test_one_seed_completes_a_region_in_one_way():
    assert list(region(60, 3)) == list(region(60, 3))
    assert list(region(60, 3)) != list(generate(60, 3))


@pytest.mark.parametrize("version", profile.known())
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_completed_region_respects_every_version_and_shows_nearly_all_that_it_asks(version, seed):
    release = nomenclature.shipped()
    whole = structures(profile.read(version), release)
    shown, asked = set(), set()
    models = any(url.endswith("/ror-launchcontext") for url in whole.extensions)  # of one version only
    for each in region(120, seed):
        if each["resourceType"] == "Questionnaire" and not models:
            continue
        structure = whole.of_type(each["resourceType"])
        assert structure.differences(each) == []
        codes = judged(structure.codings(each), release, "2026-06-01").differences
        assert {one.code for one in codes} <= {"nomenclature.not-held"}
        shown.update(structure.seen(each, "2026-06-01").elements)
        asked.update(name for name, node in keys(structure.root, structure.type) if node.evaluable)
    assert len(shown & asked) / len(asked) > 0.9, sorted(asked - shown)


@pytest.mark.parametrize("offers", [1, 7, 50, 333])
def test_size_is_the_number_of_offers(offers):
    assert sum(each["resourceType"] == "HealthcareService" for each in region(offers)) == offers


def test_ids_are_short_unique_and_not_functional(resources):
    ids = [each["id"] for each in resources]
    functional = {i["value"] for each in resources for i in each.get("identifier", ())}
    assert len(set(ids)) == len(ids)
    assert not set(ids) & functional


def references(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from [inner] if key == "reference" else references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_references_lead_to_resources_given_before(resources):
    seen = set()
    for each in resources:
        assert set(references(each)) <= seen
        seen.add(f"{each['resourceType']}/{each['id']}")


@pytest.mark.parametrize(("number", "valid"), [("732829320", True), ("732829321", False), ("10003456781", False)])
def test_luhn(number, valid):
    assert identifiers.is_luhn(number) is valid


def test_identifiers_have_their_check_digits(resources):
    length = {"https://finess.esante.gouv.fr": 9, "urn:oid:1.2.250.1.71.4.2.1": 11}
    numbers = [i for each in resources for i in each.get("identifier", ()) if i.get("system") in length]
    sirene = [
        i["value"] for each in resources for i in each.get("identifier", ()) if i.get("system") == "https://sirene.fr"
    ]
    assert all(identifiers.is_luhn(i["value"]) and len(i["value"]) == length[i["system"]] for i in numbers)
    assert all(identifiers.is_luhn(number) and len(number) in (9, 14) for number in sirene)
    assert len(numbers) > 50


def test_rehabilitation_is_about_two_offers_in_five(of):
    rehabilitation = of("HealthcareService", lambda each: each["type"][0]["coding"][0]["code"] == "02")
    assert 0.33 < len(rehabilitation) / len(of("HealthcareService")) < 0.5


@pytest.mark.parametrize(("offers", "seed"), [(50, 1), (50, 2), (120, 3), (1500, 4)])
def test_every_parameter_has_a_value_that_selects_some_but_not_all(offers, seed):
    store = Store(region(offers, seed))
    for kind in KINDS:
        for name in PARAMETERS[kind]:
            index, total = store.index(kind, name), store.count(kind)
            least = 1 if name in ALONE or PARAMETERS[kind][name].kind in ("date", "string") else 2
            assert any(least <= len(ranks) < total for ranks in index.by.values()), f"{kind}.{name}"


def test_last_updates_are_spread_and_zoned(resources):
    dates = sorted(each["meta"]["lastUpdated"] for each in resources)
    assert dates[0][:7] <= "2024-12"
    assert dates[-1][:7] >= "2026-09"
    assert all(date[-6:] in ("+01:00", "+02:00") for date in dates)
    assert any(one < other for one, other in pairwise(dates))
