"""`rorqual validate` on real files: forms, findings, places, exit codes, formats; bad input told clearly."""

import gzip
import json
import os
import pickle
import re
import resource
import subprocess
import sys
import xml.etree.ElementTree as Tree

import pytest

from conformance import documents, nomenclature, profile
from conformance.clock import SystemClock
from conformance.reference.region import generate
from conformance.validation import read, report, tallied

DAY = "2026-12-01"
PROFILE = "ror-fhir-0.7.0"
SIRENE = "ROR-STR-Organization.identifier:sirene.system"


def validate(*arguments, stdin=None, limit=None):
    def bounded():
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

    return subprocess.run([sys.executable, "-m", "conformance", "validate", *map(str, arguments)], capture_output=True,
                          input=stdin, preexec_fn=bounded if limit else None)


def outcome(*arguments, **how):
    """The exit code and what `--format json` tells."""
    told = validate(*arguments, "--format", "json", "--jobs", "1", "--day", DAY, **how)
    assert told.stdout, told.stderr.decode()
    return told.returncode, json.loads(told.stdout)


def codes(made):
    return {(one["requirement"], one["code"]): one for one in made["findings"]}


@pytest.fixture(scope="module")
def region():
    """Resources of a small region, with codes that the shipped release holds whole."""
    return [dict(one) for one in generate(12) if one["resourceType"] in ("HealthcareService", "Organization")]


@pytest.fixture(scope="module")
def establishment(region):
    """An Organization that carries a SIREN."""
    return next(one for one in region if "sirene" in json.dumps(one))


@pytest.fixture(scope="module")
def wrong(establishment):
    """The same with the system of its SIREN misspelt."""
    return json.loads(json.dumps(establishment).replace("https://sirene.fr", "http://sirene.fr"))


def lines(resources):
    return b"".join(json.dumps(one).encode() + b"\n" for one in resources)


def test_what_is_right_is_conformant(tmp_path, region):
    (tmp_path / "offers.ndjson").write_bytes(lines(region))
    code, made = outcome(tmp_path / "offers.ndjson")
    assert (code, made["decision"], made["findings"]) == (0, "granted", [])
    assert sum(made["resources"].values()) == len(region)
    assert made["requirements"]["pass"] > 100


def test_one_resource_over_several_lines(tmp_path, wrong):
    (tmp_path / "one.json").write_text(json.dumps(wrong, indent=2))
    code, made = outcome(tmp_path / "one.json")
    assert code == 1
    found = codes(made)[SIRENE, "structure.value"]
    assert re.fullmatch(rf"{tmp_path}/one\.json Organization/{wrong['id']} Organization\.identifier\[\d\]\.system",
                        found["places"][0])
    assert found["says"].startswith("Organization.identifier["), "the sentence names the element, not the file"


def test_lines_are_told_and_findings_of_a_kind_are_grouped(tmp_path, establishment, wrong):
    (tmp_path / "all.ndjson").write_bytes(lines([establishment, wrong, establishment, *[wrong] * 20]))
    _, made = outcome(tmp_path / "all.ndjson")
    found = codes(made)[SIRENE, "structure.value"]
    assert found["count"] == 21
    assert [re.search(r"ndjson:(\d+) ", one)[1] for one in found["places"]][:3] == ["2", "4", "5"]


@pytest.mark.parametrize("name", ["all.ndjson.gz", "all.gz", "plain.bin"])
def test_compression_is_seen_by_the_bytes(tmp_path, wrong, name):
    (tmp_path / name).write_bytes(gzip.compress(lines([wrong, wrong])))
    assert codes(outcome(tmp_path / name)[1])[SIRENE, "structure.value"]["count"] == 2


def test_the_standard_input(wrong):
    _, made = outcome("-", stdin=lines([wrong]))
    assert "standard input " in codes(made)[SIRENE, "structure.value"]["places"][0]


