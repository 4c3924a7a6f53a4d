"""What tests of the matrix share: a few RORs that exchange, tried whole, in a folder."""

import contextlib
from pathlib import Path

from conformance import federation, matrix, registry
from conformance.clock import SystemClock
from conformance.profile import known

LATEST = known()[-1]
OFFERS = 30


def members(*names, consumers=()):
    """A registry of RORs that have nothing wrong, the last one overseas."""
    rors = tuple(registry.Ror(name, f"{number:02}", f"ROR {name}", number < len(names), (LATEST,))
                 for number, name in enumerate(names, start=1))
    return registry.Registry(rors, tuple(consumers), Path())


@contextlib.contextmanager
def served(folder, *names, **arranged):
    """The RORs of these names, with what is arranged to be wrong; gives the path of their registry."""
    with federation.federation(members(*names), federation.Arrangement(**arranged), folder, SystemClock(),
                               OFFERS) as path:
        yield path


def tour(path, **wanted):
    """The pairs of a registry."""
    return matrix.Tour(registry.read(path), matrix.Wanted(**{"seconds": 6.0, **wanted}), SystemClock())


def states(cells):
    """The state, the cause and the requirement of each pair."""
    return {(one.requester, one.responder): (one.state, one.broken.cause if one.broken else "",
                                             one.broken.requirement if one.broken else "") for one in cells}
