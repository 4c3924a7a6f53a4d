"""Checks of inclusions: what was asked for is there, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from conformance.checks.evidence import Evidence
from conformance.codes import finding
from conformance.fhir import bundle
from conformance.fhir.bundle import Entry, Resource
from conformance.fhir.population import Population
from conformance.model import Exchange, Finding


def _pages(evidence: Evidence) -> Iterator[tuple[Exchange, dict[str, Entry]]]:
    for exchange, page in evidence.pages():
        yield exchange, {entry.key: entry for entry in bundle.entries(page)}


def includes(paths: list[str], evidence: Evidence) -> Iterator[Finding]:
    """Whatever these references of the entries point at is in the same page, if the candidate holds it at all."""
    followed = 0
    for exchange, here in _pages(evidence):
        for key, entry in here.items():
            for path in paths:
                kind, _, element = path.partition(".")
                if not key.startswith(kind + "/"):
                    continue
                for target in bundle.references(entry.resource, element):
                    known = target in here or evidence.population.get(target) is not None
                    followed += known
                    if known and target not in here:
                        yield finding("include.missing", f"{target}, referenced by {key}.{element}", "absent",
                                      f"{entry.place}.resource.{element}", exchange.id)
    if not followed:
        code = "data.no-example" if evidence.matches() else "blocked.no-match"
        yield finding(code, f"a match that has {', '.join(paths)}", "none", "", evidence.first.id)


def revincludes(paths: list[str], evidence: Evidence) -> Iterator[Finding]:
    """Each explored resource that points at a match by these references is in the page of that match."""
    matched = {entry.key for _, entry in evidence.matches()}
    expected = 0
    here = {key for _, page in _pages(evidence) for key in page}
    for path in paths:
        kind, _, element = path.partition(".")
        for referrer in evidence.population.all(kind):
            targets = [key for key in bundle.references(referrer, element) if key in matched]
            if not targets:
                continue
            expected += 1
            key = bundle.key_of(referrer)
            if key not in here:
                yield finding("include.reverse-missing", f"{key}, which points at {targets[0]}", "absent", key,
                              evidence.first.id)
    if not expected:
        code = "data.no-example" if matched else "blocked.no-match"
        yield finding(code, f"a match to which {', '.join(paths)} points", "none", "", evidence.first.id)


def includes_only(paths: list[str], evidence: Evidence) -> Iterator[Finding]:
    """Each inclusion is bound to a match of its page by these references, in one direction or the other."""
    seen = 0
    for exchange, here in _pages(evidence):
        inclusions = [entry for entry in here.values() if entry.mode == "include"
                      or (not entry.mode and entry.resource.get("resourceType") != evidence.searched)]
        seen += len(inclusions)
        reached = _reached(here, {entry.key for entry in inclusions}, paths, evidence.population)
        for entry in inclusions:
            if entry.key not in reached and entry.resource.get("resourceType") != "OperationOutcome":
                yield finding("include.unrelated", "inclusions bound to a match", entry.key, entry.place, exchange.id)
    if not seen:
        code = "data.no-example" if evidence.matches() else "blocked.no-match"
        yield finding(code, "a search that brings inclusions", "no inclusion", "", evidence.first.id)


def _reached(here: Mapping[str, Entry], included: set[str], paths: list[str], known: Population) -> set[str]:
    """What can be reached from the matches by the references, whichever way they point; through resources that are
    known and that the page should have held, too: that these are absent is told by itself."""
    links: dict[str, set[str]] = {}
    absent: set[str] = set()
    unseen = [(key, entry.resource) for key, entry in here.items()]
    while unseen:
        key, resource = unseen.pop()
        for target in _pointed(key, resource, paths):
            links.setdefault(key, set()).add(target)
            links.setdefault(target, set()).add(key)
            held = known.get(target) if target not in here and target not in absent else None
            if held is not None:
                absent.add(target)
                unseen.append((target, held))
    reached: set[str] = set()
    ahead = [key for key in here if key not in included]
    while ahead:
        found = (links.get(ahead.pop(), set()) & (included | absent)) - reached
        reached |= found
        ahead += found
    return reached


def _pointed(key: str, resource: Resource, paths: list[str]) -> Iterator[str]:
    for path in paths:
        kind, _, element = path.partition(".")
        if key.startswith(kind + "/"):
            yield from bundle.references(resource, element)
