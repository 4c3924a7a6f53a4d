"""The page of the bench without a browser: what the operator decides, what the record then says, what is kept out."""

import json
import random
import re
import socket
import stat
from urllib.parse import urlsplit

import httpx
import pytest

from conformance import ledger, workshop
from conformance.errors import OperatorError
from conformance.page import forms, kept
from conformance.tests.page.stage import LATEST, SOME, Bench, Operator, acts, application, campaign

PNG = b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(5000) + b"\r\n--x\n\r"
HEADERS, PAGES, EXTENSION = SOME


def report(folder, **how):
    return workshop.report(folder, **how)


def verdicts(folder):
    return {line["scenario"]: line["verdict"] for line in ledger.read(folder).of_type("scenario")}


def codes(folder):
    return {found.code for one in ledger.read(folder).judgements() for found in one.findings}


def agrees(folder):
    """The record is whole, what it counts is what it tells, and judged again it says the same."""
    record = ledger.read(folder)
    assert record.complete
    told = dict.fromkeys(record.footer["counts"], 0)
    for line in record.lines:
        word = {"exchange": "exchanges", "scenario": "scenarios", "judgement": line.get("verdict")}.get(line["type"])
        if word:
            told[word] += 1
    assert told == record.footer["counts"]
    first, again = report(folder), report(folder, rejudge=True)
    assert {(row.id, row.verdict) for row in again.requirements} == {(row.id, row.verdict) for row in first.requirements}
    assert again.scenarios_by_verdict == first.scenarios_by_verdict


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "run"


def test_a_campaign_by_hand_is_a_record_like_any_other(folder):
    with Bench(campaign(), folder) as bench, application(bench.endpoint) as app:
        operator = Operator(bench.host.address)
        assert "Begin" in operator.page()
        left = json.loads((folder / kept.FILE).read_text())
        assert stat.S_IMODE((folder / kept.FILE).stat().st_mode) == 0o600
        for _ in SOME:
            operator.press("play")
            acts(bench, app)
            operator.press("done")
            if bench.view.stage == "asking":
                assert "each once?" in operator.page()
                operator.press("answer", answer="yes")
            assert bench.view.row.verdict == "pass"
        assert "3 of 3" in operator.page()
        operator.press("end")
        bench.ended()
        assert "Conformant" in operator.page()
        assert not (folder / kept.FILE).exists()
        assert operator.press("close").status_code == 200
        bench.host.until_closed()
    agrees(folder)
    assert report(folder).decision.word == "granted"
    record = (folder / ledger.RECORD_FILE).read_text()
    bodies = b"".join(path.read_bytes() for path in (folder / ledger.BODIES).iterdir()).decode()
    for secret in ("key", "secret", "page_key"):
        assert left[secret] not in record + bodies


@pytest.mark.parametrize(("answer", "verdict", "code"), [("no", "fail", "shown.denied"),
                                                         ("unknown", "inconclusive", "bench.no-outcome")])
def test_only_a_yes_passes_and_what_goes_with_an_answer_is_kept(folder, answer, verdict, code):
    with Bench(campaign((PAGES,)), folder) as bench, application(bench.endpoint) as app:
        operator = Operator(bench.host.address)
        operator.press("play")
        acts(bench, app)
        operator.press("done")
        operator.press("answer", files={"screenshot": ("a.png", PNG)}, answer=answer, note="<script>alert(1)</script>")
        assert bench.view.row.verdict == verdict
        assert "<script>alert" not in operator.page()
        operator.press("end")
        bench.ended()
    agrees(folder)
    assert codes(folder) == {code}
    stated = next(ledger.read(folder).of_type("step"))["outcome"]["stated"]["shows"]
    assert (stated["answer"], stated["note"]) == (answer, "<script>alert(1)</script>")
    assert (folder / stated["screenshot"]).read_bytes() == PNG
    assert "<script>alert" not in (folder / "report.html").read_text()


