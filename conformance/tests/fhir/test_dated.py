"""Values that a scenario sends as dates are dates."""

from dataclasses import replace

import pytest

from conformance import workshop
from conformance.fhir.bind import Unbound, bind
from conformance.fhir.census import Census
from conformance.fhir.dated import Dated
from conformance.fhir.population import Population
from conformance.model import Need

PROFILES, LIBRARY = workshop.library()
PARAMETERS = PROFILES["ror-fhir-0.7.0"].search_parameters
SOME = LIBRARY.scenarios[0]


def scenario(*query):
    """Any scenario, its one step with this query."""
    return replace(SOME, steps=(replace(SOME.steps[0], query=query),))


@pytest.mark.parametrize(("query", "value", "usable"), [
    (("_lastUpdated", "ge{v}"), "2025-01-02", True),
    (("_lastUpdated", "ge{v}"), "02/01/2025", False),
    (("_lastUpdated", "{v.meta.lastUpdated}"), {"meta": {"lastUpdated": "2025-01-02T03:04:05Z"}}, True),
    (("_lastUpdated", "{v.meta.lastUpdated}"), {"meta": {"lastUpdated": "yesterday"}}, False),
    (("_lastUpdated", "{v.meta.lastUpdated}"), {"meta": {}}, False),
    (("location._lastUpdated", "{v}"), "yesterday", False),
    (("_filter", "_lastUpdated gt {v} and active eq true"), "yesterday", False),
    (("_filter", "_lastUpdated gt {v} and active eq true"), "2025-01", True),
    (("_filter", "specialty eq {v}"), "yesterday", True),
    (("identifier", "{v}"), "yesterday", True),
    (("_lastUpdated", "{other}"), "yesterday", True),
])
def test_what_is_sent_as_a_date_is_a_date(query, value, usable):
    assert Dated(scenario(query), PARAMETERS).usable("v", value) is usable


def test_the_value_bound_is_the_first_that_is_a_date():
    population = Population()
    for number, date in enumerate(("bad", "worse", "2025-01-02T00:00:00Z", "")):
        population.add({"resourceType": "Location", "id": str(number), "meta": {"lastUpdated": date}})
    need = Need("v", among="Location", value="meta.lastUpdated")
    dated = Dated(scenario(("_lastUpdated", "{v}")), PARAMETERS)
    for seed in ("1", "2", "3"):
        assert bind([need], Census(population, {}), seed, dated.usable) == {"v": "2025-01-02T00:00:00Z"}
    with pytest.raises(Unbound):
        bind([need], Census(population, {}), "1", lambda _name, _value: False)
