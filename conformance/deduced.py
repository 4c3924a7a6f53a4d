"""Whether an application can exchange with a ROR, deduced without asking: what it relies on (its contract) beside what
the ROR declares (its capability statement). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

FOLDER = "contracts"  # beside the record of a matrix
YES, NO, UNKNOWN = "yes", "no", "unknown"
_INTERACTION = {"POST": "create", "PUT": "update", "PATCH": "patch"}


@dataclass(frozen=True, slots=True)
class Deduced:
    """The answer, and what the application relies on and the ROR does not declare, as it is written in requests."""

    answer: str
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Declared:
    """What a ROR declares of a type: interactions, search parameters, inclusions."""

    interactions: frozenset[str] = frozenset()
    parameters: frozenset[str] = frozenset()
    includes: frozenset[str] = frozenset()
    revincludes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Statement:
    """A capability statement, as far as it is looked at."""

    types: Mapping[str, Declared] = field(default_factory=dict)
    parameters: frozenset[str] = frozenset()
    operations: frozenset[str] = frozenset()


def statement(body: Mapping[str, Any]) -> Statement:
    """Reads a CapabilityStatement; what has another form than it should counts as not declared."""
    types: dict[str, Declared] = {}
    operations: set[str] = set()
    parameters: set[str] = set()
    for rest in _objects(body.get("rest")):
        operations |= _named(rest.get("operation"), "name")
        parameters |= _named(rest.get("searchParam"), "name")
        for one in _objects(rest.get("resource")):
            operations |= _named(one.get("operation"), "name")
            types[str(one.get("type"))] = Declared(
                frozenset(_named(one.get("interaction"), "code")), frozenset(_named(one.get("searchParam"), "name")),
                _texts(one.get("searchInclude")), _texts(one.get("searchRevInclude")))
    return Statement(types, frozenset(parameters), frozenset(name.lstrip("$") for name in operations))


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    return (one for one in (value if isinstance(value, list) else ()) if isinstance(one, dict))


def _named(value: Any, key: str) -> set[str]:
    return {str(one[key]) for one in _objects(value) if key in one}


def _texts(value: Any) -> frozenset[str]:
    return frozenset(str(one) for one in (value if isinstance(value, list) else ()))


def deduced(contract: Mapping[str, Any] | None, profile: str, seen: Statement | None) -> Deduced:
    """What a contract and a statement come to; unknown without one of them, or where the contract is of no campaign on
    that profile."""
    relied = (contract or {}).get("profiles", {}).get(profile)
    if relied is None or seen is None:
        return Deduced(UNKNOWN)
    lacking = tuple(sorted(set(_lacking(relied, seen))))
    return Deduced(NO if lacking else YES, lacking)


def _lacking(relied: Mapping[str, Any], seen: Statement) -> Iterator[str]:
    nothing = Declared()
    for key, word in (("searches", "search-type"), ("reads", "read")):
        for one in relied[key]:
            if word not in seen.types.get(one["resource"], nothing).interactions:
                yield f"{one['resource']}: {word}"
    for one in relied["writes"]:
        word = _INTERACTION.get(one["method"], one["method"])
        if word not in seen.types.get(one["resource"], nothing).interactions:
            yield f"{one['resource']}: {word}"
    for one in relied["parameters"]:
        name = one["parameter"].partition(".")[0]
        held = seen.types.get(one["resource"], nothing).parameters | seen.parameters
        if name not in held and name not in ("_has", "_filter"):
            yield f"{one['resource']}?{name}"
    for one in relied["inclusions"]:
        declared = seen.types.get(one["resource"], nothing)
        word, value = one["parameter"].partition(":")[0], ":".join(one["value"].split(":")[:2])
        if not {value, "*"} & (declared.includes if word == "_include" else declared.revincludes) and (
                ":iterate" not in one["parameter"]):  # a statement has no place for what goes on from what was included
            yield f"{one['resource']}?{word}={value}"
    for one in relied["operations"]:
        if one["name"].lstrip("$").partition("-")[0] not in {name.partition("-")[0] for name in seen.operations}:
            yield one["name"]
