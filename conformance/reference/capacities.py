"""Capacities, equipment and dwellings of places: what the capacity searches of the guide select."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.reference.fault import Json
from conformance.reference.fragments import ROR, UCUM, Fragment
from conformance.reference.nomenclature import Nomenclatures
from conformance.reference.refusal import Refusal
from conformance.reference.world import World

# the coded indicators of a capacity, and the value set of each
_CODED = {
    "capacityType": "J187", "capacityStatus": "J188", "temporalityCapacity": "J189", "genderCapacityAvailable": "J190",
    "capacityClosingType": "J191", "additionalBedType": "J192", "capacitySourceType": "J193", "crisisType": "J194",
    "temporaryAssignement": "J195",
}
_PLAIN = frozenset(("nbCapacity", "capacityUpdateDate", "comment"))
# an indicator that only goes with one status (TRE_R330)
_ONLY_WITH = {"capacityClosingType": "05", "additionalBedType": "06", "crisisType": "06"}
_CODES = Nomenclatures()

_CAPACITY = ROR + "ror-location-supported-capacity"
# equipment code → (feature, bounds of the limit, unit); the guide searches a table by weight
_LIMITED = {
    "089": ("001", (200, 250), "kg"),
    "091": ("001", (180, 250), "kg"),
    "088": ("001", (200, 350), "kg"),
    "085": ("002", (80, 90), "cm"),
}
_EQUIPMENT = {
    "01": {"088": 3, "085": 2, "021": 2, None: 5},
    "02": {"089": 3, "091": 2, "098": 2, "102": 1, "103": 2, None: 5},
    "03": {"097": 2, "101": 2, None: 6},
    "04": {"155": 2, "089": 1, "148": 1, None: 3},
}


def _capacity(
    world: World,
    kind: str,
    status: str,
    number: int,
    updated: str,
    *,
    when: str = "01",
    gender: str | None = None,
    closing: str | None = None,
    additional: str | None = None,
    crisis: str | None = None,
    assigned: str = "01",
) -> Fragment:
    coded, plain = world.parts.coded, world.parts.plain
    inside = [
        coded("capacityType", "J187", kind),
        coded("capacityStatus", "J188", status),
        coded("temporalityCapacity", "J189", when),
        plain("nbCapacity", "Integer", number),
        coded("capacitySourceType", "J193", world.draw("capacity-source", {"01": 3, "02": 2, "03": 1, "04": 1})),
        plain("capacityUpdateDate", "DateTime", updated),
        coded("temporaryAssignement", "J195", assigned),
    ]
    optional = (
        ("genderCapacityAvailable", "J190", gender),
        ("capacityClosingType", "J191", closing),
        ("additionalBedType", "J192", additional),
        ("crisisType", "J194", crisis),
    )
    inside += [coded(name, short, code) for name, short, code in optional if code]
    return {"extension": inside, "url": _CAPACITY}


def capacities(world: World, field: str, kind: str) -> list[Fragment]:
    """The capacities of one place: installed, available, occupied, and for some reserved, closed, additional."""
    rng = world.rng
    installed = rng.randint(4, 60)
    updated = world.instant()
    free = world.draw(f"free-{field}", {0: 2, 1: 3, 2: 3, 5: 1, 9: 1})
    gender = world.draw(f"gender-{field}", {"01": 3, "02": 3, "04": 4})
    assigned = world.draw(f"assigned-{field}", {"01": 6, "02": 1, "03": 1})
    found = [
        _capacity(world, kind, "01", installed, updated),
        _capacity(world, kind, "02", free, updated, gender=gender, assigned=assigned),
        _capacity(world, kind, "03", max(installed - free, 0), updated),
    ]
    if world.chance(f"forecast-{field}", 1, 2):
        when = world.draw("forecast-when", {"02": 1, "03": 3, "04": 2, "05": 1})
        found.append(_capacity(world, kind, "02", rng.randint(0, 6), updated, when=when, gender=gender))
    if world.chance(f"reserved-{field}", 1, 2):
        found.append(_capacity(world, kind, "04", rng.randint(1, 3), updated))
    if world.chance(f"closed-{field}", 3, 3):
        closing = world.draw(f"closing-{field}", {"01": 3, "02": 2, "03": 1})
        found.append(_capacity(world, kind, "05", rng.randint(1, 8), updated, closing=closing))
    if world.chance(f"additional-{field}", 2, 4):
        found.append(
            _capacity(
                world,
                kind,
                "06",
                rng.randint(1, 6),
                updated,
                additional=world.draw(f"additional-type-{field}", {"01": 2, "02": 2, "03": 1}),
                crisis=world.draw(f"crisis-{field}", {"01": 2, "02": 2, None: 2}),
            )
        )
    return found


def refuse_wrong_capacities(place: Json) -> None:
    """Refusal (400, business-rule) of an unknown indicator, a wrong code or a forbidden combination (ROR-HTTP-122)."""
    for one in place.get("extension", ()):
        if one.get("url") == _CAPACITY:
            held = {each.get("url"): _code(each) for each in one.get("extension", ())}
            wrong = next((why for name, code in held.items() if (why := _wrong(str(name), code, held))), "")
            if wrong:
                raise Refusal(400, "business-rule", wrong, f"Location.extension.where(url='{_CAPACITY}')")


def _code(extension: Json) -> str:
    coding = extension.get("valueCodeableConcept", {}).get("coding", [{}])
    return str(coding[0].get("code", ""))


def _wrong(name: str, code: str, held: Mapping[Any, str]) -> str:
    if name not in _CODED:
        return "" if name in _PLAIN else f"{name!r} is not an indicator of capacity"
    if code not in _CODES.codes(_CODED[name]):
        return f"{code!r} is not a code of {name}"
    status = held.get("capacityStatus", "")
    return f"{name} does not go with the status {status!r}" if _ONLY_WITH.get(name, status) != status else ""


def equipment(world: World, field: str) -> list[Fragment]:
    """The equipment of one place, with the limits that the guide searches (weight, diameter)."""
    code = world.draw(f"equipment-{field}", _EQUIPMENT[field])
    if code is None:
        return []
    inside = [
        world.parts.coded("equipmentType", "J18", code),
        world.parts.plain("nbInService", "Integer", world.rng.randint(1, 4)),
    ]
    if code in _LIMITED:
        feature, bounds, unit = _LIMITED[code]
        value = world.rng.choice((bounds[0], sum(bounds) // 2, bounds[1]))
        limit = {"url": "limitValue", "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit}}
        inside.append(
            {
                "extension": [world.parts.coded("equipmentFeature", "J228", feature), limit],
                "url": ROR + "ror-location-equipment-limit",
            }
        )
    return [{"extension": inside, "url": ROR + "ror-location-equipment"}]


def dwellings(world: World) -> list[Fragment]:
    """The dwellings of a medico-social place, by type."""
    kinds = {world.draw("dwelling", {"01": 3, "02": 4, "03": 2, "04": 1}) for _ in range(2)}
    return [
        {
            "extension": [
                world.parts.coded("residentialType", "J32", kind),
                world.parts.plain("residentialNumber", "Integer", world.draw("dwelling-number", {4: 3, 8: 3, 12: 1})),
            ],
            "url": ROR + "ror-location-residential-capacity",
        }
        for kind in sorted(kinds)
    ]
