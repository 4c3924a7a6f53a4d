"""``python -m conformance``: the command line without the script."""

from conformance.cli import main

main()
