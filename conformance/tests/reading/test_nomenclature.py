"""The nomenclatures shipped: read, found by name and by code, shown."""

import json

import pytest
from click.testing import CliRunner

from conformance import nomenclature
from conformance.cli.group import rorqual
from conformance.errors import OperatorError

RELEASE = nomenclature.shipped()


def shown(*arguments):
    told = CliRunner().invoke(rorqual, ["nomenclature", "show", *arguments])
    assert told.exit_code == 0, told.output
    return told.output


@pytest.mark.parametrize("name", RELEASE.names())
def test_each_file_is_read_and_names_itself(name):
    one = RELEASE.nomenclature(name)
    assert one.name == name
    assert one.kind == ("value-set" if name.startswith("JDV_") or name.endswith(("-vs", "-valueset")) else "code-system")
    assert RELEASE.nomenclature(one.canonical) is not one
    assert RELEASE.nomenclature(one.canonical) == one
    assert len({(each.system, each.code) for each in one.codes}) == len(one.codes), "no code twice"
    assert all(each.code and each.code == each.code.strip() for each in one.codes)
    assert {each.status for each in one.codes} <= {"", "retired", "deprecated"}
    assert not [each for each in one.codes if each.until and not each.status]


@pytest.mark.parametrize("name", ["J20", "j20", "JDV_J20", "JDV_J20-ChampActivite-ROR",
                                  "https://mos.esante.gouv.fr/NOS/JDV_J20-ChampActivite-ROR/FHIR/JDV-J20-ChampActivite-ROR"])
def test_a_nomenclature_has_several_names(name):
    assert RELEASE.nomenclature(name).name == "JDV_J20-ChampActivite-ROR"


@pytest.mark.parametrize("name", ["J2", "", "JDV_J20-ChampActivit-ROR", "https://x/FHIR/y", "../score"])
def test_a_name_that_is_not_known(name):
    with pytest.raises(OperatorError, match="no nomenclature"):
        RELEASE.nomenclature(name)


def test_a_code_is_told_with_its_state():
    found = {one.name: each for one, each in RELEASE.holding("012") if each.system.endswith("-ActiviteOperationnelle")}
    told = found["TRE_R211-ActiviteOperationnelle"]
    assert (told.status, told.until) == ("retired", "2017-03-22")
    assert "JDV_J17-ActiviteOperationnelle-ROR" not in found, "a retired code has left the value set"


def test_the_codes_judged_are_those_shown():
    for name in RELEASE.names():
        judged = RELEASE.value_set(name) if name.startswith("JDV") else None
        if judged is not None:
            assert {(each.system, each.code) for each in RELEASE.nomenclature(name).codes} == {
                (system, code) for system, codes in judged.codes.items() for code in codes}


def test_show():
    every = shown().splitlines()
    assert len(every) == len(RELEASE.names()) + 1
    sets = json.loads(shown("--kind", "value-set", "--format", "json"))
    assert {one["kind"] for one in sets} == {"value-set"}
    assert "02    TRE-R227-ChampActivite         Soins Médicaux et de réadaptation (SMR)" in shown("J20").splitlines()
    assert "retired 2017-03-22" in shown("--code", "012")
    assert shown("J20", "--code", "99").endswith("no such code is held\n")
    raw = json.loads(shown("J20", "--code", "02", "--format", "json"))
    assert [one["code"] for one in raw["contents"]] == ["02"]
