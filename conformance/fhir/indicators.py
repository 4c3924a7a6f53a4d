"""Indicators of population and quality over what a ROR describes (``profiles/indicators.yaml``): a case for each thing
that one looks at, and the tables that count them by use case, region and domain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from conformance.fhir.estate import Estate, Offer, Structure, fields_of
from conformance.fhir.search import folded
from conformance.finess import Finess, Registered
from conformance.scenario_words import USE_CASES

CONFORM, GAP, UNCONCERNED = "conform", "gap", "not-applicable"
FINAL, BEGUN, TO_DO = "final", "begun", "to-do"
ALL = ("socle", "inter-ror")
NATIONAL = "00"  # the region of the sums over regions
_HEALTH, _SOCIAL, _CITY = frozenset(("01", "02", "03")), frozenset(("04",)), frozenset(("05",))
_USES = {"01": "regulation-snp", "03": "regulation-snp", "02": "orientation-ssr", "04": "orientation-pa-ph"}
_MEETINGS = frozenset(("202", "211"))
_EMERGENCY, _LODGING = "33", "46"
_RESPITE, _ADAPTED = "38", "25"  # categories of organisation that CP5 and CP6 leave aside
_YEAR = timedelta(days=365)
_MANY, _SHARE = 8, 0.25
_CRITERIA = ("field", "mode", "ages", "activity", "contact")


@dataclass(frozen=True, slots=True)
class Case:
    """What an indicator says of one thing: ``conform``, ``gap`` or ``not-applicable``; ``status`` of a description."""

    indicator: str
    answer: str
    region: str
    domain: str
    use_cases: frozenset[str]
    key: str
    status: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the tables: how many things are concerned, conform, in gap, not concerned; how many descriptions are
    final, begun, to do where the indicator tells."""

    indicator: str
    use_case: str
    region: str
    domain: str
    perimeter: int
    conform: int
    gap: int
    unconcerned: int
    begun: int
    to_do: int

    @property
    def rate(self) -> float | None:
        """The share that conforms; None of nothing."""
        return self.conform / self.perimeter if self.perimeter else None


