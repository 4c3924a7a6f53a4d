"""What a law says of the answers: how they must agree. Each yields the ways in which they do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from conformance.fhir import bundle, dates
from conformance.fhir.body import Unreadable
from conformance.fhir.bundle import Entry, Resource, key_of
from conformance.fhir.distance import distance_km, position
from conformance.laws.answers import Answers, Deviation, differing, listed, same
from conformance.laws.ground import Ground

_SLACK_KM = 0.5
_OWN = ("meta", "text")  # of a resource, what may change though nothing of its content does


def prefixes(answers: Answers) -> Iterator[Deviation]:
    """With an equal: ge is gt or equal, le is lt or equal. Without: gt is within ge, lt within le. Of moments that
    a resource has one of, sa is gt and eb is lt. What ge and le both have, and neither gt nor lt, equal must have: the
    two are not accused then."""
    exact = "equal" in answers.sents
    unequal = (answers.keys("ge") & answers.keys("le")) - answers.keys("gt", "lt", "equal") if exact else set()
    if unequal:
        yield Deviation("equal", f"all of what both {answers.asked('ge')} and {answers.asked('le')} select",
                        f"without {listed(unequal)}", ("ge", "le"), key=min(unequal))
    for wide, strict in (("ge", "gt"), ("le", "lt")) if not unequal else ():
        parts = [strict, *(["equal"] if exact else [])]
        told = "what " + " or ".join(answers.asked(one) for one in parts) + " selects"
        yield from differing(answers, wide, answers.keys(*parts), told, parts, more=exact)
    if "sa" in answers.sents:
        for word, meant, other in (("sa", "gt", "lt"), ("eb", "lt", "gt")):
            both = answers.keys(meant) & answers.keys(other, "equal")
            if both:  # sa and eb are not compared with what is wrong itself
                yield Deviation(meant, f"nothing of what {answers.asked('equal')} or {answers.asked(other)} selects",
                                f"{listed(both)} too", ("equal", other), key=min(both))
            else:
                yield from same(word, meant)(answers)


def paged(answers: Answers) -> Iterator[Deviation]:
    """Pages give each match once, those of the whole, and the same order when they are asked anew."""
    walked = [one.key for one in answers.matches("paged")]
    twice = [key for key, count in Counter(walked).items() if count > 1]
    if twice:
        yield Deviation("paged", "each match once", f"{listed(twice)} more than once", key=min(twice))
    yield from differing(answers, "paged", answers.keys("whole"), f"what {answers.asked('whole')} selects", ["whole"])
    anew = [one.key for one in answers.matches("anew")]
    if not twice and anew != walked[: len(anew)]:
        first = next(number for number, (one, other) in enumerate(zip(anew, walked, strict=False)) if one != other)
        yield Deviation("anew", f"{walked[first]} in place {first + 1}", f"{anew[first]} in its place", ("paged",))


def counted(answers: Answers) -> Iterator[Deviation]:
    """Each page says the total of what was walked."""
    for role in ("whole", "paged"):
        count = len(answers.keys(role))
        for number, (_, page) in enumerate(answers.pages(role), 1):
            if bundle.total(page) not in (None, count):
                yield Deviation(role, f"total {count}", f"total {bundle.total(page)} on page {number}", page=number)
                break


def sorted_by(answers: Answers) -> Iterator[Deviation]:
    """An order changes no membership, and is kept."""
    yield from differing(answers, "sorted", answers.keys("plain"), f"what {answers.asked('plain')} selects", ["plain"])
    descending = dict(answers.sents["sorted"].ask.query)["_sort"].startswith("-")
    moments = [(one.key, _moment(one)) for one in answers.matches("sorted")]
    known = [(key, moment) for key, moment in moments if moment]
    for (before, first), (after, second) in pairwise(known):
        if first < second if descending else first > second:
            yield Deviation("sorted", f"{after} before {before}", f"{before} before {after}")
            return


def _moment(entry: Entry) -> str:
    meta = entry.resource.get("meta")
    interval = dates.interval(str(meta.get("lastUpdated"))) if isinstance(meta, dict) else None
    return interval[0].isoformat() if interval is not None else ""


def answered(answers: Answers) -> Iterator[Deviation]:
    """Whatever the value, an answer 200, or a refusal 4XX."""
    for role, sent in answers.sents.items():
        first = sent.exchanges[0].response
        if first is not None and first.status >= 500:
            yield Deviation(role, "status 200 or 4XX", f"status {first.status}")


def reading(answers: Answers) -> Iterator[Deviation]:
    """A resource reads as it was found, unless it was changed in between."""
    found = next(iter(answers.matches("found")), None)
    body = answers.bodies.of(answers.sents["read"].exchanges[0])
    if found is None or body is None:
        return
    one, other = found.resource, body
    if _version(one) != _version(other):
        return
    changed = sorted(name for name in {*one, *other} - set(_OWN) if one.get(name) != other.get(name))
    if changed:
        yield Deviation("read", f"{found.key} as found", f"another {', '.join(changed)}", ("found",))


def _version(resource: Any) -> tuple[Any, Any]:
    meta = resource.get("meta")
    return (meta.get("versionId"), meta.get("lastUpdated")) if isinstance(meta, dict) else (None, None)


def chained(answers: Answers, ground: Ground, by: str) -> Iterator[Deviation]:
    """What a chain selects points at what the second step selects, and what is known to point there is selected."""
    kind = answers.sents["chained"].ask.path
    source = ground.profile.search_parameters[kind, by]
    there = answers.keys("there")
    pointing = {one.key for one in answers.matches("chained")
                if there.isdisjoint(ground.targets(source, one.resource))}
    if pointing:
        yield Deviation("chained", f"only {kind} that point at what {answers.asked('there')} selects",
                        f"{listed(pointing)} too", ("there",), key=min(pointing))
    known = {key_of(one) for one in ground.resources(kind) if not there.isdisjoint(ground.targets(source, one))}
    missing = known - answers.keys("chained")
    if missing:
        yield Deviation("chained", f"all {kind} that point at what {answers.asked('there')} selects",
                        f"without {listed(missing)}", ("there",), key=min(missing))


def having(answers: Answers, ground: Ground, by: str) -> Iterator[Deviation]:
    """What a reverse chain selects is what the second step points at."""
    kind, _, link = by.partition(":")
    source = ground.profile.search_parameters[kind, link]
    here = answers.sents["having"].ask.path
    wanted = {key for one in answers.matches("pointing") for key in ground.targets(source, one.resource)
              if key.startswith(f"{here}/")}
    yield from differing(answers, "having", wanted, f"what {answers.asked('pointing')} points at", ["pointing"])


def closed(answers: Answers, ground: Ground, _paths: Sequence[str]) -> Iterator[Deviation]:
    """On each page: what the matches point at by the inclusions asked for is there, and nothing that none points at.

    A target that the candidate never showed may not exist.
    """
    asked = [value for name, value in answers.sents["asked"].ask.query if name.startswith("_include")]

    def judged(here: Mapping[str, Entry]) -> tuple[set[str], set[str]]:
        pointed = {target for one in here.values() for target in _targets(one.resource, asked, ground)}
        return {key for key in pointed - set(here) if ground.population.get(key) is not None}, set(here) - pointed

    return _by_page(answers, "what the matches of page {} point at", judged)


def closed_back(answers: Answers, ground: Ground, _paths: Sequence[str]) -> Iterator[Deviation]:
    """On each page: what is known to point at its matches by the paths asked for is there, and nothing else."""
    asked = [value for name, value in answers.sents["asked"].ask.query if name == "_revinclude"]
    searched = answers.sents["asked"].ask.path
    known = {key_of(one): one for path in asked for one in ground.resources(path.partition(":")[0])}

    def judged(here: Mapping[str, Entry]) -> tuple[set[str], set[str]]:
        matches = {key for key, one in here.items() if bundle.is_match(one, searched)}
        lost = {key for key, one in known.items() if key not in here
                and not matches.isdisjoint(_targets(one, asked, ground))}
        return lost, {key for key, one in here.items() if matches.isdisjoint(_targets(one.resource, asked, ground))}

    return _by_page(answers, "what points at the matches of page {}", judged)


def _by_page(
    answers: Answers, told: str, judged: Callable[[Mapping[str, Entry]], tuple[set[str], set[str]]]
) -> Iterator[Deviation]:
    """The first page that lacks something, or holds something included that nothing asks for. ``judged`` gives what a
    page lacks, and what of it is not asked for, matches among them."""
    for number, (_, page) in enumerate(answers.pages("asked"), 1):
        here = {one.key: one for one in bundle.entries(page)}
        lost, others = judged(here)
        strange = {key for key in others if here[key].mode == "include"
                   and here[key].resource.get("resourceType") != "OperationOutcome"}
        if lost:
            yield Deviation("asked", told.format(number), f"without {listed(lost)}", page=number)
        elif strange:
            yield Deviation("asked", f"only {told.format(number)}", f"{listed(strange)} too", page=number)
        if lost or strange:
            return


def _targets(resource: Resource, asked: Sequence[str], ground: Ground) -> Iterator[str]:
    """What a resource points at by the paths asked for."""
    for path in asked:
        head, _, name = path.partition(":")
        source = ground.profile.search_parameters.get((head, name.partition(":")[0]))
        if head == resource.get("resourceType") and source is not None:
            yield from ground.targets(source, resource)


def only_less(answers: Answers) -> Iterator[Deviation]:
    """A reduced result has the same matches, each with elements of the whole one and no other."""
    yield from differing(answers, "reduced", answers.keys("whole"), f"what {answers.asked('whole')} selects", ["whole"])
    whole = {one.key: one.resource for one in answers.matches("whole")}
    for one in answers.matches("reduced"):
        there = whole.get(one.key)
        if there is None or _version(there) != _version(one.resource):
            continue
        other = sorted(name for name, value in one.resource.items() if name not in _OWN and there.get(name) != value)
        if other:
            yield Deviation("reduced", f"{one.key} with less", f"another {', '.join(other)}", ("whole",), key=one.key)
            return


def around(answers: Answers, ground: Ground, by: str) -> Iterator[Deviation]:
    """A longer distance selects what a shorter one does; places that are known stand within, or without."""
    yield from differing(answers, "short", answers.keys("long"), f"what {answers.asked('long')} selects", ["long"],
                         less=False)
    if by != "near":
        return
    for role in ("short", "long"):
        latitude, longitude, radius, _ = dict(answers.sents[role].ask.query)[by].split("|")
        centre, within = (float(latitude), float(longitude)), float(radius)
        held = answers.keys(role)
        far = {one.key for one in answers.matches(role) if (_away(one.resource, centre) or 0.0) > within + _SLACK_KM}
        if far:
            yield Deviation(role, f"places at most {radius} km away", f"{listed(far)} too", key=min(far))
        lost = {key_of(one) for one in ground.resources("Location")
                if (away := _away(one, centre)) is not None and away < within - _SLACK_KM} - held
        if lost:
            yield Deviation(role, f"all places at most {radius} km away", f"without {listed(lost)}")


def _away(place: Any, centre: tuple[float, float]) -> float | None:
    here = position(place)
    return None if here is None else distance_km(centre, here)


def outcome(answers: Answers, role: str) -> str:
    """The status of a question that was not answered by a searchset; empty for one that was."""
    first = answers.sents[role].exchanges[0]
    if first.response is None:
        return first.trouble.code if first.trouble else "transport.network"
    if first.response.status != 200:
        return f"status {first.response.status}"
    try:
        answers.bodies.read(first.response.body)
    except Unreadable as error:
        return error.code
    return ""