def test_a_folder_and_files_together(tmp_path, wrong, establishment):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "one.json").write_bytes(json.dumps(wrong).encode())
    (tmp_path / "deep" / "notes.txt").write_text("not a resource")
    (tmp_path / "two.json").write_bytes(json.dumps(establishment).encode())
    _, made = outcome(tmp_path / "deep", tmp_path / "two.json")
    assert made["resources"] == {"Organization": 2}


def test_entries_of_a_bundle_are_judged_once_and_named(tmp_path, wrong, establishment):
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [
        {"fullUrl": f"http://ror.example/fhir/Organization/{one['id']}", "resource": one} for one in (establishment, wrong)]}
    bundle["entry"][1]["resource"] = {**wrong, "id": "other"}
    bundle["entry"][1]["fullUrl"] = "http://ror.example/fhir/Organization/other"
    (tmp_path / "bundle.json").write_text(json.dumps(bundle))
    _, made = outcome(tmp_path / "bundle.json")
    found = codes(made)[SIRENE, "structure.value"]
    assert found["count"] == 1
    assert " entry[1] Organization/other Organization.identifier" in found["places"][0]


def test_a_reference_inside_a_bundle_is_judged_by_the_type_of_its_entry(tmp_path, region):
    service = next(one for one in region if one["resourceType"] == "HealthcareService")
    owner, site = "urn:uuid:6b1c8b1e-5a1f-4f0e-9b57-4d2d9c8c0a01", "urn:uuid:6b1c8b1e-5a1f-4f0e-9b57-4d2d9c8c0a02"
    organization = next(one for one in region if one["resourceType"] == "Organization")
    place = {"resourceType": "Location", "id": "l", "status": "active"}
    right = {**service, "providedBy": {"reference": owner}, "location": [{"reference": site}]}
    turned = {**service, "providedBy": {"reference": site}, "location": [{"reference": site}]}

    def found(one):
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": [
            {"fullUrl": owner, "resource": organization}, {"fullUrl": site, "resource": place},
            {"fullUrl": "urn:uuid:6b1c8b1e-5a1f-4f0e-9b57-4d2d9c8c0a03", "resource": one}]}
        (tmp_path / "bundle.json").write_text(json.dumps(bundle))
        return {each for each in codes(outcome(tmp_path / "bundle.json")[1]) if each[1] == "structure.reference"}

    assert found(right) == set()
    assert {name for name, _ in found(turned)} == {"ROR-STR-HealthcareService.providedBy"}


def test_types_that_the_version_says_nothing_of_are_told(tmp_path):
    (tmp_path / "one.json").write_text('{"resourceType": "Patient", "id": "1"}')
    code, made = outcome(tmp_path / "one.json")
    assert made["not-judged"] == {"Patient": 1}
    assert code in (0, 6)


@pytest.mark.parametrize(("body", "told"), [
    (b'{"resourceType": "Location", "name": "cut', "line 1, column"),
    (b'{\n "resourceType": "Location",\n "na', "line 3, column"),
    ('{"resourceType": "Location"}'.encode("utf-16"), "byte 0"),
    ('{"resourceType": "Location", "name": "é"}'.encode("latin-1"), "byte 38"),
    (b'{"resourceType": "Lokation"}', "resourceType 'Lokation'"),
    (b'{"name": "x"}', "resourceType none"),
    (b"[1, 2]", "list was received"),
    (b"[" * 200_000, "too deeply"),
    (b"\x00\xff\x00", "byte"),
])
def test_what_is_no_resource_is_told_with_its_place(tmp_path, body, told):
    (tmp_path / "bad.json").write_bytes(body)
    code, made = outcome(tmp_path / "bad.json")
    found = codes(made)["FHIR-R4-file", "file.unreadable"]
    assert (code, told in found["says"]) == (1, True), found["says"]
    assert found["places"] == [str(tmp_path / "bad.json")]


