"""Locations of the region: the places where offers take place."""

from __future__ import annotations

from conformance.reference.capacities import capacities, dwellings, equipment
from conformance.reference.fragments import ROR, Fragment
from conformance.reference.nomenclature import system_url
from conformance.reference.places import Commune, position, site_name, street
from conformance.reference.structures import Establishment
from conformance.reference.world import World

_TYPE_SYSTEM = system_url("TRE_R345-TypeIdentifiantAutre")
_FUNCTIONS = {
    "01": {"001": 5, "006": 2, "005": 2},
    "02": {"004": 6, "012": 2, "005": 1},
    "03": {"002": 4, "005": 3},
    "04": {"003": 4, "005": 1},
}
_WITH_BEDS = frozenset(("001", "002", "003", "004"))


def _identifier(code: str, value: str) -> Fragment:
    return {"type": {"coding": [{"system": _TYPE_SYSTEM, "code": code}]}, "value": value}


def place(world: World, commune: Commune, field: str, finess: str) -> Fragment:
    """A place of one field of activity, with capacities when it lodges patients."""
    number = world.sequence("place")
    function = world.draw(f"function-{field}", _FUNCTIONS[field])
    extensions: list[Fragment] = [
        {"url": ROR + "ror-commune-cog", "valueCodeableConcept": world.commune_concept(commune)},
        world.created(),
    ]
    if function in _WITH_BEDS:
        extensions += capacities(world, field, world.draw(f"bed-{field}", {"01": 4, "02": 2}))
    extensions += equipment(world, field)
    if field == "04" and function == "003":
        extensions += dwellings(world)
    identifiers = [_identifier("25", f"{commune.region}/{3_000_000 + number}")]
    if number % 2:
        identifiers.append(_identifier("26", f"1{finess}/UF-{number:05d}"))
    status, operational = world.draw(
        "place-status", {("active", "3"): 8, ("suspended", "2"): 1, ("inactive", "1"): 1}
    )
    resource: Fragment = {
        "resourceType": "Location",
        "id": world.next_id(),
        "meta": world.meta("place", commune.region),
        "extension": extensions,
        "identifier": identifiers,
        "status": status,
        "operationalStatus": world.codes.coding("J224", operational),
        "name": f"Bâtiment {site_name(world.rng)}, {world.rng.choice(('rez-de-chaussée', '1er étage', '2e étage'))}",
        "type": [world.codes.concept("J198", function)],
        "address": street(world.rng, commune),
    }
    if world.chance(f"place-phone-{field}", 2, 1):
        levels = world.draw(f"place-level-{field}", {"12": 1, "13": 1, "23": 1})
        resource["telecom"] = [world.parts.telecom(world.phone(), level=level) for level in levels]
    if not world.chance("place-unmapped", 1, 19):
        reliable = world.parts.plain(ROR + "ror-coordinate-reliability", "Boolean", number % 3 != 0)
        resource["position"] = {"extension": [reliable], **position(world.rng, commune)}
    return resource


def unattached(world: World, house: Establishment) -> Fragment:
    """A place that no offer uses yet: it names the establishment that manages it."""
    resource = place(world, house.commune, "01", house.finess)
    resource["managingOrganization"] = {"reference": f"Organization/{house.resource['id']}"}
    return resource
