"""The page in a real browser: whole campaigns by clicks and by keyboard alone, in both languages, through a reload and a
restart, looked at by axe-core. The application is the sample; its operator is the browser."""

import contextlib
import functools
import json
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading

import pytest

from conformance import ledger, workshop
from conformance.reference.consumer import Application
from conformance.tests.page.stage import LATEST, Bench, acts, application, campaign

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("no chromium on this machine", allow_module_level=True)
driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra: test)")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed").Axe()

NAMES = ["c01-jeton-et-entetes", "c02-criteres", "c03-pages", "c04-liens-relatifs", "c05-liens-opaques",
         "c06-pages-qui-se-recouvrent", "c11-jeton-expire", "c12-extension-inconnue", "c13-code-inconnu",
         "c14-element-absent"]
ONLY = tuple(f"socle/{name}" for name in NAMES)
WIDTHS = (1280, 390)
PNG = b"\x89PNG\r\n\x1a\n of a screen"
WORDS = {
    "fr": {"play": "Commencer", "go-on": "Reprendre", "next": "Scénario suivant", "done": "Fait", "answer": "Répondre",
           "end": "Terminer la campagne", "close": "Fermer le banc", "yes": "Oui", "no": "Non", "other": "English",
           "redo": "Rejouer : ", "over": "{} sur {}"},
    "en": {"play": "Begin", "go-on": "Go on", "next": "Next scenario", "done": "Done", "answer": "Answer",
           "end": "End the campaign", "close": "Close the bench", "yes": "Yes", "no": "No", "other": "Français",
           "redo": "Play again: ", "over": "{} of {}"},
}


class Process:
    """``rorqual bench`` as one starts it."""

    def __init__(self, folder):
        file = folder / "candidate.yaml"
        file.write_text(json.dumps({"product": "Appli", "version": "1", "vendor": "V", "role": "consumer",
                                    "profiles": [LATEST]}), encoding="utf-8")
        self._command = [sys.executable, "-m", "conformance", "bench", str(file), "--no-open", "--out", str(folder / "run")]
        self._command += [word for one in ONLY for word in ("--only", one)]
        self.start()

    def start(self):
        # what runs these tests in the background may have it ignored
        heeds = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        self.process = subprocess.Popen(self._command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                                        preexec_fn=heeds)
        lines = queue.SimpleQueue()
        threading.Thread(target=lambda: [lines.put(line) for line in self.process.stderr], daemon=True).start()
        while not (found := re.search(r"http://\S+", lines.get(timeout=30))):
            pass
        self.address = found[0]

    def stop(self, how):
        self.process.send_signal(how)
        return self.process.wait(20)

    def restart(self):
        before = self.address
        self.start()
        assert self.address == before


class Clicks:
    """A hand on the mouse."""

    def __init__(self, page):
        self.page = page

    def press(self, name):
        self.page.get_by_role("button", name=name).first.click()

    def follow(self, name):
        self.page.get_by_role("link", name=name).click()

    def choose(self, name):
        self.page.get_by_label(name, exact=True).check()


class Keys:
    """A hand on the keyboard: tabulation, space and return."""

    def __init__(self, page):
        self.page = page

    def _reach(self, name):
        for _ in range(150):
            self.page.keyboard.press("Tab")
            if name in self.page.evaluate("""() => { const at = document.activeElement;
                return [at.textContent, at.getAttribute('aria-label'), ...Array.from(at.labels || [], l => l.innerText)]
                    .map(one => (one || '').trim()); }"""):
                return
        raise AssertionError(f"{name!r} cannot be reached by tabulation")

    def press(self, name):
        self._reach(name)
        self.page.keyboard.press("Enter")

    follow = press

    def choose(self, name):
        self._reach(name)
        self.page.keyboard.press("Space")