def test_a_bad_line_stops_nothing(tmp_path, establishment, wrong):
    (tmp_path / "all.ndjson").write_bytes(lines([establishment]) + b'{"resourceType": "Org\n\n' + lines([wrong]))
    _, made = outcome(tmp_path / "all.ndjson")
    found = codes(made)
    assert found["FHIR-R4-file", "file.unreadable"]["places"] == [f"{tmp_path}/all.ndjson:2"]
    assert "column 22" in found["FHIR-R4-file", "file.unreadable"]["says"]
    assert ":4 " in found[SIRENE, "structure.value"]["places"][0]
    assert made["resources"] == {"Organization": 2}


def test_a_line_of_500_mb_is_refused_in_bounded_memory(tmp_path, wrong):
    path = tmp_path / "huge.ndjson"
    with path.open("wb") as file:
        file.write(b'{"resourceType": "Location", "name": "')
        for _ in range(500):
            file.write(b"x" * 1024 * 1024)
        file.write(b'"}\n' + lines([wrong]))
    code, made = outcome(path, limit=450 * 1024 * 1024)
    found = codes(made)
    assert found["FHIR-R4-file", "file.refused"]["places"] == [f"{path}:1"]
    assert "more than 64 MB" in found["FHIR-R4-file", "file.refused"]["says"]
    assert found[SIRENE, "structure.value"]["count"] == 1, "what follows is judged"
    assert code == 1


def test_a_bomb_is_refused_in_bounded_memory(tmp_path):
    path = tmp_path / "bomb.json"
    with gzip.open(path, "wb") as file:
        for _ in range(300):
            file.write(b"0" * 1024 * 1024 if _ else b"{\"a\":\n")
    code, made = outcome(path, limit=450 * 1024 * 1024)
    assert (code, codes(made)["FHIR-R4-file", "file.refused"]["places"]) == (4, [str(path)])


