"""What is left of a run that is struck at any moment: nothing written that stands, no record that is lost.

    python benchmarks/interrupts.py [--times 20] [--seed 1] [--offers 60]

Each time a whole run (every scenario, writes allowed) is started in a process of its own against a reference whose
store can be looked into, struck at a random moment by SIGINT or SIGKILL, and then gone on with or cleaned, in turn.
Told for each: when it was struck and how, the exchanges recorded by then, what still stood, what is left. Leaves with 1
when anything created stands at the end, anything that was there has changed, or a recorded exchange is gone.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from conformance import ledger
from conformance.errors import RecordError
from conformance.reference.app import create_app
from conformance.reference.region import generate
from conformance.reference.server import Running, bases, stored
from conformance.reference.store import Store

PROFILE = "ror-fhir-0.7.0"
KINDS = ("Location", "HealthcareService", "Organization", "Practitioner", "PractitionerRole", "Task", "Questionnaire")
COMMAND = [sys.executable, "-m", "conformance"]


def ended(one: dict[str, Any]) -> bool:
    """Whether a resource is at the end of its life, as the ROR knows it."""
    if one["resourceType"] == "Task":
        return bool(one["businessStatus"]["coding"][0]["code"] == "03")
    if one["resourceType"] in ("Location", "Questionnaire"):
        return one["status"] in ("inactive", "retired")
    return one["active"] is False


class Watched:
    """A store and what it held before."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.before = {(one["resourceType"], one["id"]): json.dumps(one) for one in self.all()}

    def all(self) -> list[dict[str, Any]]:
        """Every resource of the types that scenarios write."""
        return [self.store.at(kind, rank) for kind in KINDS for rank in range(self.store.count(kind))]

    def standing(self) -> list[str]:
        """What was created and stands."""
        return [f"{one['resourceType']}/{one['id']}" for one in self.all()
                if (one["resourceType"], one["id"]) not in self.before and not ended(one)]

    def changed(self) -> list[str]:
        """What was there and is not as it was."""
        return ["/".join(key) for key, text in self.before.items() if json.dumps(self.store.get(*key)) != text]


def candidate(folder: Path, base: str) -> Path:
    """The candidate file of the reference at an address."""
    path = folder / "candidate.yaml"
    path.write_text(f'product: P\nversion: "1"\nvendor: V\nrole: server\nprofiles: [{PROFILE}]\nwrites: allowed\n'
                    f"endpoint:\n  base-url: {base}\n  bases:\n"
                    + "".join(f"    {name}: {url}\n" for name, url in bases(base)))
    return path


def struck(path: Path, folder: Path, after: float, how: signal.Signals) -> float:
    """A run struck some seconds after its record began; how long it had lasted."""
    process = subprocess.Popen([*COMMAND, "run", str(path), "--out", str(folder)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    while not (folder / "record.jsonl").exists() and process.poll() is None:
        time.sleep(0.005)
    began = time.monotonic()
    while process.poll() is None and time.monotonic() - began < after:
        time.sleep(0.005)
    lasted = time.monotonic() - began
    if process.poll() is None:
        os.kill(process.pid, how)
    process.wait()
    return lasted


def recorded(folder: Path) -> tuple[set[str], bool]:
    """The exchanges of a record, and whether it is complete; none of one that had not begun."""
    try:
        record = ledger.read(folder)
    except RecordError:
        return set(), False
    return {str(one["id"]) for one in record.of_type("exchange")}, record.complete


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--offers", type=int, default=60)
    asked = parser.parse_args()
    rng, wrong = random.Random(asked.seed), 0
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored, and so by runs, where this is in the background
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        watched = Watched(stored(generate(asked.offers, 3)))
        with Running(create_app(watched.store, profile_id=PROFILE)) as base:
            path = candidate(place, base)
            whole = struck(path, place / "whole", 600, signal.SIGKILL)
            for turn in range(asked.times):
                how, then = (signal.SIGINT, signal.SIGKILL)[turn % 2], ("resume", "clean")[turn // 2 % 2]
                folder = place / str(turn)
                lasted = struck(path, folder, rng.uniform(0, 0.75 * whole), how)  # later ones begin faster
                before, complete = recorded(folder)
                stood = len(watched.standing())
                if not complete:
                    again = ["run", str(path), "--resume", str(folder)] if then == "resume" and before else [
                        "run", str(path), "--out", str(folder)] if not before else ["clean", str(folder), str(path)]
                    subprocess.run([*COMMAND, *again], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   check=False)
                after, complete = recorded(folder)
                left = watched.standing() + watched.changed() + sorted(before - after)
                wrong += bool(left) or not (complete or then == "clean")
                print(json.dumps({
                    "struck": how.name, "after seconds": round(lasted, 2), "exchanges recorded": len(before),
                    "stood": stood, "then": then, "complete": complete, "left": left}))
    print(json.dumps({"seconds of a whole run": round(whole, 2), "times": asked.times, "wrong": wrong}))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
