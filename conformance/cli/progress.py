"""How far a command is, on a terminal."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from conformance.validation import Tally


class Progress:
    """A bar on a terminal: how much was read, how many resources were judged and how fast."""

    def __init__(self, paths: list[Path]) -> None:
        self._sizes = [path.stat().st_size for path in paths if path.is_file()]
        self._total = sum(self._sizes) if len(self._sizes) == len(paths) else None
        self._read, self._since = 0, time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from rich.console import Console  # costs 0.1 s: only where a bar is shown
            from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(),
                            console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("", total=self._total)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def read(self, count: int) -> None:
        """More bytes were read."""
        self._read += count

    def told(self, tally: Tally) -> None:
        """Shows what was judged so far."""
        if self._bar is not None:
            judged = tally.kinds.total()
            pace = judged / max(time.monotonic() - self._since, 0.001)
            self._bar.update(self._task, completed=self._read, description=f"{judged} resources, {pace:.0f}/s")
