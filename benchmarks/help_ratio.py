"""Start of ``rorqual --help`` divided by the start of a bare interpreter, the two in turn.

    python benchmarks/help_ratio.py [--repeat 15]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time


def once(*line: str) -> float:
    started = time.perf_counter()
    subprocess.run(line, capture_output=True, check=True)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=15)
    asked = parser.parse_args()
    ratios, bare = [], []
    for number in range(asked.repeat + 1):
        base = once(sys.executable, "-c", "pass")
        helped = once(sys.executable, "-m", "conformance", "--help")
        if number:
            ratios.append(helped / base)
            bare.append(base * 1000)
    print(f"--help / bare interpreter: {statistics.median(ratios):.2f} (bare: {statistics.median(bare):.0f} ms)")


if __name__ == "__main__":
    main()
