"""The tables of the reference's region, walked over a real socket, equal a direct computation on its data set."""

import json
import re
from collections import Counter
from datetime import date, datetime

import pytest
from click.testing import CliRunner

from conformance import finess, nomenclature, quality
from conformance.cli.group import rorqual
from conformance.endpoint import Endpoint
from conformance.errors import AuthorError, OperatorError
from conformance.reference.app import create_app
from conformance.reference.fault import Fault
from conformance.reference.server import Running, stored
from conformance.reference_data import region

DAY = date(2026, 9, 1)
REGION = list(region(120, 9))
BY_KEY = {f"{one['resourceType']}/{one['id']}": one for one in REGION}
LISTS = quality.definitions()[1]


@pytest.fixture(scope="module")
def walked():
    with Running(create_app(stored(REGION), profile_id="ror-fhir-0.7.0")) as base:
        estate, cut = quality.of_candidate(Endpoint(base), nomenclature.shipped(), lambda _kind, _count: None)
    assert cut == ""
    return estate


# --- the same, computed from the resources with no code in common


def of_kind(kind):
    return [one for one in REGION if one["resourceType"] == kind]


def codes(concepts, system):
    return {coding["code"] for concept in concepts or () for coding in concept.get("coding", ())
            if f"{system}-" in coding["system"]}


def extensions(one, ending):
    return [each for each in one.get("extension", ()) if each["url"].endswith(ending)]


def inner(extension, ending):
    return [each for each in extension.get("extension", ()) if each["url"].endswith(ending)]


def house_of(offer):
    here = BY_KEY[offer["providedBy"]["reference"]]
    while not codes(here["type"], "TRE_R66"):
        here = BY_KEY[here["partOf"]["reference"]]
    return here


def category(house):
    return next(iter(codes(house["type"], "TRE_R66")))


def is_open(one):
    if one["resourceType"] == "HealthcareService":
        return "DEF" not in codes(one.get("characteristic"), "TRE_R286")
    return not any(coding["code"] == "DEF" for each in extensions(one, "organization-closing-type")
                   for coding in each["valueCodeableConcept"]["coding"])


OFFERS = [one for one in of_kind("HealthcareService") if is_open(one)]
HOUSES = [one for one in of_kind("Organization") if codes(one["type"], "TRE_R66")]


def offers_of(house):
    return [one for one in OFFERS if house_of(one) is house]


def natures(contact):
    known = {code for held in nomenclature.shipped().value_set("JDV_J221-NatureContact-ROR").codes.values()
             for code in held}
    return known & {coding["code"] for one in inner(contact, "purposeContact")
                    for coding in one["valueCodeableConcept"]["coding"]}


def described(offer):
    contacts = [one for one in extensions(offer, "healthcareservice-contact") if natures(one) and any(
        inner(telecom, "communication-channel") and inner(telecom, "telecomAddress")
        and inner(telecom, "confidentiality-level") for telecom in inner(one, "contact-telecom"))]
    ages = [one for each in extensions(offer, "patient-type") for one in inner(each, "ageRange")
            if {"low", "high"} <= set(one["valueRange"])]
    places = [BY_KEY[one["reference"]]["address"] for one in offer.get("location", ())]
    return all((codes(offer["type"], "TRE_R227"), codes(offer["characteristic"], "TRE_R213"), ages,
                codes(offer["specialty"], "TRE_R211"), contacts,
                codes(offer.get("category"), "TRE_R244") or category(house_of(offer)) not in LISTS["category-wanted"],
                any(one.get("city") and one.get("postalCode") and one.get("line") for one in places)))


def recent(offer):
    return (DAY - datetime.fromisoformat(offer["meta"]["lastUpdated"]).date()).days <= 365


def fresh(house):
    mine = offers_of(house)
    fresh_ones = sum(map(recent, mine))
    return not mine or (fresh_ones >= 1 if len(mine) < 8 else round(fresh_ones / len(mine), 2) >= 0.25)


def lodging():
    for one in OFFERS:
        modes, kind = codes(one["characteristic"], "TRE_R213"), category(house_of(one))
        if modes & {"46", "47", "48"} and "38" not in codes(one.get("category"), "TRE_R244") and (
                kind in LISTS["reception"] or (kind in LISTS["reception-lodging"] and "46" in modes)):
            yield one


def installed(offer):
    return sum(inner(each, "nbCapacity")[0]["valueInteger"] for place in offer.get("location", ())
               for each in extensions(BY_KEY[place["reference"]], "location-supported-capacity")
               if inner(each, "capacityStatus")[0]["valueCodeableConcept"]["coding"][0]["code"] == "01")


