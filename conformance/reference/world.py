"""What the parts of the region generator share: the seeded source of chance, counters, decks, dates, metadata."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from conformance.reference.fragments import ROR, Fragment, Fragments
from conformance.reference.nomenclature import Deck, Nomenclatures, system_url
from conformance.reference.places import Commune
from conformance.reference.territories import OUEST, Territory

FIRST_UPDATE = datetime(2024, 11, 1, tzinfo=UTC)
_UPDATE_DAYS = 730
_SYNONYMS: Mapping[str, str] = {"offer": "healthcareservice", "place": "location"}


class World:
    """One generation in progress; every choice goes through it, so a seed gives one region."""

    def __init__(self, seed: int, territory: Territory = OUEST, codes: Nomenclatures | None = None) -> None:
        self.territory = territory
        self.rng = Random(f"{territory.name}{seed}" if territory.turn else seed)  # noqa: S311 - a reproducible region, not a secret
        self.codes = codes or Nomenclatures()
        self.parts = Fragments(self.codes)
        self._id = 1000 + 1_000_000 * territory.turn
        self._sequences: dict[str, int] = {}
        self._decks: dict[str, Deck[Any]] = {}
        self._profiles: dict[str, list[str]] = {}
        self._tags: dict[str, list[Fragment]] = {}

    def next_id(self) -> str:
        """A technical id: a short number, never reused, never a functional identifier."""
        self._id += 1
        return str(self._id)

    def sequence(self, name: str) -> int:
        """The next number of a named sequence, from 1."""
        self._sequences[name] = self._sequences.get(name, 0) + 1
        return self._sequences[name]

    def draw(self, name: str, weights: Mapping[Any, int]) -> Any:
        """A card of the named deck, made of ``weights`` at first use."""
        deck = self._decks.get(name)
        if deck is None:
            deck = self._decks[name] = Deck(self.rng, weights)
        return deck.draw()

    def chance(self, name: str, yes: int, no: int) -> bool:
        """True ``yes`` times out of ``yes + no``, in small regions too."""
        return bool(self.draw(name, {True: yes, False: no}))

    def instant(self) -> str:
        """A time of the two years of the region, with milliseconds and the zone of France."""
        seconds = self.rng.randrange(_UPDATE_DAYS * 86400)
        moment = FIRST_UPDATE + timedelta(seconds=seconds, milliseconds=self.rng.randrange(1000))
        zone = "+02:00" if 4 <= moment.month <= 10 else "+01:00"
        return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}{zone}"

    def day(self, first_year: int, last_year: int) -> str:
        """A date between two years, on one of few days of the month so that dates repeat."""
        return (
            f"{self.rng.randint(first_year, last_year)}-{self.rng.randint(1, 12):02d}-{self.rng.choice((1, 15)):02d}"
        )

    def phone(self) -> str:
        """A telephone number of a range kept for fiction (02 61 91)."""
        return f"02 61 91 {self.rng.randint(0, 99):02d} {self.rng.randint(0, 99):02d}"

    def meta(self, kind: str, region: str) -> Fragment:
        """The metadata of a resource: version, last update, profile, region tag."""
        name = _SYNONYMS.get(kind, kind)
        profile = self._profiles.setdefault(name, [f"{ROR}ror-{name}"])
        if region not in self._tags:
            self._tags[region] = [self.codes.coding("J237", region)]
        return {"versionId": "1", "lastUpdated": self.instant(), "profile": profile, "tag": self._tags[region]}

    def created(self) -> Fragment:
        """The extension that says when the record was created."""
        return self.parts.plain(ROR + "ror-meta-creation-date", "DateTime", f"{self.day(2015, 2023)}T08:30:00+01:00")

    def commune_concept(self, commune: Commune) -> Fragment:
        """The CodeableConcept of a commune (TRE_R13)."""
        coding = {"system": system_url("TRE_R13-CommuneOM"), "code": commune.code, "display": commune.name}
        return {"coding": [coding]}
