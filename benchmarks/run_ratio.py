"""How much the harness adds: time of a run divided by the time of replaying the same requests with bare httpx.

    python benchmarks/run_ratio.py [--offers 300] [--repeat 15] [--large 5000] [--folder DIR]

The reference ROR runs in a process of its own. Run and replay alternate, so that the machine's speed cancels out.
Prints the ratio run / replay, and the time per request with ``--large`` offers divided by that with ``--offers``.
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

import httpx

from conformance import ledger, workshop
from conformance.cli.demo_ import reference
from conformance.clock import SystemClock
from conformance.endpoint import Endpoint
from conformance.model import Candidate
from conformance.workshop import Choice

MEMORY = Path("/dev/shm")


def driven(base: str, folder: Path) -> tuple[float, int]:
    """Seconds of a whole run (exploring, driving, judging, recording) and its number of requests."""
    who = Candidate("benchmark", "1", "rorqual", "server", (workshop.read_profiles().popitem()[0],), ())
    made = workshop.campaign(who, Choice())
    started = time.perf_counter()
    workshop.drive(made, Endpoint(base), folder, SystemClock(), lambda _event: None)
    spent = time.perf_counter() - started
    return spent, sum(1 for _ in ledger.read(folder).of_type("exchange"))


def replayed(base: str, folder: Path) -> float:
    """Seconds of sending the recorded requests again, nothing else done with the answers."""
    lines = [line["request"] for line in ledger.read(folder).of_type("exchange")]
    vaultless = [one for one in lines if "[person" not in one["url"]]
    factor = len(lines) / len(vaultless)
    with httpx.Client(trust_env=False, timeout=60) as client:
        started = time.perf_counter()
        for one in vaultless:
            client.request(one["method"], one["url"].replace("[base]", base), headers=dict(one["headers"]),
                           content=one.get("body") or None)
        return (time.perf_counter() - started) * factor


def measured(offers: int, repeat: int, where: Path | None) -> tuple[list[float], list[float]]:
    """Ratios run / replay and seconds per request, one of each per repetition after a warm-up."""
    ratios, per_request = [], []
    with reference(["--offers", str(offers)]) as base, tempfile.TemporaryDirectory(dir=where) as folder:
        for number in range(repeat + 1):
            place = Path(folder) / str(number)
            spent, count = driven(base, place)
            again = replayed(base, place)
            if number:
                ratios.append(spent / again)
                per_request.append(spent / count)
            shutil.rmtree(place)
    return ratios, per_request


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--offers", type=int, default=300)
    parser.add_argument("--large", type=int, default=5000)
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--folder", type=Path, default=MEMORY if MEMORY.is_dir() else None)
    asked = parser.parse_args()
    small, small_each = measured(asked.offers, asked.repeat, asked.folder)
    large, large_each = measured(asked.large, max(3, asked.repeat // 3), asked.folder)
    json.dump(
        {
            "run / bare replay": round(statistics.median(small), 3),
            "half of the runs lie between": [round(one, 3) for one in statistics.quantiles(small, n=4)[::2]],
            f"run / bare replay, {asked.large} offers": round(statistics.median(large), 3),
            f"time per request, {asked.large} / {asked.offers} offers":
                round(statistics.median(large_each) / statistics.median(small_each), 3),
            "milliseconds per request": round(statistics.median(small_each) * 1000, 2),
        },
        sys.stdout, indent=1,
    )
    print()


if __name__ == "__main__":
    main()
