"""Golden texts of author errors: for each way to be wrong, the exact words, place and remedy.

``UPDATE_GOLDEN=1 pytest …`` writes them again; the difference is reviewed like code.
"""

import os
from pathlib import Path

import pytest

from conformance import candidate, scenario, workshop
from conformance.errors import AuthorError

HERE = Path(__file__).parent / "golden"
GOOD = """\
id: socle/x
title: {fr: Un titre, en: A title}
profiles: [ror-fhir-0.7.0]
use-case: socle
transaction: socle
role: server
verifies: [ROR-HTTP-010, ROR-HTTP-011]
bind:
  v: {among: HealthcareService, value: specialty.coding}
steps:
  - as: first
    send:
      GET: HealthcareService
      query: {specialty: "{v.system}|{v.code}"}
    expect:
      - status: 200
      - searchset: {}
"""
CANDIDATE = """\
product: Mon ROR
version: "5"
vendor: Moi
role: server
profiles: [ror-fhir-0.7.0]
endpoint:
  base-url: https://ror.example.org/fhir
"""


def edited(old, new, text=GOOD):
    assert old in text
    return text.replace(old, new)


SCENARIOS = {
    "unknown-key": edited("role: server", "rolle: server"),
    "duplicate-key": GOOD + "role: server\n",
    "tab": edited("  v: {", "\tv: {"),
    "unclosed-quote": edited("en: A title", 'en: "A title'),
    "several-documents": GOOD + "---\n" + GOOD,
    "number-as-version": edited("transaction: socle", "transaction: 3"),
    "boolean-as-text": edited("fr: Un titre", "fr: true"),
    "value-not-quoted": edited('{specialty: "{v.system}|{v.code}"}', "{_count: 20}"),
    "missing-key": edited("role: server\n", ""),
    "no-steps": GOOD.split("steps:")[0] + "steps: []\n",
    "unknown-check": edited("- searchset: {}", "- serchset: {}"),
    "two-checks": edited("- searchset: {}", "- searchset: {}\n        total: {}"),
    "bad-parameters": edited("- searchset: {}", "- page-size: {at-least: 3}\n        verifies: ROR-HTTP-011"),
    "bad-status": edited("status: 200", "status: 2000"),
    "unknown-profile": edited("[ror-fhir-0.7.0]", "[ror-fhir-0.7]"),
    "unknown-requirement": edited("ROR-HTTP-011]", "ROR-HTTP-0111]"),
    "not-in-verifies": edited("verifies: [ROR-HTTP-010, ROR-HTTP-011]", "verifies: [ROR-HTTP-010]"),
    "verified-by-none": edited("ROR-HTTP-011]", "ROR-HTTP-011, ROR-HTTP-012]"),
    "other-id": edited("id: socle/x", "id: socle/y"),
    "other-folder": edited("use-case: socle", "use-case: orientation-ssr"),
    "unbound-placeholder": edited("{v.code}", "{w.code}"),
    "unbound-name": edited("value: specialty.coding}", "where: specialty.coding.where(code = %w.code).exists()}"),
    "bad-fhirpath": edited("value: specialty.coding}", 'value: "specialty..coding("}'),
    "bound-too-early": edited("  v: {", "  u: {of: v}\n  v: {"),
    "two-origins": edited("{among: HealthcareService,", "{among: HealthcareService, of: v,"),
    "search-without-among": edited("steps:", "  w: {of: v, search: {type: a}}\nsteps:"),
    "unknown-search-parameter": edited("{specialty:", "{speciality:"),
    "step-name-twice": edited("    expect:\n", "    expect:\n      - status: 200\n  - as: first\n    send: {GET: metadata}\n    expect:\n"),
    "unknown-step": edited("- searchset: {}", "- searchset: {}\n      - same-matches: {as: frist}\n        verifies: ROR-HTTP-011"),
    "needs-all-pages": edited("- searchset: {}", "- searchset: {}\n      - none-missing: {}\n        verifies: ROR-HTTP-011"),
    "no-status": edited("      - status: 200\n", "").replace("ROR-HTTP-010, ", ""),
    "unknown-structure": edited("- searchset: {}", "- searchset: {}\n      - conforms: {structure: ror-offer, aspect: type}\n        verifies: ROR-HTTP-011"),
    "no-default-requirement": edited("- searchset: {}", "- searchset: {}\n      - every-match: {}"),
    "refusal-beside-another-request": GOOD + (
        "  - send: {GET: Location, identity: expired}\n    expect:\n      - refused: {beside: first}\n"
        "        verifies: ROR-HTTP-010\n"),
    "refusal-without-identity": GOOD + (
        "  - send: {GET: HealthcareService, query: {specialty: '{v.system}|{v.code}'}}\n    expect:\n"
        "      - refused: {beside: first}\n        verifies: ROR-HTTP-010\n"),
    "unknown-identity": edited("      GET: HealthcareService\n", "      GET: HealthcareService\n      identity: expird\n"),
    "two-clients": edited("      GET: HealthcareService\n",
                          "      GET: HealthcareService\n      identity: expired\n      access-profile: 1\n"),
    "unknown-defect": edited("bind:", "defects: [ROR-DEF-99]\nbind:"),
    "several-at-once": edited("role: server", "rolle: server").replace("use-case: socle", "use-case: socel").replace("status: 200", "status: yes"),
    "a-list": "- a\n- b\n",
    "empty": "",
}
CANDIDATES = {
    "candidate-inline-secret": CANDIDATE + "  headers: {Authorization: Bearer abc}\n",
    "candidate-inline-token": CANDIDATE + "  token: abc\n",
    "candidate-two-tokens": CANDIDATE + "  token: {env: A}\n  oauth2: {token-url: https://a.example/t, client-id: b}\n",
    "candidate-use-case": CANDIDATE + "use-cases: [orientation-srr]\n",
    "candidate-address": edited("https://ror", "ror", CANDIDATE),
    "candidate-certificate": CANDIDATE + "  tls: {certificate: a.pem}\n",
    "candidate-identity": CANDIDATE + "  identities: {expird: {certificate: a.pem, key: a.key}}\n",
    "candidate-identity-without-key": CANDIDATE + "  identities: {expired: {certificate: a.pem}}\n",
    "candidate-version": edited('"5"', "5", CANDIDATE),
    "candidate-pace": CANDIDATE + "pace: {requests-per-second: 0}\n",
    "candidate-profile": edited("ror-fhir-0.7.0", "ror-fihr-0.7.0", CANDIDATE),
}
WAIVERS = {
    "waiver-date": "waivers:\n  - {requirement: ROR-HTTP-010, reason: agreed in committee, reference: a, until: 30/06/2027}\n",
    "waiver-reason": 'waivers:\n  - {requirement: ROR-HTTP-010, reason: short, reference: a, until: "2027-06-30"}\n',
}