class Person:
    """Who operates the application, and reads and answers on the page by one hand or the other."""

    def __init__(self, page, hand, language):
        self.page, self.hand, self.language = page, hand(page), language
        self.seen, self.faults = set(), []
        self.fault = ""
        self._apps = {}

    @property
    def words(self):
        return WORDS[self.language]

    def at(self, stage):
        self.page.wait_for_selector(f".panel.{stage}")
        self.page.wait_for_load_state()
        assert self.page.evaluate("document.documentElement.lang") == self.language
        if (stage, self.language) not in self.seen:
            self.seen.add((stage, self.language))
            self._look(stage)

    def _look(self, stage):
        """What axe-core says of a state, at both widths; and nothing is wider than the screen."""
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 900})
            found = axe.run(self.page).response["violations"]
            self.faults += [(stage, self.language, width, one["id"], one["nodes"][0]["html"]) for one in found
                            if one["impact"] in ("serious", "critical")]
            assert self.page.evaluate("document.documentElement.scrollWidth") <= width
        self.page.set_viewport_size({"width": WIDTHS[0], "height": 900})

    def switch(self):
        self.hand.follow(self.words["other"])
        self.language = "en" if self.language == "fr" else "fr"
        self.page.wait_for_selector(f"html[lang={self.language}]")

    def endpoint(self):
        told = [one.get_attribute("data-copy") for one in self.page.query_selector_all("dl.card [data-copy]")]
        names = ("base-url", "token-url", "capacities-url", "anomalies-url", "client-id", "client-secret")
        headers = [one.inner_text() for one in self.page.query_selector_all("dl.card.short dt")]
        return {**dict(zip(names, told[-10:-4], strict=True)), "headers": dict(zip(headers, told[-4:], strict=True))}

    def act(self):
        """Does in the application what the page asks for; what the application then shows."""
        self.at("doing")
        title = self.page.inner_text(".scenario-title")
        scenario = next(one.scenario for one in campaign(ONLY).planned
                        if one.scenario.title.in_(self.language) == title.replace("\u00a0", " "))
        values = {name.text_content(): value.get_attribute("data-copy") for name, value in zip(
            self.page.query_selector_all(".values dt"), self.page.query_selector_all(".values [data-copy]"), strict=True)}
        app = self._apps.setdefault(self.fault, Application(self.endpoint(), self.fault))
        shown = app.do(scenario.steps[0].action.name, values)["shown"]
        self.page.wait_for_selector(".requests .request")  # it came by itself
        return [one.partition("/")[2] for one in shown]

    def play(self, picture=b""):
        """A scenario from its instruction to its verdict; a picture of what is shown goes with the answer."""
        shown = self.act()
        self.hand.press(self.words["done"])
        self.page.wait_for_selector(".panel.asking, .panel.judged")
        if self.page.query_selector(".panel.asking"):
            self.at("asking")
            wanted = [one.inner_text() for one in self.page.query_selector_all(".items td.mono")]
            right = set(wanted) <= set(shown) and len(shown) == len(set(shown))
            self.hand.choose(self.words["yes" if right else "no"])
            if picture:
                file = {"name": "a.png", "mimeType": "image/png", "buffer": picture}
                self.page.set_input_files("[name=screenshot]", file)
            self.hand.press(self.words["answer"])
        self.at("judged")

    def played(self, over):
        assert self.page.inner_text(".far strong") == self.words["over"].format(over, len(ONLY))


@pytest.fixture(scope="module")
def browser():
    with driver.sync_playwright() as made:
        started = made.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@contextlib.contextmanager
def person(browser, folder, hand, language):
    bench = Process(folder)
    context = browser.new_context(locale="fr-FR" if language == "fr" else "en-GB", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    page = context.new_page()
    broken = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda told: broken.append(told.text) if "Content Security" in told.text else None)
    try:
        page.goto(bench.address)
        yield bench, Person(page, hand, language)
        assert not broken
    finally:
        context.close()
        bench.process.kill()
        bench.process.wait()


def closed(bench, who, folder):
    """The campaign is ended and the bench closed; what its record says."""
    who.hand.press(who.words["end"])
    who.at("ended")
    assert who.page.get_by_role("link", name="rapport" if who.language == "fr" else "report").is_visible()
    who.hand.press(who.words["close"])
    assert bench.process.wait(20) == 0
    record = ledger.read(folder / "run")
    assert record.complete
    told = [(line["scenario"], line["verdict"]) for line in record.of_type("scenario")]
    assert sorted(told) == sorted((one, "pass") for one in ONLY)
    assert workshop.report(folder / "run", rejudge=True).decision.word == "granted"
    assert not who.faults
    return record


