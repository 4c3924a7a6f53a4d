"""The command line: parse, call, choose the exit code. A command's module is imported when it is called."""

from __future__ import annotations

import sys

COMMANDS = {
    "demo": "Run a whole homologation on the embedded reference ROR.",
    "init": "Write a commented candidate.yaml.",
    "preflight": "Check that the candidate can be tested, before anything runs.",
    "run": "Run the homologation of a candidate.",
    "bench": "Run the homologation of an application that consults the ROR.",
    "contract": "Tell what an application relies on, from the record of its bench.",
    "replay": "Ask a ROR what an application asked, with the values of that ROR.",
    "clean": "Take back what an interrupted run created on the candidate.",
    "report": "Make the report of a recorded run again.",
    "rejudge": "Judge a recorded run again, with the present rules.",
    "compare": "Tell what changed between two runs.",
    "list": "List profiles, scenarios, requirements, checks or defects.",
    "explain": "Tell what a requirement means and how to pass it.",
    "profile": "Compare versions of the specification, read and write them as FHIR packages.",
    "nomenclature": "Show, import and compare releases of value sets and code systems.",
    "validate": "Judge FHIR resources in files by structures and nomenclatures.",
    "quality": "Tell whether the data of a ROR can sustain the use cases.",
    "coverage": "Tell which requirement is verified by which scenario, and broken by which fault.",
    "lint": "Check scenario, candidate and waiver files.",
    "registry": "Check a registry of RORs and applications, and show it as a table.",
    "matrix": "Try who can exchange with whom, and tell why not.",
    "can-connect": "Tell whether one member can exchange with another; a gate for CI.",
    "pki": "Write certificates for tests of TLS, those that must be refused among them.",
    "serve": "Start the reference ROR, with or without a fault.",
    "selftest": "Measure the judge: each fault must be caught.",
}

ABOUT = """Conformance and homologation of exchanges with the ROR, the French health-offer directory."""

EXIT_CODES = """\
Exit codes: 0 conform, 1 non conform, 2 usage, 3 candidate unreachable, 4 configuration or scenario error,
5 harness error, 6 nothing executed or inconclusive."""


def help_text() -> str:
    """The help of the whole command, told without importing what commands need: it answers at once."""
    width = max(map(len, COMMANDS)) + 2
    listed = "\n".join(f"  {name:{width}}{what}" for name, what in COMMANDS.items())
    return (f"Usage: rorqual [OPTIONS] COMMAND [ARGS]...\n\n{ABOUT}\n\n{EXIT_CODES}\n\nOptions:\n"
            f"  --version   Show the version and leave.\n  -h, --help  Show this message and leave.\n\n"
            f"Commands:\n{listed}\n\nrorqual COMMAND --help tells more of a command.")


def main() -> None:
    """The entry point."""
    if sys.argv[1:] in ([], ["--help"], ["-h"]):
        sys.stdout.write(help_text() + "\n")
        return
    import importlib  # click and all that it brings are wanted only now

    importlib.import_module("conformance.cli.group").main()