@pytest.mark.parametrize(("fields", "picture", "problem"), [
    ({}, b"", "choose one"), ({"answer": "maybe"}, b"", "choose one"), ({"answer": "yes"}, b"GIF89a", "neither"),
    ({"answer": "yes"}, PNG + bytes(forms.LARGEST), "larger than"),
    ({"answer": "yes"}, PNG + bytes(forms.MOST), "larger than"),
])
def test_an_answer_that_cannot_be_taken_is_asked_again(folder, fields, picture, problem):
    with Bench(campaign((PAGES,)), folder) as bench, application(bench.endpoint) as app:
        operator = Operator(bench.host.address)
        operator.press("play")
        acts(bench, app)
        operator.press("done")
        operator.press("answer", files={"screenshot": ("a", picture)}, **fields)
        assert problem in operator.page()
        assert bench.view.stage == "asking"
        operator.press("answer", answer="yes")
        assert bench.view.row.verdict == "pass"


def test_a_form_is_read_as_it_was_sent():
    for seed in range(20):
        whole = random.Random(seed).randbytes(3000)
        request = httpx.Request("POST", "http://x", files={"screenshot": ("a b.png", whole)}, data={"note": "é\r\n\"x\""})
        assert forms.fields(request.headers["content-type"], request.read()) == {
            "screenshot": whole, "note": "é\r\n\"x\"".encode()}


def test_what_is_skipped_is_never_green(folder):
    with Bench(campaign(), folder) as bench, application(bench.endpoint) as app:
        operator = Operator(bench.host.address)
        operator.press("skip-next")
        assert bench.view.row.verdict == "inconclusive"
        operator.press("play")
        acts(bench, app)
        operator.press("skip")
        assert [one.verdict for one in bench.view.rows] == ["inconclusive", "inconclusive", ""]
        operator.press("end")
        bench.ended()
    agrees(folder)
    assert set(verdicts(folder).values()) == {"inconclusive"}
    assert len(verdicts(folder)) == 3
    assert codes(folder) == {"bench.skipped"}
    assert report(folder).decision.exit_code == 6


def test_what_is_played_again_counts_alone(folder):
    with Bench(campaign(), folder) as bench:
        operator = Operator(bench.host.address)
        with application(bench.endpoint, "bearer-forgotten") as app:
            operator.press("play")
            acts(bench, app)
            assert "Authorization: Bearer" in operator.until("to mend")
            operator.press("done")
            assert bench.view.row.verdict == "fail"
        with application(bench.endpoint) as app:
            operator.press("redo", profile=LATEST, scenario=HEADERS)
            acts(bench, app)
            operator.press("done")
            assert bench.view.row.verdict == "pass"
            operator.press("play")
            acts(bench, app)
            operator.press("restart")
            assert (bench.view.stage, bench.view.received) == ("doing", 0)
            acts(bench, app)
            operator.press("done")
            operator.press("answer", answer="yes")
            operator.press("play")
            acts(bench, app)
            operator.press("done")
            operator.press("answer", answer="yes")
        assert [one.verdict for one in bench.view.rows] == ["pass"] * 3
        operator.press("end")
        bench.ended()
    agrees(folder)
    assert report(folder).decision.word == "granted"
    told = [line["scenario"] for line in ledger.read(folder).of_type("scenario")]
    assert sorted(told) == sorted(SOME)


def test_what_comes_in_between_is_recorded_and_not_judged(folder):
    with Bench(campaign((HEADERS,)), folder) as bench:
        operator = Operator(bench.host.address)
        answer = httpx.get(bench.endpoint["base-url"] + "/HealthcareService?name=a|b", trust_env=False)
        assert answer.status_code == 401
        operator.until("to mend")
        operator.press("play")
        assert "No request yet" in operator.page()
        with application(bench.endpoint) as app:
            acts(bench, app)
        operator.press("done")
        assert bench.view.row.verdict == "pass"
        operator.press("end")
        bench.ended()
    agrees(folder)
    assert [line["purpose"] for line in ledger.read(folder).of_type("exchange")].count("between") == 1


