"""JUnit XML: one test suite per profile and use case, one test case per scenario."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from conformance.report.model import Problem, Report, ScenarioRow

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    """The report for CI servers; *inconclusive* is a failure there, unless only the specification is the cause."""
    problems = {problem.anchor: problem for problem in report.problems}
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites name={_attr(report.product)}>"]
    for (profile, use_case), rows in groupby(report.scenarios, key=lambda row: (row.profile, row.use_case)):
        cases = [_case(row, problems) for row in rows]
        counts = {kind: sum(kind == found for found, _ in cases) for kind in ("failure", "error", "skipped")}
        lines.append(
            f"  <testsuite name={_attr(f'{profile}/{use_case}')} tests=\"{len(cases)}\" "
            f'failures="{counts["failure"]}" errors="{counts["error"]}" skipped="{counts["skipped"]}" '
            f"timestamp={_attr(report.started)}>"
        )
        lines += [text for _, text in cases]
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])


def _attr(text: str) -> str:
    return quoteattr(_ILLEGAL.sub("\ufffd", text))


def _case(row: ScenarioRow, problems: dict[str, Problem]) -> tuple[str, str]:
    head = f"    <testcase classname={_attr(f'{row.profile}.{row.use_case}')} name={_attr(row.id)}"
    if row.verdict == "not-applicable":
        return "skipped", f"{head}><skipped message={_attr(row.skipped)}/></testcase>"
    met = dict.fromkeys(line.problem for line in row.lines if line.problem and line.verdict != "pass")
    found = [problems[anchor] for anchor in met if anchor in problems]
    only_specification = row.verdict == "inconclusive" and _only_specification(row)
    if row.verdict == "pass" or row.maturity != "active" or only_specification:
        return "pass", f"{head}/>"
    kind = "error" if row.verdict == "error" else "failure"
    message = found[0].title.en if found else row.verdict
    body = escape(_ILLEGAL.sub("\ufffd", "\n".join(_lines(found))))
    return kind, f"{head}><{kind} type={_attr(row.verdict)} message={_attr(message)}>{body}</{kind}></testcase>"


def _only_specification(row: ScenarioRow) -> bool:
    return all(line.cause == "specification" for line in row.lines if line.verdict == "inconclusive")


def _lines(found: Iterable[Problem]) -> Iterable[str]:
    for problem in found:
        first = problem.occurrences[0]
        yield f"{problem.requirement} ({problem.severity}, {problem.cause}): {problem.says.en}"
        yield f"  place: {first.place or 'answer'}, exchange {first.exchange}, seen {problem.count} times"
        yield f"  remedy: {problem.remedy.en}"
