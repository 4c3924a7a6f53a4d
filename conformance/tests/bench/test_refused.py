"""What is refused in a run is in its record and told by its report; no verdict of what was well said changes."""

import json
import socket
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
from click.testing import CliRunner

from conformance import bench, ledger, profile, workshop
from conformance.cli import show
from conformance.cli.group import rorqual
from conformance.clock import SystemClock
from conformance.model import Candidate
from conformance.report import render
from conformance.selftest_bench import Sample

LATEST = profile.known()[-1]
FIRST = "socle/c01-jeton-et-entetes"


class Clumsy(Sample):
    """The sample application, which sends something malformed before each action, and something late after it."""

    def __init__(self, instruction):
        self._base = instruction.endpoint["base-url"]
        at = urlsplit(self._base)
        for path in (f"{at.path}//x", "/elsewhere"):
            with socket.create_connection((at.hostname, at.port), timeout=5) as peer:
                peer.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer canary\r\n\r\n".encode())
                peer.recv(65536)
        super().__init__(instruction, "")

    def stop(self):
        super().stop()
        assert httpx.get(f"{self._base}/late").status_code == 404


def received(folder, act):
    who = Candidate("P", "1", "V", "consumer", (LATEST,), ())
    made = workshop.campaign(who, workshop.Choice(only=(FIRST,)))
    bench.receive(made, act, folder, SystemClock(), lambda _event: None)
    return workshop.report(folder)


def test_what_is_refused_is_recorded_and_told_and_judged_by_nobody(tmp_path):
    usual = received(tmp_path / "usual", lambda told: Sample(told, ""))
    made = received(tmp_path / "run", Clumsy)
    record = ledger.read(tmp_path / "run")
    lines = {line["id"]: line for line in record.of_type("exchange")}
    refused = [line for line in lines.values() if line["purpose"] == "refused"]
    assert [(line["scenario"], line["request"]["url"], line["response"]["status"], line["trouble"]["detail"])
            for line in refused] == [
        (FIRST, "[base]//x", 400, "an empty segment in the path"),
        ("", "[bench]/elsewhere", 404, "an address of no scenario")]
    judged = {one for line in record.of_type("step") for one in line["exchanges"]}
    late = [line["id"] for line in lines.values() if line["request"]["url"].endswith("/late")]
    assert len(late) == 1
    assert judged == set(lines) - {line["id"] for line in refused} - set(late)
    assert record.footer["counts"]["exchanges"] == len(lines)
    assert "canary" not in (tmp_path / "run" / ledger.RECORD_FILE).read_text(encoding="utf-8")
    assert [(row.id, row.verdict) for row in made.requirements] == [(row.id, row.verdict) for row in usual.requirements]
    assert made.exchanges == usual.exchanges + 1
    assert replace(workshop.report(tmp_path / "run", rejudge=True), rejudged=False) == made
    assert usual.notes == ()
    assert [one.en for one in made.notes] == [
        f"1 malformed request(s) refused by the bench, and not judged; the first ({FIRST}): an empty segment in the path.",
        "1 request(s) refused by the bench outside of the scenarios, and not judged; the first ([bench]/elsewhere): "
        "an address of no scenario."]
    assert "segment vide dans le chemin" in made.notes[0].fr


def test_every_form_of_the_report_tells_it(tmp_path):
    made = received(tmp_path / "run", Clumsy)
    for text in (render.html(made), render.markdown(made), render.as_json(made), json.dumps(show.outcome(made))):
        assert "1 malformed request(s) refused by the bench" in text
    told = CliRunner().invoke(rorqual, ["rejudge", str(tmp_path / "run")])
    assert "1 malformed request(s) refused by the bench" in told.output
