"""Faults of the answer to a search: totals, pages, inclusions, links, entries."""

from __future__ import annotations

from collections.abc import Callable

from conformance.reference.bundle import LOCATION_DISTANCE
from conformance.reference.fault import Asked, Fault, Json, Pairs
from conformance.reference.includes import Key
from conformance.reference.rewriting import kept
from conformance.reference.store import Store

Includes = Callable[[Store, str, list[int], list[Key]], list[Key]]
EntryChange = Callable[[Json], Json]


def _entries(bundle: Json) -> list[Json]:
    found: list[Json] = bundle.get("entry", [])
    return found


def _total_of_page(bundle: Json, _asked: Asked) -> Json:
    matches = [entry for entry in _entries(bundle) if entry["search"]["mode"] == "match"]
    return {**bundle, "total": len(matches)}


def _total_with_includes(bundle: Json, _asked: Asked) -> Json:
    others = [entry for entry in _entries(bundle) if entry["search"]["mode"] == "include"]
    return {**bundle, "total": bundle["total"] + len(others)}


def _no_total(bundle: Json, _asked: Asked) -> Json:
    return {name: value for name, value in bundle.items() if name != "total"}


def _one_more(bundle: Json, _asked: Asked) -> Json:
    return {**bundle, "total": bundle["total"] + 1}


def _repeating(start: int, end: int) -> tuple[int, int]:
    return (start - 1, end - 1) if start else (start, end)


def _dropping(start: int, end: int) -> tuple[int, int]:
    return (start + 1, end) if start else (start, end)


def _linked(bundle: Json, relation: str, url: str) -> Json:
    links = [{**link, "url": url} if link["relation"] == relation else link for link in bundle["link"]]
    return {**bundle, "link": [link for link in links if link["url"]]}


def _broken_next(bundle: Json, asked: Asked) -> Json:
    return _linked(bundle, "next", f"{asked.base}/page/none")


def _no_next(bundle: Json, _asked: Asked) -> Json:
    return _linked(bundle, "next", "")


def _no_self(bundle: Json, _asked: Asked) -> Json:
    return _linked(bundle, "self", "")


def _bare_self(bundle: Json, asked: Asked) -> Json:
    return _linked(bundle, "self", f"{asked.base}/{asked.kind}")


def _none_of(kind: str) -> Includes:
    def keep(_store: Store, _kind: str, _matches: list[int], others: list[Key]) -> list[Key]:
        return [key for key in others if key[0] != kind]

    return keep


def _unrelated(store: Store, kind: str, _matches: list[int], others: list[Key]) -> list[Key]:
    """Adds the first organization of the store that nothing brought."""
    if kind != "HealthcareService" or not others:
        return others
    for rank in range(store.count("Organization")):
        if ("Organization", rank) not in others:
            return [*others, ("Organization", rank)]
    return others


def _once_only(_kind: str, pairs: Pairs) -> Pairs:
    return tuple((name.replace(":iterate", ""), value) for name, value in pairs)


def _each(bundle: Json, change: EntryChange) -> Json:
    return {**bundle, "entry": [change(entry) for entry in _entries(bundle)]} if "entry" in bundle else bundle


def _without_mode(entry: Json) -> Json:
    return {name: value for name, value in entry.items() if name != "search"}


def _all_matches(entry: Json) -> Json:
    return {**entry, "search": {**entry["search"], "mode": "match"}}


def _without_distance(entry: Json) -> Json:
    search = {name: value for name, value in entry["search"].items() if name != "extension"}
    return {**entry, "search": search}


def _distance_elsewhere(entry: Json) -> Json:
    return {
        **entry,
        "search": {
            name: value if name != "extension" else [{**value[0], "url": f"{LOCATION_DISTANCE}-km"}]
            for name, value in entry["search"].items()
        },
    }


def _same_full_url(bundle: Json, asked: Asked) -> Json:
    return _each(bundle, lambda entry: {**entry, "fullUrl": f"{asked.base}/{entry['resource']['resourceType']}/1"})


def _other_full_url(bundle: Json, asked: Asked) -> Json:
    return _each(
        bundle,
        lambda entry: {
            **entry,
            "fullUrl": f"{asked.base}/{entry['resource']['resourceType']}/x{entry['resource']['id']}",
        },
    )


