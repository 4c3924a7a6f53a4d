"""What changed between two reports: verdicts of requirements and of scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from conformance.report.model import Report
from conformance.verdict import Verdict

_Verdicts = Mapping[tuple[str, str], str]
ABSENT = "absent"


def changes(before: Report, after: Report, turned: Mapping[str, str] = MappingProxyType({})) -> list[dict[str, str]]:
    """Each verdict that differs, worsened ones first; ``absent`` where one side does not have it. ``turned`` tells
    which version of the later report stands for one of the earlier."""
    found: list[dict[str, str]] = []
    for kind, old, new in (
        ("requirement", _named(_requirements(before), turned), _requirements(after)),
        ("scenario", _named(_scenarios(before), turned), _scenarios(after)),
    ):
        for profile, name in sorted({*old, *new}):
            was, now = old.get((profile, name), ABSENT), new.get((profile, name), ABSENT)
            if was != now:
                found.append({"kind": kind, "profile": profile, "id": name, "before": was, "after": now,
                              "change": _change(was, now)})
    order = {"worse": 0, "new": 1, "gone": 2, "better": 3, "other": 4}
    return sorted(found, key=lambda one: (order[one["change"]], one["kind"], one["profile"], one["id"]))


def _named(rows: _Verdicts, turned: Mapping[str, str]) -> _Verdicts:
    return {(turned.get(profile, profile), name): word for (profile, name), word in rows.items()}


def _requirements(report: Report) -> Mapping[tuple[str, str], str]:
    return {(row.profile, row.id): row.verdict for row in report.requirements}


def _scenarios(report: Report) -> Mapping[tuple[str, str], str]:
    return {(row.profile, row.id): row.verdict for row in report.scenarios}


def _change(was: str, now: str) -> str:
    if was == ABSENT:
        return "new"
    if now == ABSENT:
        return "gone"
    if "not-applicable" in (was, now):
        return "other"
    return "worse" if Verdict.of_word(now) > Verdict.of_word(was) else "better"
