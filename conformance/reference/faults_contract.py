"""Faults of the contract: an odd request is answered in a way that no example asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from conformance.reference.fault import Answer, Asked, Fault, Json, Pairs
from conformance.reference.interactions import when, with_answer, with_status
from conformance.reference.refusal import outcome
from conformance.reference.rewriting import leaf, of_kind

_NUMBERS = of_kind("number", "quantity")
_NUMBER = re.compile(r"([a-z]{2})?-?\d")
_TRACE = "java.lang.NumberFormatException at org.offer.search.NumberReader.read(NumberReader.java:88)"
_ODD_ID = 60  # characters of a refusal to read that tell a long id


def _fault(name: str, fr: str, en: str, breaks: str, law: str, also: dict[str, str] | None = None,
           **hooks: object) -> Fault:
    return Fault(name, {"fr": fr, "en": en}, breaks, also or {}, law=law, **hooks)  # type: ignore[arg-type]


def _reads(status: int, wanted: Callable[[bytes], bool]) -> Callable[[Answer, Asked], bool]:
    return lambda answer, asked: asked.interaction == "read" and answer.status == status and wanted(answer.body)


def _refuses(words: bytes) -> Callable[[Answer, Asked], bool]:
    return lambda answer, _asked: answer.status == 400 and words in answer.body


def _newest_first(answer: Answer, asked: Asked) -> bool:
    return answer.status == 200 and ("_sort", "-_lastUpdated") in asked.pairs


def _formed(answer: Answer, asked: Asked) -> bool:
    return asked.interaction == "read" and answer.status == 200 and "_format" in dict(asked.pairs)


def _plain(answer: Answer, _asked: Asked) -> Answer:
    return with_answer(answer, body=b"Not Found", content_type="text/plain; charset=utf-8")


def _bare(answer: Answer, _asked: Asked) -> Answer:
    return with_answer(answer, body=b'{"error":"invalid"}')


def _traced(answer: Answer, _asked: Asked) -> Answer:
    return with_answer(answer, body=json.dumps(outcome("invalid", _TRACE)).encode())


def _as_bundle(answer: Answer, _asked: Asked) -> Answer:
    """A resource read is answered in a Bundle."""
    held = {"resourceType": "Bundle", "type": "searchset", "total": 1, "entry": [{"resource": json.loads(answer.body)}]}
    return with_answer(answer, body=json.dumps(held).encode())


def _text_total(bundle: Json, asked: Asked) -> Json:
    ascending = ("_sort", "_lastUpdated") in asked.pairs
    return {**bundle, "total": str(bundle.get("total"))} if ascending else bundle


def _without_misread(kind: str, pairs: Pairs) -> Pairs:
    """Numbers that are none are left aside."""
    return tuple((name, value) for name, value in pairs
                 if leaf(kind, name)[1] not in _NUMBERS or _NUMBER.match(value) or not value)


CONTRACT = (
    _fault("refusal-of-count-bare", "Un _count refusé l'est sans OperationOutcome",
           "A _count is refused without an OperationOutcome", "ROR-HTTP-018", "searches-keep-contract",
           answer=when(_refuses(b"parameter _count"), _bare)),
    _fault("number-misread-ignored", "Un nombre mal écrit est ignoré", "A misspelt number is ignored",
           "ROR-HTTP-084", "searches-keep-contract", query=_without_misread),
    _fault("trace-on-number", "Un nombre mal écrit fait montrer une trace", "A misspelt number shows a stack trace",
           "ROR-ERR-001", "searches-keep-contract", answer=when(_refuses(b"is not a number"), _traced)),
    _fault("total-as-text", "Un résultat trié donne son total en texte", "A sorted result has its total as text",
           "ROR-HTTP-011", "searches-keep-contract", bundle=_text_total),
    _fault("status-of-order", "Une recherche triée du plus récent au plus ancien est répondue par 203",
           "A search sorted from the newest to the oldest is answered by 203", "ROR-HTTP-010", "searches-keep-contract",
           answer=when(_newest_first, with_status(203))),
    _fault("odd-id-in-plain-text", "Un identifiant hors de l'ASCII est refusé en texte",
           "An id beyond ASCII is refused in plain text", "ROR-HTTP-001", "reads-keep-contract",
           {"ROR-HTTP-018": "plain text is no OperationOutcome"},
           answer=when(_reads(404, lambda body: not body.isascii()), _plain)),
    _fault("error-on-long-id", "Un identifiant long fait échouer le serveur", "A long id makes the server fail",
           "ROR-HTTP-084", "reads-keep-contract",
           answer=when(_reads(404, lambda body: len(body) > len(json.dumps(outcome("", ""))) + _ODD_ID),
                       with_status(500))),
    _fault("read-in-bundle", "Une lecture qui donne _format est répondue par un Bundle",
           "A read that gives _format is answered by a Bundle", "ROR-RD-001", "reads-keep-contract",
           answer=when(_formed, _as_bundle)),
)
