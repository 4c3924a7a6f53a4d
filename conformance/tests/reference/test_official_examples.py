"""The official example instances, loaded alone in the reference, are judged without a false alarm."""

from pathlib import Path

import pytest

from conformance import profile, workshop
from conformance.cli.demo_ import reference
from conformance.clock import SystemClock
from conformance.endpoint import Endpoint
from conformance.model import Candidate

EXAMPLES = Path(__file__).resolve().parents[4] / "shared" / "spec" / "ror-fhir" / "examples"


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the official examples are not part of this project; they are beside it in CI")
@pytest.mark.parametrize("name", profile.known())
def test_no_false_alarm(name, tmp_path):
    made = workshop.campaign(Candidate("examples", "1", "ANS", "server", (name,), (), writes=True), workshop.Choice())
    with reference(["--data", str(EXAMPLES), "--profile", name]) as base:
        workshop.drive(made, Endpoint(base), tmp_path / "run", SystemClock(), lambda _event: None)
    report = workshop.report(tmp_path / "run")
    assert {one.cause for one in report.problems} <= {"data", "specification"}, [
        (one.requirement, one.code, one.says.en) for one in report.problems
        if one.cause not in ("data", "specification")]
    assert {one.defect for one in report.problems if one.cause == "specification"} >= {
        "ROR-DEF-33", "ROR-DEF-35", "ROR-DEF-36"}, "what is wrong in the examples is seen, and told as such"
    assert report.decision.exit_code == 6
    assert sum(one.verdict == "pass" for one in report.requirements) > 50
