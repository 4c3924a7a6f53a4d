"""Faults of the resources themselves: structures and nomenclatures."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from conformance.reference.changes import Change, only, sometimes
from conformance.reference.fault import Fault, Json
from conformance.reference.fragments import ROR
from conformance.reference.nomenclature import system_url

_PATIENT = ROR + "ror-healthcareservice-patient-type"
_CAPACITY = ROR + "ror-location-supported-capacity"
_SEARCHED = {"ROR-SRC-001": "values that cannot be searched any more"}


def _without(name: str) -> Change:
    return lambda resource: {key: value for key, value in resource.items() if key != name}


def _without_extension(url: str) -> Change:
    return lambda resource: {**resource, "extension": [e for e in resource["extension"] if e["url"] != url]}


def _mapped(url: str, change: Change) -> Change:
    """Changes the extensions of a url, at the first level of a resource or of an extension."""

    def apply(holder: Json) -> Json:
        return {**holder, "extension": [change(e) if e["url"] == url else e for e in holder["extension"]]}

    return apply


def _concepts(name: str, change: Callable[[Mapping[str, str]], Json]) -> Change:
    """Changes the codings of a list of CodeableConcepts."""

    def apply(resource: Json) -> Json:
        if name not in resource:
            return resource
        found = [
            {**concept, "coding": [change(coding) for coding in concept["coding"]]} for concept in resource[name]
        ]
        return {**resource, name: found}

    return apply


def _system(old: str, new: str) -> Callable[[Mapping[str, str]], Json]:
    return lambda coding: {**coding, "system": new if coding["system"] == old else coding["system"]}


def _code(system: str, code: str) -> Callable[[Mapping[str, str]], Json]:
    return lambda coding: {**coding, "code": code} if coding["system"] == system else dict(coding)


def _capacity_code(resource: Json) -> Json:
    def change(status: Json) -> Json:
        coding = status["valueCodeableConcept"]["coding"][0]
        return {**status, "valueCodeableConcept": {"coding": [{**coding, "code": "9"}]}}

    return _mapped(_CAPACITY, _mapped("capacityStatus", change))(resource)


def _operational_system(resource: Json) -> Json:
    coding = {**resource["operationalStatus"], "system": "urn:statut-lieu"}
    return {**resource, "operationalStatus": coding}


def _patients_at_top(resource: Json) -> Json:
    """Moves what is inside the patient type extension to the resource."""
    moved = [
        inner
        for e in resource["extension"]
        if e["url"] == _PATIENT
        for inner in e["extension"]
        if inner["url"] == "supportedPatientInfo"
    ]
    return {**resource, "extension": [*resource["extension"], *moved]}


def _foreign_extension(resource: Json) -> Json:
    foreign = {"url": ROR + "ror-organization-star-rating", "valueInteger": 4}
    return {**resource, "extension": [*resource["extension"], foreign]}


def _bad_instant(resource: Json) -> Json:
    day = resource["meta"]["lastUpdated"][:10].replace("-", "/")
    return {**resource, "meta": {**resource["meta"], "lastUpdated": day}}


def _position_as_text(resource: Json) -> Json:
    if "position" not in resource:
        return resource
    position = resource["position"]
    return {**resource, "position": {**position, "latitude": str(position["latitude"])}}


def _active_as_text(resource: Json) -> Json:
    return {**resource, "active": "true" if resource["active"] else "false"}


def _other_description(resource: Json) -> Json:
    if "notAvailable" not in resource:
        return resource
    return {**resource, "notAvailable": [{**each, "description": "Fermeture"} for each in resource["notAvailable"]]}


def _unexplained(resource: Json) -> Json:
    """Takes away the description that FHIR wants of a time when an offer is not available."""
    if "notAvailable" not in resource:
        return resource
    return {**resource, "notAvailable": [_without("description")(each) for each in resource["notAvailable"]]}


def _french_days(resource: Json) -> Json:
    """Names the days of opening otherwise than FHIR does."""
    if "availableTime" not in resource:
        return resource
    found = [{**each, "daysOfWeek": ["lun" if day == "mon" else day for day in each["daysOfWeek"]]}
             for each in resource["availableTime"]]
    return {**resource, "availableTime": found}


def _finess_system(resource: Json) -> Json:
    found = [
        {**each, "system": "urn:finess"} if each["system"] == "https://finess.esante.gouv.fr" else each
        for each in resource["identifier"]
    ]
    return {**resource, "identifier": found}


def _former_profession(resource: Json) -> Json:
    former = {"coding": [{"system": _G15, "code": "35"}]}
    return {**resource, "characteristic": [*resource["characteristic"], former]}


_G15 = system_url("TRE_G15-ProfessionSante")
_R211 = system_url("TRE_R211-ActiviteOperationnelle")
_R244 = system_url("TRE_R244-CategorieOrganisation")
_R66 = system_url("TRE_R66-CategorieEtablissement")
_SEARCH_BY_TYPE = {
    "ROR-HTTP-071": "searches by the right system select less",
    "ROR-SP-ORG-type": "searches by the right system select less",
}

DATA: tuple[Fault, ...] = (
    Fault(
        "hs-system-wrong",
        {"fr": "L'activité opérationnelle a un mauvais système", "en": "The operational activity has a wrong system"},
        "ROR-NOM-HealthcareService.specialty:operationalActivity",
        {
            "ROR-HTTP-072": "the system is not written in full",
            "ROR-STR-HealthcareService.specialty:operationalActivity": "no code of the mandatory slice",
            "ROR-SP-HS-specialty": "searches by the right system select nothing",
        },
        resource=only(
            "HealthcareService", sometimes(_concepts("specialty", _system(_R211, _R211.replace("TRE-", "TRE_"))))
        ),
    ),
    Fault(
        "loc-system-wrong",
        {
            "fr": "Le statut opérationnel du lieu a un mauvais système",
            "en": "The operational status of the place has a wrong system",
        },
        "ROR-NOM-Location.operationalStatus",
        {"ROR-SP-LOC-operational-status": "searches by the right system select nothing"},
        resource=only("Location", sometimes(_operational_system)),
    ),
    Fault(
        "org-system-wrong",
        {
            "fr": "La catégorie d'établissement a un mauvais système",
            "en": "The category of establishment has a wrong system",
        },
        "ROR-NOM-Organization.type:categorieEtablissement",
        {
            **_SEARCH_BY_TYPE,
            "ROR-HTTP-058": "searches by the right system select less",
            "ROR-HTTP-072": "the system is not written in full",
        },
        resource=only("Organization", _concepts("type", _system(_R66, _R66.replace("TRE-", "TRE_")))),
    ),
    Fault(
        "hs-code-unknown",
        {"fr": "Un type d'offre est hors du jeu de valeurs", "en": "A type of offer is outside its value set"},
        "ROR-NOM-HealthcareService.category",
        {"ROR-SP-HS-service-category": "the code searched is not one of the value set"},
        resource=only("HealthcareService", sometimes(_concepts("category", _code(_R244, "ZZZ")))),
    ),
    Fault(
        "loc-code-unknown",
        {
            "fr": "Un statut de capacité est hors du jeu de valeurs",
            "en": "A capacity status is outside its value set",
        },
        "ROR-NOM-ror-location-supported-capacity.extension:capacityStatus.value",
        {"ROR-SP-LOC-capacity-status": "the code searched is not one of the value set"},
        resource=only("Location", sometimes(_capacity_code)),
    ),
    Fault(
        "org-code-unknown",
        {
            "fr": "Une catégorie d'établissement est hors du jeu de valeurs",
            "en": "A category of establishment is outside its value set",
        },
        "ROR-NOM-Organization.type:categorieEtablissement",
        _SEARCH_BY_TYPE,
        resource=only("Organization", _concepts("type", _code(_R66, "99999"))),
    ),
    Fault(
        "hs-mandatory-missing",
        {"fr": "Des offres n'ont pas de champ d'activité", "en": "Some offers have no field of activity"},
        "ROR-STR-HealthcareService.type",
        _SEARCHED,
        resource=only("HealthcareService", sometimes(_without("type"))),
    ),
    Fault(
        "hs-mandatory-of-fhir-missing",
        {
            "fr": "Des fermetures n'ont pas la description que FHIR exige",
            "en": "Some closures lack the description that FHIR wants",
        },
        "ROR-STR-HealthcareService.notAvailable:closingReopeningDate.description",
        resource=only("HealthcareService", _unexplained),
    ),
    Fault(
        "loc-mandatory-missing",
        {"fr": "Des lieux n'ont pas de commune", "en": "Some places have no commune"},
        "ROR-STR-Location.extension:ror-commune-cog",
        _SEARCHED,
        resource=only("Location", sometimes(_without_extension(ROR + "ror-commune-cog"))),
    ),
    Fault(
        "loc-last-update-missing",
        {"fr": "Des lieux n'ont pas de date de mise à jour", "en": "Some places have no date of update"},
        "ROR-STR-Location.meta.lastUpdated",
        {"ROR-HTTP-070": "they cannot be searched by date"},
        resource=only(
            "Location",
            sometimes(
                lambda resource: {
                    **resource,
                    "meta": {k: v for k, v in resource["meta"].items() if k != "lastUpdated"},
                }
            ),
        ),
    ),
    Fault(
        "org-last-update-missing",
        {
            "fr": "Des organisations n'ont pas de date de mise à jour",
            "en": "Some organizations have no date of update",
        },
        "ROR-STR-Organization.meta.lastUpdated",
        {"ROR-HTTP-070": "they cannot be searched by date"},
        resource=only(
            "Organization",
            sometimes(
                lambda resource: {
                    **resource,
                    "meta": {k: v for k, v in resource["meta"].items() if k != "lastUpdated"},
                }
            ),
        ),
    ),
    Fault(
        "hs-extension-misplaced",
        {
            "fr": "Une partie d'extension est posée sur l'offre",
            "en": "A part of an extension stands on the offer itself",
        },
        "ROR-STR-HealthcareService.extension",
        resource=only("HealthcareService", _patients_at_top),
    ),
    Fault(
        "hs-extension-missing",
        {"fr": "Des offres n'ont pas l'extension de sensibilité", "en": "Some offers lack the sensitivity extension"},
        "ROR-STR-HealthcareService.extension:ror-healthcareservice-sensitive-unit",
        {"ROR-SEC-059": "the same extension, asked by the rules of access"},
        resource=only(
            "HealthcareService", sometimes(_without_extension(ROR + "ror-healthcareservice-sensitive-unit"))
        ),
    ),
    Fault(
        "loc-extension-part-unknown",
        {"fr": "Une capacité porte une partie inconnue", "en": "A capacity carries an unknown part"},
        "ROR-STR-ror-location-supported-capacity",
        {},
        resource=only(
            "Location",
            _mapped(
                _CAPACITY,
                lambda e: {**e, "extension": [*e["extension"], {"url": "occupationRate", "valueInteger": 80}]},
            ),
        ),
    ),
    Fault(
        "loc-capacity-type-missing",
        {"fr": "Une capacité n'a pas de nature", "en": "A capacity has no type"},
        "ROR-STR-ror-location-supported-capacity.extension:capacityType",
        {
            "ROR-SP-LOC-capacity-type": "there is no type to search",
        },
        resource=only("Location", sometimes(_mapped(_CAPACITY, _without_extension("capacityType")))),
    ),
    Fault(
        "org-extension-unknown",
        {
            "fr": "Les organisations portent une extension inconnue du guide",
            "en": "Organizations carry an extension that the guide has not",
        },
        "ROR-STR-Organization.extension",
        {},
        resource=only("Organization", _foreign_extension),
    ),
    Fault(
        "hs-date-format",
        {"fr": "La date de mise à jour des offres est mal formée", "en": "The date of update of offers is malformed"},
        "ROR-STR-HealthcareService.meta.lastUpdated",
        {
            "ROR-HTTP-070": "dates that cannot be compared",
            "ROR-SP-HS-lastUpdated": "dates that cannot be compared",
            "ROR-HTTP-065": "dates that cannot be compared",
            "ROR-HTTP-069": "dates that cannot be compared",
        },
        resource=only("HealthcareService", sometimes(_bad_instant)),
    ),
    Fault(
        "hs-code-of-fhir-unknown",
        {"fr": "Un jour d'ouverture est un code inconnu de FHIR", "en": "A day of opening is a code unknown to FHIR"},
        "ROR-STR-HealthcareService.availableTime.daysOfWeek",
        resource=only("HealthcareService", sometimes(_french_days)),
    ),
    Fault(
        "loc-number-as-text",
        {"fr": "La latitude est écrite comme un texte", "en": "The latitude is written as a string"},
        "ROR-STR-Location.position.latitude",
        {},
        resource=only("Location", _position_as_text),
    ),
    Fault(
        "org-boolean-as-text",
        {"fr": "active est écrit comme un texte", "en": "active is written as a string"},
        "ROR-STR-ORG-type",
        {},
        resource=only("Organization", _active_as_text),
    ),
    Fault(
        "hs-fixed-value-changed",
        {
            "fr": "La description de la période de fermeture n'est pas celle du guide",
            "en": "The description of the closing period is not that of the guide",
        },
        "ROR-STR-HealthcareService.notAvailable:closingReopeningDate.description",
        {},
        resource=only("HealthcareService", _other_description),
    ),
    Fault(
        "org-fixed-value-changed",
        {
            "fr": "Le système du numéro FINESS n'est pas celui du guide",
            "en": "The system of the FINESS number is not that of the guide",
        },
        "ROR-STR-Organization.identifier:finess.system",
        {"ROR-HTTP-075": "searches by the right system select nothing"},
        resource=only("Organization", _finess_system),
    ),
    Fault(
        "hs-code-ended",
        {"fr": "Un code de profession n'est plus en vigueur", "en": "A code of profession is not valid any more"},
        "ROR-NOM-HS-validity",
        resource=only("HealthcareService", _former_profession),
    ),
)
