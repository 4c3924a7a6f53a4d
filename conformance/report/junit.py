"""JUnit XML: one test suite per profile and use case, one test case per scenario; of files, one per requirement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from conformance.report.model import Problem, Report, RequirementRow, ScenarioRow

_Case = tuple[str, str]  # what became of it, its lines
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    """The report for CI servers; *inconclusive* is a failure there, unless only the specification is the cause."""
    problems = {problem.anchor: problem for problem in report.problems}
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites name={_attr(report.product)}>"]
    for name, cases in _suites(report, problems):
        counts = {kind: sum(kind == found for found, _ in cases) for kind in ("failure", "error", "skipped")}
        lines.append(
            f"  <testsuite name={_attr(name)} tests=\"{len(cases)}\" "
            f'failures="{counts["failure"]}" errors="{counts["error"]}" skipped="{counts["skipped"]}" '
            f"timestamp={_attr(report.started)}>"
        )
        lines += [text for _, text in cases]
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])


def _suites(report: Report, problems: dict[str, Problem]) -> Iterator[tuple[str, list[_Case]]]:
    for (profile, use_case), rows in groupby(report.scenarios, key=lambda row: (row.profile, row.use_case)):
        yield f"{profile}/{use_case}", [_case(row, problems) for row in rows]
    if not report.scenarios:
        for profile, required in groupby(report.requirements, key=lambda row: row.profile):
            yield profile, [_of_requirement(row, report.problems) for row in required]


def _attr(text: str) -> str:
    return quoteattr(_ILLEGAL.sub("\ufffd", text))


def _case(row: ScenarioRow, problems: dict[str, Problem]) -> _Case:
    head = f"    <testcase classname={_attr(f'{row.profile}.{row.use_case}')} name={_attr(row.id)}"
    if row.verdict == "not-applicable":
        return "skipped", f"{head}><skipped message={_attr(row.skipped)}/></testcase>"
    met = dict.fromkeys(line.problem for line in row.lines if line.problem and line.verdict != "pass")
    only_specification = row.verdict == "inconclusive" and _only_specification(row)
    if row.verdict == "pass" or row.maturity != "active" or only_specification:
        return "pass", f"{head}/>"
    return _failed(head, row.verdict, [problems[anchor] for anchor in met if anchor in problems])


def _of_requirement(row: RequirementRow, problems: Iterable[Problem]) -> _Case:
    head = f"    <testcase classname={_attr(row.profile)} name={_attr(row.id)}"
    if row.verdict == "not-applicable":
        return "skipped", f"{head}><skipped/></testcase>"
    if row.verdict == "pass" or row.advisory or row.causes == ("specification",):
        return "pass", f"{head}/>"
    return _failed(head, row.verdict, [one for one in problems if one.requirement == row.id])


def _failed(head: str, verdict: str, found: Sequence[Problem]) -> _Case:
    kind = "error" if verdict == "error" else "failure"
    message = found[0].title.en if found else verdict
    body = escape(_ILLEGAL.sub("\ufffd", "\n".join(_lines(found))))
    return kind, f"{head}><{kind} type={_attr(verdict)} message={_attr(message)}>{body}</{kind}></testcase>"


def _only_specification(row: ScenarioRow) -> bool:
    return all(line.cause == "specification" for line in row.lines if line.verdict == "inconclusive")


def _lines(found: Iterable[Problem]) -> Iterable[str]:
    for problem in found:
        first = problem.occurrences[0]
        yield f"{problem.requirement} ({problem.severity}, {problem.cause}): {problem.says.en}"
        exchange = f", exchange {first.exchange}" if first.exchange else ""
        yield f"  place: {first.place or 'answer'}{exchange}, seen {problem.count} times"
        yield f"  remedy: {problem.remedy.en}"
