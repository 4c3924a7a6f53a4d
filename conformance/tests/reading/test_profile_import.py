"""A FHIR package becomes a version of ours: what we export comes back the same, what others publish is read or refused
with its place."""

import copy
import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from conformance import nomenclature, package, profile, profile_export, profile_import
from conformance.cli.group import rorqual
from conformance.errors import AuthorError, OperatorError
from conformance.nomenclature_diff import differences as nomenclature_differences
from conformance.package import Package
from conformance.profile_diff import differences
from conformance.tests.reading.test_package import archive

PROFILES = [name for name in profile.known() if name.startswith("ror-fhir-")]
BASE = "http://hl7.org/fhir/StructureDefinition/"
GUIDE = "https://example.invalid/fhir"


def packed(resources, manifest=None):
    return Package([(f"p!{number}.json", one) for number, one in enumerate(resources)], manifest or {
        "name": "some.guide", "version": "2.0.0", "fhirVersions": ["4.0.1"], "canonical": GUIDE, "date": "20260105"})


def definition(elements=(), whole=(), kind="Location", name="some-place", **words):
    made = {"resourceType": "StructureDefinition", "id": name, "url": f"{GUIDE}/StructureDefinition/{name}",
            "type": kind, "kind": "resource", "derivation": "constraint", "baseDefinition": BASE + kind}
    for word, some in (("differential", elements), ("snapshot", whole)):
        if some:
            made[word] = {"element": [dict(one) for one in some]}
    return {**made, **words}


def element(identifier, **words):
    path = ".".join(word.partition(":")[0] for word in identifier.split("."))
    name = identifier.rsplit(".", 1)[-1].partition(":")[2]
    return {"id": identifier, "path": path, **({"sliceName": name} if name else {}), **words}


def structures(*resources, others=(), like=None):
    made = profile_import.ProfileImporter(packed(resources), [packed(others)] if others else [], like).imported("some")
    return {name.split("/")[-1].removesuffix(".yaml"): one for name, one in made.documents.items()
            if name.startswith("structures/")}


@pytest.mark.parametrize("name", PROFILES)
def test_importing_our_export_gives_the_same_profile(name, tmp_path):
    ours = profile.read(name)
    made = tmp_path / "export.tgz"
    profile_export.write(ours, nomenclature.shipped(), profile.beside(name), made)
    told = CliRunner().invoke(rorqual, ["profile", "import", str(made), "--out", str(tmp_path / name)])
    assert told.exit_code == 0, told.output
    again = profile.read(str(tmp_path / name))
    assert differences(ours, again) == []
    assert replace(again, hash=ours.hash, structures={}, extensions={}, capability={}) == replace(
        ours, structures={}, extensions={}, capability={})
    for url, one in ours.extensions.items():
        assert dict(again.extensions[url]) == dict(one)
    for structure, one in ours.structures.items():
        assert again.structures[structure] == one
    held = nomenclature.release(tmp_path / name / profile_import.NOMENCLATURES)
    assert list(nomenclature_differences(nomenclature.shipped(), held)) == []


WHOLE = (
    element("Location", min=0, max="*"),
    element("Location.id", min=0, max="1", type=[{"code": "http://hl7.org/fhirpath/System.String", "extension": [
        {"url": f"{BASE}structuredefinition-fhir-type", "valueUrl": "id"}]}]),
    element("Location.extension", min=0, max="*", type=[{"code": "Extension"}],
            slicing={"discriminator": [{"type": "value", "path": "url"}], "rules": "open"}),
    element("Location.extension:kind", min=1, max="1", type=[
        {"code": "Extension", "profile": [f"{GUIDE}/StructureDefinition/kind"]}]),
    element("Location.status", min=0, max="1", type=[{"code": "code"}], binding={
        "strength": "required", "valueSet": "http://hl7.org/fhir/ValueSet/location-status|4.0.1"},
            constraint=[{"key": "ele-1", "severity": "error", "expression": "hasValue()"}]),
    element("Location.identifier", min=1, max="*", type=[{"code": "Identifier"}],
            slicing={"discriminator": [{"type": "pattern", "path": "type"}], "rules": "closed", "ordered": True}),
    element("Location.identifier:own", min=1, max="1", type=[{"code": "Identifier"}]),
    element("Location.identifier:own.type", min=1, max="1", type=[{"code": "CodeableConcept"}],
            patternCodeableConcept={"coding": [{"code": "25"}]}),
    element("Location.name", min=1, max="1", type=[{"code": "string"}], mustSupport=True,
            constraint=[{"key": "own-1", "severity": "error", "human": "x", "expression": "length() > 2"}]),
    element("Location.partOf", min=0, max="1", type=[{"code": "Reference", "targetProfile": [f"{BASE}Location"]}]),
)
ASKED = [
    {"path": "Location.extension", "slice": "kind", "extension": f"{GUIDE}/StructureDefinition/kind", "min": 1, "max": 1,
     "types": ["Extension"]},
    {"path": "Location.identifier", "min": 1, "max": "*", "types": ["Identifier"],
     "slicing": {"by": ["pattern type"], "rules": "closed", "ordered": True}},
    {"path": "Location.identifier", "slice": "own", "min": 1, "max": 1, "types": ["Identifier"]},
    {"path": "Location.identifier.type", "within": "own", "min": 1, "max": 1, "types": ["CodeableConcept"],
     "pattern": {"coding": [{"code": "25"}]}},
    {"path": "Location.name", "min": 1, "max": 1, "types": ["string"],
     "invariants": [{"key": "own-1", "severity": "error", "expression": "length() > 2"}], "must-support": True},
]