def test_an_application_that_means_harm_runs_nothing(folder):
    harm = "<script>document.title='taken'</script>"
    with Bench(campaign((HEADERS,)), folder) as bench:
        operator = Operator(bench.host.address)
        operator.press("play")
        httpx.get(f"{bench.endpoint['base-url']}/HealthcareService", params={"name": harm, harm: "1"}, trust_env=False,
                  headers={"User-Agent": harm, "Authorization": harm})
        page = operator.until("&lt;script&gt;document.title")
        assert harm not in page
        policy = operator.http.get("").headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        operator.press("done")
        shown = operator.http.get("../report.html")
        assert harm not in shown.text
        assert "script-src 'sha256-" in shown.text
        body = next(bench.folder.joinpath(ledger.BODIES).iterdir()).name
        carried = operator.http.get(f"../bodies/{body}")
        assert carried.headers["content-type"].startswith("text/plain")
        assert "sandbox" in carried.headers["content-security-policy"]


@pytest.mark.parametrize("sent", [
    b"GET /{key}/ws-diffusion-fhir/Location?a=<script>\x01\xff HTTP/1.1\r\nHost: h\r\n\r\n",
    b"G<b>T /{key}/ws-diffusion-fhir/Location HTTP/1.1\r\nHost: h\r\nX: \xff<i>\r\n\r\n",
    b"POST /{key}/ws-diffusion-fhir/Location HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"GET /{key}/ws-diffusion-fhir/%ff%00%ed%a0%80?%ed%a0%80=%00 HTTP/1.0\r\n\r\n",
])
def test_what_is_no_request_does_not_stop_it(folder, sent):
    with Bench(campaign((HEADERS,)), folder) as bench:
        operator = Operator(bench.host.address)
        operator.press("play")
        place = urlsplit(bench.endpoint["base-url"])
        with socket.create_connection((place.hostname, place.port)) as connection:
            connection.settimeout(5)
            connection.sendall(sent.replace(b"{key}", place.path.split("/")[1].encode()))
            connection.recv(4096)
        for text in ("<script>\x01", "<b>T", "<i>"):
            assert text not in operator.page()
        with application(bench.endpoint) as app:
            acts(bench, app)
        operator.press("done")
        assert bench.view.row.verdict in ("pass", "fail")
        assert bench.error is None
        operator.press("end")
        bench.ended()
    agrees(folder)


def test_nothing_else_is_served(folder):
    with Bench(campaign((HEADERS,)), folder) as bench:
        here, root = bench.host.address, bench.host.address.rpartition("/")[0].rpartition("/")[0]
        for path in ("bodies/..%2Frecord.jsonl", "screenshots/..%2Fbench.json", "record.jsonl", "bench.json", "de/",
                     "fr/play", "fr/nothing", "fr", "bodies/" + "0" * 64):
            assert httpx.get(here + path, trust_env=False).status_code in (404, 405), path
        for path in ("/", "/other/fr/", "/fr/"):
            assert httpx.get(root + path, trust_env=False).status_code == 404, path


def test_only_its_own_pages_act(folder):
    with Bench(campaign((HEADERS,)), folder) as bench:
        operator = Operator(bench.host.address)
        turn = operator.turn()
        for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
            assert operator.http.post("play", data={"turn": turn}, headers=headers).status_code == 421
        assert operator.http.get("", headers={"Host": "evil.example"}).status_code == 421
        operator.press("play", turn="old")
        operator.press("redo", profile=LATEST, scenario=HEADERS)
        operator.press("redo", profile="no", scenario="no")
        operator.press("done")
        assert bench.view.stage == "welcome"
        assert operator.http.post("fly", data={"turn": turn}).status_code == 404
        entered = httpx.get(bench.host.address, trust_env=False, headers={"Accept-Language": "en-GB,fr;q=0.5"})
        assert entered.headers["location"] == "en/"


def test_changes_are_told_at_once(folder):
    with Bench(campaign((HEADERS,)), folder) as bench:
        operator = Operator(bench.host.address)
        with operator.http.stream("GET", "events") as stream:
            lines = (line for line in stream.iter_lines() if line.startswith("data:"))
            first = next(lines)
            Operator(bench.host.address).press("play")
            assert next(lines) != first


def broken(made, folder):
    """A bench whose disk is full in the middle of the second scenario."""
    with Bench(made, folder) as bench, application(bench.endpoint) as app:
        operator = Operator(bench.host.address)
        operator.press("play")
        acts(bench, app)
        operator.press("done")
        operator.press("play")
        acts(bench, app)
        bench.host._book._error = OSError(28, "No space left on device")
        operator.press("done")
        operator.press("answer", answer="yes")
        text = operator.until("The bench broke")
        assert "No space left on device" in text


