"""Report → text, by format. Templates print and loop; numbers are those of the Report."""

from __future__ import annotations

import base64
import csv
import functools
import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import jinja2
from markupsafe import Markup, escape

from conformance import data
from conformance.report import junit, texts
from conformance.report.model import Report
from conformance.specification import Text

FORMATS = ("html", "json", "junit", "csv", "markdown")
FILES: Mapping[str, str] = {
    "html": "report.html", "json": "report.json", "junit": "junit.xml", "csv": "results.csv", "markdown": "summary.md",
}
SIGNS: Mapping[str, str] = {
    "pass": "✓", "fail": "✗", "inconclusive": "?", "not-applicable": "–", "error": "!", "none": "○",
}


def _phrase(said: str) -> Text:
    """What was expected or seen, in both languages, code systems by their short names."""
    return texts.phrase(texts.short(said))


def both(value: Text) -> Markup:
    """A text in both languages, of which the page shows one."""
    if value.fr == value.en:
        return Markup(escape(value.fr))
    return Markup('<span lang="fr">{}</span><span lang="en">{}</span>').format(value.fr, value.en)


def words(key: str, **filled: object) -> Markup:
    """Words of the interface in both languages, with values put in."""
    found = texts.interface()[key]
    return both(Text(*(put(one, filled) for one in (found.fr, found.en))))


def put(template: str, filled: Mapping[str, object]) -> str:
    """A text with values in the place of their names in braces."""
    for name, value in filled.items():
        template = template.replace("{" + name + "}", str(value))
    return template


@functools.cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(data.path("reports", "templates")), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined,
    )
    made.globals.update(both=both, colon=both(Text(" : ", ": ")), interface=texts.interface, phrase=_phrase,
                        sign=SIGNS, t=words)
    made.filters["duration"] = _duration
    return made


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"


def html(report: Report) -> str:
    """One self-contained page in French and English; nothing of the candidate can run in it."""
    return page("report.html.j2", r=report)


def page(template: str, beside: str = "", **values: Any) -> str:
    """A self-contained page from one of our templates, with the style and the script of the report, and those of this
    name that go ``beside``."""
    style, script = ("".join(
        data.path("reports", "templates", f"{name}.{kind}").read_text(encoding="utf-8")
        for name in ("report", beside) if name) for kind in ("css", "js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _environment().get_template(template).render(
        style=Markup(style), script=Markup(script), script_hash=f"sha256-{digest}", **values)


def markdown(report: Report) -> str:
    """A short summary for the page of a CI run, in English."""
    return _environment().get_template("summary.md.j2").render(r=report, words=texts.interface())


def as_json(report: Report) -> str:
    """The whole report as JSON; its schema is ``reports/schemas/report.schema.json``."""
    return dumps(jsonable(report))


def dumps(value: Any) -> str:
    """Plain data as JSON that a person can read."""
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def jsonable(report: Report) -> dict[str, Any]:
    """The report as plain data, keys in kebab-case."""
    plain: dict[str, Any] = kebab(asdict(report))
    return {"report": 1, **plain}


def kebab(value: Any) -> Any:
    """Plain data with its keys in kebab-case."""
    if isinstance(value, dict):
        return {str(key).replace("_", "-"): kebab(item) for key, item in value.items()}
    return [kebab(item) for item in value] if isinstance(value, list | tuple) else value


def as_csv(report: Report) -> str:
    """One line per requirement and profile."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["profile", "requirement", "strength", "verdict", "causes", "warnings", "advisory", "waived",
                     "exchanges", "resources", "values", "scenarios", "statement-fr", "statement-en", "source"])
    for row in report.requirements:
        writer.writerow([safe(one) for one in (
            row.profile, row.id, row.strength, row.verdict, " ".join(row.causes), row.warnings,
            "yes" if row.advisory else "no", row.waived, row.weight.exchanges, row.weight.resources,
            row.weight.values, " ".join(row.scenarios), row.statement.fr, row.statement.en, row.source)])
    return out.getvalue()


def safe(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


RENDERERS: Mapping[str, Callable[[Report], str]] = {
    "html": html, "json": as_json, "junit": junit.render, "csv": as_csv, "markdown": markdown,
}
