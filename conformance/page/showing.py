"""The page as text, in one language: templates and sentences of ``reports``, the style of the reports."""

from __future__ import annotations

import functools
import re
from datetime import datetime
from typing import Any

import jinja2

from conformance import data
from conformance.page.scene import View
from conformance.report import render, summary, texts

LANGUAGES = texts.LANGUAGES
_BASES = {"[base]": "base-url", "[base capacities]": "capacities-url", "[base anomalies]": "anomalies-url"}
_PARTED = re.compile(r"(?<=«) | (?=[»:;!?])")
_SOON = ("429", "500", "502", "503", "504")


def page(view: View, language: str, now: datetime, template: str = "bench.html.j2") -> str:
    """What is so, in a language."""
    said = functools.partial(_said, texts.interface(), language)
    key, filled = waiting(view, now)
    t = functools.partial(_said, texts.bench(), language)
    anchor = summary.slug("s", *view.current) if view.current else ""
    return _environment().get_template(template).render(
        v=view, lang=language, t=t, said=said, sign=render.SIGNS, anchor=anchor, waiting=t(key, **filled),
        many=len({one.where[0] for one in view.rows}) > 1, words=lambda told: spaced(told.in_(language), language),
        spaced=lambda told: spaced(told, language), target=functools.partial(target, view))


def waiting(view: View, now: datetime) -> tuple[str, dict[str, str]]:
    """What is waited for, exactly: the key of a sentence, and what is put into it."""
    if view.busy:
        return "wait.busy", {}
    if not view.arrivals:
        return "wait.none", {"address": str(view.endpoint["base-url"])}
    last = view.arrivals[-1]
    told = {"at": clock(last.at), "status": last.status}
    if last.back is not None:
        return "wait.overdue" if now >= last.back else "wait.back", {"until": clock(last.back)}
    if last.greeting:
        return "wait.greeted", told
    if last.cut:
        return "wait.cut", told
    if last.status == "401":
        return "wait.refused-token", told
    if last.status in _SOON:
        return "wait.failed", told
    if last.token:
        return "wait.token", told
    return "wait.page" if last.more else "wait.complete", told


def target(view: View, written: str) -> str:
    """The address of a request, in which the names of a record are the ends of the addresses that were given."""
    for name, key in _BASES.items():
        written = written.replace(name, f"…/{str(view.endpoint[key]).rpartition('/')[2]}")
    return written.replace("[base auth]", "…/auth")


def spaced(text: str, language: str) -> str:
    """A text whose French punctuation is not parted from its words at the end of a line."""
    return _PARTED.sub("\u00a0", text) if language == "fr" else text


def clock(at: datetime) -> str:
    """The time of day, here."""
    return f"{at.astimezone():%H:%M:%S}"


def style() -> str:
    """The style of reports, and what the page adds."""
    return "".join(_template(name) for name in ("report.css", "bench.css"))


def script() -> str:
    """What keeps the page up to date; it works without."""
    return _template("bench.js")


def _template(name: str) -> str:
    return data.path("reports", "templates", name).read_text(encoding="utf-8")


def _said(table: Any, language: str, key: str, **filled: object) -> str:
    text: str = table[key].in_(language)
    for name, value in filled.items():
        text = text.replace("{" + name + "}", str(value))
    return spaced(text, language)


@functools.cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(data.path("reports", "templates")), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    made.filters["clock"] = clock
    return made