@pytest.fixture(scope="module")
def profiles():
    return workshop.read_profiles()


def compared(name, told):
    golden = HERE / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        HERE.mkdir(exist_ok=True)
        golden.write_text(told)
    assert told == golden.read_text()


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenarios(name, tmp_path, monkeypatch, profiles):
    (tmp_path / "socle").mkdir()
    (tmp_path / "socle" / "x.yaml").write_text(SCENARIOS[name])
    monkeypatch.chdir(tmp_path)
    _, problems = scenario.read_one(Path("socle/x.yaml"), profiles)
    assert problems
    compared(name, "".join(f"{one}\n" for one in sorted(problems)))


def test_the_good_one_is_good(tmp_path, monkeypatch, profiles):
    (tmp_path / "socle").mkdir()
    (tmp_path / "socle" / "x.yaml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    assert scenario.read_one(Path("socle/x.yaml"), profiles)[1] == []


@pytest.mark.parametrize("name", CANDIDATES)
def test_candidates(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("candidate.yaml").write_text(CANDIDATES[name])
    with pytest.raises(AuthorError) as caught:
        candidate.read(Path("candidate.yaml"))
    compared(name, f"{caught.value}\n")


@pytest.mark.parametrize("name", WAIVERS)
def test_waivers(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("waivers.yaml").write_text(WAIVERS[name])
    with pytest.raises(AuthorError) as caught:
        candidate.read_waivers(Path("waivers.yaml"))
    compared(name, f"{caught.value}\n")


def test_not_utf8(tmp_path, monkeypatch, profiles):
    (tmp_path / "socle").mkdir()
    (tmp_path / "socle" / "x.yaml").write_bytes(GOOD.replace("Un titre", "Été").encode("latin-1"))
    monkeypatch.chdir(tmp_path)
    compared("not-utf8", f"{scenario.read_one(Path('socle/x.yaml'), profiles)[1][0]}\n")


def test_no_golden_without_a_case():
    known = {*SCENARIOS, *CANDIDATES, *WAIVERS, "not-utf8"}
    assert {path.stem for path in HERE.glob("*.txt")} == known
