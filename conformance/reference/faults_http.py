"""Faults of the exchange: statuses, media types, encodings, error bodies."""

from __future__ import annotations

import html
import json

from conformance.reference.fault import Answer, Asked, Fault
from conformance.reference.interactions import AnswerChange, serialised, when, with_answer, with_status
from conformance.reference.refusal import outcome
from conformance.reference.rewriting import kept

_JAVA = (
    "org.hibernate.exception.SQLGrammarException: could not extract ResultSet\n"
    "\tat fr.sante.ror.search.QueryBuilder.build(QueryBuilder.java:214)\n"
    "\tat fr.sante.ror.web.FhirServlet.doGet(FhirServlet.java:88)\n"
    "SELECT * FROM T_OFFRE WHERE DT_MAJ = ?"
)


def _error(answer: Answer, _asked: Asked) -> bool:
    return 400 <= answer.status < 500 and answer.status != 404


def _unknown(answer: Answer, asked: Asked) -> bool:
    return answer.status == 404 and asked.interaction in ("", "read")


def _empty(answer: Answer, asked: Asked) -> bool:
    return asked.interaction == "search-type" and answer.status == 200 and b'"total":0' in answer.body


def _page(answer: Answer, _asked: Asked) -> Answer:
    text = html.escape(json.loads(answer.body)["issue"][0]["diagnostics"])
    body = f"<html><head><title>Erreur</title></head><body><h1>{answer.status}</h1><p>{text}</p></body></html>"
    return with_answer(answer, body=body.encode(), content_type="text/html; charset=utf-8")


def _trace(answer: Answer, _asked: Asked) -> Answer:
    return serialised(answer.status, outcome("exception", _JAVA))


def _latin(answer: Answer, _asked: Asked) -> Answer:
    return with_answer(answer, body=answer.body.decode().encode("latin-1", "replace"))


def _empty_404(_answer: Answer, _asked: Asked) -> Answer:
    return serialised(404, outcome("not-found", "no resource matches"))


def _empty_500(_answer: Answer, _asked: Asked) -> Answer:
    return serialised(500, outcome("exception", "the search failed"))


def _media(media: str) -> AnswerChange:
    return lambda answer, _asked: with_answer(answer, content_type=media)


def _without_body(answer: Answer, _asked: Asked) -> Answer:
    return with_answer(answer, body=b"", content_type="")


def _success(answer: Answer, _asked: Asked) -> bool:
    return answer.status == 200


def _metadata(_answer: Answer, asked: Asked) -> bool:
    return asked.interaction == "capabilities"


_OUTCOME = "the error is not an OperationOutcome"