def test_a_whole_campaign_by_clicks(browser, tmp_path):
    with person(browser, tmp_path, Clicks, "fr") as (bench, who):
        who.at("welcome")
        who.hand.press(who.words["play"])
        for number in range(5):
            who.fault = "next-ignored" if number == 2 else ""
            who.play()
            if who.fault:
                assert "non conforme" in who.page.inner_text(".panel .word")
                who.fault = ""
                who.page.locator(".plan li", has_text="Suivre les pages").get_by_role("button").click()
                who.play()
            assert "✗" not in who.page.inner_text(".panel .word")
            who.played(number + 1)
            who.page.reload()
            who.at("judged")
            who.hand.press(who.words["next"])
        who.act()
        assert bench.stop(signal.SIGKILL) == -signal.SIGKILL
        who.page.wait_for_selector("#lost:not([hidden])")
        bench.restart()
        who.at("welcome")  # the page found the bench again by itself
        who.played(5)
        who.switch()
        who.at("welcome")
        who.hand.press(who.words["go-on"])
        for number in range(5, 10):
            who.play(PNG)
            who.played(number + 1)
            if number < 9:
                who.hand.press(who.words["next"])
        record = closed(bench, who, tmp_path)
    kept = [line["outcome"]["stated"]["shows"]["screenshot"] for line in record.of_type("step")
            if "screenshot" in line["outcome"]["stated"].get("shows", {})]
    assert {(tmp_path / "run" / one).read_bytes() for one in kept} == {PNG}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_goes_wrong_is_shown_to_all(browser, tmp_path, language):
    """States that a fine campaign does not show: a wrong request, an answer refused, a bench that breaks, and closes."""
    with Bench(campaign(ONLY[1:3]), tmp_path / "run") as bench, application(bench.endpoint, "next-rebuilt") as app:
        page = browser.new_page(locale=language, viewport={"width": 1280, "height": 900})
        page.goto(f"{bench.host.address}{language}/")
        who, desk = Person(page, Clicks, language), bench.host._desk
        who.hand.press(who.words["play"])
        who.at("doing")
        app._caller._fault = "system-dropped"
        acts(bench, app)
        page.wait_for_selector(".request .remarks")
        who._look("wrong")
        desk.skip(desk.view().turn)
        who.at("judged")
        who.hand.press(who.words["next"])
        who.at("doing")
        acts(bench, app)
        who.hand.press(who.words["done"])
        who.at("asking")
        who.hand.choose(who.words["yes"])
        page.set_input_files("[name=screenshot]", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"text"})
        who.hand.press(who.words["answer"])
        page.wait_for_selector(".problem-line")
        who._look("refused")
        desk.failed("OSError: no space left")
        who.at("failed")
        assert "no space left" in page.inner_text("main")
        who.hand.press(who.words["close"])
        page.wait_for_selector("h1#now")
        who._look("closed")
        assert not who.faults
        page.close()
        desk._end = desk._skip = True  # the engine did not really break


def test_a_whole_campaign_by_keyboard_alone(browser, tmp_path):
    with person(browser, tmp_path, Keys, "en") as (bench, who):
        who.at("welcome")
        who.page.keyboard.press("Tab")
        assert who.page.evaluate("document.activeElement.className") == "skip"
        who.page.keyboard.press("Enter")
        who.hand.press(who.words["play"])
        for number in range(5):
            who.play()
            who.played(number + 1)
            if number < 4:
                who.hand.press(who.words["next"])
        who.page.reload()
        who.at("judged")
        assert bench.stop(signal.SIGINT) == 130
        bench.restart()
        who.at("welcome")
        who.switch()
        who.hand.press(who.words["go-on"])
        for number in range(5, 10):
            who.play()
            who.played(number + 1)
            if number < 9:
                who.hand.press(who.words["next"])
        closed(bench, who, tmp_path)
