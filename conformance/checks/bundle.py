"""Checks of a searchset: its type, its total, its entries, its links, its pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.checks.evidence import Evidence
from conformance.codes import finding
from conformance.fhir import bundle
from conformance.fhir.explore import query_of
from conformance.fhir.search import criteria
from conformance.model import Finding
from conformance.scenario_words import PROBE


def searchset(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """The body is a Bundle of type searchset, and each entry carries a resource."""
    body = evidence.body
    if not bundle.is_searchset(body):
        actual = f"{body.get('resourceType', 'no resourceType')} of type {body.get('type', 'none')}"
        yield finding("bundle.type", "Bundle of type searchset", actual, "Bundle.type", evidence.first.id)
        return
    for exchange, page in evidence.pages():
        for index, entry in enumerate(bundle.raw_entries(page)):
            if not isinstance(entry, dict) or not isinstance(entry.get("resource"), dict):
                yield finding("bundle.entry", "an entry with a resource", "none", f"Bundle.entry[{index}]",
                              exchange.id)


def empty(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """Without any match, total is 0 and no entry is a match."""
    total, matches = bundle.total(evidence.body), evidence.matches()
    if total != 0 or matches:
        shown = "no total" if total is None else f"total {total}"
        yield finding("bundle.not-empty", "total 0, no match", f"{shown}, {len(matches)} matches", "Bundle.total",
                      evidence.first.id)


def total(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """Bundle.total is there, and is the number of matches over all pages."""
    said = bundle.total(evidence.body)
    if said is None:
        yield finding("bundle.total-missing", "an integer", evidence.body.get("total", "absent"), "Bundle.total",
                      evidence.first.id)
        return
    matches = {entry.key for _, entry in evidence.matches()}
    included = {entry.key for _, entry in evidence.inclusions()}
    if included and said == len(matches) + len(included):
        return
    if (evidence.complete and said != len(matches)) or said < len(matches):
        yield finding("bundle.total", len(matches), said, "Bundle.total", evidence.first.id)


def total_without_includes(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """Included resources do not count in Bundle.total."""
    said = bundle.total(evidence.body)
    matches = {entry.key for _, entry in evidence.matches()}
    included = {entry.key for _, entry in evidence.inclusions()}
    if not included:
        yield finding("data.no-example", "a search that brings inclusions", "no inclusion", "", evidence.first.id)
    elif not evidence.complete:
        yield finding("blocked.pages", "every page of the result", evidence.current.ending, "", evidence.first.id)
    elif said == len(matches) + len(included) == len(matches) + 1:  # or the matches are counted one too many
        yield finding("data.no-example", "a search that brings inclusions", "one inclusion", "", evidence.first.id)
    elif said == len(matches) + len(included):
        yield finding("bundle.total-includes", len(matches), said, "Bundle.total", evidence.first.id)


def search_mode(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """Each entry says by search.mode whether it is a match, an inclusion or an outcome."""
    for exchange, page in evidence.pages():
        for entry in bundle.entries(page):
            kind = entry.resource.get("resourceType")
            if entry.mode not in ("match", "include", "outcome"):
                yield finding("bundle.search-mode", "match, include or outcome", entry.mode or "absent",
                              f"{entry.place}.search.mode", exchange.id)
            elif entry.mode == "match" and kind != evidence.searched:
                yield finding("bundle.search-mode", f"match for {evidence.searched} only", f"match for {kind}",
                              f"{entry.place}.search.mode", exchange.id)


def full_url(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """Each entry has a fullUrl that ends with its type and id, and none is used twice in a page."""
    for exchange, page in evidence.pages():
        seen: set[str] = set()
        for entry in bundle.entries(page):
            place = f"{entry.place}.fullUrl"
            urn = entry.full_url.startswith("urn:")
            if not entry.full_url:
                yield finding("bundle.full-url", "a fullUrl", "absent", place, exchange.id)
            elif not urn and not entry.full_url.split("/_history/")[0].endswith(f"/{entry.key}"):
                yield finding("bundle.full-url", f"…/{entry.key}", entry.full_url, place, exchange.id)
            elif entry.full_url in seen and entry.mode != "outcome":
                yield finding("bundle.full-url", "a fullUrl used once", entry.full_url, place, exchange.id)
            seen.add(entry.full_url)


def self_link(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """The self link repeats the criteria that the server used."""
    url = bundle.link(evidence.body, "self")
    if not url:
        yield finding("bundle.self-link", "a link of relation self", "absent", "Bundle.link", evidence.first.id)
        return
    said = query_of(url)
    for one in criteria(evidence.query):
        if PROBE in one.name:
            continue
        if (one.name, one.value) not in said:
            held = [value for name, value in said if name == one.name]
            yield finding("bundle.self-link-criterion", f"{one.name}={one.value}",
                          f"{one.name}={held[0]}" if held else f"without {one.name}", "Bundle.link(self)",
                          evidence.first.id)


def page_size(wanted: Any, evidence: Evidence) -> Iterator[Finding]:
    """No page holds more matches than wanted."""
    for exchange, page in evidence.pages():
        found = len(bundle.matches(page, evidence.searched))
        if found > wanted["at-most"]:
            yield finding("paging.page-size", f"at most {wanted['at-most']}", found, "Bundle.entry", exchange.id)


def next_link(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """While matches remain there is a next link, and it leads to the next page."""
    pages = evidence.pages()
    said = bundle.total(pages[0][1])
    found = {entry.key for _, entry in evidence.matches()}
    last = evidence.current.exchanges[-1]
    ending = evidence.current.ending
    if ending == "broken":
        actual = last.trouble.detail if last.trouble else f"status {last.response.status}" if last.response else ""
        yield finding("paging.next-broken", "a searchset", actual, "Bundle.link(next)", last.id)
    elif ending == "elsewhere":
        yield finding("paging.next-elsewhere", "an address of the candidate",
                      bundle.link(pages[-1][1], "next"), "Bundle.link(next)", last.id)
    elif ending == "loop":
        yield finding("paging.endless", "an end", "a next link already followed", "Bundle.link(next)", last.id)
    elif len(pages) == 1 and not evidence.next_of(last) and said is not None and len(found) < said:
        yield finding("paging.next-missing", f"a next link, {said - len(found)} matches remain", "absent",
                      "Bundle.link", last.id)
    elif len(pages) == 1 and not evidence.next_of(last):
        yield finding("data.no-example", "a result of more than one page", "one page", "", evidence.first.id)


def pages_partition(_: Any, evidence: Evidence) -> Iterator[Finding]:
    """Following the next links gives each match once, and as many as the total says."""
    seen: dict[str, str] = {}
    for exchange, entry in evidence.matches():
        if entry.key in seen and entry.key.split("/")[0] == evidence.searched:
            yield finding("paging.repeated", "each match once", f"{entry.key} again (first in {seen[entry.key]})",
                          entry.place, exchange.id)
        seen.setdefault(entry.key, exchange.id)
    ending = evidence.current.ending
    if ending == "loop":
        yield finding("paging.endless", "an end", "a next link already followed", "Bundle.link(next)",
                      evidence.current.exchanges[-1].id)
    elif ending == "limit":
        yield finding("data.too-many", "a result that can be walked to its end",
                      f"more than {len(evidence.current.exchanges)} pages", "", evidence.first.id)
    elif not evidence.complete:
        yield finding("blocked.pages", "every page of the result", ending, "", evidence.first.id)
    else:
        said = bundle.total(evidence.body)
        if said is not None and len(seen) < said and len(evidence.pages()) > 1:
            yield finding("paging.lost", f"{said} matches", f"{len(seen)} over {len(evidence.pages())} pages", "Bundle",
                          evidence.current.exchanges[-1].id)
        elif len(evidence.pages()) == 1:
            yield finding("data.no-example", "a result of more than one page", "one page", "", evidence.first.id)