HTTP: tuple[Fault, ...] = (
    Fault(
        "empty-is-404",
        {"fr": "Une recherche sans résultat répond 404", "en": "A search without match answers 404"},
        "ROR-HTTP-013",
        {
            "ROR-HTTP-010": "a search that can be executed does not answer 200",
            "ROR-CAP-001": "a declared search without match answers 404",
        },
        answer=when(_empty, _empty_404),
    ),
    Fault(
        "empty-is-500",
        {"fr": "Une recherche sans résultat répond 500", "en": "A search without match answers 500"},
        "ROR-HTTP-013",
        {"ROR-HTTP-010": "a search that can be executed fails"},
        answer=when(_empty, _empty_500),
    ),
    Fault(
        "search-206",
        {"fr": "Une recherche réussie répond 206", "en": "A successful search answers 206"},
        "ROR-HTTP-010",
        {
            "ROR-HTTP-004": "a format asked for is served with this status too",
            "ROR-HTTP-005": "the same",
            "ROR-HTTP-012": "a total is looked for in pages that answer 200",
            "ROR-HTTP-013": "an empty result has this status too",
        },
        answer=when(lambda answer, asked: asked.interaction == "search-type" and answer.status == 200,
                    with_status(206)),
    ),
    Fault(
        "error-as-html",
        {"fr": "Les erreurs sont des pages HTML", "en": "Errors are HTML pages"},
        "ROR-HTTP-018",
        {
            "ROR-HTTP-001": "the answer is not FHIR JSON",
            "ROR-HTTP-017": _OUTCOME,
            "ROR-HTTP-064": _OUTCOME,
            "ROR-HTTP-007": _OUTCOME,
        },
        answer=when(_error, _page),
    ),
    Fault(
        "error-without-body",
        {"fr": "Les erreurs n'ont pas de corps", "en": "Errors have no body"},
        "ROR-HTTP-018",
        {"ROR-HTTP-001": "the answer has no media type", "ROR-HTTP-017": _OUTCOME, "ROR-HTTP-064": _OUTCOME},
        answer=when(_error, _without_body),
    ),
    Fault(
        "error-as-success",
        {
            "fr": "Une mauvaise requête répond 200 avec un OperationOutcome",
            "en": "A bad request answers 200 with an OperationOutcome",
        },
        "ROR-HTTP-017",
        {
            "ROR-HTTP-084": "a bad request is not of the 4XX class",
            "ROR-HTTP-064": "a modifier refused answers 200",
            "ROR-HTTP-007": "an impossible format answers 200",
            "ROR-HTTP-011": "the body of a 200 is not a Bundle",
            "ROR-HTTP-018": "the failure is not told as one",
        },
        answer=when(_error, with_status(200)),
    ),
    Fault(
        "error-as-500",
        {"fr": "Une mauvaise requête répond 500", "en": "A bad request answers 500"},
        "ROR-HTTP-084",
        {
            "ROR-HTTP-007": "an impossible format answers 500",
            "ROR-HTTP-017": "the client is told that the server failed",
            "ROR-HTTP-064": "an unknown modifier answers 500",
        },
        answer=when(_error, with_status(500)),
    ),
    Fault(
        "stack-trace",
        {"fr": "Les erreurs montrent la pile d'appels", "en": "Errors show the stack trace"},
        "ROR-ERR-001",
        {"ROR-HTTP-018": "the cause is not explained to the client"},
        answer=when(_error, _trace),
    ),
    Fault(
        "media-type-html",
        {"fr": "Les réponses se disent text/html", "en": "Answers call themselves text/html"},
        "ROR-HTTP-001",
        {"ROR-HTTP-011": "no FHIR content is announced"},
        answer=when(_success, _media("text/html; charset=utf-8")),
    ),
    Fault(
        "media-type-xml",
        {"fr": "Les réponses se disent application/xml", "en": "Answers call themselves application/xml"},
        "ROR-HTTP-001",
        {"ROR-HTTP-011": "no FHIR JSON is announced", "ROR-HTTP-003": "XML is announced"},
        answer=when(_success, _media("application/xml")),
    ),
    Fault(
        "latin-1",
        {"fr": "Les textes sont encodés en latin-1", "en": "Texts are encoded in latin-1"},
        "ROR-HTTP-009",
        {
            "ROR-HTTP-001": "the body is not JSON",
            "ROR-HTTP-011": "the body cannot be read",
            "ROR-RD-001": "the body cannot be read",
        },
        answer=when(_success, _latin),
    ),
    Fault(
        "format-xml-accepted",
        {"fr": "_format=xml répond 200 en JSON", "en": "_format=xml answers 200 in JSON"},
        "ROR-HTTP-007",
        {
            "ROR-HTTP-005": "_format does not come before Accept",
            "ROR-HTTP-004": "_format is ignored",
            "ROR-HTTP-003": "a request for XML is accepted",
        },
        query=kept(lambda _kind, name, _value: name != "_format"),
    ),
    Fault(
        "unknown-id-200",
        {"fr": "Un id inconnu répond 200", "en": "An unknown id answers 200"},
        "ROR-HTTP-087",
        {
            "ROR-HTTP-084": "a missing resource is not refused",
            "ROR-SEC-060": "what is hidden is answered as what is unknown",
        },
        answer=when(_unknown, with_status(200)),
    ),
    Fault(
        "unknown-id-500",
        {"fr": "Un id inconnu répond 500", "en": "An unknown id answers 500"},
        "ROR-HTTP-087",
        {
            "ROR-HTTP-084": "a missing resource is not of the 4XX class",
            "ROR-SEC-060": "what is hidden is answered as what is unknown",
        },
        answer=when(_unknown, with_status(500)),
    ),
    Fault(
        "metadata-missing",
        {"fr": "metadata répond 404", "en": "metadata answers 404"},
        "ROR-HTTP-140",
        {
            f"ROR-{name}": "there is no CapabilityStatement"
            for name in (
                "CAP-001",
                "CAP-002",
                "HTTP-141",
                "HTTP-142",
                "HTTP-143",
                "HTTP-144",
                "HTTP-145",
                "HTTP-147",
                "HTTP-148",
                "HTTP-010",
            )
        },
        answer=when(_metadata, _empty_404),
    ),
)
