"""Organizations of the region: legal entities, establishments, internal organisations, and their prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conformance.reference import identifiers
from conformance.reference.fragments import ROR, Fragment
from conformance.reference.nomenclature import system_url
from conformance.reference.places import Commune, site_name, street
from conformance.reference.world import World

G07 = system_url("TRE_G07-TypeIdentifiantStructure")
# the guide writes this one with an underscore in both places
R345 = "https://mos.esante.gouv.fr/NOS/TRE_R345-TypeIdentifiantAutre/FHIR/TRE_R345-TypeIdentifiantAutre"
PERIOD = "http://hl7.org/fhir/StructureDefinition/organization-period"
_CATEGORIES = {
    "smr": {"109": 3, "365": 1},
    "ch": {"355": 3, "101": 1, "106": 1},
    "psy": {"292": 2, "156": 2},
    "ms": {"500": 4, "183": 2, "255": 1, "202": 1, "209": 1},
}
_TITLES = {
    "smr": "Centre de réadaptation",
    "ch": "Centre hospitalier",
    "psy": "Centre de santé mentale",
    "ms": "Résidence médico-sociale",
}
# of a contact and of its second telephone
_LEVELS = {("1", "1"): 1, ("1", "3"): 1, ("2", "2"): 1, ("2", "3"): 1, ("3", "3"): 1}
_PRICES = {"smr": {"01": 1}, "ms": {"02": 4, "04": 1, "05": 2, "06": 1, "07": 1}}


@dataclass(frozen=True, slots=True)
class Establishment:
    """An establishment being filled: its resource, its place on the map, its kind, its SIREN."""

    resource: Fragment
    commune: Commune
    kind: str
    finess: str


def _identifier(code: str, system: str, value: str, type_system: str = G07) -> Fragment:
    return {"type": {"coding": [{"system": type_system, "code": code}]}, "system": system, "value": value}


def _base(world: World, commune: Commune, name: str, types: list[Fragment], identifier: list[Fragment]) -> Fragment:
    return {
        "resourceType": "Organization",
        "id": world.next_id(),
        "meta": world.meta("organization", commune.region),
        "extension": [world.created()],
        "identifier": identifier,
        "active": True,
        "type": types,
        "name": name,
    }


def legal_entity(world: World, commune: Commune) -> tuple[Fragment, str]:
    """A legal entity (EJ) and its SIREN."""
    number = world.sequence("ej")
    siren = identifiers.siren(33_000_000 + 1_000_000 * world.territory.turn + number * 7)
    finess = identifiers.finess(commune.code[:2], 900_000 + number)
    legal, group = world.draw("legal", {("13", "1200"): 3, ("60", "2100"): 2, ("72", "2200"): 2})
    concept = world.codes.concept
    resource = _base(
        world,
        commune,
        f"Groupement {site_name(world.rng)}, {commune.name}",
        [concept("J199", legal), concept("J200", group)],
        [
            _identifier("40", "urn:oid:1.2.250.1.71.4.2.2", identifiers.id_nat_struct("finess", finess)),
            _identifier("1", "https://finess.esante.gouv.fr", finess),
            _identifier("2", "https://sirene.fr", siren),
        ],
    )
    resource["extension"].append({"url": ROR + "ror-organization-creation-date", "valueDate": world.day(1960, 2015)})
    resource["address"] = [street(world.rng, commune)]
    return resource, siren


def establishment(world: World, commune: Commune, kind: str, parent: Fragment, siren: str) -> Establishment:
    """An establishment (EG) of a legal entity, with what its kind carries: prices, drop zone, ORSAN level."""
    number = world.sequence("eg")
    finess = identifiers.finess(commune.code[:2], number)
    title = _TITLES[kind]
    resource = _base(
        world,
        commune,
        f"{title} {site_name(world.rng)}",
        [
            world.codes.concept("J55", world.draw(f"category-{kind}", _CATEGORIES[kind])),
            world.codes.concept("J202", world.draw("espic", {"0": 2, "1": 2, "6": 1, "7": 1})),
        ],
        [
            _identifier("40", "urn:oid:1.2.250.1.71.4.2.2", identifiers.id_nat_struct("finess", finess)),
            _identifier("1", "https://finess.esante.gouv.fr", finess),
            _identifier("3", "https://sirene.fr", identifiers.siret(siren, number)),
        ],
    )
    if number % 4 == 0:
        resource["alias"] = [f"{title.split()[0]} d'{commune.name}"]
    resource["extension"] += [*_services(world, kind, number), *prices(world, kind)]
    _close(world, resource, "eg")
    resource["address"] = [street(world.rng, commune)]
    resource["partOf"] = {"reference": f"Organization/{parent['id']}"}
    resource["contact"] = [_contact(world, kind), _contact(world, kind)]
    return Establishment(resource, commune, kind, finess)


def _services(world: World, kind: str, number: int) -> list[Fragment]:
    """What the kind of an establishment says of it: drop zone, ORSAN level, social help."""
    found: list[Fragment] = []
    plain, coded = world.parts.plain, world.parts.coded
    if kind in ("ch", "smr"):
        found.append(plain(ROR + "ror-organization-drop-zone", "Boolean", number % 2 == 0))
    if kind == "ch":
        found.append(
            coded(ROR + "ror-organization-level-recours-orsan", "J204", world.draw("orsan", {"1": 1, "4": 2}))
        )
    if kind == "ms":
        found.append(
            coded(ROR + "ror-organization-financial-help-type", "J31", world.draw("aid", {"01": 1, "02": 1}))
        )
        found.append(
            plain(ROR + "ror-organization-nb-permanent-social-help-place", "Integer", world.rng.randint(0, 60))
        )
    return found


def _contact(world: World, kind: str) -> Fragment:
    """A contact of some level of confidentiality; a telephone is at least as confidential (RG_EXP_034)."""
    level, own = world.draw(f"contact-level-{kind == 'ms'}", _LEVELS)
    return {
        "extension": [world.parts.coded(ROR + "ror-contact-confidentiality-level", "J222", level)],
        "purpose": world.codes.concept("J221", world.draw("contact-purpose", {"06": 1, "10": 1})),
        "telecom": [world.parts.telecom(world.phone(), level=level), world.parts.telecom(world.phone(), level=own)],
    }


def _close(world: World, resource: Fragment, deck: str) -> None:
    """Some organizations are closed, for good or for a time; the others may have an opening date only."""
    if world.chance(f"org-closed-{deck}", 2, 8):
        kind = world.draw(f"org-closing-{deck}", {"PRO": 1, "DEF": 1})
        end = world.day(2023, 2026)
        resource["active"] = kind != "DEF"
        resource["extension"].append(world.parts.coded(ROR + "ror-organization-closing-type", "J201", kind))
        resource["extension"].append({"url": PERIOD, "valuePeriod": {"start": world.day(2000, 2020), "end": end}})
        if kind == "PRO":
            resource["extension"].append(
                {"url": ROR + "ror-organization-reopening-date", "valueDate": world.day(2027, 2027)}
            )
    elif world.chance(f"org-opened-{deck}", 1, 3):
        resource["extension"].append({"url": PERIOD, "valuePeriod": {"start": world.day(2000, 2020)}})


def internal(world: World, house: Establishment, parent: Fragment, kind: str, name: str) -> Fragment:
    """An internal organisation (OI) of an establishment: 1 pole, 2 service, 3 functional unit."""
    value = f"{house.commune.region}/{5_000_000 + world.sequence('oi')}"
    resource = _base(
        world,
        house.commune,
        name,
        [world.codes.concept("J203", kind)],
        [_identifier("42", "https://oi.esante.gouv.fr", value, R345)],
    )
    _close(world, resource, "oi")
    resource["partOf"] = {"reference": f"Organization/{parent['id']}"}
    return resource


def prices(world: World, kind: str) -> list[Fragment]:
    """The prices of a medico-social establishment, or the supplement of a rehabilitation centre."""
    if kind not in _PRICES:
        return []
    # every medico-social house has a dependency price: there are few houses, and levels must repeat
    kinds = ["03"] if kind == "ms" else []
    kinds += [world.draw(f"price-{kind}", _PRICES[kind]) for _ in range(2 if kind == "ms" else 1)]
    return [_price(world, each) for each in kinds]


def _price(world: World, kind: str) -> Fragment:
    coded = world.parts.coded
    amount: dict[str, Any] = {
        "value": world.draw("amount", {18.5: 1, 42: 1, 65.4: 2, 72: 1, 95.25: 1, 120: 1}),
        "currency": "EUR",
    }
    inside = [
        coded("priceType", "J36", kind),
        coded("priceUnit", "J205", world.draw("price-unit", {"2": 3, "3": 2, "1": 1, "4": 1})),
        {"url": "amount", "valueMoney": amount},
        world.parts.plain("startDate", "DateTime", world.day(2024, 2026)),
    ]
    if kind in ("01", "02"):
        inside.append(coded("residentialType", "J32", world.draw("price-dwelling", {"01": 1, "02": 2, "03": 1})))
        inside.append(coded("specialPrice", "J39", world.draw("price-special", {"01": 2, "02": 1, "03": 1})))
    if kind in ("02", "05"):
        inside.append(coded("welcomeType", "J30", world.draw("price-welcome", {"01": 1, "02": 2})))
    if kind == "03":
        inside.append(coded("dependencyLevel", "J27", world.draw("price-gir", {"01": 3, "02": 2, "03": 1})))
    return {"extension": inside, "url": ROR + "ror-organization-price"}