def presumed(offer):
    name = offer["name"].lower().replace("é", "e").replace("ô", "o")
    return category(house_of(offer)) not in ("500", "124") and (
        "089" in codes(offer["specialty"], "TRE_R211") or any(word in name for word in LISTS["sensitive-words"]))


def flagged(offer):
    return extensions(offer, "sensitive-unit")[0]["valueBoolean"]


def targets():
    for house in HOUSES:
        if is_open(house) and category(house) in LISTS["followed"]:
            mine = offers_of(house)
            fields = sorted({"01", "02", "03"} & {code for one in mine for code in codes(one["type"], "TRE_R227")})
            for field in fields or [""]:
                yield [one for one in mine if not field or field in codes(one["type"], "TRE_R227")]


def structures():
    return [one for one in of_kind("Organization") if is_open(one) and not codes(one["type"], "TRE_R207")]


def national(one):
    return next(each["value"] for each in one["identifier"] if each["type"]["coding"][0]["code"] == "40")


def expected():
    urgent = [one for one in OFFERS if "33" in codes(one["characteristic"], "TRE_R213")
              and {"157", "249"} & codes(one["specialty"], "TRE_R211")]
    secure = [one for one in OFFERS if presumed(one) or flagged(one)]
    shared = Counter(map(national, structures()))
    lodged = list(lodging())
    placed = [one for one in lodged if "25" not in codes(one.get("category"), "TRE_R244")]
    populated = [bool(mine) and all(map(described, mine)) for mine in targets()]
    return {
        "POP-UE-STATUS": list(map(described, OFFERS)),
        "POP-EG-STATUS": populated,
        "CP4": populated,
        "ST3": [shared[national(one)] == 1 for one in structures()],
        "RE1.2": [fresh(one) for one in HOUSES if is_open(one)],
        "CP5": [bool(codes(one.get("category"), "TRE_R244") and codes(one["characteristic"], "TRE_R240"))
                for one in lodged],
        "CP6": [installed(one) > 0 for one in placed],
        "CO1": ["urgence" in one["name"].lower() for one in urgent],
        "CO3": [presumed(one) and flagged(one) for one in secure],
    }


@pytest.mark.parametrize(("indicator", "answers"), expected().items())
def test_it_equals_a_direct_computation(walked, indicator, answers):
    row = quality.measured(walked, DAY).row(indicator)
    assert answers, "the region shows something of each indicator"
    assert (row.perimeter, row.conform, row.gap) == (len(answers), sum(answers), len(answers) - sum(answers))


def test_regions_domains_and_use_cases_add_up(walked):
    made = quality.measured(walked, DAY)
    everything = made.row("POP-UE-STATUS")
    by_region = [one for one in made.rows if (one.indicator, one.use_case, one.domain) == ("POP-UE-STATUS", "socle", "")
                 and one.region != "00"]
    assert sum(one.perimeter for one in by_region) == everything.perimeter == len(OFFERS)
    regions = Counter(one["meta"]["tag"][0]["code"] for one in OFFERS)
    assert {one.region: one.perimeter for one in by_region} == regions
    rehabilitation = [one for one in OFFERS if "02" in codes(one["type"], "TRE_R227")]
    assert made.row("POP-UE-STATUS", "orientation-ssr").conform == sum(map(described, rehabilitation))
    social = [one for one in OFFERS if "04" in codes(one["type"], "TRE_R227")]
    assert made.row("POP-UE-STATUS", domain="medico-social").perimeter == len(social)
    assert {one.use_case: one.final for one in made.sustained}["orientation-pa-ph"] == sum(map(described, social))


def test_only_some_regions_and_use_cases(walked):
    whole = quality.measured(walked, DAY)
    regions = Counter(one["meta"]["tag"][0]["code"] for one in OFFERS)
    chosen = min(regions)
    made = quality.measured(walked, DAY, regions=(chosen,), use_cases=("orientation-ssr",))
    mine = [one for one in OFFERS if one["meta"]["tag"][0]["code"] == chosen and "02" in codes(one["type"], "TRE_R227")]
    assert made.row("POP-UE-STATUS", "orientation-ssr").perimeter == len(mine) < whole.row("POP-UE-STATUS").perimeter
    assert [(one.use_case, one.offers) for one in made.sustained] == [("orientation-ssr", len(mine))]
    assert {one.region for one in made.rows} == {chosen, "00"}
    assert {region for _, region, _, _ in made.volumes} == {chosen}


@pytest.mark.parametrize(("named", "told"), [
    ({"regions": ("99",)}, "nothing is of region '99'; regions of these data: 52, 53"),
    ({"use_cases": ("orientation-srs",)}, "did you mean 'orientation-ssr'"),
])
def test_a_region_or_use_case_of_which_there_is_nothing_is_told(walked, named, told):
    with pytest.raises(OperatorError, match=re.escape(told)):
        quality.measured(walked, DAY, **named)


