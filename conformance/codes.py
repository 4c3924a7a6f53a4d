"""The codes of findings: what each does to its requirement, and where its cause lies by default.

Sentences live in ``reports/sentences`` per code and language; a code without sentences fails a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conformance.model import Finding
from conformance.verdict import Cause, Effect


@dataclass(frozen=True, slots=True)
class Code:
    """Effect and default cause of one kind of finding."""

    effect: Effect
    cause: Cause


_BROKEN = Code(Effect.BROKEN, Cause.CANDIDATE)
_NO_DATA = Code(Effect.UNVERIFIABLE, Cause.DATA)
_BLOCKED = Code(Effect.UNVERIFIABLE, Cause.CANDIDATE)
_OUTSIDE = Code(Effect.PREVENTED, Cause.EXTERNAL)

CODES: Mapping[str, Code] = {
    # transport: why there is no answer
    "transport.refused": _OUTSIDE,
    "transport.name": _OUTSIDE,
    "transport.tls": _OUTSIDE,
    "transport.connect-timeout": _OUTSIDE,
    "transport.network": _OUTSIDE,
    "transport.too-slow": _BROKEN,
    "transport.closed": _BROKEN,
    "transport.not-http": _BROKEN,
    "transport.too-large": _BROKEN,
    "transport.encoding": _BROKEN,
    "transport.token": Code(Effect.PREVENTED, Cause.CONFIGURATION),
    "transport.run-time": Code(Effect.PREVENTED, Cause.CONFIGURATION),
    # what keeps an expectation from being judged
    "blocked.no-answer": _BLOCKED,
    "blocked.status": _BLOCKED,
    "blocked.body": _BLOCKED,
    "blocked.pages": _BLOCKED,
    "blocked.no-match": _BLOCKED,
    "blocked.unstable": _BLOCKED,
    "blocked.consequence": _BLOCKED,
    "blocked.exploration": _BLOCKED,
    "blocked.not-created": _BLOCKED,
    "configuration.writes": Code(Effect.UNVERIFIABLE, Cause.CONFIGURATION),
    "configuration.identity": Code(Effect.UNVERIFIABLE, Cause.CONFIGURATION),
    "configuration.stranger": Code(Effect.UNVERIFIABLE, Cause.CONFIGURATION),
    "configuration.access": Code(Effect.UNVERIFIABLE, Cause.CONFIGURATION),
    "data.no-value": _NO_DATA,
    "data.no-example": Code(Effect.UNSHOWN, Cause.DATA),
    "data.not-carried": Code(Effect.UNCONCERNED, Cause.DATA),
    "specification.unevaluable": Code(Effect.UNCONCERNED, Cause.SPECIFICATION),
    "data.too-many": _NO_DATA,
    "data.changed": _NO_DATA,
    "harness.check": Code(Effect.PREVENTED, Cause.HARNESS),
    # the bench of applications
    "bench.cut": Code(Effect.PREVENTED, Cause.HARNESS),
    "bench.refused": Code(Effect.UNVERIFIABLE, Cause.CONFIGURATION),
    "bench.handshake": Code(Effect.UNVERIFIABLE, Cause.CONFIGURATION),
    "bench.silent": Code(Effect.UNVERIFIABLE, Cause.CONFIGURATION),
    "bench.drive": Code(Effect.UNVERIFIABLE, Cause.CONFIGURATION),
    "bench.no-outcome": Code(Effect.UNVERIFIABLE, Cause.CONFIGURATION),
    "bench.skipped": Code(Effect.UNVERIFIABLE, Cause.CONFIGURATION),
    "bench.not-met": Code(Effect.UNSHOWN, Cause.DATA),
    "request.missing": _BROKEN,
    "request.header": _BROKEN,
    "request.parameter": _BROKEN,
    "request.encoding": _BROKEN,
    "request.token": _BROKEN,
    "request.link": _BROKEN,
    "request.early": _BROKEN,
    "request.insistent": _BROKEN,
    "request.refused": _BROKEN,
    "request.tls": _BROKEN,
    "request.certificate": _BROKEN,
    "request.trusted": _BROKEN,
    "request.body": _BROKEN,
    "request.order": _BROKEN,
    "request.repeated": _BROKEN,
    "request.poll": _BROKEN,
    "request.pace": _BROKEN,
    "request.linked": _BROKEN,
    "shown.lost": _BROKEN,
    "shown.added": _BROKEN,
    "shown.twice": _BROKEN,
    "shown.denied": _BROKEN,
    # HTTP
    "http.status": _BROKEN,
    "http.content-type": _BROKEN,
    "http.not-utf8": _BROKEN,
    "http.header": _BROKEN,
    "body.not-json": _BROKEN,
    "body.too-deep": _BROKEN,
    "body.other-resource": _BROKEN,
    "body.expression": _BROKEN,
    # files
    "file.unreadable": _BROKEN,
    "file.refused": Code(Effect.PREVENTED, Cause.CONFIGURATION),
    # Bundle
    "bundle.type": _BROKEN,
    "bundle.entry": _BROKEN,
    "bundle.total-missing": _BROKEN,
    "bundle.total": _BROKEN,
    "bundle.total-includes": _BROKEN,
    "bundle.not-empty": _BROKEN,
    "bundle.search-mode": _BROKEN,
    "bundle.full-url": _BROKEN,
    "bundle.self-link": _BROKEN,
    "bundle.self-link-criterion": _BROKEN,
    # paging
    "paging.page-size": _BROKEN,
    "paging.next-missing": _BROKEN,
    "paging.next-broken": _BROKEN,
    "paging.next-elsewhere": _BROKEN,
    "paging.repeated": _BROKEN,
    "paging.lost": _BROKEN,
    "paging.endless": _BROKEN,
    # search
    "search.outside": _BROKEN,
    "search.missing": _BROKEN,
    "search.unsorted": _BROKEN,
    "search.differs": _BROKEN,
    "search.not-narrower": _BROKEN,
    "search.distance-missing": _BROKEN,
    "search.distance": _BROKEN,
    # inclusions
    "include.missing": _BROKEN,
    "include.reverse-missing": _BROKEN,
    "include.unrelated": _BROKEN,
    # extraction
    "export.no-status-address": _BROKEN,
    "export.elsewhere": _BROKEN,
    "export.no-manifest": _BROKEN,
    "export.manifest-member": _BROKEN,
    "export.file": _BROKEN,
    "export.type-missing": _BROKEN,
    "export.outside": _BROKEN,
    # errors
    "error.no-outcome": _BROKEN,
    "error.empty-outcome": _BROKEN,
    "error.internals": _BROKEN,
    # reading
    "read.differs": _BROKEN,
    # laws
    "law.narrows": _BROKEN,
    "law.any-order": _BROKEN,
    "law.unites": _BROKEN,
    "law.intersects": _BROKEN,
    "law.not-partitions": _BROKEN,
    "law.prefixes-agree": _BROKEN,
    "law.later-narrows": _BROKEN,
    "law.zones-agree": _BROKEN,
    "law.systems-agree": _BROKEN,
    "law.spelling-agrees": _BROKEN,
    "law.pages-partition": _BROKEN,
    "law.totals-agree": _BROKEN,
    "law.sorts": _BROKEN,
    "law.answers-again": _BROKEN,
    "law.answers-all": _BROKEN,
    "law.filters-as-plain": _BROKEN,
    "law.reads-as-found": _BROKEN,
    "law.chains-in-two-steps": _BROKEN,
    "law.has-in-two-steps": _BROKEN,
    "law.includes-close": _BROKEN,
    "law.distance-grows": _BROKEN,
    "law.revincludes-close": _BROKEN,
    "law.missing-partitions": _BROKEN,
    "law.exact-within": _BROKEN,
    "law.posts-as-gets": _BROKEN,
    "law.reductions-only-remove": _BROKEN,
    "optional.not-served": Code(Effect.UNCONCERNED, Cause.SPECIFICATION),
    # the contract
    "contract.server-error": _BROKEN,
    "contract.status": _BROKEN,
    "contract.content-type": _BROKEN,
    "contract.bundle": _BROKEN,
    "contract.resource": _BROKEN,
    "contract.outcome": _BROKEN,
    "contract.internals": _BROKEN,
    "contract.accepted": _BROKEN,
    # access policy
    "access.shown": _BROKEN,
    "access.hidden": _BROKEN,
    "access.beyond": _BROKEN,
    # who is let in
    "identity.accepted": _BROKEN,
    "blocked.unclear": _BLOCKED,
    "blocked.no-control": _BLOCKED,
    "identity.version": _BROKEN,
    "tls.certificate": _BROKEN,
    "tls.untrusted": Code(Effect.UNVERIFIABLE, Cause.CONFIGURATION),
    "tls.negotiated": _BROKEN,
    "token.not-given": _BROKEN,
    # capability
    "capability.security": _BROKEN,
    "capability.kind": _BROKEN,
    "capability.fhir-version": _BROKEN,
    "capability.format": _BROKEN,
    "capability.interaction": _BROKEN,
    "capability.search-parameter": _BROKEN,
    "capability.not-served": _BROKEN,
    "capability.unexpected": _BROKEN,
    # structures and nomenclatures
    "structure.missing": _BROKEN,
    "structure.too-many": _BROKEN,
    "structure.type": _BROKEN,
    "structure.unknown": _BROKEN,
    "structure.format": _BROKEN,
    "structure.code": _BROKEN,
    "structure.reference": _BROKEN,
    "structure.value": _BROKEN,
    "structure.invariant": _BROKEN,
    "structure.extension-missing": _BROKEN,
    "structure.extension-count": _BROKEN,
    "structure.extension-unknown": _BROKEN,
    "structure.extension-value": _BROKEN,
    "nomenclature.system": _BROKEN,
    "nomenclature.code": _BROKEN,
    "nomenclature.ended": _BROKEN,
    "nomenclature.not-held": _NO_DATA,
}


def finding(
    code: str, expected: object = "", actual: object = "", place: str = "", exchange: str = "",
    beside: tuple[str, ...] = (),
) -> Finding:
    """A finding of a known code, with the effect and cause that the table gives; KeyError for another code."""
    known = CODES[code]
    return Finding(code, _text(expected), _text(actual), place, exchange, known.effect, known.cause,
                   beside=beside)


def _text(value: object) -> str:
    text = value if isinstance(value, str) else str(value)
    text = text.encode("utf-8", "replace").decode()  # half a character of a hostile text could not be recorded
    return text if len(text) <= 400 else text[:399] + "…"
