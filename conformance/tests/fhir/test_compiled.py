"""Every structure of every version compiles, and agrees with what is known to be right."""

import json
from pathlib import Path

import pytest

from conformance import nomenclature, profile
from conformance.checks.structure import structures
from conformance.reference.region import generate

EXAMPLES = Path(__file__).resolve().parents[4] / "shared" / "spec" / "ror-fhir" / "examples"
PROFILES = [name for name in profile.known() if name.startswith("ror-fhir-")]
QUESTIONNAIRE = ("https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/"
                 "ror-meta-questionnaire-used-as-a-template")
MODELS = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/ror-launchcontext"  # one version asks for it


@pytest.fixture(scope="module", params=PROFILES)
def whole(request):
    """The structures of a version."""
    return structures(profile.read(request.param), nomenclature.shipped())


@pytest.fixture(scope="module")
def by_type(whole):
    """The compiled structures of a version, by the type that they constrain."""
    compiled = [whole.of(name) for name in whole.structures]
    assert len({one.type for one in compiled}) == len(compiled) == 9
    return {one.type: one for one in compiled}


def told(structure, resource):
    return [(one.code, one.place) for one in structure.differences(resource)]


def test_the_region_agrees_with_its_structures(by_type):
    met = set()
    for resource in generate(60, 11):
        met.add(resource["resourceType"])
        if resource["resourceType"] != "Questionnaire" or MODELS in by_type["Questionnaire"].whole.extensions:
            assert told(by_type[resource["resourceType"]], resource) == []
    assert met == set(by_type)


def test_parts_of_a_parent_that_is_not_held_may_stand_in_an_extension(whole, by_type):
    model = next(one for one in generate(10, 1) if one["resourceType"] == "Questionnaire")
    model["extension"][0]["extension"].append({"url": "description", "valueString": "x"})
    known = MODELS in whole.extensions
    assert told(by_type["Questionnaire"], model) == ([] if known else [
        ("structure.extension-unknown", "Questionnaire.extension[0]")])


@pytest.mark.parametrize("kind", ["HealthcareService", "Location", "Organization", "Practitioner", "PractitionerRole",
                                  "Task", "Questionnaire", "Measure", "MeasureReport"])
def test_an_empty_resource_lacks_something_and_an_unknown_element_is_seen(by_type, kind):
    empty = {"resourceType": kind, "id": "1", "colour": "red", "meta": {}}
    codes = {code for code, _ in told(by_type[kind], empty)}
    assert {"structure.unknown", "structure.missing", "structure.invariant"} <= codes
    assert told(by_type[kind], {**empty, "id": "é"}) != told(by_type[kind], empty)


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the official examples are not part of this project; CI has them")
def test_official_examples_differ_only_where_their_readme_says(whole, by_type):
    found = {}
    for path in sorted(EXAMPLES.glob("*.json")):
        resource = json.loads(path.read_text(encoding="utf-8"))
        if resource["resourceType"] in by_type and told(by_type[resource["resourceType"]], resource):
            found[path.stem] = told(by_type[resource["resourceType"]], resource)
    expected = {"organization-eg": [("structure.value", "Organization.identifier[1].system")]}
    expected["healthcareservice-mco"] = [("structure.missing", "HealthcareService.characteristic:careMode")]
    if QUESTIONNAIRE not in whole.extensions:  # the example was written for a later version
        expected["healthcareservice-mco"].append(("structure.extension-unknown", "HealthcareService.extension[3]"))
    assert {name: sorted(one) for name, one in found.items()} == {name: sorted(one) for name, one in expected.items()}
