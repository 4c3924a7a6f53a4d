"""Nomenclatures from FHIR: value sets composed, codes and their ends kept, releases compared."""

import json

import pytest
from click.testing import CliRunner

from conformance import nomenclature, package, profile, profile_export
from conformance.cli.group import rorqual
from conformance.errors import AuthorError, OperatorError
from conformance.nomenclature_import import Importer, name_of

S = "https://mos.esante.gouv.fr/NOS/TRE_R1-Animal/FHIR/TRE-R1-Animal"
ANIMALS = {"resourceType": "CodeSystem", "url": S, "status": "active", "content": "complete", "version": "2", "concept": [
    {"code": "bird", "display": "Oiseau", "concept": [
        {"code": "gull", "display": "Mouette", "property": [{"code": "legs", "valueInteger": 2}]},
        {"code": "dodo", "property": [{"code": "status", "valueCode": "retired"},
                                      {"code": "retirementDate", "valueDateTime": "1681-06-01T00:00:00Z"}]}]},
    {"code": "whale", "display": "Baleine", "property": [{"code": "inactive", "valueBoolean": True},
                                                         {"code": "dateFin", "valueDateTime": "1999-01-01"}]},
    {"code": "cat", "display": "Chat", "property": [{"code": "legs", "valueInteger": 4}]}, {"display": "no code"}]}


def value_set(name, *include, exclude=(), **more):
    return {"resourceType": "ValueSet", "url": f"urn:vs/{name}", "status": "active", **more,
            "compose": {"include": list(include), **({"exclude": list(exclude)} if exclude else {})}}


def imported(*resources):
    return Importer([(f"p!{number}.json", one) for number, one in enumerate(resources)]).documents()


def codes(document):
    return [code for part in document["systems"] for code, *_ in part["codes"]]


def test_what_we_export_is_what_we_import(tmp_path):
    made = profile.read("ror-fhir-0.7.0")
    path = tmp_path / "x.tgz"
    profile_export.write(made, nomenclature.shipped(), {}, path)
    read = Importer(package.read(path).resources).documents()
    folder = nomenclature.shipped().folder
    for name in nomenclature.shipped().names():
        wanted = {word: said for word, said in json.loads((folder / f"{name}.json").read_text()).items()
                  if said is not None}
        if "systems" in wanted:  # a system without any code says nothing
            wanted["systems"] = [one for one in wanted["systems"] if one["codes"]]
        assert read.pop(name) == wanted
    assert not read


def test_codes_of_a_system_with_their_ends():
    one = imported(ANIMALS)["TRE_R1-Animal"]
    assert one["codes"] == [["bird", "Oiseau"], ["gull", "Mouette"], ["dodo", "", "retired", "1681-06-01"],
                            ["whale", "Baleine", "retired", "1999-01-01"], ["cat", "Chat"]]
    assert (one["complete"], one["version"]) == (True, "2")
    fragment = imported({**ANIMALS, "content": "fragment"})["TRE_R1-Animal"]
    assert (fragment["complete"], fragment["note"]) == (False, "content fragment")


@pytest.mark.parametrize(("include", "exclude", "held"), [
    ([{"system": S}], [], ["bird", "gull", "dodo", "whale", "cat"]),
    ([{"system": S, "concept": [{"code": "cat"}, {"code": "unicorn", "display": "Licorne"}]}], [], ["cat", "unicorn"]),
    ([{"system": S, "filter": [{"property": "concept", "op": "is-a", "value": "bird"}]}], [], ["bird", "gull", "dodo"]),
    ([{"system": S, "filter": [{"property": "concept", "op": "descendent-of", "value": "bird"}]}], [], ["gull", "dodo"]),
    ([{"system": S, "filter": [{"property": "concept", "op": "is-not-a", "value": "bird"}]}], [], ["whale", "cat"]),
    ([{"system": S, "filter": [{"property": "parent", "op": "=", "value": "bird"}]}], [], ["gull", "dodo"]),
    ([{"system": S, "filter": [{"property": "legs", "op": "=", "value": "2"}]}], [], ["gull"]),
    ([{"system": S, "filter": [{"property": "legs", "op": "exists", "value": "true"}]}], [], ["gull", "cat"]),
    ([{"system": S, "filter": [{"property": "legs", "op": "in", "value": "2, 4"}]}], [], ["gull", "cat"]),
    ([{"system": S, "filter": [{"property": "code", "op": "regex", "value": ".*at"}]}], [], ["cat"]),
    ([{"system": S, "filter": [{"property": "concept", "op": "is-a", "value": "bird"},
                               {"property": "legs", "op": "exists", "value": "true"}]}], [], ["gull"]),
    ([{"system": S}], [{"system": S, "concept": [{"code": "dodo"}, {"code": "bird"}]}], ["gull", "whale", "cat"]),
    ([{"system": S}], [{"valueSet": ["urn:vs/pets"]}], ["bird", "gull", "dodo", "whale"]),
    ([{"valueSet": ["urn:vs/pets|1"]}, {"system": S, "concept": [{"code": "gull"}]}], [], ["cat", "gull"]),
    ([{"system": S, "valueSet": ["urn:vs/pets"]}], [], ["cat"]),
    ([{"valueSet": ["urn:vs/pets", "urn:vs/others"]}], [], []),
])
def test_value_sets_are_composed(include, exclude, held):
    pets = value_set("pets", {"system": S, "concept": [{"code": "cat"}]})
    others = value_set("others", {"system": S, "concept": [{"code": "gull"}]})
    one = imported(ANIMALS, pets, others, value_set("x", *include, exclude=exclude))["x"]
    assert codes(one) == held
    assert one["complete"] is True


