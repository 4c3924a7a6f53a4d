"""Clients that this project did not write, at the bench: what is told of them is what docs/clients.md says, and no more."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from conformance import bench, driven, ledger, profile, workshop
from conformance.clock import SystemClock

ROOT = Path(__file__).resolve().parents[3]
HOME = ROOT / "docs" / "clients"
SCENARIOS = tuple(sorted(f"socle/{path.stem}" for path in (ROOT / "scenarios" / "socle").glob("c*.yaml")
                         if path.stem < "c16"))
TWICE = {("c06", "ROR-APP-007", "shown.twice")}
EARLY_DATE = {("c08", "ROR-APP-002", "request.early")}
FHIRCLIENT = {*TWICE, ("c04", "ROR-APP-001", "request.link"), ("c04", "ROR-APP-007", "shown.lost"),
              ("c15", "ROR-APP-010", "request.missing"), ("c15", "ROR-APP-007", "bench.not-met")}
# what is told of each: scenario, requirement, finding
TOLD = {
    "fhirpy": {*TWICE, *EARLY_DATE, ("c07", "ROR-APP-002", "request.early")},
    "fhirclient": FHIRCLIENT,
    "fhirclient-authorize": {*FHIRCLIENT, ("c01", "ROR-SEC-015", "request.parameter")},
    "resources": set(),
    "curl": {("c10", "ROR-APP-007", "shown.lost"), ("c11", "ROR-APP-005", "request.token"),
             ("c11", "ROR-APP-007", "shown.lost")},
    "fhir-kit": {*TWICE, *EARLY_DATE},
}
# the scripts have no user: whether a failure is shown is not told of any of them
NOT_SAID = {("c09", "ROR-APP-016", "bench.no-outcome")}
MODULES = {"fhirpy": "fhirpy", "fhirclient": "fhirclient", "fhirclient-authorize": "fhirclient",
           "resources": "fhir.resources"}


def there(name):
    """Skips when a client is not on this machine."""
    if name in MODULES:
        pytest.importorskip(MODULES[name])
    elif name == "curl" and not shutil.which("curl"):
        pytest.skip("no curl on this machine")
    elif name == "fhir-kit" and not (shutil.which("node") and (HOME / "node_modules" / "fhir-kit-client").is_dir()):
        pytest.skip("no node, or no fhir-kit-client in docs/clients/node_modules")


def received(name, version, folder, only=SCENARIOS):
    """What is told of a client: scenario, requirement, finding."""
    who, _ = workshop.read_candidate(HOME / f"candidate-{name}.yaml")
    drive = [sys.executable if word == "python3" else word for word in who.drive]
    made = workshop.campaign(who, workshop.Choice(profiles=(version,), only=only))
    bench.receive(made, lambda told: driven.Driven(drive, HOME, told), folder, SystemClock(), lambda _one: None)
    return {(one.scenario[6:9], one.requirement, told.code)
            for one in ledger.read(folder).judgements() for told in one.findings}


@pytest.mark.parametrize("name", TOLD)
def test_what_is_told_of_a_client_is_what_it_does(name, tmp_path):
    there(name)
    assert received(name, profile.known()[-1], tmp_path / "run") == TOLD[name] | NOT_SAID


def test_the_page_tells_the_same():
    page = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| ([c\d, ]+) \| ([^|]+) \|", page, re.MULTILINE)
    written = {(name, scenario, requirement) for name, scenarios, requirements in rows
               for scenario in scenarios.split(", ") for requirement in re.findall(r"ROR-\w+-\d+", requirements)}
    assert written == {(name, scenario, requirement) for name, told in TOLD.items() for scenario, requirement, _ in told}
