"""Subtle faults: single examples seldom show them, laws of searching do."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from conformance.reference import filters
from conformance.reference.changes import only
from conformance.reference.fault import Answer, Asked, Fault, Json, Pairs
from conformance.reference.includes import Key
from conformance.reference.refusal import Refusal
from conformance.reference.rewriting import Rewrite, leaf, of_kind, valued
from conformance.reference.store import Store
from conformance.reference.values import split

_DATES, _TOKENS, _STRINGS = of_kind("date"), of_kind("token"), of_kind("string")
_ZONE = re.compile(r"[+-]\d\d:\d\d$")
_DAY = re.compile(r"(eq)?(\d{4}-\d\d-\d\d)$")
_RESULT = ("_count", "_sort", "_include", "_revinclude", "_page")
_NONE: Mapping[str, str] = MappingProxyType({})
_PERIOD = {"ROR-HTTP-069": "a period repeats a parameter"}
# the law that shows what breaks a requirement, where a fault names none
_SHOWN_BY = {
    "ROR-SRC-001": "intersects", "ROR-SRC-002": "any-order", "ROR-SRC-003": "spelling-agrees",
    "ROR-SRC-004": "answers-again", "ROR-SRC-005": "zones-agree", "ROR-PAG-001": "pages-partition",
    "ROR-RD-001": "reads-as-found", "ROR-HTTP-012": "totals-agree", "ROR-HTTP-028": "sorts",
    "ROR-SRC-006": "missing-partitions", "ROR-SRC-007": "exact-within", "ROR-SRC-009": "reductions-only-remove",
    "ROR-HTTP-033": "includes-close", "ROR-HTTP-034": "revincludes-close",
    "ROR-HTTP-045": "filters-as-plain", "ROR-HTTP-053": "chains-in-two-steps",
    "ROR-HTTP-054": "has-in-two-steps", "ROR-HTTP-060": "not-partitions", "ROR-HTTP-065": "prefixes-agree",
    "ROR-HTTP-071": "unites", "ROR-HTTP-073": "systems-agree", "ROR-HTTP-080": "distance-grows",
    "ROR-HTTP-084": "answers-all",
}


def _fault(name: str, fr: str, en: str, breaks: str, also: Mapping[str, str] = _NONE, *, law: str = "",
           **hooks: object) -> Fault:
    return Fault(name, {"fr": fr, "en": en}, breaks, also, law=law or _SHOWN_BY[breaks], **hooks)  # type: ignore[arg-type]


def _criterion(name: str) -> bool:
    return name.partition(":")[0] not in _RESULT


def _two_values(value: str) -> str:
    return ",".join(split(value, ",")[:2])


def _first_text(value: str) -> str:
    return split(value, ",")[0]


def _other_system(value: str) -> str:
    """A system that nobody uses is taken for any."""
    return ",".join(part.partition("|")[2] if part.startswith("urn:") else part for part in split(value, ","))


def _day_gt_as_ge(value: str) -> str:
    return f"ge{value[2:]}" if value.startswith("gt") and len(value) == 12 else value


def _le_as_lt(value: str) -> str:
    return f"lt{value[2:]}" if value.startswith("le") else value


def _month_lt_as_le(value: str) -> str:
    return f"le{value[2:]}" if value.startswith("lt") and len(value) == 9 else value


def _midnight(value: str) -> str:
    return f"{value}T00:00:00Z" if _DAY.match(value) else value


def _zone_lost(value: str) -> str:
    return f"{_ZONE.sub('', value)}Z" if _ZONE.search(value) else value


def _capitals(value: str) -> str:
    """A text in capitals finds nothing that is not."""
    return f"{value}\u0001" if value.isupper() and len(value) > 1 else value


class _Turning:
    """Every other search has the opposite order."""

    def __init__(self) -> None:
        self._searches = itertools.count()

    def __call__(self, matches: list[int]) -> list[int]:
        return matches[::-1] if next(self._searches) % 2 else matches


def _fewer_later(bundle: Json, asked: Asked) -> Json:
    return {**bundle, "total": bundle["total"] - 1} if asked.start else bundle


def _without_later_inclusions(bundle: Json, asked: Asked) -> Json:
    entries = [one for one in bundle.get("entry", []) if not asked.start or one["search"]["mode"] != "include"]
    return {**bundle, "entry": entries} if "entry" in bundle else bundle


def _first_inclusion_lost(_store: Store, _kind: str, _ranks: list[int], keys: list[Key]) -> list[Key]:
    return keys[1:] if len(keys) > 4 else keys


def _not_needs_element(_kind: str, pairs: Pairs) -> Pairs:
    found: list[tuple[str, str]] = []
    for name, value in pairs:
        found.append((name, value))
        if name.endswith(":not"):
            found.append((f"{name.removesuffix(':not')}:missing", "false"))
    return tuple(found)


def _not_alone(_kind: str, pairs: Pairs) -> Pairs:
    """A negation makes the server forget the other criteria."""
    negated = any(name.endswith(":not") for name, _ in pairs)
    return tuple(pair for pair in pairs if not negated or pair[0].endswith(":not") or not _criterion(pair[0]))


def _has_any_value(kind: str, pairs: Pairs) -> Pairs:
    return tuple((f"{name}:missing", "false") if name.startswith("_has:") and leaf(kind, name)[2] == "" else
                 (name, value) for name, value in pairs)


def _linked_exact(begins: Callable[[str], bool]) -> Rewrite:
    """Texts after a link are compared whole."""
    def rewrite(kind: str, pairs: Pairs) -> Pairs:
        return tuple((f"{name}:exact", value) if begins(name) and leaf(kind, name)[1:2][0] in _STRINGS
                     and not leaf(kind, name)[2] else (name, value) for name, value in pairs)
    return rewrite


def _own_name(kind: str, pairs: Pairs) -> Pairs:
    """organization.name is taken for the name of the offer."""
    return tuple(("name" if kind == "HealthcareService" and name == "organization.name" else name, value)
                 for name, value in pairs)


def _two_criteria(_kind: str, pairs: Pairs) -> Pairs:
    found, count = list[tuple[str, str]](), 0
    for name, value in pairs:
        count += _criterion(name)
        if count <= 2 or not _criterion(name):
            found.append((name, value))
    return tuple(found)


def _last_of_each(_kind: str, pairs: Pairs) -> Pairs:
    last = dict(pairs)
    return tuple(dict.fromkeys((name, last[name] if _criterion(name) else value) for name, value in pairs))


def _first_of_each(_kind: str, pairs: Pairs) -> Pairs:
    first: dict[str, str] = {}
    for name, value in pairs:
        first.setdefault(name, value)
    return tuple(dict.fromkeys((name, first[name] if _criterion(name) else value) for name, value in pairs))


def _old_left_out(by: str) -> Rewrite:
    """What has not changed for long is left out when a parameter is given."""
    return lambda _kind, pairs: (*pairs, ("_lastUpdated", "ge2025-06")) if by in dict(pairs) else pairs


def _having_all(_kind: str, pairs: Pairs) -> Pairs:
    return tuple((name, value) for name, value in pairs if not (name.endswith(":missing") and value == "false"))


def _exact_plain(_kind: str, pairs: Pairs) -> Pairs:
    return tuple((name.removesuffix(":exact"), value) for name, value in pairs)


def _last_two_swapped(bundle: Json, asked: Asked) -> Json:
    entries = bundle.get("entry", [])
    matches = [one for one in entries if one["search"]["mode"] == "match"]
    if len(matches) < 4 or not any(name == "_sort" for name, _ in asked.pairs):
        return bundle
    others = [one for one in entries if one["search"]["mode"] != "match"]
    return {**bundle, "entry": [*matches[:-2], matches[-1], matches[-2], *others]}


def _any_for_and(expression: filters.Expression) -> filters.Expression:
    if isinstance(expression, filters.Compare):
        return expression
    word = "or" if expression.word == "and" else expression.word
    return filters.Logic(word, tuple(map(_any_for_and, expression.parts)))


def _filter_any(value: str) -> str:
    try:
        return filters.render(_any_for_and(filters.parse(value)))
    except Refusal:
        return value


def _distance(change: Callable[[str], str]) -> Callable[[str], str]:
    def changed(value: str) -> str:
        parts = value.split("|")
        return "|".join([*parts[:2], change(parts[2]), *parts[3:]]) if len(parts) == 4 else value
    return changed


def _capped(text: str) -> str:
    return "30" if text.isdecimal() and int(text) > 30 else text


def _first_digit(text: str) -> str:
    return text[:1]


def _failing(wanted: Callable[[str], bool]) -> Callable[[Answer, Asked], Answer]:
    """The server fails where a value is as told."""
    def answer(given: Answer, asked: Asked) -> Answer:
        if asked.interaction == "search-type" and any(wanted(value) for _, value in asked.pairs):
            return Answer(500, given.headers, given.body)
        return given
    return answer


def _without_last(resource: Json) -> Json:
    held = resource.get("characteristic", [])
    return {**resource, "characteristic": held[:-1]} if held else resource


class _Forgetful:
    """A cache whose key leaves out the values of all criteria but the first: it answers with those seen first."""

    def __init__(self) -> None:
        self._seen: dict[object, Pairs] = {}

    def __call__(self, kind: str, pairs: Pairs) -> Pairs:
        if sum(_criterion(name) for name, _ in pairs) < 2:
            return pairs
        return self._seen.setdefault((kind, pairs[0], tuple(name for name, _ in pairs)), pairs)


class _Leftover:
    """The search before narrows the next one, unless this holds all that it found."""

    def __init__(self) -> None:
        self._before: frozenset[int] = frozenset()

    def __call__(self, matches: list[int]) -> list[int]:
        before, self._before = self._before, frozenset(matches)
        return matches if before <= self._before else [one for one in matches if one in before]


LAWS: tuple[Fault, ...] = (
    _fault("third-value-lost", "La troisième valeur après une virgule est perdue",
           "The third value after a comma is lost",
           "ROR-HTTP-071", query=valued(_TOKENS, _two_values)),
    _fault("texts-not-united", "La virgule n'unit pas les textes", "The comma does not unite texts", "ROR-HTTP-071",
           query=valued(_STRINGS, _first_text)),
    _fault("unknown-system-matched", "Un code d'un système inconnu est trouvé", "A code of an unknown system is found",
           "ROR-HTTP-073", query=valued(_TOKENS, _other_system)),
    _fault("gt-of-a-day-as-ge", "gt d'un jour entier lu comme ge", "gt of a whole day read as ge", "ROR-HTTP-065",
           query=valued(_DATES, _day_gt_as_ge)),
    _fault("le-as-lt", "le lu comme lt", "le read as lt", "ROR-HTTP-065", query=valued(_DATES, _le_as_lt)),
    _fault("lt-of-a-month-as-le", "lt d'un mois entier lu comme le", "lt of a whole month read as le", "ROR-HTTP-065",
           query=valued(_DATES, _month_lt_as_le)),
    _fault("day-as-midnight", "Un jour sans préfixe lu comme son premier instant",
           "A day without prefix read as its first moment", "ROR-HTTP-065", query=valued(_DATES, _midnight)),
    _fault("zone-lost", "Le fuseau horaire est perdu", "The time zone is lost", "ROR-SRC-005",
           query=valued(_DATES, _zone_lost)),
    _fault("capitals-unmatched", "Un texte en capitales ne trouve rien", "A text in capitals finds nothing",
           "ROR-SRC-003", query=valued(_STRINGS, _capitals)),
    _fault("order-turning", "L'ordre change d'une recherche à l'autre", "The order changes from search to search",
           "ROR-PAG-001", matches=_Turning()),
    _fault("total-fewer-later", "Le total baisse après la première page", "The total falls after the first page",
           "ROR-HTTP-012", bundle=_fewer_later),
    _fault("inclusions-on-first-page", "Pas d'inclusion après la première page", "No inclusion after the first page",
           "ROR-HTTP-033", bundle=_without_later_inclusions),
    _fault("inclusion-of-many-lost", "Une inclusion est perdue quand il y en a beaucoup",
           "An inclusion is lost when there are many", "ROR-HTTP-033", included=_first_inclusion_lost),
    _fault("reverse-inclusions-on-first-page", "Pas d'inclusion inverse après la première page",
           "No reverse inclusion after the first page", "ROR-HTTP-034", bundle=_without_later_inclusions),
    _fault("reverse-inclusion-of-many-lost", "Une inclusion inverse est perdue quand il y en a beaucoup",
           "A reverse inclusion is lost when there are many", "ROR-HTTP-034", included=_first_inclusion_lost),
    _fault("having-is-all", ":missing=false rend aussi ce qui n'a pas l'élément",
           ":missing=false returns what lacks the element too", "ROR-SRC-006", query=_having_all),
    _fault("exact-as-plain", ":exact est lu comme une recherche ordinaire", ":exact is read as a plain search",
           "ROR-SRC-007", query=_exact_plain),
    _fault("summary-loses-old", "_summary écarte ce qui est ancien", "_summary leaves out what is old", "ROR-SRC-009",
           query=_old_left_out("_summary")),
    _fault("not-needs-element", ":not écarte ce qui n'a pas l'élément", ":not leaves out what lacks the element",
           "ROR-HTTP-060", query=_not_needs_element),
    _fault("not-alone", ":not fait oublier les autres critères", ":not makes the other criteria forgotten",
           "ROR-HTTP-060",
           query=_not_alone),
    _fault("has-any-value", "_has ne regarde pas la valeur", "_has does not look at the value", "ROR-HTTP-054",
           query=_has_any_value),
    _fault("has-whole-text", "_has compare les textes en entier", "_has compares texts whole", "ROR-HTTP-054",
           query=_linked_exact(lambda name: name.startswith("_has:"))),
    _fault("chain-on-own-name", "organization.name cherche le nom de l'offre",
           "organization.name searches the offer's name",
           "ROR-HTTP-053", query=_own_name),
    _fault("chain-whole-text", "Un chaînage compare les textes en entier", "A chain compares texts whole",
           "ROR-HTTP-053",
           query=_linked_exact(lambda name: "." in name and not name.startswith("_has:"))),
    _fault("third-criterion-lost", "Le troisième critère est perdu", "The third criterion is lost", "ROR-SRC-002",
           query=_two_criteria),
    _fault("last-repetition-wins", "La dernière occurrence d'un paramètre l'emporte", "The last repetition wins",
           "ROR-SRC-001", _PERIOD, query=_last_of_each),
    _fault("first-repetition-wins", "La première occurrence d'un paramètre l'emporte", "The first repetition wins",
           "ROR-SRC-001", _PERIOD, query=_first_of_each),
    _fault("sort-loses-old", "Le tri écarte ce qui est ancien", "An order leaves out what is old", "ROR-HTTP-028",
           query=_old_left_out("_sort")),
    _fault("sort-last-swapped", "Les deux derniers d'une page triée sont échangés",
           "The last two of a sorted page are swapped", "ROR-HTTP-028", bundle=_last_two_swapped),
    _fault("filter-and-as-or", "Le and de _filter est lu comme or", "The and of _filter is read as or", "ROR-HTTP-045",
           query=valued(frozenset(("_filter",)), _filter_any)),
    _fault("distance-capped", "Au-delà de 30 km, la distance n'est plus lue", "Beyond 30 km the distance is not read",
           "ROR-HTTP-080", query=valued(frozenset(("near",)), _distance(_capped))),
    _fault("distance-first-digit", "Seul le premier chiffre de la distance est lu",
           "Only the first digit of a distance counts",
           "ROR-HTTP-080", query=valued(frozenset(("near",)), _distance(_first_digit))),
    _fault("read-loses-last", "La lecture perd la dernière caractéristique", "A read loses the last characteristic",
           "ROR-RD-001", read=lambda _store, resource: only("HealthcareService", _without_last)(resource)),
    _fault("cache-forgets-values", "Un cache oublie les valeurs des critères suivants",
           "A cache forgets the values of later criteria", "ROR-SRC-001", query=_Forgetful()),
    _fault("result-left-over", "Le résultat de la recherche précédente restreint la suivante",
           "The result of the search before narrows the next one", "ROR-SRC-004", matches=_Leftover()),
    _fault("error-on-backslash", "Une barre oblique inverse fait échouer le serveur",
           "A backslash makes the server fail",
           "ROR-HTTP-084", answer=_failing(lambda value: "\\" in value)),
    _fault("error-on-long-list", "Une liste de 1 000 valeurs fait échouer le serveur",
           "A list of 1,000 values makes the server fail", "ROR-HTTP-084",
           answer=_failing(lambda value: value.count(",") > 1000)),
    _fault("error-on-nul", "Un caractère nul fait échouer le serveur", "A NUL makes the server fail", "ROR-HTTP-084",
           answer=_failing(lambda value: "\u0000" in value)),
    _fault("error-on-leap-day", "Un 29 février qui n'existe pas fait échouer le serveur",
           "A 29 February that does not exist makes the server fail", "ROR-HTTP-084",
           answer=_failing(lambda value: "2023-02-29" in value)),
    _fault("error-on-emoji", "Un caractère hors du plan de base fait échouer le serveur",
           "A character beyond the basic plane makes the server fail", "ROR-HTTP-084",
           answer=_failing(lambda value: any(ord(char) > 0xFFFF for char in value))),
)