def test_of_a_snapshot_only_what_constrains_is_kept():
    assert structures(definition(whole=WHOLE))["some-place"]["elements"] == ASKED


def test_a_differential_takes_from_its_snapshot_what_it_leaves_unsaid():
    own = [element("Location"), element("Location.status", mustSupport=True), element("Location.name", min=1)]
    read = structures(definition(own, WHOLE))["some-place"]["elements"]
    assert [one["path"] for one in read] == [
        "Location.extension", "Location.status", *(one["path"] for one in ASKED[1:])]
    assert read[1]["max"] == 1


def test_a_differential_says_what_it_says_and_its_base_the_rest():
    base = definition([element("Location.name", min=1), element("Location.alias", max="0")], name="base")
    own = definition([element("Location.name", max="1"), element("Location.mode", min=1)],
                     baseDefinition=base["url"])
    wanted = [{"path": "Location.name", "min": 1, "max": 1}, {"path": "Location.alias", "max": 0},
              {"path": "Location.mode", "min": 1}]
    assert structures(own, base)["some-place"]["elements"] == wanted
    assert list(structures(own, others=[base])) == ["some-place", "extensions"]
    assert structures(own, others=[base])["some-place"]["elements"] == wanted


def test_a_type_in_the_name_is_a_slice_of_the_choice():
    read = structures(definition([element("Extension.valueCode", min=1)], kind="Extension", name="x"),
                      definition([element("Location.name", min=1)]))
    assert read["extensions"]["extensions"][0]["elements"] == [
        {"path": "Extension.value[x]", "slice": "valueCode", "min": 1}]


@pytest.mark.parametrize(("resource", "says"), [
    (definition([element("Location.name", min=1)], baseDefinition=f"{GUIDE}/StructureDefinition/gone"),
     "a differential whose base https://example.invalid/fhir/StructureDefinition/gone is not at hand"),
    (definition([element("Location.name", min=1)], baseDefinition=f"{GUIDE}/StructureDefinition/some-place"),
     "each other's base: some-place → some-place"),
    (definition(), "neither snapshot nor differential"),
    (definition([element("Location.naem", min=1)]), "Location.naem: FHIR R4 has no element Location.naem"),
    (definition([{"path": "Location.name", "min": 1}]), "Location.name: needs an id and a path"),
    (definition([{"id": "Location.name", "path": "Location.alias"}]), "Location.name: its path is Location.alias"),
    (definition([element("Location.identifier:a/b", min=1)]), "a slice of a slice"),
    (definition([element("Location.name", min="one")]), "Location.name: min is 'one'"),
    (definition([element("Location.name", max="many")]), "Location.name: max is 'many'"),
    (definition([element("Questionnaire.item", contentReference="#Questionnaire.item.item"),
                 element("Questionnaire.item.item", contentReference="#Questionnaire.item")],
                kind="Questionnaire"),
     "in a circle: Questionnaire.item → Questionnaire.item.item → Questionnaire.item"),
    (definition([element("Questionnaire.item.item", contentReference="#Questionnaire.item.item")],
                kind="Questionnaire"), "contentReference in a circle"),
    (definition([element("Questionnaire.item.item", contentReference="#Questionnaire.itme")], kind="Questionnaire"),
     "contentReference to Questionnaire.itme, which is no element"),
    (definition([element("Location.name", extension=[
        {"url": "https://rorqual.invalid/fhir/by", "valueString": "{"}])]), "holds no JSON"),
    (definition([element("Location.name", min=1)], id="../x"), "cannot name a file"),
])
def test_what_cannot_be_read_is_told_with_its_place(resource, says):
    with pytest.raises(AuthorError, match=r"p!0\.json") as told:
        structures(resource)
    assert says in str(told.value)


def test_references_to_content_that_recurs_are_no_circle():
    one = definition(whole=[element("Questionnaire.item", min=1, max="*", type=[{"code": "BackboneElement"}]),
                            element("Questionnaire.item.item", contentReference="#Questionnaire.item", min=0, max="*"),
                            element("Questionnaire.item.text", min=1, max="1", type=[{"code": "string"}])],
                     kind="Questionnaire")
    assert [each["path"] for each in structures(one)["some-place"]["elements"]] == [
        "Questionnaire.item", "Questionnaire.item.text"]


