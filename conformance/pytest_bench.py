"""What the pytest shell holds in one process: the candidate, one engine, and the outcome of each scenario."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance import nomenclature, scenario, workshop
from conformance.clock import SystemClock
from conformance.drive.probe import Probe
from conformance.engine.laws import NONE
from conformance.engine.run import Run
from conformance.errors import AuthorError
from conformance.events import Exchanged, Judged, ScenarioFinished, Skipped
from conformance.fhir_generation import FhirGeneration
from conformance.model import Exchange, Judgement, Scenario
from conformance.plan import Campaign, Planned, plan
from conformance.report import curl, texts
from conformance.scenario import Library
from conformance.verdict import Cause, Effect, Verdict


@dataclass(frozen=True)
class Outcome:
    """What a scenario came to: its verdict, the judgements behind it, the exchanges they rest on."""

    verdict: str
    skipped: str
    judgements: tuple[Judgement, ...]
    exchanges: dict[str, Exchange]

    @property
    def requirements(self) -> list[tuple[str, str]]:
        """Each requirement with its worst verdict in this scenario."""
        found: dict[str, Verdict] = {}
        for one in self.judgements:
            found[one.requirement] = max(one.verdict, found.get(one.requirement, Verdict.NONE))
        return [(name, verdict.word) for name, verdict in sorted(found.items())]

    @property
    def only_specification(self) -> bool:
        """Whether nothing but the specification keeps the scenario from passing."""
        causes = {finding.cause for one in self.judgements if one.verdict > Verdict.PASS for finding in one.findings}
        return bool(causes) and causes <= {Cause.SPECIFICATION}

    def text(self) -> str:
        """The findings that make the verdict: requirement, what was expected and received, place, command."""
        lines = []
        for one in self.judgements:
            if one.verdict <= Verdict.PASS:
                continue
            for finding in one.findings:
                if finding.effect is Effect.UNSHOWN:
                    continue
                sentence = texts.findings()[finding.code]
                says = texts.filled(sentence.says, finding.expected, finding.actual, finding.place)
                lines.append(f"{one.requirement} {one.verdict.word} ({finding.cause}): {says.en}")
                lines.append(f"  place: {finding.place or 'answer'} · step {one.step} · check {one.check}")
                lines.append(f"  remedy: {sentence.remedy.en}")
                if finding.exchange in self.exchanges:
                    lines.append(f"  {curl.command(self.exchanges[finding.exchange])}")
        return "\n".join(lines) or self.verdict


class Bench:
    """One candidate under one engine, for all the scenarios of a pytest session."""

    def __init__(self, path: Path, seed: int, depth: str) -> None:
        self.candidate, self.endpoint = workshop.read_candidate(path)
        self.profiles = workshop.read_profiles()
        self.seed, self.depth = seed, depth
        self._scenarios: dict[str, Scenario] = {}
        self._run: Run | None = None
        self._probe: Probe | None = None

    def read(self, path: Path) -> Scenario:
        """The scenario of a file; AuthorError, as pytest shows it, when it is wrong."""
        found, problems = scenario.read_one(path, self.profiles)
        if found is None:
            raise pytest.Collector.CollectError(str(AuthorError(problems)))
        self._scenarios[found.id] = found
        return found

    def run(self, item: pytest.Item) -> Outcome:
        """Runs the scenario of an item; the first one explores the candidate for all those collected."""
        run = self._run or self._start()
        wanted, profile = item.scenario, item.profile  # type: ignore[attr-defined]
        planned = next((one for one in run.campaign.planned
                        if one.scenario.id == wanted.id and one.profile.id == profile),
                       Planned(self.profiles[profile], wanted))
        verdict, skipped, judgements, exchanges = Verdict.NONE, "", [], {}
        for event in run.scenarios([planned]):
            if isinstance(event, Judged):
                judgements.append(event.judgement)
            elif isinstance(event, Exchanged) and event.scenario:
                exchanges[event.exchange.id] = event.exchange
            elif isinstance(event, ScenarioFinished):
                verdict = event.verdict
            elif isinstance(event, Skipped):
                verdict, skipped = Verdict.NOT_APPLICABLE, event.reason
        return Outcome(verdict.word, skipped, tuple(judgements), exchanges)

    def _start(self) -> Run:
        library = Library(tuple(self._scenarios[name] for name in sorted(self._scenarios)), "")
        release = nomenclature.shipped()
        planned = plan(self.candidate, self.profiles, library, laws=self.depth != NONE)
        campaign = Campaign(self.candidate, self.profiles, planned, "", release, self.seed, self.depth)
        generation = FhirGeneration(release)
        clock = SystemClock()
        self._probe = Probe(self.endpoint, generation.scrub)
        self._run = Run(campaign, self._probe, generation, clock)
        return self._run

    def close(self) -> None:
        """Closes the connections."""
        if self._probe is not None:
            self._probe.close()
