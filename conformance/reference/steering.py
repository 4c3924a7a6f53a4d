"""What those who steer the region look at: anomalies (Task), indicators (Measure, MeasureReport), entry models
(Questionnaire)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.reference.fragments import ROR, Fragment
from conformance.reference.nomenclature import system_url
from conformance.reference.world import World

_INPUTS = "https://interop.esante.gouv.fr/ig/fhir/ror/CodeSystem/input-task-ror-codesystem"
_CONTEXTS = "https://interop.esante.gouv.fr/ig/fhir/ror/CodeSystem/usage-context-ror-codesystem"
_LAUNCHED = "http://hl7.org/fhir/uv/sdc/CodeSystem/launchContext"
_LAUNCH = ROR + "ror-launchcontext"
_INDICATORS = ("Capacités à jour", "Offres décrites", "Places disponibles", "Anomalies corrigées")
_MODELS = {"01": "355", "02": "109", "03": "292", "04": "500"}  # field of activity → category of establishment


def _input(code: str, kind: str, value: object) -> Fragment:
    return {"type": {"coding": [{"system": _INPUTS, "code": code}]}, f"value{kind}": value}


def anomalies(world: World, concerned: Sequence[Fragment]) -> Iterator[Fragment]:
    """An anomaly for each resource concerned: a logical reference as the guide shows it, a literal one beside in two
    out of three, for searches can follow no other."""
    for number, one in enumerate(concerned):
        kind, value = one["resourceType"], one["identifier"][0]["value"]
        focus = {"type": kind, "identifier": {"value": value}}
        if number % 3 != 2:
            focus = {"reference": f"{kind}/{one['id']}", **focus}
        day = world.day(2025, 2025)
        made: Fragment = {
            "resourceType": "Task",
            "id": world.next_id(),
            "meta": {**world.meta("task", "11"), "tag": one["meta"]["tag"]},
            "identifier": [{"value": f"ANO-{world.sequence('anomaly'):05d}"}],
            "status": "in-progress",
            "businessStatus": world.codes.concept(
                "J244", world.draw("task-status", {"02": 3, "05": 2, "08": 2, "10": 2})),
            "intent": "order",
            "code": world.codes.concept("J241", world.draw("task-theme", {"01": 2, "04": 2, "06": 3})),
            "description": "La description ne correspond plus à ce qui est proposé",
            "focus": focus,
            "authoredOn": day,
            "lastModified": day,
            "reasonCode": world.codes.concept("J242", world.draw("task-action", {"COR": 3, "AJO": 1, "SUP": 1})),
            "input": [
                _input("systemRequester", "String", "IHM"),
                _input("pathElementError", "Expression", {"language": "text/fhirpath", "expression": f"{kind}.name"}),
            ],
        }
        yield made


def indicators(world: World) -> Iterator[Fragment]:
    """Each indicator with a report a quarter."""
    for number, title in enumerate(_INDICATORS, 1):
        identifier = world.next_id()
        measure: Fragment = {
            "resourceType": "Measure",
            "id": identifier,
            "meta": world.meta("measure", "11"),
            "url": f"https://ror.exemple.fr/fhir/Measure/{identifier}",
            "identifier": [{"value": f"IND-{number:03d}"}],
            "title": title,
            "status": "active",
            "date": "2025-01-01",
            "purpose": f"Suivre dans le temps : {title.lower()}",
            "topic": [{"text": "Qualité de la description de l'offre"}],
            "type": [{"text": "Pourcentage"}],
            "group": [{"code": {"text": title}, "description": title}],
        }
        yield measure
        for quarter in (1, 2, 3, 4):
            yield _report(world, measure, quarter)


def _report(world: World, measure: Fragment, quarter: int) -> Fragment:
    first = 3 * quarter - 2
    return {
        "resourceType": "MeasureReport",
        "id": world.next_id(),
        "meta": world.meta("measurereport", "11"),
        "identifier": [{"value": f"{measure['identifier'][0]['value']}-2025T{quarter}"}],
        "status": "complete",
        "type": "summary",
        "measure": measure["url"],
        "date": f"2025-{first + 2:02d}-28T08:00:00+01:00",
        "period": {"start": f"2025-{first:02d}-01", "end": f"2025-{first + 2:02d}-28"},
        "group": [{"code": measure["group"][0]["code"], "measureScore": {"value": world.rng.randint(40, 99)}}],
    }


def models(world: World) -> Iterator[Fragment]:
    """An entry model for each field of activity."""
    for field, category in _MODELS.items():
        label = world.codes.display("J20", field)
        yield {
            "resourceType": "Questionnaire",
            "id": world.next_id(),
            "meta": world.meta("questionnaire-healthcareservice", "11"),
            "extension": [{
                "url": _LAUNCH,
                "extension": [
                    {"url": "name", "valueCoding": {"system": _LAUNCHED, "code": "ror-structure"}},
                    {"url": "type", "valueCode": "Organization"},
                ],
            }],
            "identifier": [{"value": f"MODELE-{field}"}],
            "name": f"ModeleSaisie{field}",
            "title": f"Modèle de saisie : {label}",
            "status": "active" if field != "04" else "draft",
            "subjectType": ["HealthcareService"],
            "date": "2025-03-01",
            "useContext": [
                {"code": {"system": system_url("TRE_R67-TypeStructure-EJ-EG"), "code": "EG"},
                 "valueCodeableConcept": world.codes.concept("J55", category)},
                {"code": {"system": _CONTEXTS, "code": "champAct"},
                 "valueCodeableConcept": world.codes.concept("J20", field)},
            ],
            "item": [
                {"linkId": "nom", "text": "Nom de l'offre", "type": "string", "required": True,
                 "definition": f"{ROR}ror-healthcareservice#HealthcareService.name"},
                {"linkId": "commentaire", "text": "Commentaire", "type": "text"},
            ],
        }
