"""What a criterion selects, by R4 and by the guide, as the judge reads it: True, False, or None when it cannot tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance import workshop
from conformance.fhir import dates
from conformance.fhir import filter as filters
from conformance.fhir.bundle import key_of
from conformance.fhir.distance import distance_km
from conformance.fhir.search import Searcher, all_of, any_of, criteria, invert, split, unescape

PARAMETERS = workshop.read_profiles()["ror-fhir-0.7.0"].search_parameters
GUIDE = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition"
PRICE = f"{GUIDE}/ror-organization-price"


def capacity(number, status):
    return {"url": f"{GUIDE}/ror-location-supported-capacity", "extension": [
        {"url": "nbCapacity", "valueInteger": number},
        {"url": "capacityStatus", "valueCodeableConcept": {"coding": [{"system": "s", "code": status}]}}]}


TOP = {"resourceType": "Organization", "id": "top", "name": "Groupe hospitalier", "type": [
    {"coding": [{"system": "juridique", "code": "13"}]}]}
CLINIC = {"resourceType": "Organization", "id": "clinic", "name": "Clinique de l'Élan", "partOf":
          {"reference": "Organization/top"}, "identifier": [
              {"type": {"coding": [{"system": "kinds", "code": "1"}]}, "system": "finess", "value": "560000010"}]}
PLACE = {"resourceType": "Location", "id": "place", "status": "active", "address": {"postalCode": "56300",
         "city": "Pontivy"}, "extension": [capacity(4, "02"), capacity(10, "05")]}
OFFER = {"resourceType": "HealthcareService", "id": "offer", "name": "Réadaptation, Élan", "active": True,
         "meta": {"lastUpdated": "2025-03-02T18:30:22.610+01:00"}, "providedBy": {"reference": "Organization/clinic"},
         "location": [{"reference": "Location/place"}, {"reference": "Location/far"}],
         "specialty": [{"coding": [{"system": "acts", "code": "240"}]}, {"coding": [{"system": "acts", "code": "241"}]}]}
HERE = {key_of(one): one for one in (TOP, CLINIC, PLACE, OFFER)}
SEARCHER = Searcher(PARAMETERS, HERE.get,
                    lambda kind, _by, key: [OFFER] if (kind, key) == ("HealthcareService", "Location/place")
                    else [] if kind == "HealthcareService" else None)


@pytest.mark.parametrize(("resource", "name", "value", "answer"), [
    (OFFER, "specialty", "acts|240", True),
    (OFFER, "specialty", "240", True),
    (OFFER, "specialty", "acts|", True),
    (OFFER, "specialty", "|240", False),
    (OFFER, "specialty", "other|240", False),
    (OFFER, "specialty", "999,acts|241", True),
    (OFFER, "specialty:not", "acts|240", False),
    (OFFER, "specialty:not", "acts|999", True),
    (OFFER, "service-type:not", "02", True),
    (OFFER, "specialty:missing", "false", True),
    (OFFER, "specialty:text", "240", None),
    (OFFER, "name", "readaptation\\, elan", True),
    (OFFER, "name", "Elan", False),
    (OFFER, "name:contains", "élan", True),
    (OFFER, "name:exact", "réadaptation\\, Élan", False),
    (OFFER, "_id", "offer,other", True),
    (OFFER, "_lastUpdated", "2025-03-02", True),
    (OFFER, "_lastUpdated", "gt2025-03-02", False),
    (OFFER, "_lastUpdated", "ge2025-03-02", True),
    (OFFER, "_lastUpdated", "lt2025-03-02T18:30:22.610+01:00", False),
    (OFFER, "_lastUpdated", "sa2025-03-01", True),
    (OFFER, "_lastUpdated", "eb2025-03-02T17:30:22.610Z", False),
    (OFFER, "_lastUpdated", "eb2025-03-02T17:30:22.611Z", True),
    (OFFER, "_lastUpdated", "ap2025-03-02", None),
    (OFFER, "_lastUpdated", "yesterday", None),
    (PLACE, "nb-capacity", "10", True),
    (PLACE, "nb-capacity", "gt10", False),
    (PLACE, "nb-capacity", "le4", True),
    (PLACE, "nb-capacity", "7", False),
    (PLACE, "address-city", "pont", True),
    (CLINIC, "identifier", "finess|560000010", True),
    (CLINIC, "identifier", "560000010", True),
    (CLINIC, "identifier", "finess|56", False),
    (CLINIC, "identifier:of-type", "kinds|1|560000010", True),
    (CLINIC, "identifier:of-type", "kinds|2|560000010", False),
    (CLINIC, "identifier:of-type", "560000010", False),
    (OFFER, "organization.name", "clinique", True),
    (OFFER, "organization.name", "groupe", False),
    (OFFER, "organization.name:contains", "élan", True),
    (OFFER, "organization.type:above", "juridique|13", True),
    (OFFER, "organization.type", "juridique|13", False),
    (OFFER, "location.address-postalcode", "56300", True),
    (OFFER, "location.address-postalcode", "35000", None),
    (OFFER, "location.status:not", "active", None),
    (PLACE, "_has:HealthcareService:location:specialty", "acts|240", True),
    (PLACE, "_has:HealthcareService:location:specialty", "acts|999", False),
    (PLACE, "_has:PractitionerRole:location:identifier", "1", None),
    (PLACE, "_has:broken", "1", None),
    (OFFER, "no-such-parameter", "1", None),
])
def test_answers(resource, name, value, answer):
    assert SEARCHER.answers(resource, name, value) is answer


def test_criteria_on_a_repeating_extension_are_told_one_by_one():
    assert SEARCHER.answers(PLACE, "nb-capacity", "gt5") is True
    assert SEARCHER.answers(PLACE, "capacity-status", "02") is True, "though no single capacity answers both"


@pytest.mark.parametrize(("expression", "answer"), [
    ("specialty eq acts|240", True),
    ("specialty eq acts|999 or specialty eq acts|241", True),
    ("specialty eq acts|999 or acts|241", True),
    ("specialty eq acts|240 and specialty eq acts|241", True),
    ("(specialty eq acts|999 or name sw readaptation) and not(specialty eq acts|240)", False),
    ('name eq "Réadaptation, Élan"', True),
    ("name co élan AND specialty pr true", True),
    ("_lastUpdated ge 2025-03-02 and _lastUpdated lt 2025-03-03", True),
    ("specialty ne acts|240", False),
    ("specialty ss acts|240", None),
    ("unknown eq 1 or specialty eq 240", True),
    ("unknown eq 1 and specialty eq 240", None),
])
def test_filter(expression, answer):
    assert filters.answers(SEARCHER, OFFER, filters.parse(expression)) is answer


@pytest.mark.parametrize("text", ["", "specialty", "specialty eq", "(specialty eq 1", "specialty eq 1)", "eq 1", "and",
                                  "specialty eq 1 and", 'name eq "open'])
def test_what_is_no_filter(text):
    with pytest.raises(filters.BadFilter):
        filters.parse(text)


@pytest.mark.parametrize(("text", "start", "end"), [
    ("2024", "2024-01-01T00:00:00+00:00", "2025-01-01T00:00:00+00:00"),
    ("2024-02", "2024-02-01T00:00:00+00:00", "2024-03-01T00:00:00+00:00"),
    ("2024-12-31", "2024-12-31T00:00:00+00:00", "2025-01-01T00:00:00+00:00"),
    ("2024-01-01T08:30", "2024-01-01T08:30:00+00:00", "2024-01-01T08:31:00+00:00"),
    ("2024-01-01T08:30:05+02:00", "2024-01-01T08:30:05+02:00", "2024-01-01T08:30:06+02:00"),
    ("2024-01-01T08:30:05.25Z", "2024-01-01T08:30:05.250000+00:00", "2024-01-01T08:30:05.260000+00:00"),
])
def test_a_date_is_an_interval(text, start, end):
    assert [one.isoformat() for one in dates.interval(text)] == [start, end]


@pytest.mark.parametrize("text", ["", "24", "2024-13", "2024-02-30", "2024-1-1", "2024-01-01T25:00", "hier", "2024-01-01T08",
                                  "2024-01-01T08:30:05+99:00"])
def test_what_is_no_date(text):
    assert dates.interval(text) is None


DAYS = st.dates(min_value=dates._FIRST.date().replace(year=1900), max_value=dates._LAST.date().replace(year=2100))


@given(DAYS, DAYS)
def test_prefixes_agree_with_the_order_of_days(held, asked):
    target, wanted = dates.interval(held.isoformat()), dates.interval(asked.isoformat())
    told = {prefix: dates.compares(prefix, target, wanted) for prefix in dates.PREFIXES}
    assert told == {"eq": held == asked, "ne": held != asked, "gt": held > asked, "lt": held < asked, "ge": held >= asked,
                    "le": held <= asked, "sa": held > asked, "eb": held < asked}


THREE = st.sampled_from([True, False, None])


@given(st.lists(THREE, max_size=5))
def test_three_valued_logic(answers):
    assert invert(any_of(answers)) is all_of([invert(one) for one in answers])
    assert any_of(answers) is (True if True in answers else None if None in answers else False)


@given(st.lists(st.text(alphabet="ab\\,|", max_size=5), min_size=1, max_size=4))
def test_escaped_values_are_split_where_they_were_joined(parts):
    escaped = [part.replace("\\", "\\\\").replace(",", "\\,").replace("|", "\\|") for part in parts]
    assert [unescape(one) for one in split(",".join(escaped), ",")] == parts


def test_parameters_that_only_shape_the_result_are_no_criteria():
    query = [("name", "a"), ("_count", "5"), ("_include:iterate", "x"), ("_sort", "name"), ("_id", "1")]
    assert [one.name for one in criteria(query)] == ["name", "_id"]


def test_distance_in_kilometres():
    assert distance_km((48.8566, 2.3522), (45.7640, 4.8357)) == pytest.approx(391.5, abs=1.0)