_TOTAL = "ROR-HTTP-012"
_PAGES = {"ROR-HTTP-012": "the pages together do not make the total"}

BUNDLE: tuple[Fault, ...] = (
    Fault(
        "total-of-page",
        {"fr": "total ne compte que la page", "en": "total only counts the page"},
        _TOTAL,
        {"ROR-PAG-001": "the pages together do not make the total"},
        bundle=_total_of_page,
    ),
    Fault(
        "total-wrong",
        {"fr": "total compte un résultat de trop", "en": "total counts one match too many"},
        _TOTAL,
        {
            "ROR-PAG-001": "the pages together do not make the total",
            "ROR-HTTP-013": "a search without match has a total of 1",
        },
        bundle=_one_more,
    ),
    Fault(
        "total-with-includes",
        {"fr": "total compte les ressources incluses", "en": "total counts the included resources"},
        "ROR-HTTP-014",
        {_TOTAL: "total is not the number of matches"},
        bundle=_total_with_includes,
    ),
    Fault(
        "total-missing",
        {"fr": "total manque", "en": "total is missing"},
        _TOTAL,
        {"ROR-HTTP-013": "a search without match has no total", "ROR-HTTP-014": "there is no total to compare"},
        bundle=_no_total,
    ),
    Fault(
        "page-repeats",
        {
            "fr": "Chaque page répète le dernier résultat de la précédente",
            "en": "Each page repeats the last match of the one before",
        },
        "ROR-PAG-001",
        _PAGES,
        window=_repeating,
    ),
    Fault(
        "page-drops",
        {"fr": "Chaque page perd son premier résultat", "en": "Each page loses its first match"},
        "ROR-PAG-001",
        _PAGES,
        window=_dropping,
    ),
    Fault(
        "next-broken",
        {"fr": "Le lien next mène à une erreur 404", "en": "The next link leads to a 404 error"},
        "ROR-HTTP-024",
        {"ROR-PAG-001": "the pages cannot be followed"},
        bundle=_broken_next,
    ),
    Fault(
        "next-missing",
        {"fr": "Le lien next manque", "en": "The next link is missing"},
        "ROR-HTTP-024",
        {"ROR-PAG-001": "the pages cannot be followed"},
        bundle=_no_next,
    ),
    Fault(
        "count-ignored",
        {"fr": "_count est ignoré", "en": "_count is ignored"},
        "ROR-HTTP-023",
        {
            "ROR-HTTP-022": "_count has no effect",
            "ROR-HTTP-019": "the self link repeats a parameter that was not used",
            "ROR-HTTP-024": "there is one page only",
        },
        query=kept(lambda _kind, name, _value: name != "_count"),
    ),
    Fault(
        "page-too-large",
        {"fr": "Plus de 200 résultats par page par défaut", "en": "More than 200 matches per page by default"},
        "ROR-HTTP-022",
        {"ROR-HTTP-016": "more than the 200 first matches are returned"},
        page_sizes=(1000, 1000),
        offers=260,
    ),
    Fault(
        "include-organization-missing",
        {"fr": "L'organisation incluse manque", "en": "The included organization is missing"},
        "ROR-HTTP-033",
        {
            "ROR-HTTP-036": "HealthcareService:organization has no effect",
            "ROR-HTTP-035": "nothing is there to iterate from",
        },
        included=_none_of("Organization"),
    ),
    Fault(
        "include-location-missing",
        {"fr": "Le lieu inclus manque", "en": "The included place is missing"},
        "ROR-HTTP-033",
        {
            "ROR-HTTP-036": "HealthcareService:location has no effect",
            "ROR-HTTP-042": "without the place there is no distance",
        },
        included=_none_of("Location"),
    ),
    Fault(
        "include-iterate-missing",
        {"fr": "L'inclusion de partOf ne remonte pas", "en": "The inclusion of partOf does not go up"},
        "ROR-HTTP-035",
        {
            "ROR-HTTP-036": "Organization:partof has no effect",
            "ROR-HTTP-033": "an organization referenced is missing",
        },
        query=_once_only,
    ),
    Fault(
        "include-unrelated",
        {"fr": "Une organisation sans lien est incluse", "en": "An unrelated organization is included"},
        "ROR-HTTP-033",
        {"ROR-HTTP-035": "an organization comes from nowhere", "ROR-HTTP-034": "a resource comes from nowhere"},
        included=_unrelated,
    ),
    Fault(
        "revinclude-missing",
        {"fr": "La situation opérationnelle incluse en retour manque", "en": "The reverse included role is missing"},
        "ROR-HTTP-034",
        {
            "ROR-HTTP-037": "PractitionerRole:service has no effect",
            "ROR-HTTP-040": "without role there is no practitioner",
        },
        included=_none_of("PractitionerRole"),
    ),
    Fault(
        "revinclude-offer-missing",
        {
            "fr": "L'offre incluse en retour d'un lieu manque",
            "en": "The offer reverse included from a place is missing",
        },
        "ROR-HTTP-038",
        {"ROR-HTTP-034": "_revinclude has no effect on places"},
        included=_none_of("HealthcareService"),
    ),
    Fault(
        "bundle-collection",
        {"fr": "Le Bundle est de type collection", "en": "The Bundle is of type collection"},
        "ROR-HTTP-011",
        {},
        bundle=lambda bundle, _asked: {**bundle, "type": "collection"},
    ),
    Fault(
        "mode-missing",
        {"fr": "search.mode manque", "en": "search.mode is missing"},
        "ROR-HTTP-015",
        {
            "ROR-HTTP-042": "there is no entry.search",
            "ROR-HTTP-014": "matches and inclusions cannot be told apart",
            "ROR-HTTP-012": "matches and inclusions cannot be told apart",
            "ROR-HTTP-023": "matches and inclusions cannot be told apart",
            "ROR-PAG-001": "matches and inclusions cannot be told apart",
        },
        bundle=lambda bundle, _asked: _each(bundle, _without_mode),
    ),
    Fault(
        "mode-all-match",
        {"fr": "Les inclusions se disent résultats", "en": "Inclusions call themselves matches"},
        "ROR-HTTP-015",
        {
            "ROR-HTTP-012": "more matches than the total",
            "ROR-HTTP-014": "inclusions pass for matches",
            "ROR-HTTP-023": "inclusions pass for matches",
            "ROR-HTTP-033": "inclusions pass for matches",
            "ROR-HTTP-034": "inclusions pass for matches",
            "ROR-HTTP-035": "inclusions pass for matches",
            "ROR-PAG-001": "an inclusion of two pages passes for a match seen twice",
        },
        bundle=lambda bundle, _asked: _each(bundle, _all_matches),
    ),
    Fault(
        "full-url-repeated",
        {
            "fr": "Toutes les entrées d'un type ont le même fullUrl",
            "en": "All entries of a type have the same fullUrl",
        },
        "ROR-BDL-001",
        {},
        bundle=_same_full_url,
    ),
    Fault(
        "full-url-incoherent",
        {"fr": "fullUrl ne porte pas l'id de la ressource", "en": "fullUrl does not carry the id of the resource"},
        "ROR-BDL-001",
        {},
        bundle=_other_full_url,
    ),
    Fault(
        "distance-missing",
        {"fr": "La distance manque", "en": "The distance is missing"},
        "ROR-HTTP-042",
        {},
        bundle=lambda bundle, _asked: _each(bundle, _without_distance),
    ),
    Fault(
        "distance-other-extension",
        {"fr": "La distance est dans une autre extension", "en": "The distance is in another extension"},
        "ROR-HTTP-042",
        {},
        bundle=lambda bundle, _asked: _each(bundle, _distance_elsewhere),
    ),
    Fault(
        "self-missing",
        {"fr": "Le lien self manque", "en": "The self link is missing"},
        "ROR-HTTP-019",
        {},
        bundle=_no_self,
    ),
    Fault(
        "self-without-parameters",
        {"fr": "Le lien self oublie les paramètres", "en": "The self link forgets the parameters"},
        "ROR-HTTP-019",
        {},
        bundle=_bare_self,
    ),
)