def test_a_bench_that_breaks_says_so_and_goes_on_when_it_is_started_again(folder):
    made = campaign()
    with pytest.raises(OperatorError, match="No space"):
        broken(made, folder)
    assert not ledger.read(folder).complete
    before = json.loads((folder / kept.FILE).read_text())
    with Bench(made, folder) as bench, application(bench.endpoint) as app:
        assert bench.host.address == f"http://127.0.0.1:{before['page_port']}/{before['page_key']}/"
        assert bench.endpoint["base-url"].startswith(f"http://127.0.0.1:{before['port']}/{before['key']}/")
        assert (bench.endpoint["client-id"], bench.endpoint["client-secret"]) == (before["client"], before["secret"])
        operator = Operator(bench.host.address)
        assert "goes on where it stopped" in operator.page()
        assert [one.verdict for one in bench.view.rows] == ["pass", "", ""]
        for _ in range(2):
            operator.press("play")
            acts(bench, app)
            operator.press("done")
            operator.press("answer", answer="yes")
        operator.press("end")
        bench.ended()
    agrees(folder)
    assert report(folder).decision.word == "granted"
    ids = [line["id"] for line in ledger.read(folder).of_type("exchange")]
    assert len(ids) == len(set(ids))


def test_a_campaign_of_which_all_was_played_can_be_ended_after_a_new_start(folder):
    made = campaign((HEADERS,))
    with Bench(made, folder) as bench, application(bench.endpoint) as app:
        operator = Operator(bench.host.address)
        operator.press("play")
        acts(bench, app)
        operator.press("done")
        bench.abandoned = True
    with Bench(made, folder) as bench:
        operator = Operator(bench.host.address)
        page = operator.page()
        assert "All scenarios are over" in page
        assert 'action="end"' in page
        operator.press("end")
        bench.ended()
    agrees(folder)


OWN = f"""id: socle/c99-dit
title: {{fr: "Dire une erreur", en: "Tell an error"}}
profiles: [{LATEST}]
use-case: socle
transaction: ROR-UC-03/1
role: consumer
verifies: [ROR-APP-004, ROR-APP-007]
bind:
  field: {{among: HealthcareService, value: type.coding, pick: any}}
steps:
  - serve: {{then: {{after: 0, times: 9, status: 503}}}}
    await: &told
      action: search-offers
      fr: "Cherchez {{field.display}}."
      en: "Search {{field.display}}."
      values: {{field: "{{field.system}}|{{field.code}}"}}
    expect:
      - confirms: {{fr: "Une erreur est-elle montrée pour {{field.code}} ?", en: "Is an error shown for {{field.code}}?"}}
        verifies: ROR-APP-004
  - await: *told
    expect:
      - shows: {{resource: HealthcareService, criteria: {{service-type: "{{field.system}}|{{field.code}}"}}}}
        verifies: ROR-APP-007
"""


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "socle" / "c99-dit.yaml"
    path.parent.mkdir()
    path.write_text(OWN.replace("&told", "").replace("*told", re.search(r"&told\n((?: {6}.*\n)+)", OWN)[1].join(["\n", ""])))
    return path.parent


def test_what_only_a_person_can_tell_is_asked_step_by_step(folder, own):
    with Bench(campaign((), (own,)), folder) as bench, application(bench.endpoint) as app:
        operator = Operator(bench.host.address, "fr")
        operator.press("play")
        assert "Étape 1 sur 2" in operator.page()
        assert acts(bench, app) == []
        operator.until("peut la renvoyer")
        operator.press("done")
        assert "Une erreur est-elle montrée pour 0" in operator.page()
        operator.press("answer", answer="yes")
        assert "Étape 2 sur 2" in operator.page()
        assert acts(bench, app)
        operator.press("done")
        operator.press("answer", answer="no")
        assert [(one.requirement, one.verdict) for one in bench.view.rulings] == [("ROR-APP-007", "fail"), ("ROR-APP-004", "pass")]
        operator.press("end")
        bench.ended()
    agrees(folder)
