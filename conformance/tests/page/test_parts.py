"""Parts of the page without a server: the desk, the line that says what is waited for, what a stopped bench left."""

import threading
import time
import webbrowser
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from conformance import bench, ledger, selftest_bench, workshop
from conformance.cli import by_hand
from conformance.cli.group import rorqual
from conformance.clock import SystemClock
from conformance.errors import AuthorError, OperatorError
from conformance.page import kept, showing
from conformance.page.desk import Desk
from conformance.page.scene import Arrival, Row, Task
from conformance.specification import Text
from conformance.tests.page.stage import SOME, campaign

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HERE = {"base-url": "http://127.0.0.1:1/k/ws-diffusion-fhir", "capacities-url": "u", "anomalies-url": "u",
        "token-url": "u", "client-id": "c", "client-secret": "s", "headers": {}}
A, B = ("p", "a"), ("p", "b")


def desk():
    return Desk([Row(A, Text("a", "a")), Row(B, Text("b", "b"))], HERE, {"product": "P", "version": "1", "profiles": "p"})


def arrival(status="200", **more):
    return Arrival("x1", NOON, "GET", "[base]/Location", status, **more)


@pytest.mark.parametrize(("last", "now", "key"), [
    ([], NOON, "wait.none"), ([arrival(token=True)], NOON, "wait.token"), ([arrival("401")], NOON, "wait.refused-token"),
    ([arrival("", greeting=True)], NOON, "wait.greeted"), ([arrival("503")], NOON, "wait.failed"), ([arrival("", cut=True)], NOON, "wait.cut"),
    ([arrival("503", back=NOON + timedelta(seconds=3))], NOON, "wait.back"),
    ([arrival("503", back=NOON + timedelta(seconds=3))], NOON + timedelta(seconds=3), "wait.overdue"),
    ([arrival(more=True)], NOON, "wait.page"), ([arrival(more=True), arrival()], NOON, "wait.complete"),
])
def test_what_is_waited_for_is_told_exactly(last, now, key):
    one = desk()
    one.began(A)
    one.act(Task(1, 1, {"fr": "f", "en": "e"}, {}), HERE)
    for each in last:
        one.arrived(each)
    told, filled = showing.waiting(one.view(), now)
    assert told == key
    for language in showing.LANGUAGES:
        page = showing.page(one.view(), language, now)
        assert "{" not in page.partition("data-live=\"waiting\">")[2].partition("</p>")[0]
        assert all(value in page for name, value in filled.items() if name != "status")


def test_another_address_is_told_for_as_long_as_it_holds():
    one, there = desk(), {**HERE, "base-url": "https://127.0.0.1:2/k/ws-diffusion-fhir", "ca-file": "/somewhere/authority.pem"}
    one.began(A)
    one.act(Task(1, 1, {"fr": "f", "en": "e"}, {}), there)
    page = showing.page(one.view(), "en", NOON)
    assert "For this scenario only" in page
    assert page.count("https://127.0.0.1:2/") >= 2
    assert "/somewhere/authority.pem" in page
    one.began(B)
    one.act(Task(1, 1, {"fr": "f", "en": "e"}, {}), HERE)
    assert "https://127.0.0.1:2/" not in showing.page(one.view(), "en", NOON)


def test_a_request_under_way_is_told():
    one = Desk([Row(A, Text("a", "a"))], HERE, {}, busy=lambda: True)
    assert showing.waiting(one.view(), NOON) == ("wait.busy", {})


def test_the_last_requests_of_a_step_are_kept_and_all_counted():
    one = desk()
    one.began(A)
    for _ in range(1200):
        one.arrived(arrival())
    view = one.view()
    assert (len(view.arrivals), view.received) == (500, 1200)
    assert "The first 700 are no more shown" in showing.page(view, "en", NOON)


def test_a_button_acts_once_and_on_what_it_was_shown_with():
    one = desk()
    turn = one.view().turn
    one.play(turn)
    one.play(turn)
    assert one.upcoming([A, B], 0) == 0
    assert one.upcoming([A, B], 0) is None
    one.began(A)
    one.skip(turn)
    assert not one.skips()
    one.act(Task(1, 1, {}, {}), HERE)
    one.done(one.view().turn)
    assert one.answered()


