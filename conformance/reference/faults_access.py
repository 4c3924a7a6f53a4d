"""Faults of the access policy: what a client of an access profile is shown, or kept from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from conformance.reference.fault import Fault, Json
from conformance.reference.fragments import ROR
from conformance.reference.nomenclature import system_url

Seen = Callable[[int, Json, Json | None], Json | None]

_CONTACT = f"{ROR}ror-healthcareservice-contact"
_ACTS = system_url("TRE_R210-ActeSpecifique")


def _as(accesses: tuple[int, ...], kinds: tuple[str, ...], change: Callable[[Json, Json | None], Json | None]) -> Seen:
    """Changes what access profiles see of types of resources: from the whole and what should be seen of it."""
    def seen(access: int, whole: Json, shown: Json | None) -> Json | None:
        return change(whole, shown) if access in accesses and whole["resourceType"] in kinds else shown
    return seen


def _whole(whole: Json, _shown: Json | None) -> Json:
    return whole


def _extension(url: str) -> Callable[[Json, Json | None], Json | None]:
    """What was kept back of the extensions of a url is shown."""
    def change(whole: Json, shown: Json | None) -> Json | None:
        if shown is None:
            return None
        mine = [one for one in whole.get("extension", ()) if one.get("url") == url]
        rest = [one for one in shown.get("extension", ()) if one.get("url") != url]
        return {**shown, "extension": [*rest, *mine]} if mine else shown
    return change


def _member(name: str) -> Callable[[Json, Json | None], Json | None]:
    """What was kept back of a member is shown."""
    return lambda whole, shown: {**shown, name: whole[name]} if shown is not None and name in whole else shown


def _without(name: str) -> Callable[[Json, Json | None], Json | None]:
    return lambda _whole, shown: {key: value for key, value in shown.items() if key != name} if shown else shown


def _without_extension(url: str) -> Callable[[Json, Json | None], Json | None]:
    return lambda _whole, shown: {**shown, "extension": [
        one for one in shown["extension"] if one.get("url") != url]} if shown else shown


def _telecoms_of_contact(whole: Json, shown: Json | None) -> Json | None:
    """A contact that may be shown comes with all its telecoms, whatever the level of each."""
    if shown is None:
        return None
    full = {str(one["extension"][:2]): one for one in whole["extension"] if one.get("url") == _CONTACT}
    return {**shown, "extension": [full.get(str(one["extension"][:2]), one) if one.get("url") == _CONTACT else one
                                   for one in shown["extension"]]}


def _telecoms_of_establishment(whole: Json, shown: Json | None) -> Json | None:
    if shown is None or "contact" not in shown:
        return shown
    full = {str(one["extension"]) + str(one.get("purpose")): one for one in whole["contact"]}
    return {**shown, "contact": [full.get(str(one["extension"]) + str(one.get("purpose")), one)
                                 for one in shown["contact"]]}


def _acts(whole: Json, shown: Json | None) -> Json | None:
    if shown is None:
        return None
    acts = [one for one in whole.get("characteristic", ()) if one["coding"][0]["system"] == _ACTS]
    held = shown.get("characteristic", [])
    return {**shown, "characteristic": [*held, *(one for one in acts if one not in held)]} if acts else shown


_WHOLE = ("045", "047", "048", "049", "050")  # one for each access profile but that of all


def _fault(name: str, fr: str, en: str, breaks: str, seen: Seen, also: Mapping[str, str] | None = None) -> Fault:
    """A fault of one rule; what an access profile may see as a whole is broken with any of its rules."""
    whole = {f"ROR-SEC-{number}": "the access profile as a whole" for number in _WHOLE}
    return Fault(name, {"fr": fr, "en": en}, breaks, {**whole, **(also or {})}, seen=seen)


ACCESS: tuple[Fault, ...] = (
    _fault("access-sensitive-unit-to-public", "Le profil 0 voit les offres des unités sensibles",
           "Profile 0 sees the offers of sensitive units", "ROR-SEC-060", _as((0,), ("HealthcareService",), _whole),
           {"ROR-SEC-065": "its contacts come with it", "ROR-SEC-066": "its contacts come with it",
            "ROR-SEC-058": "its contacts come with it", "ROR-SEC-075": "its acts come with it"}),
    _fault("access-sensitive-place-to-medico-social", "Le profil 3 voit les lieux des unités sensibles",
           "Profile 3 sees the places of sensitive units", "ROR-SEC-061",
           _as((3,), ("Location",), lambda whole, shown: shown if shown is not None else whole),
           {"ROR-SEC-070": "its telecoms come with it", "ROR-SEC-072": "its equipment comes with it",
            "ROR-SEC-073": "its capacities come with it"}),
    _fault("access-sensitive-flag-kept-back", "L'indicateur d'unité sensible n'est montré qu'au profil 1",
           "The flag of sensitive units is shown to profile 1 alone", "ROR-SEC-062",
           _as((0, 2, 3, 4, 5), ("HealthcareService",),
               _without_extension(f"{ROR}ror-healthcareservice-sensitive-unit"))),
    _fault("access-contact-to-public", "Le profil 0 voit tous les contacts d'une offre",
           "Profile 0 sees all contacts of an offer", "ROR-SEC-065",
           _as((0,), ("HealthcareService",), _extension(_CONTACT)),
           {"ROR-SEC-066": "telecoms come with their contact", "ROR-SEC-058": "telecoms come with their contact"}),
    _fault("access-phone-of-contact", "Le niveau d'un telecom de contact d'offre est ignoré",
           "The level of a telecom of a contact of an offer is not looked at", "ROR-SEC-066",
           _as((0, 2, 5), ("HealthcareService",), _telecoms_of_contact),
           {"ROR-SEC-058": "both levels must permit"}),
    _fault("access-phone-of-establishment", "Le niveau d'un telecom de contact d'établissement est ignoré",
           "The level of a telecom of a contact of an establishment is not looked at", "ROR-SEC-058",
           _as((0, 2), ("Organization",), _telecoms_of_establishment)),
    _fault("access-establishment-contact", "Le profil 2 voit les contacts très restreints des établissements",
           "Profile 2 sees the very restricted contacts of establishments", "ROR-SEC-067",
           _as((2,), ("Organization",), _member("contact")), {"ROR-SEC-058": "telecoms come with their contact"}),
    _fault("access-prices-kept-back", "Les tarifs sont cachés au profil 5", "Prices are hidden from profile 5",
           "ROR-SEC-068", _as((5,), ("Organization",), _without_extension(f"{ROR}ror-organization-price"))),
    _fault("access-crisis-to-professionals", "Le profil 2 voit la zone de poser et le niveau ORSAN",
           "Profile 2 sees the drop zone and the ORSAN level", "ROR-SEC-069",
           _as((2,), ("Organization",), _member("extension"))),
    _fault("access-place-phone", "Le profil 5 voit les telecoms très restreints des lieux",
           "Profile 5 sees the very restricted telecoms of places", "ROR-SEC-070",
           _as((5,), ("Location",), _member("telecom"))),
    _fault("access-situation-phone", "Le profil 2 voit les telecoms très restreints des situations opérationnelles",
           "Profile 2 sees the very restricted telecoms of situations", "ROR-SEC-071",
           _as((2,), ("PractitionerRole",), _member("telecom"))),
    _fault("access-equipment-to-public", "Le profil 0 voit les équipements", "Profile 0 sees equipment", "ROR-SEC-072",
           _as((0,), ("Location",), _extension(f"{ROR}ror-location-equipment"))),
    _fault("access-capacities-to-public", "Le profil 0 voit les capacités", "Profile 0 sees capacities", "ROR-SEC-073",
           _as((0,), ("Location",), _extension(f"{ROR}ror-location-supported-capacity"))),
    _fault("access-free-beds-to-profile-5", "Le profil 5 voit les lits disponibles",
           "Profile 5 sees free beds", "ROR-SEC-073",
           _as((5,), ("Location",), _extension(f"{ROR}ror-location-supported-capacity"))),
    _fault("access-position-kept-back", "La position des lieux est cachée au profil 5",
           "The position of places is hidden from profile 5", "ROR-SEC-074",
           _as((5,), ("Location",), _without("position"))),
    _fault("access-acts-to-public", "Le profil 0 voit les actes spécifiques", "Profile 0 sees specific acts",
           "ROR-SEC-075", _as((0,), ("HealthcareService",), _acts)),
    _fault("access-professionals-to-public", "Le profil 0 voit les professionnels de tous les champs",
           "Profile 0 sees the professionals of every field", "ROR-SEC-076",
           _as((0,), ("Practitioner", "PractitionerRole"), _whole),
           {"ROR-SEC-071": "telecoms come with the situation"}),
    _fault("access-mailbox-kept-back", "Les boîtes MSS d'une offre sont cachées selon leur niveau",
           "The secure mailboxes of an offer are hidden by their level", "ROR-SEC-077",
           _as((0, 2, 3, 4, 5), ("HealthcareService",), _without("telecom"))),
    _fault("access-addresses-kept-from-all",
           "Le profil 1 ne voit pas les adresses des établissements, que les autres voient",
           "Profile 1 does not see the addresses of establishments, which others see", "ROR-SEC-046",
           _as((1,), ("Organization",), _without("address"))),
)
