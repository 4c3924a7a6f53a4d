"""How fast cases of laws are drawn, asked and judged, beside sending the same requests with bare httpx.

    python benchmarks/laws.py [--offers 300] [--repeat 5] [--depth quick] [--folder DIR]

The reference ROR runs in a process of its own. Run and replay alternate, so that the machine's speed cancels out.
Prints cases per second, and that speed divided by the one of bare httpx.
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
from conformance.engine.laws import DRAWS, QUICK
from conformance.model import Candidate
from conformance.workshop import Choice

MEMORY = Path("/dev/shm")


def driven(base: str, folder: Path, depth: str) -> float:
    """Seconds of a run of the scenarios that hold laws alone, exploring, judging and recording among them."""
    profile, whole = workshop.read_profiles().popitem()
    _, library = workshop.library(())
    lawful = tuple(one.id for one in library.of(whole.id) if one.laws)
    made = workshop.campaign(Candidate("benchmark", "1", "rorqual", "server", (profile,), ()),
                             Choice(only=lawful, depth=depth))
    started = time.perf_counter()
    workshop.drive(made, Endpoint(base), folder, SystemClock(), lambda _event: None)
    return time.perf_counter() - started


def replayed(base: str, folder: Path) -> float:
    """Seconds of sending the recorded requests again, nothing else done with the answers."""
    lines = [line["request"] for line in ledger.read(folder).of_type("exchange")]
    open_ = [one for one in lines if "[person" not in one["url"]]
    with httpx.Client(trust_env=False, timeout=60) as client:
        started = time.perf_counter()
        for one in open_:
            client.get(one["url"].replace("[base]", base), headers=dict(one["headers"]))
        return (time.perf_counter() - started) * len(lines) / len(open_)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--offers", type=int, default=300)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--depth", choices=list(DRAWS)[1:], default=QUICK)
    parser.add_argument("--folder", type=Path, default=MEMORY if MEMORY.is_dir() else None)
    asked = parser.parse_args()
    speeds, shares, spents = [], [], []
    with reference(["--offers", str(asked.offers)]) as base, tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        for number in range(asked.repeat + 1):
            place = Path(folder) / str(number)
            spent = driven(base, place, asked.depth)
            cases = sum(1 for _ in ledger.read(place).of_type("case"))
            again = replayed(base, place)
            if number:  # the first one warms up
                speeds.append(cases / spent)
                shares.append(again / spent)
                spents.append(spent)
            shutil.rmtree(place)
    json.dump({
        "cases per second": round(statistics.median(speeds), 1),
        "speed / bare httpx": round(statistics.median(shares), 3),
        "half of the runs lie between": [round(one, 3) for one in statistics.quantiles(shares, n=4)[::2]],
        "seconds": round(statistics.median(spents), 1),
    }, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