class Indicators:
    """The cases of every indicator, on a day. ``lists`` are those of the definitions."""

    def __init__(self, estate: Estate, lists: Mapping[str, Any], day: date, finess: Finess | None = None) -> None:
        self.estate, self.lists, self.day, self.finess = estate, lists, day, finess
        self._offers = estate.offers_by_establishment()
        self._houses = estate.establishments()
        self._statuses = {one.key: self._status(one) for one in estate.offers.values() if one.open and one.region}

    def cases(self) -> Iterator[Case]:
        """All cases; those that need a FINESS extract where there is one."""
        for name, tell in (_OF_API if self.finess is None else {**_OF_API, **_OF_FINESS}).items():
            yield from tell(self, name)

    # --- of the resources alone

    def _status(self, offer: Offer) -> str:
        """Final when every criterion that applies is met, begun when one is, else to do."""
        met = [one in offer.complete for one in _CRITERIA]
        house = self.estate.establishment(offer.key)
        if house is not None and house.category in self.lists["category-wanted"]:
            met.append("category" in offer.complete)
        met.append(any(site.addressed for key in offer.places if (site := self.estate.sites.get(key)) is not None))
        return FINAL if all(met) else BEGUN if any(met) else TO_DO

    def _described_offers(self, name: str) -> Iterator[Case]:
        for key, status in self._statuses.items():
            yield self._of_offer(name, status == FINAL, self.estate.offers[key], status)

    def _populated(self, name: str) -> Iterator[Case]:
        """One case for each establishment and, of a health establishment, each field of activity."""
        for house, wanted in self._targets():
            offers = self._offers.get(house.key, [])
            chosen = [one for one in offers if wanted in one.fields] if wanted else offers
            statuses = [self._statuses.get(one.key, TO_DO) for one in chosen]
            whole = bool(statuses) and all(one == FINAL for one in statuses)
            status = FINAL if whole else BEGUN if BEGUN in statuses else TO_DO
            yield self._of_house(name, whole, house, status, fields=frozenset((wanted,)) if wanted else None)

    def _targets(self) -> Iterator[tuple[Structure, str]]:
        """What is to be populated: an establishment, and a field of activity for those of health."""
        if self.finess is not None:
            known = {one.finess: one for one in self._houses if one.finess}
            for one in self.finess.expected(self.lists["followed"]):
                house = known.get(one.number) or _absent(one)
                yield from ((house, field) for field in one.fields or ("",))
            return
        for house in self._houses:
            if house.open and house.category in self.lists["followed"]:
                fields = sorted(fields_of(self._offers.get(house.key, [])) & _HEALTH)
                yield from ((house, field) for field in fields or ("",))

    def _unique(self, name: str) -> Iterator[Case]:
        """Open legal entities and establishments outside the city, whose national identifier no other one has."""
        here = [one for one in self.estate.structures.values()
                if one.open and not one.internal and not one.key.endswith("ejv")
                and (one.legal or (one.category and one.category not in self.lists["city-categories"]))]
        shared = Counter((one.region, one.national) for one in here if one.national)
        for one in here:
            yield self._of_house(name, shared[one.region, one.national] <= 1, one)

    def _fresh(self, name: str) -> Iterator[Case]:
        for house in self._outside_city():
            offers = self._offers.get(house.key, [])
            recent = sum(self._recent(one) for one in offers)
            enough = recent >= 1 if len(offers) < _MANY else round(recent / len(offers), 2) >= _SHARE
            yield self._of_house(name, not offers or enough, house)

    def _recent(self, offer: Offer) -> bool:
        try:
            return self.day - datetime.fromisoformat(offer.updated).date() <= _YEAR
        except ValueError:
            return False

    def _reception(self, name: str) -> Iterator[Case]:
        for offer, concerned in self._lodging():
            yield self._of_offer(name, bool(offer.categories and offer.receptions), offer, concerned=concerned)

    def _places(self, name: str) -> Iterator[Case]:
        for offer, concerned in self._lodging():
            places = sum(self.estate.sites[key].installed for key in offer.places if key in self.estate.sites)
            yield self._of_offer(name, places > 0, offer, concerned=concerned and _ADAPTED not in offer.categories)

    def _lodging(self) -> Iterator[tuple[Offer, bool]]:
        """The open offers that lodge or receive in medico-social establishments, and whether the rule concerns them."""
        for offer in self._open():
            house = self.estate.establishment(offer.key)
            category = house.category if house is not None else ""
            wide, narrow = self.lists["reception"], self.lists["reception-lodging"]
            if offer.modes & set(self.lists["lodging-modes"]) and _RESPITE not in offer.categories:
                yield offer, category in wide or (category in narrow and _LODGING in offer.modes)

    def _emergencies(self, name: str) -> Iterator[Case]:
        for offer in self._open():
            if _EMERGENCY in offer.modes and offer.activities & set(self.lists["emergencies"]):
                yield self._of_offer(name, "urgence" in folded(offer.name), offer)

    def _flagged(self, name: str) -> Iterator[Case]:
        """Units presumed sensitive, and those that are flagged."""
        aside = {*self.lists["not-sensitive-categories"], *self.lists["city-categories"]}
        for offer in self._open():
            house = self.estate.establishment(offer.key)
            presumed = (house is None or house.category not in aside) and (
                bool(offer.activities & set(self.lists["sensitive-activities"]))
                or any(word in folded(offer.name) for word in self.lists["sensitive-words"]))
            if presumed or offer.sensitive:
                yield self._of_offer(name, presumed and offer.sensitive, offer)

    # --- with a FINESS extract

    def _present(self, name: str) -> Iterator[Case]:
        assert self.finess is not None
        known = {one.finess: one for one in self._houses if one.finess}
        for one in self.finess.expected(self.lists["followed"]):
            house = known.get(one.number)
            yield self._of_house(name, house is not None, house or _absent(one))

    def _state(self, name: str) -> Iterator[Case]:
        """Open or closed on both sides, and closed in the same way."""
        assert self.finess is not None
        for house in self._numbered():
            one = self.finess.of(house.finess)
            same = one is not None and one.open == house.open and one.closing == house.closing
            yield self._of_house(name, same, house)

    def _intensive(self, name: str) -> Iterator[Case]:
        assert self.finess is not None
        rule = self.lists["intensive-care"][name]
        known = {one.finess: one for one in self._houses if one.finess}
        for one in self.finess.expected(self.lists["followed"]):
            if set(rule["authorisations"]) & one.authorisations:
                house = known.get(one.number)
                offers = [each for each in self.estate.offers.values() if house is not None
                          and self.estate.establishment(each.key) is house]
                yield self._of_house(name, any(each.activities & set(rule["activities"]) for each in offers),
                                     house or _absent(one))

    def _attached(self, name: str) -> Iterator[Case]:
        assert self.finess is not None
        for house in self._numbered():
            one, above = self.finess.of(house.finess), self.estate.structures.get(house.above)
            if house.open:
                yield self._of_house(name, one is not None and above is not None and above.finess == one.legal, house)

    def _category(self, name: str) -> Iterator[Case]:
        assert self.finess is not None
        for house in self._numbered():
            one = self.finess.of(house.finess)
            if house.open and house.category not in self.lists["city-categories"]:
                yield self._of_house(name, one is not None and one.category == house.category, house)

    # --- what they share

    def _numbered(self) -> list[Structure]:
        return [one for one in self._houses if one.finess and one.region]

    def _open(self) -> list[Offer]:
        return [self.estate.offers[key] for key in self._statuses]

    def _outside_city(self) -> list[Structure]:
        return [one for one in self._houses if one.open and one.category not in self.lists["city-categories"]]

    def _of_offer(self, name: str, right: bool, offer: Offer, status: str = "", concerned: bool = True) -> Case:
        answer = (CONFORM if right else GAP) if concerned else UNCONCERNED
        return Case(name, answer, offer.region, _domain(offer.fields), _uses([offer]), offer.key, status)

    def _of_house(
        self, name: str, right: bool, house: Structure, status: str = "", fields: frozenset[str] | None = None
    ) -> Case:
        offers = self._offers.get(house.key, [])
        chosen = [one for one in offers if fields is None or fields & one.fields]
        domain = _domain(fields if fields is not None else fields_of(offers))
        return Case(name, CONFORM if right else GAP, house.region, domain, _uses(chosen), house.key, status)