def test_who_waits_is_woken_and_does_not_look_all_the_time():
    one, since = desk(), time.monotonic()
    threading.Timer(0.1, lambda: one.play(one.view().turn)).start()
    assert one.upcoming([A, B], 30) == 0
    assert time.monotonic() - since < 5
    assert one.upcoming([A, B], 0.05) is None


def stopped(folder, after, error):
    """A headless bench that is stopped after some scenarios."""
    count = 0

    def told(event):
        nonlocal count
        count += type(event).__name__ == after[0]
        if count == after[1]:
            raise error

    with pytest.raises(type(error)):
        bench.receive(campaign(), lambda one: selftest_bench.Sample(one, ""), folder, SystemClock(), told)


@pytest.mark.parametrize("after", [("Started", 1), ("ScenarioFinished", 1), ("Exchanged", 5)])
def test_a_driven_campaign_goes_on_where_it_was_stopped(tmp_path, after):
    folder = tmp_path / "run"
    stopped(folder, after, KeyboardInterrupt())
    events = []
    bench.receive(campaign(), lambda one: selftest_bench.Sample(one, ""), folder, SystemClock(), events.append)
    record = ledger.read(folder)
    assert record.complete
    assert sorted(line["scenario"] for line in record.of_type("scenario")) == sorted(SOME)
    ids = [line["id"] for line in record.of_type("exchange")]
    assert ids == [f"x{number + 1}" for number in range(len(ids))]
    assert record.footer["counts"]["exchanges"] == len(ids)
    assert record.footer["counts"]["pass"] == sum(1 for _ in record.of_type("judgement"))
    again = workshop.report(folder, rejudge=True)
    assert again.decision.word == "granted"
    with pytest.raises(OperatorError, match="came to its end"):
        bench.receive(campaign(), lambda one: selftest_bench.Sample(one, ""), folder, SystemClock(), events.append)


@pytest.mark.parametrize(("how", "said"), [({"seed": 3}, "seed|data"), ({"product": "Other"}, "another product"),
                                           ({"only": SOME[:1]}, "other scenarios")])
def test_the_record_of_another_campaign_is_left_alone(tmp_path, how, said):
    stopped(tmp_path / "run", ("ScenarioFinished", 1), KeyboardInterrupt())
    before = (tmp_path / "run" / ledger.RECORD_FILE).read_bytes()
    with pytest.raises(OperatorError, match=f"another campaign.*({said})"):
        bench.receive(campaign(**how), lambda one: selftest_bench.Sample(one, ""), tmp_path / "run", SystemClock(), print)
    assert (tmp_path / "run" / ledger.RECORD_FILE).read_bytes() == before


def test_what_was_kept_for_another_start_may_be_unreadable(tmp_path):
    (tmp_path / kept.FILE).write_text("{}")
    with pytest.raises(OperatorError, match=r"bench\.json cannot be read"):
        kept.kept(tmp_path, 0)


def test_a_question_is_asked_once_in_a_step(tmp_path):
    path = tmp_path / "socle" / "c99-deux.yaml"
    path.parent.mkdir()
    text = (workshop.data.path("scenarios") / "socle" / "c03-pages.yaml").read_text(encoding="utf-8")
    last = text[text.index("      - shows:") :]
    path.write_text(text.replace("socle/c03-pages", "socle/c99-deux") + "\n" + last, encoding="utf-8")
    with pytest.raises(AuthorError, match="'shows' is asked once in a step"):
        campaign((), (path.parent,))


@pytest.mark.parametrize(("browser", "opened"), [(webbrowser.GenericBrowser("lynx"), False), (None, False),
                                                 (webbrowser.BackgroundBrowser("window"), True)])
def test_the_page_is_opened_in_a_window_only(monkeypatch, browser, opened):
    calls = []

    def get():
        if browser is None:
            raise webbrowser.Error
        return browser

    monkeypatch.setattr(webbrowser, "get", get)
    monkeypatch.setattr(webbrowser.GenericBrowser, "open", lambda _self, address: calls.append(address))
    monkeypatch.setattr(webbrowser.BackgroundBrowser, "open", lambda _self, address: calls.append(address))
    by_hand._opened("http://127.0.0.1:1/")
    assert bool(calls) is opened


def test_the_page_is_for_candidates():
    told = CliRunner().invoke(rorqual, ["bench", "--sample", "--page"])
    assert told.exit_code == 2
    assert "--page goes with CANDIDATE" in told.output
