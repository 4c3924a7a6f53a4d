"""The sentences of findings and of the interface, in both languages, from ``reports/sentences``."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance import data, source
from conformance.errors import HarnessError
from conformance.model import Text
from conformance.profile import text

LANGUAGES = ("fr", "en")


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a code of findings says: a title, a sentence with {expected} and {actual}, and what to do."""

    title: Text
    says: Text
    remedy: Text


@functools.cache
def _load(name: str) -> Mapping[str, Any]:
    path = data.path("reports", "sentences", f"{name}.yaml")
    document, problems = source.load(path.read_bytes(), path.name)
    if problems:
        raise HarnessError(str(problems[0]))
    loaded: Mapping[str, Any] = document
    return loaded


@functools.cache
def findings() -> Mapping[str, Sentence]:
    """The sentences of every code of findings."""
    return {code: Sentence(text(raw["title"]), text(raw["says"]), text(raw["remedy"]))
            for code, raw in _load("findings").items()}


@functools.cache
def interface() -> Mapping[str, Text]:
    """The words of reports: headings, verdicts, causes, decisions."""
    return {key: text(raw) for key, raw in _load("interface").items()}


_SYSTEM = re.compile(r"https?://mos\.esante\.gouv\.fr/NOS/(TRE_[A-Z]\d+)[^|\s,\"']*")


def short(text: str) -> str:
    """A text in which the addresses of code systems are their short names: ``TRE_R211|240``."""
    return _SYSTEM.sub(r"\1", text)


def filled(template: Text, expected: str, actual: str) -> Text:
    """A sentence with what was expected and what was received put in."""
    return Text(*(one.replace("{expected}", expected).replace("{actual}", actual)
                  for one in (template.fr, template.en)))


def joined(first: Text, second: Text) -> Text:
    """One text after the other, in each language."""
    return Text(f"{first.fr} {second.fr}", f"{first.en} {second.en}")