Telling = Callable[[Indicators, str], Iterator[Case]]
_OF_API: Mapping[str, Telling] = {
    "POP-UE-STATUS": Indicators._described_offers, "POP-EG-STATUS": Indicators._populated,
    "CP4": Indicators._populated, "ST3": Indicators._unique, "RE1.2": Indicators._fresh, "CP5": Indicators._reception,
    "CP6": Indicators._places, "CO1": Indicators._emergencies, "CO3": Indicators._flagged,
}
_OF_FINESS: Mapping[str, Telling] = {
    "EX1.2": Indicators._present, "EX2": Indicators._state, "EX3": Indicators._intensive,
    "EX4": Indicators._intensive, "EX5": Indicators._intensive, "ST2": Indicators._attached,
    "CO4": Indicators._category,
}


def _absent(one: Registered) -> Structure:
    """An establishment that FINESS knows and the ROR does not."""
    return Structure(one.number, "", one.number, "", one.category, False, False, "", "")


def _domain(fields: frozenset[str]) -> str:
    """The domain of fields of activity: health where one is, then medico-social, then the city."""
    for domain, codes in (("health", _HEALTH), ("medico-social", _SOCIAL), ("city", _CITY)):
        if fields & codes:
            return domain
    return "other"


def _uses(offers: Iterable[Offer]) -> frozenset[str]:
    """The use cases that need some offers."""
    found = set(ALL)
    for one in offers:
        found |= {_USES[code] for code in one.fields if code in _USES}
        if one.activities & _MEETINGS:
            found.add("rcp-cancerologie")
    return frozenset(found)


def rows(cases: Iterable[Case]) -> list[Row]:
    """The tables: cases counted by indicator, use case, region and domain, and over all regions, all domains."""
    counted: dict[tuple[str, str, str, str], Counter[str]] = {}
    for case in cases:
        for use in case.use_cases:
            for region in (case.region, NATIONAL):
                for domain in (case.domain, ""):
                    counts = counted.setdefault((case.indicator, use, region, domain), Counter())
                    counts[case.answer] += 1
                    counts[case.status] += bool(case.status)
    return [Row(*key, perimeter=counts[CONFORM] + counts[GAP], conform=counts[CONFORM], gap=counts[GAP],
                unconcerned=counts[UNCONCERNED], begun=counts[BEGUN], to_do=counts[TO_DO])
            for key, counts in sorted(counted.items(), key=lambda one: _turn(*one[0]))]


def _turn(indicator: str, use_case: str, region: str, domain: str) -> tuple[str, int, str, str]:
    return indicator, USE_CASES.index(use_case), region, domain


def gaps(cases: Iterable[Case], most: int) -> dict[str, Sequence[str]]:
    """The first things in gap, by indicator."""
    found: dict[str, list[str]] = {}
    for case in cases:
        kept = found.setdefault(case.indicator, [])
        if case.answer == GAP and len(kept) < most:
            kept.append(case.key)
    return dict(found)
