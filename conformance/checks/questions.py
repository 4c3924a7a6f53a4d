"""What the user of an application states of what it shows: the questions, and what the answers say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.checks.consumer import selected
from conformance.checks.evidence import Evidence
from conformance.checks.statements import denied, statement
from conformance.fhir.bundle import key_of
from conformance.fhir.fill import fill
from conformance.model import Expectation, Finding


@dataclass(frozen=True, slots=True)
class Question:
    """What the user is asked for a check: words by language (none: whether exactly the ``items`` are shown), and what
    is to be shown, name and id."""

    check: str
    words: Mapping[str, str]
    items: tuple[tuple[str, str], ...] = ()


def confirms(parameters: Any, evidence: Evidence) -> Iterator[Finding]:
    """The user of the application says that something is so."""
    outcome = evidence.current.outcome
    told = outcome.get("confirmed") if isinstance(outcome, dict) else None
    answer, said = statement("confirms", evidence)
    if isinstance(told, bool) and answer != "no":
        answer = "yes" if told else "no"
    words = question(parameters, evidence)
    yield from denied(answer, said, f"{words['fr']} / {words['en']}", evidence)


def question(parameters: Mapping[str, str], evidence: Evidence) -> dict[str, str]:
    """A question in each language, values put in."""
    known = {**evidence.profile.constants, **evidence.names}
    return {language: fill(text, known, plain=True) for language, text in parameters.items()}


def questions(expectations: Iterable[Expectation], evidence: Evidence) -> list[Question]:
    """What is asked of a user about a step."""
    made = []
    for one in expectations:
        if one.check == "shows":
            items = [(_name(resource), key_of(resource).partition("/")[2])
                     for resource, needed in selected(one.parameters, evidence) if needed]
            made.append(Question("shows", {}, tuple(sorted(items))))
        elif one.check == "confirms":
            made.append(Question("confirms", question(one.parameters, evidence)))
    return made


def _name(resource: Mapping[str, Any]) -> str:
    name = resource.get("name")
    return name if isinstance(name, str) else key_of(resource)
