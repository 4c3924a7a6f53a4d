"""Faults of searches: criteria misread, combined wrongly, modifiers and prefixes confused."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.reference import filters
from conformance.reference.fault import Fault, Pairs
from conformance.reference.refusal import Refusal
from conformance.reference.rewriting import kept, leaf, named, of_kind, valued
from conformance.reference.store import Ordinals
from conformance.reference.values import split

_DATES = of_kind("date")
_TOKENS = of_kind("token")
_SELF = "the self link repeats a parameter that was not used"
_KNOWN_MODIFIERS = frozenset(("", "not", "missing", "exact", "contains", "above", "of-type", "iterate"))


def _swapped(old: str, new: str, value: str) -> str:
    return ",".join(new + part.removeprefix(old) if part.startswith(old) else part for part in value.split(","))


def _without_prefix(value: str) -> str:
    return value[2:] if value[:2].isalpha() else value


def _system_required(value: str) -> str:
    return ",".join(part if "|" in part else f"|{part}" for part in split(value, ","))


def _system_refused(value: str) -> str:
    return ",".join(f"urn:none{part}" if "|" in part else part for part in split(value, ","))


def _or_as_and(kind: str, pairs: Pairs) -> Pairs:
    found: list[tuple[str, str]] = []
    for name, value in pairs:
        parts = split(value, ",") if leaf(kind, name)[1] in _TOKENS else [value]
        found += [(name, part) for part in parts]
    return tuple(found)


def _and_for_or(expression: filters.Expression) -> filters.Expression:
    if isinstance(expression, filters.Compare):
        return expression
    word = "and" if expression.word == "or" else expression.word
    return filters.Logic(word, tuple(_and_for_or(part) for part in expression.parts))


def _filter_with_and(value: str) -> str:
    try:
        return filters.render(_and_for_or(filters.parse(value)))
    except Refusal:
        return value


def _bare_name(kind: str, name: str) -> str:
    """The name without a modifier that does not exist."""
    modifier = leaf(kind, name)[2]
    return name if modifier in _KNOWN_MODIFIERS else name.removesuffix(f":{modifier}")


def _any_of(sets: Sequence[Ordinals]) -> Ordinals:
    return set().union(*sets)


def _metres(value: str) -> str:
    return value.removesuffix("|km") + "|m" if value.endswith("|km") else value


def _other_units(value: str) -> str:
    head, bar, rest = value.partition("|")
    return f"{head}|urn:none{rest}" if bar and rest[:1] != "|" else value


def _first_only(value: str) -> str:
    return split(value, ",")[0]


def _sort_flipped(value: str) -> str:
    return ",".join(key.removeprefix("-") if key.startswith("-") else f"-{key}" for key in value.split(","))


SEARCH: tuple[Fault, ...] = (
    Fault(
        "and-as-or",
        {"fr": "Les critères joints par & sont alternatifs", "en": "Criteria joined by & are alternatives"},
        "ROR-SRC-001",
        {"ROR-HTTP-069": "two bounds no longer make a period", "ROR-HTTP-057": "criteria are not cumulative"},
        combine=_any_of,
    ),
    Fault(
        "comma-as-and",
        {"fr": "La virgule cumule au lieu d'unir", "en": "The comma cumulates instead of uniting"},
        "ROR-HTTP-071",
        {"ROR-HTTP-013": "a union may come out empty"},
        query=_or_as_and,
    ),
    Fault(
        "comma-first-only",
        {
            "fr": "Seule la première valeur avant la virgule compte",
            "en": "Only the first value before a comma counts",
        },
        "ROR-HTTP-071",
        {"ROR-HTTP-019": _SELF},
        query=valued(_TOKENS, _first_only),
    ),
    Fault(
        "code-without-system-unmatched",
        {"fr": "Un code sans système ne sélectionne rien", "en": "A code without system selects nothing"},
        "ROR-HTTP-073",
        {
            "ROR-HTTP-075": "an identifier without system selects none that has one",
            "ROR-HTTP-060": "with :not it excludes nothing",
            "ROR-HTTP-074": "_tag without system finds nothing",
        },
        query=valued(_TOKENS - {"_id"}, _system_required),
    ),
    Fault(
        "identifier-with-system-unmatched",
        {
            "fr": "Un identifiant avec système ne sélectionne rien",
            "en": "An identifier with its system selects nothing",
        },
        "ROR-HTTP-075",
        {
            "ROR-SP-ORG-identifier": "identifier=system|value is lost",
            "ROR-SP-PRA-identifier": "identifier=system|value is lost",
            "ROR-HTTP-058": "identifier:above with a system is lost",
            "ROR-HTTP-059": ":of-type with a system is lost",
            "ROR-SP-HS-identifier": "identifier=|value is lost",
            "ROR-SP-LOC-identifier": "identifier=|value is lost",
            "ROR-SP-PRO-identifier": "identifier=|value is lost",
            "ROR-HTTP-054": "_has on an identifier with system is lost",
            "ROR-HTTP-053": "a chain to an identifier with system is lost",
        },
        query=valued(frozenset(("identifier",)), _system_refused),
    ),
    Fault(
        "postal-code-exact",
        {"fr": "Le code postal est comparé en entier", "en": "The postal code is compared whole"},
        "ROR-HTTP-077",
        {"ROR-SP-LOC-address-postalcode": "the beginning of a postal code is not enough"},
        query=named(
            lambda kind, name: f"{name}:exact" if leaf(kind, name)[1:] == ("address-postalcode", "") else name
        ),
    ),
    Fault(
        "near-in-metres",
        {"fr": "Les kilomètres de near sont lus comme des mètres", "en": "The kilometres of near are read as metres"},
        "ROR-HTTP-080",
        {
            "ROR-SP-LOC-near": "places within the distance are missing",
            "ROR-HTTP-042": "places within the distance are missing",
        },
        query=valued(frozenset(("near",)), _metres),
    ),
    Fault(
        "near-insee-code-in-metres",
        {
            "fr": "Les kilomètres de near-insee-code sont lus comme des mètres",
            "en": "The kilometres of near-insee-code are read as metres",
        },
        "ROR-HTTP-081",
        {
            "ROR-SP-LOC-near-insee-code": "places within the distance are missing",
            "ROR-HTTP-042": "places are missing",
        },
        query=valued(frozenset(("near-insee-code",)), _metres),
    ),
    Fault(
        "nb-capacity-prefix-ignored",
        {"fr": "Le préfixe de nb-capacity est ignoré", "en": "The prefix of nb-capacity is ignored"},
        "ROR-HTTP-079",
        {"ROR-SP-LOC-nb-capacity": "gt0 is read as 0", "ROR-HTTP-065": "prefixes of a number are ignored"},
        query=valued(frozenset(("nb-capacity",)), _without_prefix),
    ),
    Fault(
        "quantity-with-unit-unmatched",
        {"fr": "Une quantité avec unité ne sélectionne rien", "en": "A quantity with its unit selects nothing"},
        "ROR-HTTP-078",
        {
            f"ROR-SP-{name}": "a quantity with system and code is lost"
            for name in ("HS-age-range-low", "HS-age-range-high", "LOC-limit-value")
        },
        query=valued(of_kind("quantity"), _other_units),
    ),
    Fault(
        "filter-ignored",
        {"fr": "_filter est ignoré", "en": "_filter is ignored"},
        "ROR-HTTP-045",
        {
            "ROR-HTTP-047": "its operators do nothing",
            "ROR-HTTP-017": "an unreadable expression is not refused",
            "ROR-HTTP-046": "lists do nothing",
            "ROR-HTTP-048": "its operators do nothing",
            "ROR-HTTP-049": "parentheses do nothing",
            "ROR-HTTP-050": "chains in it do nothing",
            "ROR-HTTP-019": _SELF,
            "ROR-HTTP-084": "a bad expression is not refused",
        },
        query=kept(lambda _kind, name, _value: name != "_filter"),
    ),
    Fault(
        "filter-or-as-and",
        {"fr": "Le or de _filter est lu comme and", "en": "The or of _filter is read as and"},
        "ROR-HTTP-047",
        {
            "ROR-HTTP-045": "the expression selects too little",
            "ROR-HTTP-046": "a list of values selects too little",
            "ROR-HTTP-049": "groups select too little",
        },
        query=valued(frozenset(("_filter",)), _filter_with_and),
    ),
    Fault(
        "chain-ignored",
        {"fr": "Les critères chaînés sont ignorés", "en": "Chained criteria are ignored"},
        "ROR-HTTP-053",
        {
            "ROR-SRC-001": "an ignored criterion does not narrow",
            "ROR-HTTP-019": _SELF,
            "ROR-HTTP-042": "without a point there is no distance",
            "ROR-HTTP-058": ":above after a chain is ignored",
            "ROR-HTTP-079": "location.nb-capacity is ignored",
            "ROR-HTTP-077": "location.address-postalcode is ignored",
            "ROR-HTTP-080": "location.near is ignored",
            "ROR-HTTP-081": "location.near-insee-code is ignored",
            "ROR-HTTP-057": "both criteria are ignored",
            "ROR-HTTP-054": "a chain after _has is ignored",
        },
        query=kept(lambda _kind, name, _value: "." not in name),
    ),
    Fault(
        "has-ignored",
        {"fr": "_has est ignoré", "en": "_has is ignored"},
        "ROR-HTTP-054",
        {
            "ROR-HTTP-055": "its paths do nothing",
            "ROR-SRC-001": "an ignored criterion does not narrow",
            "ROR-HTTP-019": _SELF,
        },
        query=kept(lambda _kind, name, _value: not name.startswith("_has:")),
    ),
    Fault(
        "not-ignored",
        {"fr": "Le modificateur :not est ignoré", "en": "The modifier :not is ignored"},
        "ROR-HTTP-060",
        {},
        query=named(lambda _kind, name: name.removesuffix(":not")),
    ),
    Fault(
        "of-type-ignored",
        {"fr": "Un critère :of-type est ignoré", "en": "A criterion with :of-type is ignored"},
        "ROR-HTTP-059",
        {
            "ROR-SRC-001": "an ignored criterion does not narrow",
            "ROR-HTTP-019": _SELF,
            "ROR-HTTP-076": "types of identifiers are not told apart",
            "ROR-HTTP-084": "a bad value is not refused",
        },
        query=kept(lambda _kind, name, _value: not name.endswith(":of-type")),
    ),
    Fault(
        "above-ignored",
        {"fr": "Le modificateur :above est ignoré", "en": "The modifier :above is ignored"},
        "ROR-HTTP-058",
        {},
        query=named(lambda _kind, name: name.removesuffix(":above")),
    ),
    Fault(
        "unknown-modifier-ignored",
        {"fr": "Un modificateur inconnu est ignoré", "en": "An unknown modifier is ignored"},
        "ROR-HTTP-064",
        {
            "ROR-HTTP-017": "a search that cannot be executed is answered",
            "ROR-HTTP-084": "a bad request is accepted",
            "ROR-HTTP-018": "no OperationOutcome says so",
            "ROR-HTTP-061": "modifiers outside the list are accepted",
        },
        query=named(_bare_name),
    ),
    Fault(
        "date-gt-as-ge",
        {"fr": "Le préfixe gt des dates est lu comme ge", "en": "The prefix gt of dates is read as ge"},
        "ROR-HTTP-065",
        {"ROR-HTTP-070": "_lastUpdated selects too much"},
        query=valued(_DATES, lambda value: _swapped("gt", "ge", value)),
    ),
    Fault(
        "date-lt-as-le",
        {"fr": "Le préfixe lt des dates est lu comme le", "en": "The prefix lt of dates is read as le"},
        "ROR-HTTP-065",
        {"ROR-HTTP-070": "_lastUpdated selects too much"},
        query=valued(_DATES, lambda value: _swapped("lt", "le", value)),
    ),
    Fault(
        "date-sa-as-ge",
        {"fr": "Le préfixe sa des dates est lu comme ge", "en": "The prefix sa of dates is read as ge"},
        "ROR-HTTP-065",
        {"ROR-HTTP-070": "_lastUpdated selects too much"},
        query=valued(_DATES, lambda value: _swapped("sa", "ge", value)),
    ),
    Fault(
        "date-le-ignored",
        {
            "fr": "Un critère de date avec le préfixe le est ignoré",
            "en": "A date criterion with the prefix le is ignored",
        },
        "ROR-HTTP-065",
        {
            "ROR-HTTP-069": "a period has no end",
            "ROR-HTTP-070": "_lastUpdated selects too much",
            "ROR-SRC-001": "an ignored criterion does not narrow",
            "ROR-HTTP-019": _SELF,
        },
        query=kept(lambda kind, name, value: not (leaf(kind, name)[1] in _DATES and value.startswith("le"))),
    ),
    Fault(
        "sort-ignored",
        {"fr": "_sort est ignoré", "en": "_sort is ignored"},
        "ROR-HTTP-028",
        {"ROR-HTTP-029": "no key sorts", "ROR-HTTP-019": _SELF},
        query=kept(lambda _kind, name, _value: name != "_sort"),
    ),
    Fault(
        "sort-direction-wrong",
        {"fr": "_sort trie dans le sens contraire", "en": "_sort sorts in the wrong direction"},
        "ROR-HTTP-028",
        {"ROR-HTTP-029": "keys sort backwards"},
        query=valued(frozenset(("_sort",)), _sort_flipped),
    ),
)
