"""How fast resources in files are judged, beside fhir.resources, and how much memory and how many cores it takes.

    pip install fhir.resources
    python benchmarks/validate.py [--resources 2000] [--repeat 5] [--small 10] [--large 1000]

The resources are HealthcareServices of the reference ROR, grown to 12 kB with the contacts of other offers. Three
figures, each a ratio of two measures of the same run:

- pace: resources per second on one core, reading, judging and counting, by that of fhir.resources parsing the same
  bytes (its R4B models, for it has none of R4 4.0.1: HealthcareService is alike). It judges types and cardinalities
  of base FHIR only. The two alternate, so that the machine's speed cancels out;
- memory: the peak of `rorqual validate` over ``--large`` MB of NDJSON, by its peak over ``--small`` MB (Linux);
- cores: its time over ``--large`` MB with one process, by that with two, starting included.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import orjson

from conformance import nomenclature, profile
from conformance.documents import PIECE, Piece
from conformance.reference.region import generate
from conformance.validation import Validator

SIZE = 12_000
# the command, which tells its own peak at its end: what the system counts for a child begins with its parent's
_TOLD = """
import atexit, sys
from conformance.cli import main
atexit.register(lambda: sys.stderr.write(next(one for one in open("/proc/self/status") if one.startswith("VmHWM"))))
main()
"""
CONTACT = "/ror-healthcareservice-contact"
MEGABYTE = 1024 * 1024


def resources(count: int) -> Iterator[bytes]:
    """So many HealthcareServices of 12 kB, in JSON."""
    offers = [one for one in generate(count) if one["resourceType"] == "HealthcareService"]
    contacts = itertools.cycle([held for one in offers for held in one["extension"] if held["url"].endswith(CONTACT)])
    next(contacts)  # so that an offer meets others' contacts, not its own
    for one in offers:
        grown = dict(one)
        while len(text := orjson.dumps(grown)) < SIZE:
            grown["extension"] = [*grown["extension"], next(contacts)]
        yield text


def pace(texts: list[bytes], repeat: int) -> dict[str, float]:
    """Resources per second on one core, and the ratio to those of fhir.resources."""
    from fhir.resources.R4B.healthcareservice import HealthcareService

    judge = Validator(profile.read(profile.known()[-1]), nomenclature.shipped(), "2026-12-01")
    pieces = [Piece("benchmark", list(enumerate(texts[at: at + PIECE // SIZE], start=1)))
              for at in range(0, len(texts), PIECE // SIZE)]
    ours, theirs = [], []
    for _ in range(repeat):
        started = time.perf_counter()
        found = [tally.found for tally in map(judge.piece, pieces)]
        ours.append(time.perf_counter() - started)
        if any(found):
            raise SystemExit(f"the resources of the benchmark are wrong: {found}")
        started = time.perf_counter()
        for text in texts:
            HealthcareService.model_validate_json(text)
        theirs.append(time.perf_counter() - started)
    return {
        "resources per second and core": round(len(texts) / statistics.median(ours)),
        "of fhir.resources": round(len(texts) / statistics.median(theirs)),
        "ours / fhir.resources": round(statistics.median(b / a for a, b in zip(ours, theirs, strict=True)), 2),
    }


def written(texts: list[bytes], megabytes: int, path: Path) -> Path:
    """An NDJSON file of so many megabytes; ids differ from line to line."""
    with path.open("wb") as file:
        for number, text in enumerate(itertools.cycle(texts)):
            if file.tell() >= megabytes * MEGABYTE:
                break
            file.write(text.replace(b'"id":"', b'"id":"%d-' % number, 1) + b"\n")
    return path


def validated(path: Path, jobs: int) -> tuple[float, float]:
    """Seconds of judging a file, and megabytes at the peak of the process that the command starts."""
    command = [sys.executable, "-c", _TOLD, "validate", str(path), "--jobs", str(jobs), "--format", "json"]
    started = time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    spent = time.perf_counter() - started
    if done.returncode not in (0, 6):
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return spent, int(done.stderr.split()[-2]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resources", type=int, default=2000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--small", type=int, default=10, help="MB")
    parser.add_argument("--large", type=int, default=1000, help="MB")
    asked = parser.parse_args()
    texts = list(resources(asked.resources))
    made: dict[str, float] = {"mean size of a resource, bytes": round(statistics.mean(map(len, texts)))}
    made |= pace(texts, asked.repeat)
    with tempfile.TemporaryDirectory() as folder:
        small, large = (written(texts, size, Path(folder) / f"{size}.ndjson") for size in (asked.small, asked.large))
        least, one, two = validated(small, 1), validated(large, 1), validated(large, 2)
        made |= {f"peak memory at {asked.small} MB, MB": round(least[1]),
                 f"peak memory at {asked.large} MB, MB": round(one[1]),
                 "memory, large / small": round(one[1] / least[1], 3),
                 "seconds with one process": round(one[0], 1), "seconds with two": round(two[0], 1),
                 "one / two processes": round(one[0] / two[0], 2)}
    json.dump(made, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
