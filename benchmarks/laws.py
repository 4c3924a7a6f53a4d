"""How fast cases of laws are drawn, asked and judged, beside sending the same requests with bare httpx, and beside
Schemathesis alone on the same operations.

    python benchmarks/laws.py [--offers 300] [--repeat 5] [--depth quick] [--folder DIR]

The reference ROR runs in a process of its own. Run and replay alternate, so that the machine's speed cancels out.
Prints cases per second, that speed divided by the one of bare httpx, and divided by the cases per second of
Schemathesis (right and wrong ones, its own checks and transport, one worker, the OpenAPI document of the profile),
measured once, with as many cases of each operation as the depth ``quick`` draws.
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

import schemathesis
from bare import replayed
from schemathesis.engine import events

from conformance import ledger, nomenclature, openapi, workshop
from conformance.checks.structure import structures
from conformance.cli.demo_ import reference
from conformance.clock import SystemClock
from conformance.endpoint import Endpoint
from conformance.engine.laws import DRAWS, QUICK
from conformance.model import Candidate
from conformance.workshop import Choice

MEMORY = Path("/dev/shm")
KINDS = {"HealthcareService", "Location", "Organization", "Practitioner", "PractitionerRole"}


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


def alone(base: str, kinds: set[str], examples: int) -> float:
    """Cases per second of Schemathesis by itself, on searches and reads of some types."""
    _, whole = workshop.read_profiles().popitem()
    document = openapi.document(whole, structures(whole, nomenclature.shipped()))
    schema = schemathesis.openapi.from_dict(document, config=schemathesis.Config.from_dict({"seed": 1}))
    schema.config.update(base_url=base, workers=1, continue_on_failure=True)
    schema.config.generation.update(max_examples=examples, database="none")
    for phase in (schema.config.phases.examples, schema.config.phases.coverage, schema.config.phases.stateful):
        phase.enabled = False
    wanted = schema.include(method="GET").include(path_regex=f"^/({'|'.join(sorted(kinds))})(/|$)")
    count, started = 0, time.perf_counter()
    for event in schemathesis.engine.from_schema(wanted).execute():
        if isinstance(event, events.ScenarioFinished):
            count += len(event.recorder.interactions)
    return count / (time.perf_counter() - started)


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
            again = replayed(base, place).seconds
            if number:  # the first one warms up
                speeds.append(cases / spent)
                shares.append(again / spent)
                spents.append(spent)
            shutil.rmtree(place)
        other = alone(base, KINDS, DRAWS[QUICK])  # once: it takes minutes
    json.dump({
        "cases per second": round(statistics.median(speeds), 1),
        "speed / bare httpx": round(statistics.median(shares), 3),
        "half of the runs lie between": [round(one, 3) for one in statistics.quantiles(shares, n=4)[::2]],
        "cases per second / Schemathesis": round(statistics.median(speeds) / other, 2),
        "seconds": round(statistics.median(spents), 1),
    }, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
