"""The judge of structures over whole corpora: what is missed, and where its two validators differ.

    python benchmarks/corpora.py [--valid 115] [--wrong 27]

Resources are made from the structures of each version, and made wrong by every operator; so many of each structure.
Valid ones must give no error; each wrong one must be told at its element; jsonschema and jsonschema-rs must tell the
same of all. The tests hold the first two on the same corpora, the third on a part of them: this takes minutes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter

from conformance.fhir.engine import Plain
from conformance.tests.fhir import corpora


def told(compiled, resource):  # type: ignore[no-untyped-def]
    """What a validator tells, in an order of its own."""
    return sorted((one.code, one.place, one.element, one.expected, one.actual)
                  for one in compiled.differences(resource))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--valid", type=int, default=115)
    parser.add_argument("--wrong", type=int, default=27)
    asked = parser.parse_args()
    counts: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    started = time.perf_counter()
    for name in corpora.PROFILES:
        whole, plain = corpora.structures(name), corpora.structures(name, Plain)
        names = {one["type"]: identifier for identifier, one in whole.structures.items()}

        def compared(compiled, resource, plain=plain, names=names):  # type: ignore[no-untyped-def]
            counts["judged by both validators"] += 1
            counts["told differently"] += told(compiled, resource) != told(plain.of(names[compiled.type]), resource)

        for compiled, resource in corpora.valid(whole, asked.valid):
            counts["valid"] += 1
            counts["valid with an error"] += bool(corpora.told(compiled, resource))
            compared(compiled, resource)
        for compiled, mutant in corpora.wrong(whole, asked.wrong):
            counts["wrong"] += 1
            missed[mutant.operator] += not corpora.found(compiled, mutant)
            compared(compiled, mutant.resource)
    json.dump({**counts, "wrong that are missed": +missed, "operators": len(missed),
               "seconds": round(time.perf_counter() - started)}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
