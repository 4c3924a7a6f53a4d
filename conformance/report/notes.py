"""What a report says beside its verdicts: facts of the run that nothing was judged by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from conformance.model import REFUSED
from conformance.report import texts
from conformance.specification import Text


def refused(line: Mapping[str, Any]) -> bool:
    """Whether the line of an exchange tells a request that was refused before anything answered."""
    return bool(line["purpose"] == REFUSED)


def notes(exchanges: Iterable[Mapping[str, Any]]) -> tuple[Text, ...]:
    """What is noted of the exchanges of a record: requests that the bench refused, at an address of its own or none."""
    everyone = [line for line in exchanges if refused(line)]
    return tuple(_note(word, lines) for word, lines in (
        ("note.refused", [line for line in everyone if line["scenario"]]),
        ("note.strays", [line for line in everyone if not line["scenario"]])) if lines)


def _note(word: str, lines: Sequence[Mapping[str, Any]]) -> Text:
    said, first = texts.interface()[word], lines[0]
    reason = texts.phrase(first["trouble"]["detail"])
    where = first["scenario"] or first["request"]["url"] or "-"

    def put(template: str, why: str) -> str:
        return template.replace("{n}", str(len(lines))).replace("{where}", where).replace("{reason}", why)

    return Text(put(said.fr, reason.fr), put(said.en, reason.en))
