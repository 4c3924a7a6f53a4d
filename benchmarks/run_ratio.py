"""How much the harness adds: time of a run divided by the time of replaying the same requests with bare httpx.

    python benchmarks/run_ratio.py [--offers 300] [--depth standard] [--repeat 5] [--folder DIR]

All scenarios of the newest version, as many cases of laws as the depth says (``none``: none). The reference ROR runs in
a process of its own. Run and replay alternate, so that the machine's speed cancels out; the first of each warms up.
Prints the ratio run / replay, and how many requests of the replay had another status than in the run.
Records are written where ``--folder`` says: in memory by default where the machine has such a place (/dev/shm), for
the time to create three hundred files is that of the disk.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bare import Replay, replayed

from conformance import ledger, workshop
from conformance.cli.demo_ import reference
from conformance.clock import SystemClock
from conformance.endpoint import Endpoint
from conformance.engine.laws import DRAWS, STANDARD
from conformance.model import Candidate
from conformance.workshop import Choice

MEMORY = Path("/dev/shm")


def driven(base: str, folder: Path, depth: str) -> tuple[float, int]:
    """Seconds of a whole run (exploring, driving, judging, recording) and its number of requests."""
    who = Candidate("benchmark", "1", "rorqual", "server", (workshop.read_profiles().popitem()[0],), ())
    made = workshop.campaign(who, Choice(depth=depth))
    started = time.perf_counter()
    workshop.drive(made, Endpoint(base), folder, SystemClock(), lambda _event: None)
    spent = time.perf_counter() - started
    return spent, sum(1 for _ in ledger.read(folder).of_type("exchange"))


def measured(offers: int, depth: str, repeat: int, where: Path | None) -> list[tuple[float, Replay, int]]:
    """Seconds of a run, its requests sent again, and their number, as often as asked after a warm-up."""
    made = []
    with reference(["--offers", str(offers)]) as base, tempfile.TemporaryDirectory(dir=where) as folder:
        for number in range(repeat + 1):
            place = Path(folder) / str(number)
            spent, count = driven(base, place, depth)
            again = replayed(base, place)
            if number:
                made.append((spent, again, count))
            shutil.rmtree(place)
    return made


def shown(made: list[tuple[float, Replay, int]]) -> dict[str, Any]:
    """The figures of some runs."""
    ratios = [spent / again.seconds for spent, again, _ in made]
    return {
        "run / bare replay": round(statistics.median(ratios), 3),
        "of all runs": [round(one, 3) for one in sorted(ratios)],
        "milliseconds per request": round(statistics.median(spent / count for spent, _, count in made) * 1000, 3),
        "seconds of a run": round(statistics.median(spent for spent, _, _ in made), 1),
        "requests": made[-1][2],
        "answered otherwise when sent again": max(again.otherwise for _, again, _ in made),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--offers", type=int, default=300)
    parser.add_argument("--depth", choices=list(DRAWS), default=STANDARD)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=MEMORY if MEMORY.is_dir() else None)
    asked = parser.parse_args()
    json.dump(shown(measured(asked.offers, asked.depth, asked.repeat, asked.folder)), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
