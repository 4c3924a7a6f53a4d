"""The sentences of findings and of the interface, in both languages, from ``reports/sentences``."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance import data, source
from conformance.errors import HarnessError
from conformance.profile import text
from conformance.specification import Text

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


@functools.cache
def matrix() -> Mapping[str, Text]:
    """The words of the connectivity matrix."""
    return {key: text(raw) for key, raw in _load("matrix").items()}


@functools.cache
def bench() -> Mapping[str, Text]:
    """The words of the page of the bench."""
    return {key: text(raw) for key, raw in _load("bench").items()}


@functools.cache
def topics() -> Mapping[str, Text]:
    """Why the requirements of each topic matter."""
    return {topic: text(raw) for topic, raw in _load("topics").items()}


_SYSTEM = re.compile(r"https://mos\.esante\.gouv\.fr/NOS/(TRE_([A-Z]\d+))-([\w-]+)/FHIR/TRE-\2-\3(?![\w/-])")


def short(text: str) -> str:
    """A text in which the addresses of code systems, where well written, are their short names: ``TRE_R211|240``."""
    return _SYSTEM.sub(r"\1", text)


@functools.cache
def _phrases() -> Sequence[tuple[re.Pattern[str], str]]:
    return [(re.compile(re.sub(r"\\{([a-c])\\}", r"(?P<\1>.+)", re.escape(english)), re.DOTALL), french)
            for english, french in _load("phrases").items()]


@functools.lru_cache(maxsize=4096)
def phrase(said: str) -> Text:
    """What a finding expected or saw, in both languages; what the table of phrases does not know is a fact."""
    code, colon, rest = said.partition(": ")
    if colon and code in findings():
        return Text(f"{code} : {phrase(rest).fr}", said)
    for pattern, french in _phrases():
        found = pattern.fullmatch(said)
        if found is not None:
            filled_in = {name: phrase(part).fr for name, part in found.groupdict().items()}
            return Text(_put(french, filled_in), said)
    return Text(said, said)


def _put(template: str, parts: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda hit: parts.get(hit[1], hit[0]), template)


def filled(template: Text, expected: str, actual: str, place: str = "") -> Text:
    """A sentence with what was expected and what was received put in, in each language, and where in the resource."""
    wanted, seen, at = phrase(expected), phrase(actual), place.rpartition(" ")[2].rpartition(".resource.")[2]
    return Text(_put(template.fr, {"expected": wanted.fr, "actual": seen.fr, "place": at}),
                _put(template.en, {"expected": wanted.en, "actual": seen.en, "place": at}))


def joined(first: Text, second: Text) -> Text:
    """One text after the other, in each language."""
    return Text(f"{first.fr} {second.fr}", f"{first.en} {second.en}")
