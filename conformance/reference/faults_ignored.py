"""One fault per search parameter: the server answers as if it were not there."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from conformance.reference.fault import Fault
from conformance.reference.parameters import PARAMETERS, Parameter
from conformance.reference.rewriting import without

SHORT: Mapping[str, str] = MappingProxyType(
    {
        "HealthcareService": "HS",
        "Location": "LOC",
        "Organization": "ORG",
        "Practitioner": "PRA",
        "PractitionerRole": "PRO",
    }
)
# used in chains and inclusions only, or a second name of another one
_NOT_ALONE = frozenset(("location", "organization", "partof", "service", "practitioner", "amount-value"))
_NARROWS = "a criterion that is ignored does not narrow"
_ALSO: Mapping[str, Mapping[str, str]] = {
    "": {
        "ROR-SRC-001": _NARROWS,
        "ROR-HTTP-019": "the self link repeats a parameter that was not used",
        "ROR-HTTP-013": "a search that nothing matches finds everything",
        "ROR-HTTP-053": "at the end of a chain it is ignored too",
        "ROR-HTTP-054": "after _has it is ignored too",
    },
    "token": {
        "ROR-HTTP-071": "the token is not looked at",
        "ROR-HTTP-073": "the code alone is not looked at",
        "ROR-HTTP-060": "with :not it is ignored too",
    },
    "string": {"ROR-HTTP-017": "a modifier that does not exist is ignored with it"},
    "date": {
        "ROR-HTTP-065": "prefixes are ignored with it",
        "ROR-HTTP-066": "equality is ignored with it",
        "ROR-HTTP-017": "a malformed date is not refused",
        "ROR-HTTP-069": "two bounds do not make a period",
    },
    "number": {
        "ROR-HTTP-065": "prefixes are ignored with it",
        "ROR-HTTP-066": "equality is ignored with it",
        "ROR-HTTP-017": "a malformed number is not refused",
    },
    "quantity": {
        "ROR-HTTP-065": "prefixes are ignored with it",
        "ROR-HTTP-078": "the quantity is not looked at",
        "ROR-HTTP-017": "a malformed quantity is not refused",
    },
    "near": {
        "ROR-HTTP-042": "without a point there is no distance",
        "ROR-HTTP-017": "a malformed point is not refused",
    },
}
_OWN = {
    "_lastUpdated": "ROR-HTTP-070",
    "_tag": "ROR-HTTP-074",
    "identifier": "ROR-HTTP-075",
    "near": "ROR-HTTP-080",
    "address-postalcode": "ROR-HTTP-077",
    "nb-capacity": "ROR-HTTP-079",
    "near-insee-code": "ROR-HTTP-081",
    "_content": "ROR-HTTP-082",
}
_DRAFT = ("HealthcareService", "Location")  # full text is declared on organizations, and in draft elsewhere


def requirement(kind: str, name: str) -> str:
    """The id of the requirement that a search parameter works."""
    return f"ROR-SP-{SHORT[kind]}-{name.lstrip('_')}"


def _ignored(kind: str, parameter: Parameter) -> Fault:
    name = parameter.name
    also = {**_ALSO[""], **_ALSO.get(parameter.kind, {})}
    also["ROR-HTTP-018"] = "nothing is refused, so no OperationOutcome says so"
    also["ROR-HTTP-084"] = "a bad value of the parameter is not refused"
    also["ROR-HTTP-064"] = "a modifier that does not exist is ignored with the parameter"
    if name in _OWN and name != "_content":
        also[_OWN[name]] = f"it is about {name}"
    if name == "_content" and kind in _DRAFT:
        also["ROR-HTTP-051"] = "in a _filter it is ignored too"
    if name == "identifier":
        also["ROR-HTTP-059"] = "with :of-type it is ignored too"
    if kind == "Organization":
        also["ROR-HTTP-058"] = "with :above it is ignored too"
    return Fault(
        name=f"{SHORT[kind].lower()}-{name.lstrip('_')}-ignored",
        title={"fr": f"{kind} : le critère {name} est ignoré", "en": f"{kind}: the criterion {name} is ignored"},
        # the guide has no parameter _content of its own: a plain requirement speaks of it
        breaks=_breaks(kind, name),
        also=also,
        query=without(kind, name),
    )


def _breaks(kind: str, name: str) -> str:
    if name != "_content":
        return requirement(kind, name)
    return "ROR-HTTP-044" if kind in _DRAFT else _OWN[name]


IGNORED: tuple[Fault, ...] = tuple(
    _ignored(kind, parameter)
    for kind in SHORT
    for parameter in PARAMETERS[kind].values()
    if parameter.name not in _NOT_ALONE and (kind, parameter.name) != ("Location", "_content")
)
