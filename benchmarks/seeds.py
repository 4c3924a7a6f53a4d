"""How surely laws judge: each fault that a law is there to show, over many seeds, and the reference without fault over
many seeds and regions, at a depth of the laws.

    python benchmarks/seeds.py faults [--first 1] [--seeds 20] [--out FILE] [--part 1/2]
    python benchmarks/seeds.py clean [--first 1] [--seeds 50] [--out FILE] [--part 1/2]

Each result is a line of FILE as soon as it is known, and what FILE holds is not measured again: a measure that takes
hours can be stopped and goes on. ``--part`` shares the work between processes. Ends with 1 where a fault was missed in
more than two of twenty seeds, or where something was told against the reference without fault.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from conformance import profile, selftest
from conformance.clock import SystemClock
from conformance.engine.laws import STANDARD
from conformance.reference.fault import Fault
from conformance.reference.faults import FAULTS
from conformance.report.model import Report

_SIZES = 50, 120, 300  # offers: three data sets, for each seed regions of their own
_FAULTY = 120
_FOUND = 0.9  # of the seeds, the least share in which a fault must be found
Row = dict[str, Any]


def faults(seeds: range) -> Iterator[tuple[str, Callable[[], Row]]]:
    """For each fault and seed: whether its requirement was found broken, what else was, criteria of the least case."""
    for seed, one in itertools.product(seeds, [one for one in FAULTS.values() if one.law]):
        version = profile.known()[seed % len(profile.known())]

        def measured(one: Fault = one, seed: int = seed, version: str = version) -> Row:
            kept: list[Report] = []
            what = selftest.outcome(one, version, _FAULTY, seed, SystemClock(), kept.append)
            return {"fault": one.name, "seed": seed, "caught": what.caught, "unrelated": list(what.unrelated),
                    "criteria": least(kept[-1], one.breaks)}

        yield f"{one.name} {seed}", measured


def clean(seeds: range) -> Iterator[tuple[str, Callable[[], Row]]]:
    """For each seed and size of region: what is told against the reference without fault."""
    for seed, offers in itertools.product(seeds, _SIZES):
        one = selftest.Clean(offers, seed, profile.known()[seed % len(profile.known())])

        def measured(one: selftest.Clean = one) -> Row:
            return {"run": str(one), "alarms": selftest.alarms(one, SystemClock(), STANDARD)}

        yield f"clean {seed} {offers}", measured


def least(report: Report, requirement: str) -> int:
    """Criteria of the request of the least case that broke a requirement; 0 when none did."""
    return next((seen.criteria for problem in report.problems if problem.requirement == requirement
                 for seen in problem.occurrences), 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["faults", "clean"])
    parser.add_argument("--first", type=int, default=1, metavar="SEED")
    parser.add_argument("--seeds", type=int, default=20, help="how many, from the first one on")
    parser.add_argument("--out", type=Path, default=Path("seeds.jsonl"))
    parser.add_argument("--part", default="1/1", metavar="K/N")
    asked = parser.parse_args()
    here, parts = map(int, asked.part.split("/"))
    seeds = range(asked.first, asked.first + asked.seeds)
    known = {row["key"] for row in _rows(asked.out)}
    for number, (key, measured) in enumerate({"faults": faults, "clean": clean}[asked.what](seeds)):
        if number % parts == here - 1 and key not in known:
            with asked.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, **measured()}, ensure_ascii=False) + "\n")
    return _summary(_rows(asked.out))


def _rows(path: Path) -> list[Row]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [json.loads(line) for line in lines]


def _summary(rows: list[Row]) -> int:
    tried = Counter(row["fault"] for row in rows if "fault" in row)
    found = Counter(row["fault"] for row in rows if row.get("caught"))
    alarms = [str(one) for row in rows for one in (row.get("alarms") or row.get("unrelated") or ())]
    for name, count in tried.items():
        print(f"{name:40} found {found[name]} of {count}")
    long = sorted({f"{row['fault']} ({row['criteria']})" for row in rows if row.get("criteria", 0) > 2})
    print(f"{sum('alarms' in row for row in rows)} runs without fault; told wrongly: {', '.join(alarms) or 'nothing'}")
    print(f"least cases of more than two criteria: {', '.join(long) or 'none'}")
    return int(bool(alarms) or any(found[name] < _FOUND * count for name, count in tried.items()))


if __name__ == "__main__":
    sys.exit(main())
