"""What is included beside matches: bound to them, through what the page should have held, too."""

import pytest

from conformance.tests.checks.stage import entry, findings, searchset

PATHS = ["HealthcareService.providedBy", "Organization.partOf"]
OFFER = {"resourceType": "HealthcareService", "id": "1", "providedBy": {"reference": "Organization/2"}}
UNIT = {"resourceType": "Organization", "id": "2", "partOf": {"reference": "Organization/3"}}
WHOLE = {"resourceType": "Organization", "id": "3"}
OTHER = {"resourceType": "Organization", "id": "4"}


@pytest.mark.parametrize(("included", "known", "strange"), [
    ([UNIT, WHOLE], [], set()),
    ([WHOLE], [UNIT], set()),
    ([WHOLE], [], {"Organization/3"}),
    ([UNIT, WHOLE, OTHER], [OTHER], {"Organization/4"}),
], ids=["all there", "bound through one that is absent", "bound by nothing known", "another"])
def test_an_inclusion_that_nothing_binds_is_unrelated(included, known, strange):
    told = findings("includes-only", PATHS, [searchset(entry(OFFER), *(entry(one, "include") for one in included))], known=known)
    assert {one.actual for one in told if one.code == "include.unrelated"} == strange
