"""A fictitious region: legal entities, establishments, places, offers and professionals, all from one seed."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.reference.fragments import Fragment
from conformance.reference.offers import Offers, Setting
from conformance.reference.places import Commune, site_name
from conformance.reference.professionals import practitioner, role
from conformance.reference.sites import place, unattached
from conformance.reference.steering import anomalies, indicators, models
from conformance.reference.structures import Establishment, establishment, internal, legal_entity
from conformance.reference.territories import OUEST, Territory
from conformance.reference.world import World

# what each kind of establishment offers, field by field; about 40 % of all offers are rehabilitation (02)
_FIELDS = {
    "smr": ("02",) * 6,
    "ch": ("01", "01", "02", "01", "03", "01", "02", "01"),
    "psy": ("03",) * 4,
    "ms": ("04",) * 2,
}
_GIANT_EVERY = 40
_GIANT = 5
_CONCERNED = 7  # one offer and one establishment in so many has an anomaly
_ANOMALIES = 300


class _Region:
    def __init__(self, offers: int, world: World) -> None:
        self._left = offers
        self._world = world
        self._offers = Offers(world)
        self._rank = 0
        self._concerned: list[Fragment] = []
        self._offered = 0

    def resources(self) -> Iterator[Fragment]:
        while self._left > 0:
            commune = self._commune()
            entity, siren = legal_entity(self._world, commune)
            yield entity
            for _ in range(self._world.draw("houses", {1: 3, 2: 3, 3: 1})):
                if self._left > 0:
                    yield from self._house(entity, siren)
        if self._world.territory.steered:
            yield from anomalies(self._world, self._concerned[:_ANOMALIES])
            yield from indicators(self._world)
            yield from models(self._world)

    def _commune(self) -> Commune:
        """A commune, the first ones of the table more often."""
        rng = self._world.rng
        communes = self._world.territory.communes
        return communes[min(rng.randrange(len(communes)), rng.randrange(len(communes)))]

    def _house(self, entity: Fragment, siren: str) -> Iterator[Fragment]:
        kinds = self._world.territory.kinds
        kind = kinds[self._rank % len(kinds)]
        self._rank += 1
        house = establishment(self._world, self._commune(), kind, entity, siren)
        yield house.resource
        if self._rank % _CONCERNED == 0:
            self._concerned.append(house.resource)
        fields = list(_FIELDS[kind])
        if self._rank % _GIANT_EVERY == 0:
            fields *= _GIANT
        fields = fields[: self._left]
        self._left -= len(fields)
        units = self._units(house)
        yield from units
        places: dict[str, list[Fragment]] = {}
        for field in sorted(set(fields)):
            count = max(1, round(fields.count(field) * 0.7))
            places[field] = [place(self._world, house.commune, field, house.finess) for _ in range(count)]
            yield from places[field]
        if self._rank % 5 == 0:
            yield unattached(self._world, house)
        team: list[Fragment] = []
        for number, field in enumerate(fields):
            yield from self._offer(house, units, places[field], field, number, team)

    def _units(self, house: Establishment) -> list[Fragment]:
        """A pole and services under it in a hospital, one service in a centre, none in a small house."""
        if house.kind == "ms":
            return []
        name = site_name(self._world.rng)
        if house.kind != "ch":
            return [internal(self._world, house, house.resource, "2", f"Service {name}")]
        pole = internal(self._world, house, house.resource, "1", f"Pôle {name}")
        return [
            pole,
            *(internal(self._world, house, pole, "2", f"Service {site_name(self._world.rng)}") for _ in range(2)),
        ]

    def _offer(
        self,
        house: Establishment,
        units: list[Fragment],
        places: list[Fragment],
        field: str,
        number: int,
        team: list[Fragment],
    ) -> Iterator[Fragment]:
        world = self._world
        direct = not units or world.chance("direct", 3, 4)
        provider = house.resource if direct else units[-1 - number % len(units)]
        sensitive = world.chance("sensitive", 1, 15)
        used = [places[number % len(places)]]
        if sensitive:  # it has a place of its own
            used = [place(world, house.commune, field, house.finess)]
            yield used[0]
        elif len(places) > 1 and world.chance("two-places", 1, 3):
            used.append(places[(number + 1) % len(places)])
        offer = self._offers.offer(Setting(field, provider, used, house.commune, sensitive))
        yield offer
        self._offered += 1
        if self._offered % _CONCERNED == 1:
            self._concerned.append(offer)
        if sensitive or world.chance(f"staffed-{field}", 1, 1):
            if not team or world.chance("newcomer", 2, 1):
                team.append(practitioner(world, house.commune))
                yield team[-1]
            yield role(world, world.rng.choice(team), offer, house.commune)
            if world.chance("second-role", 1, 4):
                yield role(world, world.rng.choice(team), offer, house.commune)


def generate(offers: int = 300, seed: int = 2017, territory: Territory = OUEST) -> Iterator[Fragment]:
    """The resources of a territory with so many offers, referenced resources before those that reference them.

    Pieces of resources are shared: a resource is replaced, never changed in place.
    """
    return _Region(offers, World(seed, territory)).resources()