def registry(path):
    """A FINESS extract that agrees with the region, but for some establishments; and what is then expected."""
    lines, wrong = ["finess;ej;category;opening;closing;closing-type;authorisations"], Counter()
    for number, house in enumerate(HOUSES):
        finess_of = {one["system"]: one["value"] for one in house["identifier"]}
        above = BY_KEY[house["partOf"]["reference"]]
        legal = next(one["value"] for one in above["identifier"] if one["system"] == "https://finess.esante.gouv.fr")
        kinds = [coding["code"] for each in extensions(house, "organization-closing-type")
                 for coding in each["valueCodeableConcept"]["coding"]]
        kind, code = (kinds or [""])[0], category(house)
        if number == 3:
            legal, wrong["ST2"] = "000000000", wrong["ST2"] + is_open(house)
        if number == 4:
            code, wrong["CO4"] = "999", wrong["CO4"] + is_open(house)
        if number == 5:
            kind, wrong["EX2"] = "PRO" if kind == "" else "", wrong["EX2"] + 1
        if number != 6:
            lines.append(f"{finess_of['https://finess.esante.gouv.fr']};{legal};{code};2000-01-01;;{kind};"
                         f"{'15-09' if number % 5 == 0 else ''}")
        else:
            wrong["EX2"] += 1
            wrong["ST2"] += is_open(house)
            wrong["CO4"] += is_open(house)
    lines.append("990000001;990000002;500;2000-01-01;;;")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    wrong["EX1.2"] = 1
    return wrong


def test_with_a_finess_extract_deviations_are_found(walked, tmp_path):
    wrong = registry(tmp_path / "finess.csv")
    made = quality.measured(walked, DAY, finess.read(tmp_path / "finess.csv"))
    for indicator, gap in wrong.items():
        row = made.row(indicator)
        assert (row.gap, row.perimeter > row.gap) == (gap, True), indicator
    assert made.gaps["EX1.2"] == ["990000001"]
    row = made.row("EX3")
    assert row.perimeter > 0
    assert row.conform <= row.perimeter
    assert "EX2" in made.computed
    assert "EX2" not in quality.measured(walked, DAY).computed


@pytest.mark.parametrize(("text", "told"), [
    ("a,b\n1,2\n", "1:1: no column finess, ej, category, opening"),
    ("finess,ej,category,opening\n12,1,500,2000\n", "2:1: '12' is no FINESS number"),
    ("finess,ej,category,opening\n440000001,1,500,2000\n440000001,1,500,2000\n", "3:1: 440000001 comes twice"),
])
def test_a_wrong_extract_is_told_with_its_place(tmp_path, text, told):
    (tmp_path / "f.csv").write_text(text)
    with pytest.raises(AuthorError, match=r"f\.csv") as caught:
        finess.read(tmp_path / "f.csv")
    assert told in str(caught.value)


def test_the_command_in_every_format(tmp_path):
    path = tmp_path / "region.ndjson"
    path.write_text("".join(f"{json.dumps(one)}\n" for one in REGION))
    run = CliRunner()
    text = run.invoke(rorqual, ["quality", str(path), "--day", "2026-09-01", "--use-case", "orientation-ssr"])
    assert text.exit_code == 0
    assert "orientation-ssr" in text.output
    assert "socle" not in text.output
    plain = json.loads(run.invoke(rorqual, ["quality", str(path), "--day", "2026-09-01", "--format", "json"]).output)
    row = next(one for one in plain["rows"] if (one["indicator"], one["use-case"], one["region"], one["domain"])
               == ("CO3", "socle", "00", ""))
    assert row["perimeter"] == row["conform"] + row["gap"] == len(expected()["CO3"])
    page = run.invoke(rorqual, ["quality", str(path), "--format", "html", "--out", str(tmp_path / "q.html")])
    assert page.exit_code == 0
    assert "Fraîcheur des offres" in (tmp_path / "q.html").read_text()
    table = run.invoke(rorqual, ["quality", str(path), "--format", "csv"]).output
    assert table.startswith("indicator,use-case,region,domain,perimeter")


def test_what_cannot_be_walked_to_its_end_says_so():
    def leading_away(bundle, _asked):
        return {**bundle, "link": [{"relation": "next", "url": "http://127.0.0.1:9/elsewhere"}]}

    fault = Fault("next-elsewhere", {}, "ROR-HTTP-024", bundle=leading_away)
    app = create_app(stored(REGION), profile_id="ror-fhir-0.7.0", fault=fault)
    with Running(app) as base:
        estate, why = quality.of_candidate(Endpoint(base), nomenclature.shipped(), lambda _kind, _count: None)
    assert "elsewhere" in why
    assert quality.measured(estate, DAY, cut=why).cut == why
