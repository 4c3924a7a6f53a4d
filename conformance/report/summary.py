"""record → Report. Pure: the same record, profiles, scenarios and sentences give the same report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from conformance.codes import CODES
from conformance.ledger import Record
from conformance.model import Exchange, Finding, Judgement, Scenario, Waiver, Weight
from conformance.report import curl, excerpt, texts
from conformance.report.decide import Weighed, decide
from conformance.report.model import (
    Gap,
    Line,
    Occurrence,
    Problem,
    Report,
    RequirementRow,
    ScenarioRow,
    Score,
    Shown,
    Uncovered,
    WaiverRow,
    WriteRow,
)
from conformance.report.notes import notes, refused
from conformance.report.roots import roots
from conformance.report.specification import defects_met
from conformance.specification import Profile, Text
from conformance.verdict import Cause, Effect, Severity, Strength, Verdict, concluded, severity

_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFORMATION: 2}
_OCCURRENCES = 6
_NAMED = 3  # resources of a finding that are looked for in answers
_ELEMENT = re.compile(r"\b[A-Z][A-Za-z]+\.(meta\.\w+|\w+)")  # of a resource, in the expression of a search parameter
Key = tuple[str, str]


@dataclass(frozen=True)
class Ground:
    """What a report is made from, beside the record; ``nomenclatures`` is the hash of the release that it was judged
    again by."""

    profiles: Mapping[str, Profile]
    scenarios: Mapping[str, Scenario]
    waivers: Sequence[Waiver] = ()
    score: Score | None = None
    nomenclatures: str = ""


def summarize(record: Record, ground: Ground, judgements: Iterable[Judgement] | None = None) -> Report:
    """The report of a record; ``judgements`` replace those of the record when it was judged again."""
    return _Summary(record, ground, list(judgements) if judgements is not None else None).report()


@dataclass(frozen=True)
class _Focus:
    """What a finding is about in an answer: a place, or resources (``Type/id``) and their elements."""

    place: str = ""
    keys: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()


_NOWHERE = _Focus()


def shown(record: Record, line: Mapping[str, Any], focus: _Focus = _NOWHERE) -> Shown:
    """An exchange of a record, by its line, as it is shown for a finding."""
    exchange = record.exchange(line)
    response, request = exchange.response, exchange.request
    held = excerpt.held(response.body) if response and focus.keys else excerpt.Held()
    there = tuple(one for one in focus.keys if one in held.resources)
    name = line.get("response", {}).get("body", "")
    return Shown(
        id=exchange.id, method=request.method, url=request.url, headers=request.headers,
        body=excerpt.around(request.body.encode(), "") if request.body[:1] in ("{", "[") else request.body,
        status=str(response.status) if response else (exchange.trouble.code if exchange.trouble else ""),
        response_headers=response.headers if response else (),
        excerpt=_excerpt(exchange, focus, held, there),
        body_file=f"bodies/{name}" if name else "", size=len(response.body) if response else 0,
        milliseconds=exchange.milliseconds, curl=curl.command(exchange), access=request.access,
        total=held.total, holds=there, lacks=tuple(one for one in focus.keys if one not in there),
    )


def _excerpt(exchange: Exchange, focus: _Focus, held: excerpt.Held, there: Sequence[str]) -> str:
    """The first of the resources looked for; of a searchset without them what it says of itself."""
    if exchange.response is None:
        return exchange.trouble.detail if exchange.trouble else ""
    if there:
        return excerpt.of_resource(held.resources[there[0]], focus.elements)
    if "entry" in held.whole:
        return excerpt.of_resource(held.whole, ("type", "total"))
    return excerpt.around(exchange.response.body, focus.place)


def slug(*parts: str) -> str:
    """The anchor of something in the HTML report."""
    return "-".join("".join(char if char.isalnum() else "-" for char in part) for part in parts).strip("-")


class _Summary:
    def __init__(self, record: Record, ground: Ground, judgements: list[Judgement] | None) -> None:
        self.record, self.ground = record, ground
        self.rejudged = judgements is not None
        judged = record.judgements() if judgements is None else judgements
        self.raw = judged
        self.judgements = _explained(judged)
        self.day = str(record.header["started"])[:10]
        self.waived = {self._waiver_key(one): one for one in ground.waivers if one.until >= self.day}
        self.lines = {str(line["id"]): line for line in record.of_type("exchange") if not refused(line)}

    @staticmethod
    def _waiver_key(one: Waiver) -> Key:
        return one.profile, one.requirement

    def _waiver(self, profile: str, requirement: str) -> str:
        found = self.waived.get((profile, requirement)) or self.waived.get(("", requirement))
        return found.reference if found else ""

    def report(self) -> Report:
        header = self.record.header
        candidate = header["candidate"]
        profile_ids = [one["id"] for one in header["profiles"]]
        rows = self._requirements()
        problems = self._problems()
        scenarios = self._scenarios(problems)
        finished = str(self.record.footer["finished"]) if self.record.footer else self._last_seen()
        reached = any(_reached(line) for line in self.lines.values()) or not self.lines
        return Report(
            product=candidate["product"], version=candidate["version"], vendor=candidate["vendor"],
            role=candidate["role"], profiles=tuple(profile_ids),
            profile_titles=tuple(self.ground.profiles[one].title for one in profile_ids),
            use_cases=tuple(dict.fromkeys(one.use_case for one in scenarios if not one.skipped)),
            started=header["started"], finished=finished, seconds=_seconds(header["started"], finished),
            complete=self.record.complete,
            decision=decide(self._weighed(rows), complete=self.record.complete, reached=reached),
            requirements_by_verdict=_tally(row.verdict for row in rows),
            scenarios_by_verdict=_tally(row.verdict for row in scenarios),
            exchanges=len(self.lines), problems=tuple(problems), gaps=tuple(self._gaps()), requirements=tuple(rows),
            scenarios=tuple(scenarios), shown=self._shown(problems),
            defects=defects_met(self.judgements, self.ground.profiles, self.ground.scenarios),
            waivers=tuple(self._waivers(rows)), writes=tuple(self._writes()),
            uncovered=tuple(self._uncovered(rows)), score=self.ground.score,
            seed=header["seed"], rorqual=header["rorqual"], python=header["python"],
            profile_hashes={one["id"]: one["hash"] for one in header["profiles"]},
            scenarios_hash=header["scenarios"], nomenclatures_hash=self.ground.nomenclatures or header["nomenclatures"],
            rejudged=self.rejudged, notes=notes(self.record.of_type("exchange")),
        )

    def _last_seen(self) -> str:
        return max((str(line["started"]) for line in self.lines.values()), default=str(self.record.header["started"]))

    def _active(self, judgement: Judgement) -> bool:
        scenario = self.ground.scenarios.get(judgement.scenario)
        return scenario is None or scenario.maturity == "active"

    def _requirements(self) -> list[RequirementRow]:
        groups: dict[Key, list[Judgement]] = {}
        for judgement in self.judgements:
            groups.setdefault((judgement.profile, judgement.requirement), []).append(judgement)
        return [self._row(key, groups[key]) for key in sorted(groups)]

    def _row(self, key: Key, judgements: list[Judgement]) -> RequirementRow:
        profile, identifier = key
        requirement = self.ground.profiles[profile].requirements[identifier]
        active = [one for one in judgements if self._active(one)]
        considered = active or judgements
        findings = [one for judgement in considered for one in judgement.findings]
        broken = [one for one in findings if one.effect is Effect.BROKEN and one.cause is Cause.CANDIDATE]
        verdict = concluded(one.verdict for one in considered)
        causes = sorted({one.cause.value for one in findings}) if verdict is not Verdict.PASS else ()
        return RequirementRow(
            anchor=slug("r", profile, identifier), profile=profile, id=identifier, topic=requirement.topic,
            strength=requirement.strength.value, statement=requirement.statement, source=requirement.source,
            section=requirement.section, note=requirement.note, unconfirmed=requirement.unconfirmed,
            verdict=verdict.word, causes=tuple(causes),
            warnings=len(broken) if requirement.strength is not Strength.SHALL else 0,
            scenarios=tuple(dict.fromkeys(one.scenario for one in judgements)),
            weight=_weight(considered), advisory=not active, waived=self._waiver(profile, identifier),
        )

    def _weighed(self, rows: Iterable[RequirementRow]) -> list[Weighed]:
        return [Weighed(Verdict.of_word(row.verdict), frozenset(Cause(one) for one in row.causes),
                        not row.advisory and not row.waived) for row in rows]

    def _problems(self) -> list[Problem]:
        """Findings by (profile, requirement, code, cause), strongest first; lack of data is told apart, as gaps."""
        groups: dict[tuple[str, str, str, str, str], list[tuple[Judgement, Finding]]] = {}
        shown = {(one.profile, one.requirement) for one in self.judgements if one.verdict is not Verdict.NONE}
        for judgement in self.judgements:
            for one in judgement.findings:
                untold = one.effect is Effect.UNSHOWN and (judgement.profile, judgement.requirement) in shown
                if one.code != "data.no-value" and not untold and one.effect is not Effect.UNCONCERNED:
                    key = (judgement.profile, judgement.requirement, one.code, one.cause.value, one.defect)
                    groups.setdefault(key, []).append((judgement, one))
        made = [self._problem(key, seen) for key, seen in groups.items()]
        order = {Effect.BROKEN.value: 0, Effect.PREVENTED.value: 1, Effect.UNVERIFIABLE.value: 2,
                 Effect.UNSHOWN.value: 3}
        return sorted(made, key=lambda p: (
            p.cause == "specification", order[p.effect], p.advisory, bool(p.waived), _RANK[Severity(p.severity)],
            -p.count, p.profile, p.requirement, p.code))

    def _problem(self, key: tuple[str, str, str, str, str], seen: list[tuple[Judgement, Finding]]) -> Problem:
        profile, identifier, code, cause, defect = key
        requirement = self.ground.profiles[profile].requirements[identifier]
        first = seen[0][1]
        sentence = texts.findings()[code]
        remedy = texts.filled(sentence.remedy, first.expected, first.actual)
        if requirement.remedy is not None and first.effect is Effect.BROKEN and cause == Cause.CANDIDATE.value:
            remedy = texts.joined(remedy, requirement.remedy)
        return Problem(
            anchor=slug("p", profile, identifier, code, cause if cause != "candidate" else "", defect),
            profile=profile, requirement=identifier, code=code, severity=severity(requirement.strength).value,
            effect=first.effect.value, cause=cause, defect=defect, title=sentence.title,
            says=texts.filled(sentence.says, *_shown(first), first.place),
            remedy=remedy,
            occurrences=tuple(self._occurrence(judgement, one) for judgement, one in seen[:_OCCURRENCES]),
            count=sum(one.count for _, one in seen),
            advisory=not any(self._active(judgement) for judgement, _ in seen),
            waived=self._waiver(profile, identifier),
        )

    def _scenarios(self, problems: Iterable[Problem]) -> list[ScenarioRow]:
        """Scenarios as judged: one that failed by consequence failed all the same."""
        anchors = {(p.profile, p.requirement, p.code, p.cause, p.defect): p.anchor for p in problems}
        by_scenario: dict[Key, list[Judgement]] = {}
        worst_of: dict[Key, list[Verdict]] = {}
        for raw, judgement in zip(self.raw, self.judgements, strict=True):
            by_scenario.setdefault((judgement.profile, judgement.scenario), []).append(judgement)
            worst_of.setdefault((judgement.profile, judgement.scenario), []).append(raw.verdict)
        skipped = {(line["profile"], line["scenario"]): str(line["reason"]) for line in self.record.of_type("skipped")}
        rows = []
        for profile, identifier in self.record.header["planned"]:
            key = (profile, identifier)
            verdict = Verdict.NOT_APPLICABLE if key in skipped else concluded(worst_of.get(key, []))
            rows.append(self._scenario(key, by_scenario.get(key, []), verdict, skipped.get(key, ""), anchors))
        return rows

    def _scenario(
        self, key: Key, judgements: list[Judgement], verdict: Verdict, skipped: str,
        anchors: Mapping[tuple[str, str, str, str, str], str],
    ) -> ScenarioRow:
        profile, identifier = key
        scenario = self.ground.scenarios.get(identifier)
        title = scenario.title if scenario else Text(identifier, identifier)
        lines = []
        for one in judgements:
            worst_finding = max(one.findings, key=_gravity, default=None)
            anchor = "" if worst_finding is None else anchors.get(
                (one.profile, one.requirement, worst_finding.code, worst_finding.cause.value, worst_finding.defect), "")
            cause = worst_finding.cause.value if worst_finding else ""
            lines.append(Line(one.step, one.check, one.requirement, one.verdict.word, cause, anchor))
        return ScenarioRow(
            anchor=slug("s", profile, identifier), profile=profile, id=identifier, title=title,
            use_case=scenario.use_case if scenario else identifier.split("/")[0],
            transaction=scenario.transaction if scenario else "", maturity=scenario.maturity if scenario else "active",
            verdict=verdict.word, skipped=skipped, defects=scenario.defects if scenario else (), lines=tuple(lines),
            weight=_weight(judgements),
        )

    def _gaps(self) -> Iterable[Gap]:
        lacking = {(one.profile, one.scenario) for one in self.judgements
                   for found in one.findings if found.code == "data.no-value"}
        for line in self.record.of_type("bound"):
            scenario = self.ground.scenarios.get(line["scenario"])
            if not line["missing"] or scenario is None or (line["profile"], line["scenario"]) not in lacking:
                continue
            need = next((one for one in scenario.needs if one.name == line["missing"]), None)
            told = need.needs if need else None
            yield Gap(line["profile"], scenario.id, line["missing"], told or scenario.title, scenario.verifies)

    def _shown(self, problems: Iterable[Problem]) -> dict[str, Shown]:
        found: dict[str, _Focus] = {}
        for problem in problems:
            for one in problem.occurrences:
                names = [name for name in (one.exchange, *one.beside) if name in self.lines]
                focus = self._focus(problem, one, names)
                for name in names:
                    if found.get(name, _NOWHERE) == _NOWHERE:
                        found[name] = focus
        return {name: shown(self.record, self.lines[name], focus)
                for name, focus in sorted(found.items(), key=lambda item: int(item[0][1:]))}

    def _focus(self, problem: Problem, one: Occurrence, names: Sequence[str]) -> _Focus:
        """Where to look: what is compared over answers, at the resources in which they differ, and there at the
        elements by which was searched."""
        if not one.beside:
            return _Focus(one.place)
        parameters = self.ground.profiles[problem.profile].search_parameters
        keys = excerpt.named(f"{one.actual} {one.expected}")[:_NAMED]
        bare = {re.split(r"[:.]", name)[0] for each in names for name, _ in self._criteria(each)}
        elements = {found for key in keys for name in bare
                    if (parameter := parameters.get((key.partition("/")[0], name))) is not None
                    for found in _ELEMENT.findall(parameter.expression or "")}
        return _Focus(one.place, tuple(keys), tuple(sorted(elements)))

    def _occurrence(self, judgement: Judgement, one: Finding) -> Occurrence:
        draws = judgement.weight.draws
        asked = (self._criteria(name) for name in (one.exchange, *one.beside) if draws and name in self.lines)
        return Occurrence(judgement.scenario, judgement.step, judgement.check, one.expected, one.actual, one.place,
                          one.count, one.exchange, one.beside, draws, max(map(len, asked), default=0))

    def _criteria(self, exchange: str) -> list[tuple[str, str]]:
        return excerpt.criteria(str(self.lines[exchange]["request"]["url"]))

    def _waivers(self, rows: Sequence[RequirementRow]) -> Iterable[WaiverRow]:
        failing = {(row.profile, row.id) for row in rows if row.verdict in ("fail", "error", "inconclusive")}
        for one in self.ground.waivers:
            used = any(identifier == one.requirement and one.profile in ("", profile)
                       for profile, identifier in failing)
            state = "expired" if one.until < self.day else ("applied" if used else "unused")
            yield WaiverRow(one.requirement, one.profile, one.reason, one.reference, one.until, state)

    def _writes(self) -> Iterable[WriteRow]:
        for one, how in self.record.writings():
            yield WriteRow(one.profile, one.scenario, f"{one.method} {one.path}", one.key,
                           one.mark if one.method == "POST" else "", how or "open")

    def _uncovered(self, rows: Iterable[RequirementRow]) -> Iterable[Uncovered]:
        verified = {(row.profile, row.id) for row in rows}
        elsewhere = texts.interface()["not-in-this-run"]
        asks = self.record.header["candidate"]["role"] == "consumer"  # the other side has no part in this run
        others = {"server", "controller"} if asks else {"consumer", "provider"}
        for profile in (self.ground.profiles[one["id"]] for one in self.record.header["profiles"]):
            for requirement in profile.requirements.values():
                if requirement.actor not in others and (profile.id, requirement.id) not in verified:
                    yield Uncovered(profile.id, requirement.id, requirement.strength.value, requirement.statement,
                                    requirement.not_tested or elsewhere)


def _explained(judgements: Sequence[Judgement]) -> list[Judgement]:
    """The judgements, those that fail by consequence told as such."""
    consequences = roots(judgements)
    return [replace(one, verdict=Verdict.INCONCLUSIVE, findings=tuple(_consequence(f, consequences[number])
                                                                   for f in one.findings))
            if number in consequences else one for number, one in enumerate(judgements)]


def _consequence(one: Finding, root: str) -> Finding:
    if one.effect is not Effect.BROKEN or one.cause is not Cause.CANDIDATE:
        return one
    return replace(one, code="blocked.consequence", effect=Effect.UNVERIFIABLE, expected=root,
                   actual=f"{one.code}: {one.actual}")


def _gravity(one: Finding) -> tuple[int, int]:
    effects = {Effect.PREVENTED: 3, Effect.BROKEN: 2, Effect.UNVERIFIABLE: 1, Effect.UNSHOWN: 0,
               Effect.UNCONCERNED: 0}
    return effects[one.effect], int(one.cause is Cause.CANDIDATE)


def _weight(judgements: Sequence[Judgement]) -> Weight:
    """Exchanges counted once; resources and values as the widest judgement saw them."""
    exchanges = {name for one in judgements for name in one.exchanges}
    return Weight(len(exchanges), max((one.weight.resources for one in judgements), default=0),
                  max((one.weight.values for one in judgements), default=0), sum(_draws(judgements).values()))


def _draws(judgements: Iterable[Judgement]) -> dict[tuple[str, str, str], int]:
    """The cases drawn of each law, counted once though it verifies several requirements."""
    return {(one.profile, one.scenario, one.step): one.weight.draws for one in judgements}


def _tally(words: Iterable[str]) -> dict[str, int]:
    """How many of each verdict, every verdict named, the gravest first."""
    counts = {verdict.word: 0 for verdict in sorted(Verdict, reverse=True)}
    for word in words:
        counts[word] += 1
    return counts


def _reached(line: Mapping[str, Any]) -> bool:
    """Whether the candidate was there: it answered, or what went wrong is its own doing."""
    return "response" in line or CODES[line["trouble"]["code"]].cause is Cause.CANDIDATE


def _seconds(started: str, finished: str) -> float:
    return round((datetime.fromisoformat(finished) - datetime.fromisoformat(started)).total_seconds(), 3)


def _shown(one: Finding) -> tuple[str, str]:
    """What was expected and seen, systems by their short names unless they are what differs."""
    if one.code == "nomenclature.system":
        return one.expected, one.actual
    return texts.short(one.expected), texts.short(one.actual)
