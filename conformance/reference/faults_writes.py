"""Faults of what changes the server: creation, update, FHIRPath Patch, capacities; and of the bulk export."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from conformance.reference.fault import Answer, Asked, Fault, Json, Pairs
from conformance.reference.interactions import serialised, with_answer
from conformance.reference.refusal import outcome

_CREATE, _CHANGE = frozenset(("create",)), frozenset(("update", "patch"))
Change = Callable[[Answer, Asked], Answer]


def _of(interactions: frozenset[str], change: Change, *, done: bool = True) -> Change:
    """The change for answers of some interactions: those that succeeded, or those that were refused."""
    def changed(answer: Answer, asked: Asked) -> Answer:
        return change(answer, asked) if asked.interaction in interactions and (answer.status < 400) is done else answer
    return changed


def _status(status: int) -> Change:
    return lambda answer, _asked: with_answer(answer, status=status)


def _without(*headers: str) -> Change:
    def changed(answer: Answer, _asked: Asked) -> Answer:
        return replace(answer, headers={name: value for name, value in answer.headers.items() if name not in headers})
    return changed


def _body(change: Callable[[Json], Json]) -> Change:
    def changed(answer: Answer, _asked: Asked) -> Answer:
        body = json.dumps(change(json.loads(answer.body)), ensure_ascii=False).encode()
        return with_answer(answer, body=body)
    return changed


def _conflict(answer: Answer, asked: Asked) -> Answer:
    return with_answer(answer, status=409) if answer.status == 412 and asked.interaction == "update" else answer


def _unversioned(answer: Answer, _asked: Asked) -> Answer:
    return with_answer(answer, location=answer.headers["location"].partition("/_history/")[0])


def _anonymous(resource: Json) -> Json:
    return {name: value for name, value in resource.items() if name != "identifier"}


def _bare(resource: Json) -> Json:
    return {name: resource[name] for name in ("resourceType", "id", "identifier") if name in resource}


def _refused(status: int, code: str, words: str, wanted: Mapping[str, object]) -> Change:
    """Another refusal in the place of one that holds all the words wanted in its first issue."""
    def changed(answer: Answer, _asked: Asked) -> Answer:
        issue = json.loads(answer.body)["issue"][0]
        if all(issue.get(name) == value for name, value in wanted.items()) and words in str(issue.get("expression")):
            return serialised(status, outcome(code, "the request failed"))
        return answer
    return _of(frozenset(("patch",)), changed, done=False)


def _before(before: Json | None, after: Json) -> Json:
    """What is stored is what was there: only the metadata change."""
    return after if before is None else {**before, "meta": after["meta"]}


def _operations(change: Callable[[list[Json]], list[Json]]) -> Callable[[Json], Json]:
    return lambda parameters: {**parameters, "parameter": change(parameters.get("parameter", []))}


def _part(operation: Json, name: str) -> str:
    """The text of a part of an operation."""
    held: Json = next((part for part in operation.get("part", ()) if part.get("name") == name), {})
    return str(held.get("valueString") or held.get("valueCode") or "")


def _no_delete(operations: list[Json]) -> list[Json]:
    """Deletions are taken for done."""
    kept = [one for one in operations if _part(one, "type") not in ("delete", "remove")]
    kind = _part(operations[0], "path").partition(".")[0] if operations else ""
    return kept or [{"name": "operation", "part": [
        {"name": "type", "valueCode": "add"}, {"name": "path", "valueString": kind},
        {"name": "name", "valueString": "language"}, {"name": "value", "valueCode": "fr"}]}]


def _manifest(change: Callable[[Json], Json]) -> Change:
    def changed(answer: Answer, asked: Asked) -> Answer:
        if asked.interaction != "export-status" or answer.status != 200:
            return answer
        return with_answer(answer, body=json.dumps(change(json.loads(answer.body))).encode())
    return changed


def _lost(answer: Answer, asked: Asked) -> Answer:
    lost = asked.interaction == "export-file" and ("_file", "0") in asked.pairs
    return serialised(404, outcome("not-found", "there is no such file")) if lost else answer


def _alone(manifest: Json) -> Json:
    return {**manifest, "output": [one for one in manifest["output"] if one["type"] == "HealthcareService"]}


def _failed(answer: Answer, asked: Asked) -> Answer:
    failed = asked.interaction == "export-status" and answer.status == 200
    return serialised(500, outcome("exception", "the extraction failed")) if failed else answer


def _whole(kind: str, pairs: Pairs) -> Pairs:
    return tuple(pair for pair in pairs if pair[0] != "_typeFilter") if not kind else pairs


def _fault(
    name: str, french: str, english: str, breaks: str, also: Mapping[str, str] | None = None, **hook: object
) -> Fault:
    return Fault(name, {"fr": french, "en": english}, breaks, also or {}, writes=True, **hook)  # type: ignore[arg-type]


WRITES: tuple[Fault, ...] = (
    _fault("create-200", "Une création répond 200", "A create answers 200", "ROR-HTTP-093",
           answer=_of(_CREATE, _status(200))),
    _fault("create-without-location", "Une création ne dit pas où", "A create does not say where", "ROR-HTTP-094",
           answer=_of(_CREATE, _without("location"))),
    _fault("create-location-unversioned", "Location sans version", "Location without a version", "ROR-HTTP-094",
           answer=_of(_CREATE, _unversioned)),
    _fault("create-without-identifier", "Une création ne rend pas l'identifiant",
           "A create does not return the identifier", "ROR-HTTP-095", answer=_of(_CREATE, _body(_anonymous))),
    _fault("create-partial", "Une création ne rend qu'un résumé", "A create returns a summary only", "ROR-HTTP-096",
           answer=_of(_CREATE, _body(_bare))),
    _fault("create-keeps-client-id", "L'id du client est gardé", "The client's id is kept", "ROR-HTTP-097",
           client_ids=True),
    _fault("wrong-create-500", "Un corps fautif fait échouer le serveur", "A wrong body makes the server fail",
           "ROR-HTTP-084", answer=_of(_CREATE, _status(500), done=False)),
    _fault("wrong-create-accepted", "Un corps fautif crée une ressource", "A wrong body creates a resource",
           "ROR-HTTP-084", {"ROR-HTTP-018": "what is not refused has no OperationOutcome"}, lenient=True),
    _fault("wrong-create-bare", "Le refus d'un corps fautif n'est pas un OperationOutcome",
           "The refusal of a wrong body is no OperationOutcome", "ROR-HTTP-018",
           answer=_of(_CREATE, _body(lambda _outcome: {"error": "bad request"}), done=False)),
    _fault("change-202", "Une mise à jour répond 202", "An update answers 202", "ROR-HTTP-098",
           answer=_of(_CHANGE, _status(202))),
    _fault("change-conflict-409", "Un conflit de version répond 409", "A conflict of versions answers 409",
           "ROR-HTTP-105",
           {"ROR-HTTP-104": "judged by the same check"}, answer=_conflict),
    _fault("change-without-last-modified", "Mise à jour sans Last-Modified", "Update without Last-Modified",
           "ROR-HTTP-099", answer=_of(_CHANGE, _without("last-modified"))),
    _fault("change-without-etag", "Mise à jour sans ETag", "Update without ETag", "ROR-HTTP-100",
           answer=_of(_CHANGE, _without("etag"))),
    _fault("change-without-identifier", "Une mise à jour ne rend pas l'identifiant",
           "An update does not return the identifier", "ROR-HTTP-101", answer=_of(_CHANGE, _body(_anonymous))),
    _fault("change-not-kept", "Une mise à jour n'est pas gardée", "An update is not kept", "ROR-HTTP-106", {
        "ROR-HTTP-103": "a PUT is not kept either", "ROR-HTTP-108": "nor a deletion", "ROR-HTTP-109": "in any form",
        "ROR-HTTP-110": "in any form", "ROR-HTTP-111": "whatever it selects", "ROR-HTTP-112": "whatever it selects",
        "ROR-HTTP-113": "one or several", "ROR-HTTP-114": "at any address",
        "ROR-HTTP-098": "what was added is absent, and its replacement refused",
        "ROR-HTTP-099": "the same", "ROR-HTTP-100": "the same"}, stored=_before),
    _fault("delete-ignored", "Une suppression est sans effet", "A deletion has no effect", "ROR-HTTP-108", {
        "ROR-HTTP-111": "what it selects stays", "ROR-HTTP-106": "the resource stays as it was"},
        operations=_operations(_no_delete)),
    _fault("operations-reversed", "Les opérations sont appliquées à l'envers", "Operations are applied in reverse",
           "ROR-HTTP-113", {"ROR-HTTP-098": "a replacement comes before its addition",
                            "ROR-HTTP-099": "and is refused", "ROR-HTTP-100": "and is refused"},
           operations=_operations(lambda held: held[::-1])),
    _fault("absent-capacity-400", "Une capacité absente est une requête mauvaise",
           "An absent capacity is a bad request", "ROR-HTTP-119",
           answer=_refused(400, "invalid", "supported-capacity", {"code": "not-found"})),
    _fault("absent-place-without-expression", "Un lieu absent sans désignation", "An absent place without designation",
           "ROR-HTTP-120", answer=_refused(404, "not-found", "['Location']", {"code": "not-found"})),
    _fault("absent-place-400", "Un lieu absent est une requête mauvaise", "An absent place is a bad request",
           "ROR-HTTP-115", {"ROR-HTTP-120": "the same answer"},
           answer=_refused(400, "not-found", "['Location']", {"code": "not-found"})),
    _fault("several-places-409", "Plusieurs lieux font un conflit", "Several places make a conflict", "ROR-HTTP-121",
           {"ROR-HTTP-115": "the same answer"},
           answer=_refused(409, "multiple-matches", "Location", {"code": "multiple-matches"})),
    _fault("wrong-capacity-accepted", "Un code de capacité faux est accepté", "A wrong code of capacity is accepted",
           "ROR-HTTP-122",
           {"ROR-NOM-ror-location-supported-capacity.extension:capacityStatus.value": "it is then served"},
           unchecked=True),
    _fault("export-missing", "L'extraction n'est pas servie", "The extraction is not served", "ROR-HTTP-125",
           answer=lambda answer, asked: serialised(404, outcome("not-supported", "no such operation"))
           if asked.interaction == "export" else answer,
           also={"ROR-HTTP-127": "nothing is accepted", "ROR-HTTP-129": "nothing is accepted",
                 "ROR-HTTP-132": "nothing is accepted"}),
    _fault("export-without-status-address", "L'extraction ne dit pas où la suivre",
           "The extraction does not say where to follow it", "ROR-HTTP-131",
           answer=_of(frozenset(("export",)), _without("content-location"))),
    _fault("export-never-ends-well", "L'extraction échoue", "The extraction fails", "ROR-HTTP-134",
           {"ROR-HTTP-135": "there is no manifest"}, answer=_failed),
    _fault("export-manifest-incomplete", "Manifeste sans transactionTime", "Manifest without transactionTime",
           "ROR-HTTP-135", {"ROR-HTTP-134": "judged by the same check"},
           answer=_manifest(lambda held: {name: value for name, value in held.items() if name != "transactionTime"})),
    _fault("export-file-missing", "Un fichier de l'extraction manque", "A file of the extraction is missing",
           "ROR-HTTP-136", {"ROR-HTTP-128": "its resources are missing", "ROR-HTTP-130": "nothing is shown"},
           answer=_lost),
    _fault("export-offers-alone", "Les offres sont extraites seules", "Offers are extracted alone", "ROR-HTTP-128",
           {"ROR-HTTP-136": "judged by the same check"}, answer=_manifest(_alone)),
    _fault("export-region-ignored", "La région demandée est ignorée", "The region asked for is ignored", "ROR-HTTP-130",
           query=_whole),
)
