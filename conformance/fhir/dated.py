"""Which bound values a scenario sends as dates: one that is no date would only show what the data already shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.fhir import dates
from conformance.fhir.fill import part_of
from conformance.model import Scenario
from conformance.scenario_words import PLACEHOLDER
from conformance.specification import SearchParameter

_COMPARED = re.compile(r"([\w.:-]+)\s+(?:eq|ne|gt|lt|ge|le|sa|eb)\s+(\{[^{}]+\})")


class Dated:
    """The date criteria of a scenario."""

    def __init__(self, scenario: Scenario, parameters: Mapping[tuple[str, str], SearchParameter]) -> None:
        self._names = {name for (_, name), one in parameters.items() if one.type == "date"}
        self._paths: dict[str, set[str]] = {}
        for step in scenario.steps:
            for name, value in (*step.query, *step.form):
                for criterion, template in _criteria(name, value):
                    self._note(criterion, template)

    def _note(self, criterion: str, template: str) -> None:
        if re.split(r"[.:]", criterion)[-1] in self._names:
            for name, path in PLACEHOLDER.findall(template):
                self._paths.setdefault(name, set()).add(path)

    def usable(self, name: str, value: Any) -> bool:
        """Whether what the scenario takes of a value, where it sends it as a date, is a date."""
        return all(dates.of_value(str(part_of(value, path))) is not None for path in self._paths.get(name, ()))


def _criteria(name: str, value: str) -> Iterator[tuple[str, str]]:
    """The criteria of a query parameter; those of a filter one by one."""
    if name != "_filter":
        yield name, value
        return
    yield from _COMPARED.findall(value)
