"""The judge of applications judged: the sample application must pass, and each of its faults be caught."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from conformance import bench, workshop
from conformance.clock import Clock
from conformance.engine.consume import Instruction
from conformance.model import Candidate
from conformance.reference.consumer import Application
from conformance.reference.faults_consumer import SLIPS
from conformance.report.model import Report
from conformance.selftest import Outcome, broken

_TOGETHER = 16  # applications at a time: they wait more than they work


class Sample:
    """The sample application at an action, in a thread of this process."""

    def __init__(self, instruction: Instruction, slip: str) -> None:
        self._application = Application(instruction.endpoint, slip)
        self._told: Any = None
        self._failure = ""
        self._thread = threading.Thread(target=self._do, args=(instruction,), daemon=True)
        self._thread.start()

    def _do(self, instruction: Instruction) -> None:
        try:
            self._told = self._application.do(instruction.action, instruction.values)
        except Exception as error:  # told as the failure of the action
            self._failure = f"{type(error).__name__}: {error}"
        finally:
            self._application.close()

    def ended(self) -> bool:
        """Whether the action ended."""
        return not self._thread.is_alive()

    def outcome(self) -> Any:
        """What the application shows."""
        return self._told

    def failure(self) -> str:
        """Why the action was not done."""
        return self._failure

    def stop(self) -> None:
        """It ends by itself."""
        self._thread.join()


def judged(
    slip: str, profile: str, seed: int, clock: Clock, only: tuple[str, ...] = (), keep: Path | None = None
) -> Report:
    """The report of a run on the sample application, with a fault or (empty) without: of all scenarios, or some."""
    who = Candidate("rorqual selftest", workshop.version(), "rorqual", "consumer", (profile,), ())
    made = workshop.campaign(who, workshop.Choice(seed=seed, only=only))
    folder = Path(tempfile.mkdtemp(prefix="rorqual-")) if keep is None else keep
    try:
        bench.receive(made, lambda told: Sample(told, slip), folder, clock, lambda _event: None)
        return workshop.report(folder)
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def alarms(profile: str, seed: int, clock: Clock) -> list[str]:
    """What is told against the sample application without fault, or not shown though it does all that is asked."""
    made = judged("", profile, seed, clock)
    told = [(row.id, row.verdict) for row in made.requirements] + [(row.id, row.verdict) for row in made.scenarios]
    return [f"{name} ({verdict})" for name, verdict in told if verdict not in ("pass", "not-applicable")]


def outcomes(names: Sequence[str], profile: str, seed: int, clock: Clock) -> list[Outcome]:
    """What the judge says of the sample application with each of these faults."""
    def one(name: str) -> Outcome:
        slip = SLIPS[name]
        return Outcome(name, slip.breaks, tuple(slip.also), broken(judged(name, profile, seed, clock)))

    with ThreadPoolExecutor(_TOGETHER) as pool:
        return list(pool.map(one, names))
