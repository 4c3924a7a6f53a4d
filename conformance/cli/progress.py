"""How far a command is, on a terminal."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from conformance.validation import Tally


class Bar:
    """A bar on the error stream where that is a terminal, else nothing. ``columns``, beside what is said and the bar,
    are columns of rich by their names, or templates."""

    def __init__(self, total: float | None, *columns: str, said: str = "", shown: bool = True) -> None:
        self._total, self._columns, self._said = total, columns, said
        self._shown = shown and sys.stderr.isatty()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if self._shown:
            from rich import progress  # costs 0.1 s: only where a bar is shown
            from rich.console import Console

            others = [progress.TextColumn(one) if "{" in one else getattr(progress, one)() for one in self._columns]
            self._bar = progress.Progress(progress.TextColumn("{task.description}"), progress.BarColumn(), *others,
                                          console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self._said, total=self._total)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def at(self, done: float, said: str) -> None:
        """Moves the bar."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, description=said)


class Reading(Bar):
    """How much of files was read, how many resources were judged and how fast."""

    def __init__(self, paths: list[Path]) -> None:
        sizes = [path.stat().st_size for path in paths if path.is_file()]
        super().__init__(sum(sizes) if len(sizes) == len(paths) else None, "TimeRemainingColumn")
        self._read, self._since = 0, time.monotonic()

    def read(self, count: int) -> None:
        """More bytes were read."""
        self._read += count

    def told(self, tally: Tally) -> None:
        """Shows what was judged so far."""
        judged = tally.kinds.total()
        pace = judged / max(time.monotonic() - self._since, 0.001)
        self.at(self._read, f"{judged} resources, {pace:.0f}/s")
