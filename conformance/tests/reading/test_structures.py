"""The structures of the profiles are those of the specification, element by element; base FHIR R4 is whole."""

from pathlib import Path

import pytest
import yaml

from conformance import data, profile
from conformance.fhir.r4 import r4

FACTS = Path(__file__).resolve().parents[4] / "shared" / "spec" / "ror-fhir" / "profiles"
PROFILES = [name for name in profile.known() if name.startswith("ror-fhir-")]
LATEST = PROFILES[-1]
# what we say otherwise than the facts, and why
DIFFERENCES = {
    ("Organization.address.extension", "inseeCode", "", "unconfirmed"):
        "the facts doubt it in their list of doubts, not at the element",
}
RESOURCES = {"HealthcareService", "Location", "Organization", "Practitioner", "PractitionerRole", "Task", "Questionnaire",
             "Measure", "MeasureReport"}


def read(path):
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def ours(name):
    """Every element of a profile by structure, path, slice and enclosing slices."""
    folder = data.path("profiles", name, "structures")
    structures = [read(path) for path in sorted(folder.glob("*.yaml")) if path.name != "extensions.yaml"]
    structures += read(folder / "extensions.yaml")["extensions"]
    return {one["url"]: {(each["path"], each.get("slice", ""), each.get("within", "")): each
                         for each in one["elements"]} for one in structures}


def key(path):
    """The path without the names of slices, the slice that it is, those around it."""
    words = [word.partition(":") for word in path.split(".")]
    slices = [name for _, _, name in words]
    return ".".join(word for word, _, _ in words), slices[-1], "/".join(name for name in slices[:-1] if name)


def value_set(url):
    """The name that we give to a value set."""
    return url.split("/FHIR/")[0].rsplit("/", 1)[-1] if "/FHIR/" in url else url.rsplit("/", 1)[-1]


def wanted(fact):
    """What a fact says of an element, in our words."""
    said = {name: fact[name] for name in ("types", "targets", "fixed", "pattern") if fact.get(name)}
    said |= {name: fact[name] if fact[name] == "*" else int(fact[name]) for name in ("min", "max") if name in fact}
    if fact.get("extension_url"):
        said["extension"] = fact["extension_url"]
    if fact.get("binding"):
        said["binding"] = {"value-set": value_set(fact["binding"]["valueset"]), "strength": fact["binding"]["strength"]}
    if fact.get("slicing"):
        said["slicing"] = {"rules": fact["slicing"]["rules"],
                           "by": [f"{one['type']} {one['path']}" for one in fact["slicing"]["discriminators"]]}
    if fact.get("invariants"):
        said["invariants"] = [{word: one[word] for word in ("key", "severity", "expression")}
                              for one in fact["invariants"]]
    said |= {ours: True for ours, theirs in (("must-support", "must_support"), ("unconfirmed", "unconfirmed"))
             if fact.get(theirs)}
    return said


@pytest.mark.skipif(not FACTS.is_dir(), reason="the facts of the specification are not part of this project; CI has them")
@pytest.mark.parametrize("name", PROFILES)
def test_each_element_is_as_the_specification_says(name):
    facts, held, different, met = read(FACTS / f"{name.removeprefix('ror-fhir-')}.yaml"), ours(name), [], set()
    for structure in (*facts["profiles"], *facts["extensions"]):
        mine = dict(held[structure["url"]])
        for fact in structure["elements"]:
            spot = key(fact["path"])
            said, expected = mine.pop(spot), wanted(fact)
            for word in {*said, *expected} - {"path", "slice", "within", "by", "defect"}:
                if said.get(word) == expected.get(word):
                    continue
                if (*spot, word) in DIFFERENCES:
                    met.add((*spot, word))
                else:
                    different.append((structure["name"], *spot, word, said.get(word), expected.get(word)))
        assert not mine, f"{structure['name']}: elements of ours alone"
    assert not different
    assert met == set(DIFFERENCES) if name == LATEST else met <= set(DIFFERENCES)
    assert len(facts["profiles"]) == 9


@pytest.mark.parametrize("name", PROFILES)
def test_each_element_stands_where_fhir_has_one(name):
    facts = r4()
    for url, elements in ours(name).items():
        for path, _slice, _within in elements:
            kind, *names = path.split(".")
            assert not names or facts.element(kind, names) is not None, f"{url}: {path}"


@pytest.mark.parametrize("name", PROFILES)
def test_each_slice_is_recognised_or_rests_on_a_defect_of_the_specification(name):
    for url, elements in ours(name).items():
        for spot, one in elements.items():
            if one.get("slice") and "extension" not in spot[0].rsplit(".", 1)[-1]:
                assert "by" in one or "defect" in one, f"{url}: {spot}"


def test_base_fhir_holds_the_resources_of_the_ror_and_every_type_that_they_use():
    facts = r4()
    assert {kind for kind in facts.kinds if facts.resource(kind)} >= RESOURCES | {"Bundle", "OperationOutcome"}
    seen, waiting = set(), [*RESOURCES, "Bundle"]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        below = facts.below(path)
        assert below, path
        for one in below.values():
            assert one.types or one.same_as, one
            inside = {facts.holds(one)} if one.same_as or not one.choice else set(one.types)
            waiting += [each for each in inside if each and each not in facts.primitives
                        and not (facts.resource(each) and each != path)]


@pytest.mark.parametrize(("path", "least", "most", "types", "strength"), [
    ("HealthcareService.notAvailable.description", 1, 1, ("string",), ""),
    ("HealthcareService.availableTime.daysOfWeek", 0, "*", ("code",), "required"),
    ("Location.position.longitude", 1, 1, ("decimal",), ""),
    ("Task.input.type", 1, 1, ("CodeableConcept",), ""),
    ("Questionnaire.item.item.item.linkId", 1, 1, ("string",), ""),
    ("Bundle.entry.link.url", 1, 1, ("uri",), ""),
    ("Organization.contact.telecom.system", 0, 1, ("code",), "required"),
    ("HealthcareService.meta.tag.system", 0, 1, ("uri",), ""),
    ("HealthcareService.extension.valuePeriod.start", 0, 1, ("dateTime",), ""),
])
def test_elements_of_base_fhir(path, least, most, types, strength):
    kind, *names = path.split(".")
    found = r4().element(kind, names)
    assert (found.least, found.most, found.types, found.strength) == (least, most, types, strength)


@pytest.mark.parametrize("path", ["HealthcareService.colour", "Location.position.x", "Address.line.x.y",
                                  "HealthcareService.extension.valueColour"])
def test_elements_that_base_fhir_has_not(path):
    kind, *names = path.split(".")
    assert r4().element(kind, names) is None