def test_search_parameters_and_the_statement():
    statement = {
        "resourceType": "CapabilityStatement", "id": "server", "format": ["json"], "patchFormat": ["json"],
        "rest": [{"mode": "client"}, {"mode": "server", "resource": [{
            "type": "Location", "supportedProfile": [f"{GUIDE}/StructureDefinition/some-place"],
            "interaction": [{"code": "read"}], "searchInclude": ["Location:a,Location:b"],
            "searchParam": [{"name": "bed", "type": "token"}, {"name": "address-city", "type": "string"}]}]}]}
    bed = {"resourceType": "SearchParameter", "url": f"{GUIDE}/SearchParameter/bed", "code": "bed", "type": "token",
           "base": ["Location", "Organization"], "expression": "Location.type | Organization.type | (Location.mode)"}
    importer = profile_import.ProfileImporter(packed([definition(whole=WHOLE), statement, bed]), [],
                                              profile.folder_of(PROFILES[-1]))
    made = importer.imported("some").documents
    assert made["capability.yaml"]["resources"][0] == {
        "type": "Location", "structure": f"{GUIDE}/StructureDefinition/some-place", "interactions": ["read"],
        "search-parameters": [{"name": "bed", "type": "token"}, {"name": "address-city", "type": "string"}],
        "search-include": ["Location:a", "Location:b"], "search-revinclude": []}
    told = {(one["resource"], one["name"]): one for one in made["search-parameters.yaml"]["search-parameters"]}
    assert told["Location", "bed"]["expression"] == "Location.type | (Location.mode)"
    assert (told["Location", "bed"]["declared"], told["Organization", "bed"]["declared"]) == (True, False)
    assert told["Organization", "bed"]["expression"] == "Organization.type"
    assert told["Location", "address-city"]["expression"] == "Location.address.city"  # of the version that it is like


def test_several_statements_must_be_chosen_from():
    both = [{"resourceType": "CapabilityStatement", "id": name, "rest": [{"mode": "server", "resource": []}]}
            for name in ("one", "other")]
    found = [definition(whole=WHOLE), *both]
    with pytest.raises(OperatorError, match="one, other; choose with --statement"):
        structures(*found)
    importer = profile_import.ProfileImporter(packed(found), [], None, "other")
    assert importer.imported("some").documents["capability.yaml"]["resources"] == []
    with pytest.raises(OperatorError, match="no CapabilityStatement of a server is called 'x'"):
        profile_import.ProfileImporter(packed(found), [], None, "x").imported("some")


def test_a_new_version_of_others_is_read_run_and_compared(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    manifest = {"name": "some.guide", "version": "2.0.0", "canonical": GUIDE, "date": "20260105"}
    files = [("package/package.json", json.dumps(manifest).encode())]
    value_set = {"resourceType": "ValueSet", "url": f"{GUIDE}/ValueSet/kinds", "compose": {"include": [
        {"system": "urn:kinds", "concept": [{"code": "on", "display": "no"}]}]}}
    patient = definition([element("Patient.name", min=1)], kind="Patient", name="patient")
    for number, one in enumerate((definition(whole=WHOLE), value_set, patient)):
        files.append((f"package/{number}.json", json.dumps(one).encode()))
    archive(tmp_path / "guide.tgz", files)
    told = CliRunner().invoke(rorqual, ["profile", "import", "guide.tgz", "--like", PROFILES[-1]])
    assert told.exit_code == 0, told.output
    assert "some.guide-2.0.0: 12 files" in told.output
    assert "profiles of Patient are not read" in told.output
    assert "used but not defined here: give its package with --with: kind" in told.output
    made = profile.read("some.guide-2.0.0")
    assert (made.version, made.published, made.canonical) == ("2.0.0", "2026-01-05", GUIDE)
    like = profile.read(PROFILES[-1])
    assert made.headers == like.headers
    assert set(made.requirements) - set(like.requirements)
    assert made.families["ROR-STR-Location.*"]
    told = CliRunner().invoke(rorqual, ["profile", "diff", PROFILES[-1], "some.guide-2.0.0", "--only", "some-place"])
    assert "added    structure some-place" in told.output
    again = CliRunner().invoke(rorqual, ["profile", "import", "guide.tgz"])
    assert isinstance(again.exception, OperatorError)
    assert "exists already" in str(again.exception)


def test_nothing_is_left_behind_where_it_cannot_be_written_whole(tmp_path):
    found = packed([definition(whole=WHOLE)])
    made = profile_import.ProfileImporter(found, [], None).imported("some")
    spoiled = copy.deepcopy(made)
    spoiled.documents["profile.yaml"]["id"] = "Not An Id"
    with pytest.raises(AuthorError, match="Not An Id"):
        profile_import.write(spoiled, found, tmp_path / "here" / "some")
    assert list((tmp_path / "here").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorError, match="cannot be written"):
        profile_import.write(made, found, tmp_path / "file" / "some")


def test_a_package_without_structures(tmp_path):
    with pytest.raises(OperatorError, match="no StructureDefinition of a resource"):
        structures({"resourceType": "ValueSet", "url": "urn:x"})
    archive(tmp_path / "x.tgz", [("package/other/profile.yaml", b"id: ["),
                                 ("package/a.json", json.dumps(definition(whole=WHOLE)).encode())])
    with pytest.raises(AuthorError, match=r"profile\.yaml:2:1: not valid YAML"):
        profile_import.ProfileImporter(package.read(tmp_path / "x.tgz"), [], None).imported()
