"""The checks: pure functions of recorded facts. The one table from the name in a scenario to the function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from conformance.checks import (
    access,
    bundle,
    capability,
    conduct,
    consumer,
    export,
    http,
    inclusion,
    letting_in,
    query,
    questions,
    search,
    secured,
    structure,
    writing,
)
from conformance.checks.evidence import Evidence
from conformance.model import Finding


class Ground(IntEnum):
    """What a check stands on; without it the check is not run, and says what it lacked."""

    GREETED = -1  # a connection of an application, be it without a request
    HEARD = 0  # requests of an application
    ASKED = 1  # a request, be it without an answer
    ANSWER = 2
    BODY = 3
    SUCCESS = 4
    SEARCHSET = 5


Function = Callable[[Any, Evidence], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """A check and the ground it needs; ``reads`` marks those that answer for a body that cannot be read, ``single``
    those each of whose findings is of one requirement and tells nothing of others."""

    function: Function
    ground: Ground
    reads: bool = False
    single: bool = False


CHECKS: Mapping[str, Check] = {
    "status": Check(http.status, Ground.ANSWER),
    "content-type": Check(http.content_type, Ground.ANSWER),
    "utf8": Check(http.utf8, Ground.ANSWER),
    "header": Check(http.header, Ground.ANSWER),
    "no-internals": Check(http.no_internals, Ground.ANSWER),
    "operation-outcome": Check(http.operation_outcome, Ground.BODY, reads=True),
    "resource": Check(http.resource, Ground.SUCCESS, reads=True),
    "fhirpath": Check(http.fhirpath, Ground.SUCCESS),
    "fhirpath-of-error": Check(http.fhirpath_of_error, Ground.BODY),
    "same-as": Check(http.same_as, Ground.SUCCESS),
    "searchset": Check(bundle.searchset, Ground.SUCCESS, reads=True),
    "empty": Check(bundle.empty, Ground.SEARCHSET),
    "total": Check(bundle.total, Ground.SEARCHSET),
    "total-without-includes": Check(bundle.total_without_includes, Ground.SEARCHSET),
    "search-mode": Check(bundle.search_mode, Ground.SEARCHSET),
    "full-url": Check(bundle.full_url, Ground.SEARCHSET),
    "self-link": Check(bundle.self_link, Ground.SEARCHSET),
    "page-size": Check(bundle.page_size, Ground.SEARCHSET),
    "next-link": Check(bundle.next_link, Ground.SEARCHSET),
    "pages-partition": Check(bundle.pages_partition, Ground.SEARCHSET),
    "every-match": Check(search.every_match, Ground.SEARCHSET),
    "none-missing": Check(search.none_missing, Ground.SEARCHSET),
    "sorted": Check(search.sorted_by, Ground.SEARCHSET),
    "same-matches": Check(search.same_matches, Ground.SEARCHSET),
    "narrower": Check(search.narrower, Ground.SEARCHSET),
    "location-distance": Check(search.location_distance, Ground.SEARCHSET),
    "includes": Check(inclusion.includes, Ground.SEARCHSET),
    "revincludes": Check(inclusion.revincludes, Ground.SEARCHSET),
    "includes-only": Check(inclusion.includes_only, Ground.SEARCHSET),
    "access-policy": Check(access.access_policy, Ground.SEARCHSET, single=True),
    "access-profile": Check(access.access_profile, Ground.SEARCHSET),
    "export-accepted": Check(export.accepted, Ground.ANSWER),
    "export-ended": Check(export.ended, Ground.ANSWER),
    "export-files": Check(export.served, Ground.ANSWER),
    "conforms": Check(structure.conforms, Ground.SUCCESS),
    "codes": Check(structure.codes, Ground.SUCCESS),
    "elements": Check(structure.elements, Ground.SUCCESS),
    "capability-statement": Check(capability.capability_statement, Ground.SUCCESS, reads=True),
    "declares-interactions": Check(capability.declares_interactions, Ground.SUCCESS),
    "declares-search": Check(capability.declares_search, Ground.SUCCESS),
    "declares-includes": Check(capability.declares_includes, Ground.SUCCESS),
    "does-not-declare": Check(capability.does_not_declare, Ground.SUCCESS),
    "served-if-declared": Check(capability.served_if_declared, Ground.ANSWER),
    "search-served-if-declared": Check(capability.search_served_if_declared, Ground.ANSWER),
    "refused": Check(letting_in.refused, Ground.ASKED),
    "refused-in-tls": Check(letting_in.refused_in_tls, Ground.ASKED),
    "refused-in-clear": Check(letting_in.refused_in_clear, Ground.ASKED),
    "silent-refusal": Check(letting_in.silent_refusal, Ground.ASKED),
    "server-certificate": Check(letting_in.server_certificate, Ground.ASKED),
    "tls-negotiated": Check(letting_in.tls_negotiated, Ground.ANSWER),
    "token-given": Check(letting_in.token_given, Ground.ANSWER),
    "declares-security": Check(capability.declares_security, Ground.SUCCESS),
    "asks": Check(consumer.asks, Ground.HEARD),
    "sends-headers": Check(consumer.sends_headers, Ground.HEARD),
    "bearer": Check(consumer.bearer, Ground.HEARD),
    "token-request": Check(consumer.token_request, Ground.HEARD, single=True),
    "renews-token": Check(consumer.renews_token, Ground.HEARD),
    "encoded": Check(query.encoded, Ground.HEARD, single=True),
    "known-parameters": Check(query.known_parameters, Ground.HEARD, single=True),
    "full-codes": Check(query.full_codes, Ground.HEARD, single=True),
    "follows-next": Check(consumer.follows_next, Ground.HEARD),
    "waits": Check(consumer.waits, Ground.HEARD),
    "gives-up": Check(consumer.gives_up, Ground.HEARD),
    "shows": Check(consumer.shows, Ground.HEARD),
    "confirms": Check(questions.confirms, Ground.HEARD),
    "tls-used": Check(secured.tls_used, Ground.GREETED),
    "presents-certificate": Check(secured.presents_certificate, Ground.HEARD),
    "no-secret": Check(secured.no_secret, Ground.HEARD),
    "refuses-server": Check(secured.refuses_server, Ground.GREETED),
    "sends": Check(writing.sends, Ground.HEARD),
    "no-headers": Check(writing.no_headers, Ground.HEARD),
    "sends-fhir": Check(writing.sends_fhir, Ground.HEARD),
    "patch-form": Check(writing.patch_form, Ground.HEARD),
    "replaces-first": Check(writing.replaces_first, Ground.HEARD),
    "sent-once": Check(writing.sent_once, Ground.HEARD),
    "receives": Check(conduct.receives, Ground.HEARD),
    "asks-async": Check(conduct.asks_async, Ground.HEARD),
    "not-whole": Check(conduct.not_whole, Ground.HEARD),
    "zoned": Check(query.zoned, Ground.HEARD),
    "polls": Check(conduct.polls, Ground.HEARD),
    "paced": Check(conduct.paced, Ground.HEARD),
}

# What a client that must be refused is judged by, beside a step of the right one.
REFUSALS = ("refused", "refused-in-tls", "refused-in-clear")
# Each step must hold one of these, so that a request that is refused does not pass unseen.
TESTS_STATUS = frozenset(("status", "served-if-declared", "search-served-if-declared", "token-given", *REFUSALS))
