"""Whether one member can exchange with another, from a matrix: true, false or unknown, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.cells import EFFECTIVE, NOT_TESTED, SCENARIOS
from conformance.errors import OperatorError
from conformance.report import texts
from conformance.source import suggest
from conformance.specification import Text

YES, NO, UNKNOWN = "true", "false", "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer, how it is known (``observed``, ``deduced``, empty), and its sentences."""

    word: str
    known: str
    sentences: tuple[Text, ...]


def can_connect(
    told: Mapping[str, Any], requester: str, responder: str, *, use_case: str = "", profile: str = "",
    observed: bool = False,
) -> Answer:
    """The answer of a matrix; with ``observed``, what is only deduced is unknown. OperatorError for a member that it
    does not have."""
    ids = [one["id"] for one in told["members"]]
    for name in (requester, responder):
        if name not in ids:
            raise OperatorError(f"the matrix has nobody called {name!r}; {suggest(name, ids) or ', '.join(ids[:20])}")
    cell = next((one for one in told["cells"]
                 if (one["requester"], one["responder"]) == (requester, responder)), None)
    if cell is None:
        return _unknown("Cette paire n'est pas de la matrice.", "This pair is not of the matrix.")
    if profile and cell["profile"] not in ("", profile):
        return _unknown(f"Essayée en {cell['profile']}.", f"Tried by {cell['profile']}.")
    state = cell["use-cases"].get(use_case, cell["observed"]) if use_case else cell["observed"]
    reached = state == EFFECTIVE or cell.get("step") == SCENARIOS
    if reached and use_case and use_case not in cell["use-cases"]:
        return _unknown("Essayée pour d'autres cas d'usage : " + ", ".join(cell["use-cases"]),
                        "Tried for other use cases: " + ", ".join(cell["use-cases"]))
    if state != NOT_TESTED:
        return Answer(YES if state == EFFECTIVE else NO, "observed", _observed(cell, state))
    if not observed and cell.get("deduced", {}).get("answer") in ("yes", "no"):
        return _deduced(cell["deduced"])
    return Answer(UNKNOWN, "", _why(cell))


def _unknown(fr: str, en: str) -> Answer:
    return Answer(UNKNOWN, "", (Text(fr, en),))


def _observed(cell: Mapping[str, Any], state: str) -> tuple[Text, ...]:
    words = texts.matrix()
    day = str(cell["at"])[:10]
    word = words[f"state.{state}"]
    head = Text(f"Observé le {day} : {word.fr}.", f"Observed on {day}: {word.en}.")
    return head, *(() if state == EFFECTIVE else _why(cell))


def _why(cell: Mapping[str, Any]) -> tuple[Text, ...]:
    """The cause, and what to do."""
    if "cause" not in cell:
        return ()
    words, rule = texts.matrix(), str(cell.get("requirement", ""))
    cause, remedy = words[f"cause.{cell['cause']}"], words[f"remedy.{cell['cause']}"]
    told = Text(f"{cause.fr} : {rule}." if rule else f"{cause.fr}.", f"{cause.en}: {rule}." if rule else f"{cause.en}.")
    return told, remedy


def _deduced(one: Mapping[str, Any]) -> Answer:
    if one["answer"] == "yes":
        return Answer(YES, "deduced", (Text("Déduit : le répondeur déclare tout ce dont l'application a besoin.",
                                            "Deduced: the responder declares all that the application needs."),))
    lacking = ", ".join(one["lacking"])
    return Answer(NO, "deduced", (Text(f"Déduit : le répondeur ne déclare pas {lacking}.",
                                       f"Deduced: the responder does not declare {lacking}."),))