def test_a_cut_compression_loses_nothing_of_what_was_read(tmp_path, wrong):
    whole = gzip.compress(lines([{**wrong, "name": os.urandom(200).hex()} for _ in range(50)]))
    (tmp_path / "cut.ndjson.gz").write_bytes(whole[: len(whole) * 2 // 3])
    _, made = outcome(tmp_path / "cut.ndjson.gz")
    found = codes(made)
    assert "damaged or cut" in found["FHIR-R4-file", "file.refused"]["says"]
    assert 5 < found[SIRENE, "structure.value"]["count"] < 50


def test_what_cannot_be_used_is_the_operator_s(tmp_path):
    told = validate(tmp_path / "absent.json")
    assert (told.returncode, "no such file" in told.stderr.decode()) == (4, True)
    (tmp_path / "empty").mkdir()
    told = validate(tmp_path / "empty")
    assert (told.returncode, "no file in it" in told.stderr.decode()) == (4, True)
    assert validate().returncode == 2
    assert validate(tmp_path / "absent.json", "--profile", "ror-fhir-9").returncode == 4


def test_an_empty_file_gives_no_verdict(tmp_path):
    (tmp_path / "empty.ndjson").write_bytes(b"\n \n")
    code, made = outcome(tmp_path / "empty.ndjson")
    assert (code, made["decision"]) == (6, "none")


def test_codes_that_the_release_cannot_tell_are_not_verifiable(tmp_path, region):
    commune = {"url": "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/ror-commune-cog",
               "valueCodeableConcept": {"coding": [{
                   "system": "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM", "code": "75056"}]}}
    site = next(dict(one) for one in generate(4) if one["resourceType"] == "Location")
    kept = [one for one in site["extension"] if one["url"] != commune["url"]]
    (tmp_path / "one.json").write_text(json.dumps({**site, "extension": [*kept, commune]}))
    code, made = outcome(tmp_path / "one.json")
    assert (code, made["decision"]) == (6, "deferred")
    assert {name for _, name in codes(made)} == {"nomenclature.not-held"}


def test_as_many_processes_as_wished_tell_the_same(tmp_path, region, wrong):
    path = tmp_path / "many.ndjson"
    path.write_bytes(lines([*region * 40, wrong, *region * 80, wrong, {"resourceType": "Patient"}, *region * 20]))
    assert path.stat().st_size > 6 * documents.PIECE
    tested, release = profile.read(PROFILE), nomenclature.shipped()
    tallies = [tallied(read([path], lambda _: None), PROFILE, release, DAY, jobs, lambda _: None) for jobs in (1, 2, 3)]
    assert tallies[0] == tallies[1] == tallies[2]
    made = [report(one, tested, release, "many", "2026-12-01T00:00:00Z", SystemClock()).problems for one in tallies]
    assert made[0] == made[1]
    assert [one.count for one in made[0]] == [2]


@pytest.mark.parametrize("name", ["many.ndjson", "many.json", "many.ndjson.gz", "one.json"])
def test_a_piece_is_the_same_in_another_process(tmp_path, monkeypatch, name):
    monkeypatch.setattr(documents, "PIECE", 64)
    monkeypatch.setattr(documents, "MOST", 400)
    long = b'{"x": "' + b"y" * 500 + b'"}'
    many = b"\n".join([b'{"n": %d}' % number if number % 7 else b"" if number % 2 else long for number in range(1, 90)])
    content = b'{\n"n": 1\n}' if name == "one.json" else many
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    made = list(documents.pieces(tmp_path / name, lambda _: None))
    again = [pickle.loads(pickle.dumps(one)) for one in made]
    assert [(one.name, one.documents, one.refused) for one in again] == [
        (one.name, one.documents, one.refused) for one in made]
    assert sum(len(one.documents) for one in made) == (1 if name == "one.json" else 77)


@pytest.mark.parametrize(("change", "told"), [
    (lambda path: os.truncate(path, 25), ["the file became shorter while it was read"] * 2),
    (os.remove, ["No such file or directory"] * 4),
])
def test_what_is_gone_when_it_is_read_again_is_not_held_against_the_data(tmp_path, change, told):
    path = tmp_path / "many.ndjson"
    path.write_bytes(b'{"n": 10}\n{"n": 11}\n{"n": 12}\n{"n": 13}\n')
    (piece,) = documents.pieces(path, lambda _: None)
    change(path)
    again = pickle.loads(pickle.dumps(piece))
    assert [why for _, why in again.refused] == told
    assert len(again.documents) + len(again.refused) == 4


def test_the_reports_of_every_format(tmp_path, wrong):
    (tmp_path / "one.json").write_text(json.dumps(wrong))
    told = validate(tmp_path / "one.json", "--out", tmp_path / "out")
    assert told.returncode == 1
    text = told.stdout.decode()
    assert "Not conformant" in text
    assert SIRENE in text
    assert f"Report: {tmp_path}/out/report.html" in text
    page = (tmp_path / "out" / "report.html").read_text()
    assert "ROR data check" in page
    assert "Contrôle de données ROR" in page
    assert "Signature" not in page, "files are not homologated"
    cases = list(Tree.parse(tmp_path / "out" / "junit.xml").getroot().iter("testcase"))
    failed = [one.get("name") for one in cases if one.find("failure") is not None]
    assert failed == [SIRENE]
    assert json.loads((tmp_path / "out" / "report.json").read_text())["decision"]["word"] == "refused"


def test_another_release_and_another_version(tmp_path, region):
    (tmp_path / "offers.ndjson").write_bytes(lines(region))
    (tmp_path / "release").mkdir()
    told = validate(tmp_path / "offers.ndjson", "--nomenclature", tmp_path / "release")
    assert told.returncode == 4
    _, made = outcome(tmp_path / "offers.ndjson", "--profile", "ror-fhir-0.6.0")
    assert made["profile"] == "ror-fhir-0.6.0"