@pytest.mark.parametrize(("include", "note"), [
    ({"system": "urn:unknown"}, "code system urn:unknown is not at hand"),
    ({"valueSet": ["urn:vs/unknown"]}, "value set urn:vs/unknown is not at hand"),
    ({"system": S, "filter": [{"property": "legs", "op": "generalizes", "value": "2"}]},
     "filter legs generalizes is not understood"),
    ({"system": S, "filter": [{"property": "legs", "op": "regex", "value": "("}]}, "filter legs regex is not understood"),
    ({}, "a part names neither a system nor a value set"),
])
def test_what_cannot_be_told_makes_a_value_set_partial(include, note):
    one = imported(ANIMALS, value_set("x", include, {"system": S, "concept": [{"code": "cat"}]}))["x"]
    assert (codes(one), one["complete"], one["note"]) == (["cat"], False, note)


def test_an_expansion_serves_where_nothing_is_composed():
    held = {"contains": [{"system": S, "code": "group", "abstract": True, "contains": [{"system": S, "code": "cat"}]}]}
    assert codes(imported({"resourceType": "ValueSet", "url": "urn:vs/x", "expansion": held})["x"]) == ["cat"]
    none = imported({"resourceType": "ValueSet", "url": "urn:vs/x"})["x"]
    assert (none["systems"], none["complete"], none["note"]) == ([], False, "no content is said")


def test_value_sets_that_hold_each_other_are_told_with_the_circle():
    a, b = value_set("a", {"valueSet": ["urn:vs/b"]}), value_set("b", {"valueSet": ["urn:vs/a"]})
    with pytest.raises(AuthorError) as told:
        imported(a, b)
    assert "a → b → a" in str(told.value)
    assert "p!0.json" in str(told.value)


def test_all_that_is_wrong_is_told():
    with pytest.raises(AuthorError) as told:
        imported(ANIMALS, ANIMALS, {"resourceType": "ValueSet"}, {"resourceType": "CodeSystem", "url": 5},
                 {**ANIMALS, "url": "https://x/TRE_R1-Animal"})
    assert len(told.value.problems) == 4
    with pytest.raises(OperatorError, match="no CodeSystem"):
        imported({"resourceType": "Patient"})


@pytest.mark.parametrize(("url", "name"), [
    (S, "TRE_R1-Animal"), ("http://hl7.org/fhir/ValueSet/days|4.0.1", "days"), ("urn:oid:1.2", "urn-oid-1.2"),
    ("https://x/../..", ""), ("https://x/a b\\c", "a-b-c")])
def test_names_are_safe_as_names_of_files(url, name):
    assert name_of(url) == name


def test_the_commands(tmp_path):
    def command(*arguments):
        return CliRunner().invoke(rorqual, ["nomenclature", *map(str, arguments)])

    for number, animals in (("1", ANIMALS), ("2", {**ANIMALS, "concept": [*ANIMALS["concept"][1:], {"code": "dog"}]})):
        (tmp_path / f"in-{number}").mkdir()
        (tmp_path / f"in-{number}" / "x.json").write_text(json.dumps(animals))
        made = command("import", tmp_path / f"in-{number}", "--out", tmp_path / number)
        assert (made.exit_code, made.output) == (0, f"{tmp_path / number}: 1 nomenclatures, 0 of them in part\n")
    told = command("diff", tmp_path / "1", tmp_path / "2", "--format", "json")
    assert [(one["change"], one["code"]) for one in json.loads(told.output)] == [
        ("removed", "bird"), ("removed", "dodo"), ("added", "dog"), ("removed", "gull")]
    assert command("diff", tmp_path / "1", tmp_path / "1").output == "no difference\n"
    assert "removed  JDV_J20-ChampActivite-ROR" in command("diff", tmp_path / "1").output
    assert "whale" in command("show", "R1", "--release", tmp_path / "1").output
    assert "exists already" in str(command("import", tmp_path / "in-1", "--out", tmp_path / "1").exception)
    assert "no release" in str(command("diff", tmp_path / "in-1" / "nothing").exception)
