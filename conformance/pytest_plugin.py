"""The pytest shell: scenario files become test items when ``--candidate`` is given.

    pytest scenarios --candidate candidate.yaml [-n 2] [--junitxml=…] [--alluredir=…]

The engine is the one of ``rorqual run``; verdicts are the same. *Inconclusive* fails unless ``--allow-inconclusive``
(or unless only the specification is the cause), *not-applicable* is skipped with its reason, and a scenario that the
guide labels draft never fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

_DRAFT = "labelled {} by the guide: never refuses a homologation"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the shell."""
    group = parser.getgroup("rorqual", "conformance of exchanges with the ROR")
    group.addoption("--candidate", metavar="FILE", help="candidate.yaml: run scenario files (*.yaml) against it")
    group.addoption("--allow-inconclusive", action="store_true", help="an inconclusive scenario is skipped, not failed")
    group.addoption("--rorqual-seed", type=int, default=2017, help="seed of every choice")
    group.addoption("--rorqual-depth", choices=("none", "quick", "standard", "deep"), default="quick",
                    help="how many cases of each law are drawn")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Scenario files, when there is a candidate to run them against."""
    if file_path.suffix != ".yaml" or not parent.config.getoption("--candidate"):
        return None
    collected: pytest.Collector = ScenarioFile.from_parent(parent, path=file_path)
    return collected


def pytest_unconfigure(config: pytest.Config) -> None:
    """Closes the connections to the candidate."""
    bench = config.stash.get(_BENCH, None)
    if bench is not None:
        bench.close()


class ScenarioFile(pytest.File):
    """One scenario file: an item for each profile of the candidate that it holds for."""

    def collect(self) -> Iterator[pytest.Item]:
        """The items; the author's errors are told as a collection error, with their places."""
        bench = _bench(self.config)
        scenario = bench.read(self.path)
        for profile in bench.candidate.profiles:
            if profile in scenario.profiles:
                yield ScenarioItem.from_parent(self, name=profile, scenario=scenario, profile=profile)


class ScenarioItem(pytest.Item):
    """One scenario on one profile."""

    def __init__(self, *, scenario: Any, profile: str, **given: Any) -> None:
        super().__init__(**given)
        self.scenario, self.profile = scenario, profile
        self.add_marker(pytest.mark.rorqual)
        for kind, values in _labels(scenario, _bench(self.config).profiles[profile]):
            self.add_marker(pytest.mark.allure_label(*values, label_type=kind))
        self.add_marker(pytest.mark.allure_display_name(f"{scenario.title.fr} ({scenario.id})"))

    def runtest(self) -> None:
        """Runs the scenario and maps its verdict."""
        bench = _bench(self.config)
        outcome = bench.run(self)
        self.user_properties += [("verdict", outcome.verdict), ("scenario", self.scenario.id),
                                 ("profile", self.profile),
                                 *(("requirement", f"{name} {word}") for name, word in outcome.requirements)]
        if self.config.getoption("allure_report_dir", None):
            from conformance.allure_steps import tell  # allure costs 0.2 s: only where its results are wanted

            tell(outcome)
        if outcome.skipped:
            pytest.skip(outcome.skipped)
        if outcome.verdict == "pass" or outcome.only_specification:
            return
        if self.scenario.maturity != "active":
            pytest.xfail(_DRAFT.format(self.scenario.maturity))
        if outcome.verdict == "inconclusive" and self.config.getoption("--allow-inconclusive"):
            pytest.skip("inconclusive: " + outcome.text().splitlines()[0])
        raise (ScenarioError if outcome.verdict == "error" else NotConform)(outcome.text())

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The findings, without the traceback of the harness, which says nothing to a vendor."""
        if isinstance(excinfo.value, NotConform | ScenarioError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the scenario stands."""
        return self.path, self.scenario.place.line - 1, f"{self.scenario.id} [{self.profile}]"


class NotConform(AssertionError):
    """A scenario failed or could not be verified."""


class ScenarioError(Exception):
    """Something other than the candidate kept a scenario from being judged."""


def _labels(scenario: Any, profile: Any) -> Iterable[tuple[str, tuple[str, ...]]]:
    strengths = {profile.requirements[name].strength.value for name in profile.named(scenario.verifies)}
    severity = "critical" if "SHALL" in strengths else "normal" if "SHOULD" in strengths else "minor"
    yield "epic", (scenario.use_case,)
    yield "feature", (scenario.transaction,)
    yield "story", tuple(scenario.verifies)
    yield "severity", (severity,)
    yield "tag", (profile.id, scenario.maturity)


def _bench(config: pytest.Config) -> Any:
    if _BENCH not in config.stash:
        from conformance.pytest_bench import Bench  # the engine is loaded only where scenarios are collected

        config.stash[_BENCH] = Bench(Path(config.getoption("--candidate")), config.getoption("--rorqual-seed"),
                                     config.getoption("--rorqual-depth"))
    return config.stash[_BENCH]


_BENCH: pytest.StashKey[Any] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """The marks that the items carry."""
    config.addinivalue_line("markers", "rorqual: a scenario of rorqual")
    config.addinivalue_line("markers", "allure_label: a label of Allure results")
    config.addinivalue_line("markers", "allure_display_name: the name in Allure results")
