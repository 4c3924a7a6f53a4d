"""Practitioners and the situations in which they serve an offer."""

from __future__ import annotations

from conformance.reference import identifiers
from conformance.reference.fragments import ROR, Fragment
from conformance.reference.places import Commune
from conformance.reference.world import World

_FIRST = (
    ("female", "Hélène"),
    ("male", "Noël"),
    ("female", "Aïcha"),
    ("male", "Gaëtan"),
    ("female", "Maëlle"),
    ("male", "Loïc"),
    ("female", "Anne-Françoise"),
    ("male", "Théophile"),
)
_LAST = ("CORBINEAU", "LE GOFF-D'ARVOR", "ÉVENOU", "GUÉRIN", "KERMARREC", "NOËL", "D'HAUTEVILLE", "BÉRANGER")
# profession, type of expertise, further value set and code of the expertise
_TRADES = {
    ("10", "S", "J210", "SM26"): 4,
    ("60", "C", "", ""): 2,
    ("70", "C", "", ""): 3,
    ("10", "S", "J210", "SM54"): 3,
    ("10", "CEX", "J211", "CEX24"): 1,
}


def practitioner(world: World, commune: Commune) -> Fragment:
    """A professional, with an RPPS number and an invented name."""
    gender, given = world.rng.choice(_FIRST)
    family = world.rng.choice(_LAST)
    mailbox = f"professionnel-{world.sequence('professional')}@region-fictive.mssante.fr"
    return {
        "resourceType": "Practitioner",
        "id": world.next_id(),
        "meta": world.meta("practitioner", commune.region),
        "extension": [world.created()],
        "identifier": [
            {
                "system": "urn:oid:1.2.250.1.71.4.2.1",
                "value": identifiers.rpps(10_000_000 + world.sequence("rpps") * 13),
            }
        ],
        "active": True,
        "name": [{"family": family, "given": [given], "prefix": ["MME" if gender == "female" else "M"]}],
        "telecom": [world.parts.telecom(mailbox, "3", world.draw("professional-level", {"1": 1, "2": 2, "3": 1}))],
        "gender": gender,
    }


def role(world: World, who: Fragment, offer: Fragment, commune: Commune) -> Fragment:
    """The situation of a professional in an offer."""
    job, kind, short, code = world.draw("trade", _TRADES)
    specialty = [world.codes.concept("J209", kind)]
    if short:
        specialty.append(world.codes.concept(short, code))
    name = who["name"][0]
    return {
        "resourceType": "PractitionerRole",
        "id": world.next_id(),
        "meta": world.meta("practitionerrole", commune.region),
        "extension": [
            world.created(),
            {
                "extension": [
                    {"url": "exerciseFirstName", "valueString": name["given"][0]},
                    {"url": "exerciseLastName", "valueString": name["family"]},
                ],
                "url": ROR + "ror-practitionerrole-name",
            },
            world.parts.coded(
                ROR + "ror-practitionerrole-unit-exercise-mode", "J217", world.draw("exercise", {"S": 3, "L": 2})
            ),
        ],
        "identifier": [{"value": identifiers.rpps(500_000_000 + world.sequence("role") * 11)}],
        "active": True,
        "practitioner": {"reference": f"Practitioner/{who['id']}"},
        "telecom": [world.parts.telecom(world.phone(), level=world.draw("role-level", {"1": 2, "2": 2, "3": 1}))],
        "code": [world.codes.concept("J229", job)],
        "specialty": specialty,
        "healthcareService": [{"reference": f"HealthcareService/{offer['id']}"}],
    }
