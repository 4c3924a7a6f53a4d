"""The defects of the specification that a run met: by its scenarios, and by findings that rest on one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from conformance.model import Judgement, Scenario
from conformance.report.model import DefectRow
from conformance.specification import Profile


def defects_met(
    judgements: Iterable[Judgement], profiles: Mapping[str, Profile], scenarios: Mapping[str, Scenario]
) -> tuple[DefectRow, ...]:
    """Each defect once, with the scenarios that met it."""
    met: dict[str, dict[str, None]] = {}
    concerned: set[str] = set()
    for judgement in judgements:
        concerned.add(judgement.profile)
        scenario = scenarios.get(judgement.scenario)
        names = [one.defect for one in judgement.findings if one.defect]
        for name in (*names, *(scenario.defects if scenario else ())):
            met.setdefault(name, {}).setdefault(judgement.scenario)
    known = {one.id: one for name in sorted(concerned) for one in profiles[name].defects}
    return tuple(
        DefectRow(one.id, one.title, one.what, one.reading, one.source, tuple(met[one.id]))
        for one in sorted(known.values(), key=lambda defect: defect.id) if one.id in met
    )
