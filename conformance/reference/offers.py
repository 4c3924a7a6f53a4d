"""HealthcareService offers of the region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from conformance.reference.activities import FIELDS, Activities, Field, acts, category
from conformance.reference.fragments import ROR, Fragment
from conformance.reference.nomenclature import system_url
from conformance.reference.places import Commune, site_name
from conformance.reference.world import World

_OFFER_TYPE = {
    "coding": [
        {
            "system": system_url("TRE_R355-TypeIdentifiantOffre"),
            "code": "35",
            "display": "Identifiant fonctionnel de l'offre connu par l'instance ROR",
        }
    ]
}
_CLOSED = "Période de fermeture et de réouverture prévisionnelle"
_MEETINGS = frozenset(("202", "211"))  # cancer meetings (RCP), an activity with care modes of its own
_MEETING_MODES = {"39": 2, "40": 1}
# of a contact and of its second telephone
_LEVELS = {("1", "1"): 3, ("1", "3"): 1, ("2", "2"): 1, ("2", "3"): 1, ("3", "3"): 1}
_MODE_NAMES = {
    "28": "hospitalisation complète", "29": "hospitalisation de jour", "32": "consultation", "39": "RCP",
    "40": "RCP de recours", "46": "hébergement", "47": "accueil de jour", "48": "accueil de nuit",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """Where an offer stands: field, provider, places, commune; whether its unit is sensitive."""

    field: str
    provider: Fragment
    places: Sequence[Fragment]
    commune: Commune
    sensitive: bool = False


class Offers:
    """Builds the offers one after the other."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._activities = Activities(world)
        self._acts: dict[tuple[str, str], tuple[str, str]] = {}
        # a few competences are common, the others rare: a search by one brings a few offers, whatever the region
        self._competences: dict[str | None, int] = {
            **dict.fromkeys(world.codes.codes("J33"), 1), "05": 4, "42": 4, None: 50}

    def offer(self, setting: Setting) -> Fragment:
        """The next offer, in a setting."""
        world, field = self._world, FIELDS[setting.field]
        concept = world.codes.concept
        activity = self._activities.draw(field)
        mode = world.draw(f"mode-{field.code}", field.modes)
        if activity in _MEETINGS:
            mode = world.draw("meeting", _MEETING_MODES)
        resource: Fragment = {
            "resourceType": "HealthcareService",
            "id": world.next_id(),
            "meta": world.meta("offer", setting.commune.region),
            "extension": self._extensions(field, setting),
            "identifier": [
                {"type": _OFFER_TYPE, "value": f"{setting.commune.region}/{1_000_000 + world.sequence('offer')}"}
            ],
            "active": world.chance(f"active-{field.code}", 14, 1),
            "providedBy": {"reference": f"Organization/{setting.provider['id']}"},
            "category": [concept("J238", category(world.codes, field, activity))],
            "type": [concept("J20", field.code)],
            "specialty": [concept("J17", activity)],
            "location": [{"reference": f"Location/{place['id']}"} for place in setting.places],
            "name": self._name(activity, mode, setting.sensitive),
            "telecom": self._mailboxes(field),
            "characteristic": self._characteristics(field, activity, mode),
            "availableTime": [world.parts.opening(day, "08:30:00", "18:00:00") for day in (1, 2, 3, 4, 5)],
        }
        if field.code == "04" and world.chance("family", 1, 2):
            resource["specialty"] = [
                *resource["specialty"],
                concept("J51", world.draw("family-code", {"01": 1, "02": 2})),
            ]
        self._close(resource, field)
        return {name: value for name, value in resource.items() if value != []}

    def _name(self, activity: str, mode: str, sensitive: bool) -> str:
        label = self._world.codes.display("J17", activity).split(" (")[0]
        if sensitive and self._world.chance("named-secure", 2, 1):
            label = f"{self._world.draw('secure', {'UHSI': 1, 'Unité en milieu pénitentiaire': 1})}, {label}"
        return f"{label[:90]} - {_MODE_NAMES.get(mode, 'accueil')}, {site_name(self._world.rng)}"

    def _mailboxes(self, field: Field) -> list[Fragment]:
        """The secure mailbox of some offers."""
        if not self._world.chance(f"mailbox-{field.code}", 1, 3):
            return []
        address = f"offre-{self._world.sequence('mailbox')}@region-fictive.mssante.fr"
        return [self._world.parts.telecom(address, "3", self._world.draw("mailbox-level", {"1": 1, "2": 2, "3": 1}))]

    def _contacts(self, field: Field, sensitive: bool) -> list[Fragment]:
        """The contacts of an offer, of several levels; those of a sensitive unit are very restricted (RG_EXP_039), and
        a telephone is at least as confidential as its contact (RG_EXP_034)."""
        world = self._world
        found: list[Fragment] = []
        if not sensitive and self._world.chance(f"unreachable-{field.code}", 1, 11):
            return found
        for purpose in (world.draw("purpose", {"06": 2, "03": 1, "07": 1}), "04")[: 1 + world.chance("second", 1, 1)]:
            level, own = ("3", "3") if sensitive else world.draw(f"level-{field.code}", _LEVELS)
            found.append(world.parts.contact(purpose, level, [(world.phone(), level), (world.phone(), own)]))
        return found

    def _extensions(self, field: Field, setting: Setting) -> list[Fragment]:
        world, parts, commune = self._world, self._world.parts, setting.commune
        low, high = world.draw(f"age-{field.code}", field.ages)
        people = [world.draw(f"patients-{field.code}", field.patients)]
        found: list[Fragment] = [
            parts.plain(ROR + "ror-healthcareservice-sensitive-unit", "Boolean", setting.sensitive),
            {
                "extension": [
                    *(parts.coded("supportedPatientInfo", "J29", code) for code in people if code),
                    parts.age(low, high),
                ],
                "url": ROR + "ror-healthcareservice-patient-type",
            },
            world.created(),
            *self._contacts(field, setting.sensitive),
        ]
        if world.chance(f"zone-{field.code}", 3, 4):
            found += self._zones(commune)
        if field.code == "03":
            sector = (
                f"{commune.code[:2]}{world.draw('sector', {'G': 3, 'I': 1})}{world.rng.choice((1, 1, 2, 3, 4)):02d}"
            )
            found.append(parts.plain(ROR + "ror-healthcareservice-psychiatric-sector", "String", sector))
            found.append(
                parts.plain(ROR + "ror-healthcareservice-no-consent-habilitation", "Boolean", sector[2] == "G")
            )
        return found

    def _zones(self, home: Commune) -> list[Fragment]:
        """The communes that an offer serves; on an offer the type of division is always 3, a commune."""
        others = self._world.rng.sample(self._world.territory.communes[:8], 2)
        chosen = {commune.code: commune for commune in (home, *others)}
        return [
            {
                "extension": [
                    self._world.parts.coded("typeTerritorialDivision", "J223", "3"),
                    {"url": "codeTerritorialDivision", "valueCodeableConcept": self._world.commune_concept(commune)},
                ],
                "url": ROR + "ror-territorial-division",
            }
            for commune in chosen.values()
        ]

    def _characteristics(self, field: Field, activity: str, mode: str) -> list[Fragment]:
        world, concept = self._world, self._world.codes.concept
        draws = (
            ("J226", world.draw(f"modality-{field.code}", field.modalities)),
            ("J35", world.draw(f"care-{field.code}", field.care)),
            ("J227", world.draw(f"expertise-{field.code}", field.expertise)),
            ("J33", world.draw(f"competence-{field.code}", self._competences)),
            ("J186", world.draw(f"profession-{field.code}", {"60": 3, "70": 3, "94": 1, None: 3})),
            ("J28", world.draw(f"opening-{field.code}", {"03": 5, "04": 3, "01": 1, "02": 1, "05": 1})),
            ("J30", world.draw(f"reception-{field.code}", {"01": 2, "02": 3, None: 4})),
            ("J26", world.draw("management", {"01": 2, "02": 1, None: 2}) if field.code == "04" else None),
        )
        found = [concept("J19", mode), *(concept(short, code) for short, code in draws if code)]
        return found + self._specific_acts(field, activity)

    def _specific_acts(self, field: Field, activity: str) -> list[Fragment]:
        world, key = self._world, (field.code, activity)
        if key not in self._acts:
            self._acts[key] = acts(world.codes, field, activity)
        first, second = self._acts[key]
        wanted = []
        if world.chance(f"act-{field.code}", 2, 1):
            wanted.append(("specificAct", first))
        if world.chance(f"outside-{field.code}", 1, 7):
            wanted.append(("outsideOfficeAct", second))
        return [
            {"extension": [world.parts.plain(ROR + "ror-act-type", "Code", kind)], **world.codes.concept("J16", code)}
            for kind, code in wanted
        ]

    def _close(self, resource: Fragment, field: Field) -> None:
        """Some offers are closed, for good or until a planned reopening."""
        world = self._world
        if not world.chance(f"closed-offer-{field.code}", 2, 8):
            return
        kind = world.draw(f"closed-kind-{field.code}", {"PRO": 2, "DEF": 1})
        during = {"start": world.day(2025, 2026)}
        if kind == "PRO":
            during["end"] = world.day(2027, 2027)
        resource["characteristic"].append(world.codes.concept("J185", kind))
        resource["notAvailable"] = [{"id": "closingReopeningDate", "description": _CLOSED, "during": during}]
