"""A profile written as a FHIR package: valid FHIR, all of it, the same bytes each time."""

import io
import json
import re
import tarfile
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from click.testing import CliRunner

from conformance import nomenclature, profile, profile_export
from conformance.cli.group import rorqual
from conformance.fhir.r4 import r4
from conformance.fhir.shape import Shape

FACTS = Path(__file__).resolve().parents[4] / "shared" / "spec" / "ror-fhir" / "profiles"
PROFILES = [name for name in profile.known() if name.startswith("ror-fhir-")]
RELEASE = nomenclature.shipped()
SHAPE = Shape(r4())


@pytest.fixture(scope="module", params=PROFILES)
def exported(request):
    """The files of a package, by their names, and the profile that they come from."""
    made = profile.read(request.param)
    return made, {name: json.loads(content) for name, content in profile_export.files(made, RELEASE, {})}


def of_kind(files, kind):
    return [one for one in files.values() if one.get("resourceType") == kind]


def test_each_resource_is_valid_fhir(exported):
    _, files = exported
    schemas = {kind: [jsonschema_rs.validator_for(SHAPE.of_resource(kind))]
               for kind in ("StructureDefinition", "ValueSet", "CodeSystem", "CapabilityStatement")}
    for name, one in files.items():
        for validator in schemas.get(one.get("resourceType"), ()):
            assert [error.message for error in validator.iter_errors(one)] == [], name
        assert "resourceType" not in one or re.fullmatch(r"[A-Za-z0-9.-]{1,64}", one["id"]), name


def test_everything_is_there_under_its_own_name(exported):
    made, files = exported
    definitions = {one["url"]: one for one in of_kind(files, "StructureDefinition")}
    assert set(definitions) == {one["url"] for one in made.structures.values()} | set(made.extensions)
    held = {one["url"] for kind in ("ValueSet", "CodeSystem") for one in of_kind(files, kind)}
    assert held == {RELEASE.nomenclature(name).canonical for name in RELEASE.names()}
    index = files["package/.index.json"]["files"]
    assert {f"package/{one['filename']}" for one in index} | {"package/.index.json", "package/package.json"} == set(files)
    manifest = files["package/package.json"]
    assert (manifest["version"], manifest["fhirVersions"]) == (made.version, ["4.0.1"])
    assert re.fullmatch(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+", manifest["name"])


def test_value_sets_of_bindings_are_those_of_the_package(exported):
    made, files = exported
    held = {one["url"] for one in of_kind(files, "ValueSet")}
    bound = {each["binding"]["valueSet"] for one in of_kind(files, "StructureDefinition")
             for each in one["differential"]["element"] if "binding" in each}
    assert all(url in held or url.startswith(f"{made.canonical}/ValueSet/") for url in bound)
    assert len(bound & held) > 40


def test_codes_and_their_ends_are_kept(exported):
    _, files = exported
    for name in RELEASE.names():
        one = RELEASE.nomenclature(name)
        written = next(each for each in files.values() if each.get("url") == one.canonical)
        if one.kind == "value-set":
            told = [(part["system"], code["code"]) for part in written.get("compose", {}).get("include", ())
                    for code in part["concept"]]
        else:
            told = [(one.canonical, code["code"]) for code in written.get("concept", ())]
            ended = {code["code"] for code in written.get("concept", ()) if "property" in code}
            assert ended == {each.code for each in one.codes if each.status}
        assert told == [(each.system, each.code) for each in one.codes]


@pytest.mark.skipif(not FACTS.is_dir(), reason="the facts of the specification are not part of this project; CI has them")
def test_elements_are_those_of_the_published_differentials(exported):
    made, files = exported
    facts = yaml.load((FACTS / f"{made.version}.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    definitions = {one["url"]: one for one in of_kind(files, "StructureDefinition")}
    for fact in (*facts["profiles"], *facts["extensions"]):
        written = {one["id"]: one for one in definitions[fact["url"]]["differential"]["element"]}
        assert [one for one in written if one != fact["type"]] == [
            one["path"] for one in fact["elements"] if one["path"] != fact["type"]]
        for one in fact["elements"]:
            told = written[one["path"]]
            assert (str(told.get("min", "")), told.get("max", "")) == (str(one.get("min", "")), str(one.get("max", "")))
            assert [kind["code"] for kind in told.get("type", ())] == one.get("types", [])
            assert told.get("binding", {}).get("valueSet") == (one.get("binding") or {}).get("valueset")
            assert told.get("sliceName") == one.get("slice")
            for word in ("fixed", "pattern"):
                assert [said for name, said in told.items() if name.startswith(word)] == (
                    [one[word]] if word in one else [])


def test_the_archive_is_the_same_each_time_and_holds_the_files(tmp_path):
    made = profile.read(PROFILES[-1])
    for name in ("a.tgz", "b.tgz"):
        profile_export.write(made, RELEASE, {}, tmp_path / "deep" / name)
    one, other = ((tmp_path / "deep" / name).read_bytes() for name in ("a.tgz", "b.tgz"))
    assert one == other
    with tarfile.open(fileobj=io.BytesIO(one)) as archive:
        entries = {entry.name: archive.extractfile(entry).read() for entry in archive if entry.isreg()}
        assert all(entry.mtime == 0 and not entry.uname for entry in archive)
    assert entries == dict(profile_export.files(made, RELEASE, {}))


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = profile.read(PROFILES[-1])
    resources = sum(map(len, (RELEASE.names(), made.structures, made.extensions, made.search_parameters))) + 1
    told = CliRunner().invoke(rorqual, ["profile", "export", PROFILES[-1]])
    assert (told.exit_code, told.output) == (0, f"{PROFILES[-1]}.tgz: {resources + 9} files\n"), told.output
    folder = CliRunner().invoke(rorqual, ["profile", "export", PROFILES[-1], "--out", "here"])
    assert folder.exit_code == 0
    assert json.loads((tmp_path / "here" / "package" / "package.json").read_text())["title"]
    again = CliRunner().invoke(rorqual, ["profile", "export", PROFILES[-1]])
    assert "exists already" in str(again.exception)
    (tmp_path / "file").write_text("")
    nowhere = CliRunner().invoke(rorqual, ["profile", "export", PROFILES[-1], "--out", "file/x"])
    assert "cannot be written" in str(nowhere.exception)
