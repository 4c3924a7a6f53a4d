"""Small rewritings of search queries, from which faults are made."""

from __future__ import annotations

from collections.abc import Callable

from conformance.reference.fault import Pairs
from conformance.reference.parameters import PARAMETERS

Rewrite = Callable[[str, Pairs], Pairs]


def leaf(kind: str, name: str) -> tuple[str, str, str]:
    """The type, the parameter and the modifier at the end of chains and reverse chains."""
    while True:
        if name.startswith("_has:") and name.count(":") >= 3:
            _, kind, _, name = name.split(":", 3)
            continue
        head, _, rest = name.partition(".")
        parameter = PARAMETERS.get(kind, {}).get(head.partition(":")[0])
        if not rest or parameter is None:
            bare, _, modifier = name.partition(":")
            return kind, bare, modifier
        kind, name = parameter.target, rest


def kept(wanted: Callable[[str, str, str], bool]) -> Rewrite:
    """Drops the pairs that are not wanted; the test gets type, name, value."""
    return lambda kind, pairs: tuple(pair for pair in pairs if wanted(kind, *pair))


def without(kind: str, parameter: str) -> Rewrite:
    """Drops a parameter of a type, also at the end of a chain; an empty type means any."""

    def wanted(searched: str, name: str, _value: str) -> bool:
        found, bare, _ = leaf(searched, name)
        return bare != parameter or kind not in ("", found)

    return kept(wanted)


def valued(parameters: frozenset[str], change: Callable[[str], str]) -> Rewrite:
    """Changes the values of some parameters, also at the end of a chain."""

    def rewrite(kind: str, pairs: Pairs) -> Pairs:
        return tuple((name, change(value) if leaf(kind, name)[1] in parameters else value) for name, value in pairs)

    return rewrite


def named(change: Callable[[str, str], str]) -> Rewrite:
    """Changes the names of parameters; the change gets type and name."""
    return lambda kind, pairs: tuple((change(kind, name), value) for name, value in pairs)


def of_kind(*kinds: str) -> frozenset[str]:
    """The names of all parameters compared in some way: ``date``, ``token``."""
    return frozenset(name for table in PARAMETERS.values() for name, row in table.items() if row.kind in kinds)
