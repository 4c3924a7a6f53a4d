"""The heat map in a real browser: by clicks, by keyboard alone, on a phone, without script, with 17 and with 60 members."""

import json
import re
import shutil

import pytest

from conformance.cells import Broken, Cell
from conformance.report import grid_page
from conformance.report.grid import Grid, Proof

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("no chromium on this machine", allow_module_level=True)
driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra: test)")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed").Axe()

CAUSES = ("name.unknown", "tls.expired", "client.revoked", "list.refused", "scenarios.failed", "untested.time")


def made(count):
    """A matrix of so many RORs, every fifth cell broken, one hostile name among them."""
    members = tuple({"id": f"ror-{at}", "name": "ROR <script>alert(1)</script>" if at == 1 else f"ROR numéro {at}",
                     "kind": "ror", "region": f"{at:02}", "metropolitan": at % 4 > 0, "solution": f"Solution {at % 3}",
                     "version": "1", "profiles": ["p"], "lets-in": None} for at in range(count))
    cells, proofs = {}, {}
    for a in range(count):
        for b in range(count):
            pair = f"ror-{a}", f"ror-{b}"
            if a == b:
                continue
            cause = CAUSES[(a + b) % len(CAUSES)] if (3 * a + b) % 5 == 0 else ""
            state = "not-tested" if cause.startswith("untested") else "partial" if cause.startswith("scen") else (
                "not-effective" if cause else "effective")
            broken = Broken(cause, "detail <b>", "x1", "ROR-HTTP-033" if "scen" in cause else "") if cause else None
            cells[pair] = Cell(*pair, state, broken, "p", {"inter-ror": {"pass": 5}} if not cause else {}, 15, 0.2,
                               "TLSv1.3", "2026-11-28T10:00:00.000Z", "here")
            if cause:
                proofs[pair] = Proof("x1", "GET [base]/HealthcareService?_count=1", "HTTP 403", 3.2,
                                     '{"a": "</pre><script>alert(2)</script>"}', "curl -sg x")
    record = {"folder": "run", "vantage": "here", "started": "2026-11-28T10:00:00.000Z", "finished": "x",
              "complete": True, "rorqual": "0", "use-cases": ["inter-ror"], "profiles": []}
    return Grid((record,), members, cells, proofs, {}, ())


@pytest.fixture(scope="module")
def browser():
    with driver.sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Opens the page of a matrix; every dialog and error of the page fails the test."""
    pages, said = [], []

    def open_(count, width=1280, script=True):
        path = tmp_path / f"matrix-{count}.html"
        path.write_text(grid_page.html(made(count)), encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=script)
        page = context.new_page()
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.goto(path.as_uri())
        pages.append(context)
        return page

    yield open_
    for one in pages:
        one.close()
    assert said == []


def serious(page):
    found = axe.run(page).response["violations"]
    return [(one["id"], one["nodes"][0]["html"][:120]) for one in found if one["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("count", [17, 60])
def test_a_cause_is_reached_in_a_click(opened, count, width):
    page = opened(count, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cell = page.locator("a.not-effective").nth(3)
    target = cell.get_attribute("href")
    cell.click()
    shown = page.locator(target)
    assert shown.is_visible()
    assert shown.locator(".why").inner_text()
    assert "HTTP 403" in shown.inner_text()
    box = shown.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width + 1
    if count < 20:  # what axe looks at is the same with more cells, and takes a minute
        assert serious(page) == []
    shown.locator("a.close").click()
    assert not shown.is_visible()
    if count < 20:
        assert serious(page) == []


def test_by_keyboard_alone(opened):
    page = opened(17)
    page.locator("table.heat td a").first.focus()
    assert page.evaluate("document.activeElement.title") == "ROR numéro 0 → ROR <script>alert(1)</script>"
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.title") == "ROR <script>alert(1)</script> → ROR numéro 2"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "c-ror-1_ror-2"
    assert page.locator("#c-ror-1_ror-2 .why").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#c-ror-1_ror-2").is_visible()
    assert page.evaluate("document.activeElement.title") == "ROR <script>alert(1)</script> → ROR numéro 2"
    # one stop of the tabulator for the whole matrix
    stops = page.evaluate("[...document.querySelectorAll('table.heat td a')].filter(a => a.tabIndex === 0).length")
    assert stops == 1


def test_filters_show_what_is_asked(opened):
    page = opened(17)
    whole = page.locator("table.heat tbody tr:visible").count()
    page.select_option('[data-by="state"]', "partial")
    shown = page.evaluate("[...document.querySelectorAll('table.heat td a:not(.dim)')].map(a => a.dataset.state)")
    assert set(shown) == {"partial"}
    page.select_option('[data-by="state"]', "")
    page.select_option('[data-by="solution"]', "Solution 1")
    clear = page.evaluate("""[...document.querySelectorAll('table.heat td a:not(.dim)')].map(a =>
        [a.closest('tr').dataset.solution, a.closest('table').tHead.rows[0].cells[a.closest('td').cellIndex].dataset.solution])""")
    assert clear
    assert all("Solution 1" in one for one in clear)
    page.select_option('[data-by="solution"]', "")
    assert page.locator("table.heat tbody tr:visible").count() == whole
    assert page.locator("table.heat td a.dim").count() == 0


def test_without_script_the_page_is_whole(opened):
    page = opened(17, script=False)
    assert not page.locator(".filters").is_visible()
    page.locator("a.partial").first.click()
    assert page.locator("article.cell:visible .why").count() == 1
    page.locator("article.cell:visible a.close").click()
    assert page.locator("article.cell:visible").count() == 0


def test_both_languages(opened):
    page = opened(17)
    for label, word in (("Français", "non effective"), ("English", "not effective")):
        page.get_by_text(label, exact=True).click()
        assert word in re.sub(r"\s+", " ", page.locator(".legend").inner_text())


def test_colours_differ_in_lightness_too(opened):
    """Who sees no colours sees the states apart: by their signs, and by how light they are."""
    page = opened(17)
    found = json.loads(page.evaluate("""JSON.stringify(Object.fromEntries(
        ['effective', 'partial', 'not-effective', 'not-tested'].map(name =>
            [name, getComputedStyle(document.querySelector('table.heat a.' + name)).backgroundColor])))"""))
    assert len(set(found.values())) == 4
    signs = {page.locator(f"table.heat a.{name}").first.inner_text() for name in found}
    assert len(signs) == 4
