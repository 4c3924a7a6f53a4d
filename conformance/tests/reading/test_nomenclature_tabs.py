"""The tables of the NOS export become a release; a code that ended is told so; what is wrong is told with its line."""

import json
import stat
import zipfile

import pytest
from click.testing import CliRunner

from conformance import nomenclature, package
from conformance.cli.group import rorqual
from conformance.errors import AuthorError, OperatorError
from conformance.nomenclature_tabs import resources

HEAD = "<OID>;<Type fichier>;<Nom fichier>;<Description>;<URL fichier>;<Date valid>;<Date fin>;<Date MàJ>"
URL = "https://mos.esante.gouv.fr/NOS/"
TRE = f"""{HEAD}
1.2.3.1;TRE;TRE_R900-Couleur.tabs;Couleur;{URL}TRE_R900-Couleur;20200101120000;;20240301120000
<OID>;<Code>;<Libellé adapté>;<Libellé court>;<Libellé long>;<Date valid>;<Date fin>;<Date MàJ>
1.2.3.1;R;rouge adapté;rge;Rouge;20200101120000;;20200101120000
1.2.3.1;V;vert;vrt;"Vert; ou presque";20200101120000;20220630120000;20220630120000
"""
JDV = f"""{HEAD}
1.2.3.2;JDV;JDV_J900-Teinte-ROR.tabs;Teinte;{URL}JDV_J900-Teinte-ROR;20200101120000;;20240301120000
<OID>;<Code>;<Libellé>
1.2.3.1;R;Rouge
1.2.3.1;V;Vert
"""
ASS = f"""{HEAD}
1.2.3.3;ASS;ASS_A1-X.tabs;X;{URL}ASS_A1-X;20200101120000;;
<1.2.3.1>;<1.2.3.9>
R;01
V;02
"""
SYSTEM = f"{URL}TRE_R900-Couleur/FHIR/TRE-R900-Couleur"


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files:
            made.writestr(name, content)
    return path


def test_an_export_becomes_a_release(tmp_path):
    path = zipped(tmp_path / "nos.zip", [("NOS/TRE_R900-Couleur.tabs", TRE), ("NOS/JDV_J900-Teinte-ROR.tabs", "\ufeff" + JDV),
                                         ("NOS/ASS_A1-X.tabs", ASS), ("NOS/lisez-moi.txt", "rien")])
    told = CliRunner().invoke(rorqual, ["nomenclature", "import", str(path), "--out", str(tmp_path / "release")])
    assert told.exit_code == 0, told.output
    assert "2 nomenclatures, 0 of them in part" in told.output
    release = nomenclature.Release(tmp_path / "release")
    colours = release.nomenclature("TRE_R900-Couleur")
    assert (colours.canonical, colours.oid, colours.date) == (SYSTEM, "1.2.3.1", "2024-03-01")
    assert [(one.code, one.display, one.until) for one in colours.codes] == [
        ("R", "Rouge", ""), ("V", "Vert; ou presque", "2022-06-30")]
    tints = release.value_set("JDV_J900-Teinte-ROR")
    assert tints.complete
    assert tints.holds(SYSTEM, "V")
    assert (tints.ended_by(SYSTEM, "V", "2022-06-29"), tints.ended_by(SYSTEM, "V", "2022-06-30")) == ("", "2022-06-30")


def test_a_system_known_by_its_oid_alone_is_found_in_the_release_shipped(tmp_path):
    oid, canonical = next(iter(nomenclature.shipped().systems_by_oid().items()))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.tabs").write_text(JDV.replace("1.2.3.1;", f"{oid};"))
    (tmp_path / "in" / "b.tabs").write_text(JDV.replace("J900", "J901"))
    told = CliRunner().invoke(rorqual, ["nomenclature", "import", str(tmp_path / "in"), "--out", str(tmp_path / "out")])
    assert "code system urn:oid:1.2.3.1 is not at hand" in told.output
    known = json.loads((tmp_path / "out" / "JDV_J900-Teinte-ROR.json").read_text())
    assert [one["system"] for one in known["systems"]] == [canonical]
    unknown = json.loads((tmp_path / "out" / "JDV_J901-Teinte-ROR.json").read_text())
    assert (unknown["complete"], unknown["systems"]) == (False, [])


@pytest.mark.parametrize(("content", "line", "says"), [
    (TRE.encode("latin-1"), 1, "not UTF-8"), (b"", 1, "without its description"),
    (TRE.replace("<OID>;<Type", "<Id>;<Type").encode(), 1, "no column <OID>"),
    (TRE.replace("<OID>;<Code>;<Libellé adapté>", "<OID>;<Kode>;<Libellé adapté>").encode(), 3, "no column <Code>"),
    ((TRE + "1.2.3.1;B\n").encode(), 6, "not 8 fields"), (HEAD.encode(), 1, "without its description"),
])
def test_a_table_that_cannot_be_read_is_told_with_its_line(content, line, says):
    with pytest.raises(AuthorError) as error:
        resources([("x.tabs", content)], {})
    (problem,) = error.value.problems
    assert (problem.file, problem.line, says in problem.message) == ("x.tabs", line, True), problem


def test_a_hostile_zip_is_refused_with_the_place(tmp_path):
    with pytest.raises(OperatorError, match="outside"):
        package.read(zipped(tmp_path / "a.zip", [("../x.tabs", TRE)]))
    with pytest.raises(OperatorError, match="outside"):
        package.read(zipped(tmp_path / "b.zip", [("..\\x.tabs", TRE)]))
    link = zipfile.ZipInfo("x.tabs")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(OperatorError, match="link"):
        package.read(zipped(tmp_path / "c.zip", [(link, "/etc/passwd")]))
    whole = zipped(tmp_path / "d.zip", [("x.tabs", TRE * 50)]).read_bytes()
    (tmp_path / "e.zip").write_bytes(whole[:40] + bytes(20) + whole[60:])
    with pytest.raises(OperatorError, match="cannot be read as"):
        package.read(tmp_path / "e.zip")
