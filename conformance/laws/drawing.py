"""Drawing the questions of a law: criteria of the profile with values that the candidate holds, and edge values.

Choices come from a ``Chosen``. The first of some values is the simplest, and what happens makes a case longer, so that
shrinking leads to few criteria, short values and plain forms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, timedelta, timezone

from conformance.draw import Chosen
from conformance.fhir import dates
from conformance.fhir.bundle import key_of
from conformance.fhir.distance import position
from conformance.fhir.search import escaped, folded, split, unescape
from conformance.laws.ground import Ground, Source, instant
from conformance.model import Place, Step

PAGES = 12  # that are walked of the answer to a question
_SELDOM = 0.12  # how often a very long list is asked for
_EVERY = 0.25  # how often all the values of a parameter are drawn from, not only those that divide
_SELECTING = ("token", "string", "date", "number", "quantity")
_PLAIN_DATES = ("ge", "le", "gt", "lt", "sa", "eb")
_SORTED = ("_lastUpdated", "-_lastUpdated")
_TOGETHER = 6  # values at the edges that are asked in one case
_NOBODYS = "urn:rorqual:no-system"
_LONG = 2000  # values of a very long list
# values that must be answered, or refused, whatever they are
EDGES = (
    "é", "À l'œuvre", "a\\,b", "a\\|b", "\\$", "\\\\", "\\", "%", "%25", "%C3", "+", "&", "#", "\"", "'", "<a>", "|",
    "||", "|||", ",", ",,", "$", "\u0000", "\u200b", "\U0001f3e5", " ", "2024-02-29", "2023-02-29", "2024-13-01",
    "24:00", "ge", "ge2024-02-30", "ap", "1e400", "-1", "0.0000001", "9" * 30, "null", "true", "../../etc/passwd",
    "{x}", "(", ")", ";", "x" * 3000,
)
Criterion = tuple[str, str]
Questions = list[Step]


@dataclass(frozen=True, slots=True)
class Asking:
    """Draws for one resource type; ``names`` are the parameters drawn from, all when there are none."""

    draw: Chosen
    ground: Ground
    kind: str
    names: tuple[str, ...]
    place: Place

    def question(
        self, role: str, criteria: Iterable[Criterion], *, path: str = "", pages: int = PAGES
    ) -> Step:
        """One search, or a request of another path, for its role in the law."""
        return Step(role, "GET", path or self.kind, tuple(criteria), (), (), pages, (), self.place)

    def sources(self, types: Sequence[str] = _SELECTING, without: Iterable[str] = ()) -> list[Source]:
        """The parameters that can be drawn, of some types."""
        left = set(without)
        return [one for one in self.ground.sources(self.kind, types, self.names) if one.name not in left]

    def source(self, types: Sequence[str] = _SELECTING, without: Iterable[str] = (), least: int = 1) -> Source | None:
        """A parameter of which at least so many values are known; each of the types as often, for tokens are many."""
        found = [one for one in self.sources(types, without) if len(one.values) >= least]
        there = [kind for kind in types if any(one.type == kind for one in found)]
        kind = self.draw.one_of(there) if there else ""
        return self.draw.one_of([one for one in found if one.type == kind]) if there else None

    def value(self, source: Source, without: Iterable[str] = ()) -> str:
        """A value of a parameter: mostly one that some resources have and others have not."""
        left = set(without)
        values = [one for one in source.dividing() if one not in left]
        if not values or self.draw.happens(_EVERY):
            values = [one for one in source.values if one not in left] or list(source.values)
        return self.draw.one_of(values)

    def criterion(self, types: Sequence[str] = _SELECTING, without: Iterable[str] = ()) -> Criterion | None:
        """A criterion: a parameter and a value, a date or a number with a prefix."""
        source = self.source(types, without)
        return None if source is None else self.of(source)

    def of(self, source: Source) -> Criterion:
        """A criterion of a parameter."""
        value = self.value(source)
        if source.type == "date":
            return source.name, self.draw.one_of(_PLAIN_DATES) + self.dated(value)
        if source.type in ("number", "quantity"):
            return source.name, self.draw.one_of(("", "ge", "le", "gt", "lt")) + value
        if source.type == "string":
            return source.name, self.begun(value)
        return source.name, value

    def begun(self, value: str) -> str:
        """The beginning of a text, for strings are searched by it."""
        text = unescape(value)
        return escaped(text[: self.draw.number(1, len(text))].strip() or text[:1])

    def dated(self, value: str) -> str:
        """A date at one of its precisions: the day, the month, the year, or as it is."""
        if instant(value):
            return self.draw.one_of((value[:10], value, value[:7], value[:4]))
        return value

    def criteria(self, least: int, most: int) -> list[Criterion]:
        """Some criteria of different parameters."""
        found: list[Criterion] = []
        for number in range(most):
            if number >= least and not self.draw.happens(0.5):
                break
            one = self.criterion(without=[name for name, _ in found])
            if one is None:
                break
            found.append(one)
        return found

    def context(self, without: Iterable[str] = ()) -> list[Criterion]:
        """A criterion that stands beside those that the law is about, or none."""
        one = self.criterion(("token", "date"), without) if self.draw.happens(0.4) else None
        return [one] if one is not None else []


def narrowed(ask: Asking) -> Questions | None:
    """Some criteria, and one more."""
    criteria = ask.criteria(1, 3)
    return [ask.question("wide", criteria[:-1]), ask.question("narrow", criteria)] if criteria else None


def turned(ask: Asking) -> Questions | None:
    """Criteria, and the same in another order."""
    criteria = ask.criteria(2, 4)
    if len(criteria) < 2:
        return None
    at = ask.draw.number(1, len(criteria) - 1)
    return [ask.question("given", criteria), ask.question("turned", [*criteria[at:], *criteria[:at]])]


def united(ask: Asking) -> Questions | None:
    """Values of one parameter, joined by a comma and one by one."""
    source = ask.source(("token", "string", "reference"), least=2)
    if source is None:
        return None
    values = [ask.value(source)]
    while len(values) < 3 and (len(values) < 2 or ask.draw.happens(0.3)):
        values.append(ask.value(source, values))
    context = ask.context([source.name])
    parts = [ask.question(f"of-{number}", [*context, (source.name, one)]) for number, one in enumerate(values, 1)]
    return [*parts, ask.question("listed", [*context, (source.name, ",".join(values))])]


def repeated(ask: Asking) -> Questions | None:
    """Two values of one parameter, both asked for and one by one."""
    source = ask.source(("token", "date", "number", "quantity"), least=2)
    if source is None:
        return None
    first = ask.of(source)
    second = ask.of(source)
    return [ask.question("first", [first]), ask.question("second", [second]), ask.question("both", [first, second])]


def negated(ask: Asking) -> Questions | None:
    """A token, its contrary, and both left out."""
    source = ask.source(("token",))
    if source is None:
        return None
    value, context = ask.value(source), ask.context([source.name])
    return [ask.question("all", context), ask.question("with", [*context, (source.name, value)]),
            ask.question("without", [*context, (f"{source.name}:not", value)])]


def prefixed(ask: Asking) -> Questions | None:
    """A date, number or quantity with each prefix."""
    source = ask.source(("date", "number", "quantity"))
    if source is None:
        return None
    value = ask.value(source)
    exact = source.type == "date"  # a number without a prefix is the range of its last digit, with one it is exact
    value = ask.dated(value) if exact else value
    words = ("ge", "gt", "le", "lt", *(("",) if exact else ()), *(("sa", "eb") if exact and source.single else ()))
    return [ask.question(word or "equal", [(source.name, word + value)]) for word in words]


def later(ask: Asking) -> Questions | None:
    """Since a date, and since a later one."""
    source = ask.source(("date",), least=2)
    if source is None:
        return None
    both = sorted({ask.value(source), ask.value(source)}, key=_begins)
    if len(both) < 2:
        return None
    word = ask.draw.one_of(("ge", "gt"))
    return [ask.question("since", [(source.name, word + both[0])]),
            ask.question("later", [(source.name, word + both[1])])]


def _begins(value: str) -> str:
    interval = dates.interval(value)
    return interval[0].isoformat() if interval is not None else value


def zoned(ask: Asking) -> Questions | None:
    """One moment, written in two time zones."""
    found = [one for one in ask.sources(("date",)) if any(map(instant, one.values))]
    if not found:
        return None
    source = ask.draw.one_of(found)
    interval = dates.interval(ask.draw.one_of([one for one in source.values if instant(one)]))
    assert interval is not None
    moment = interval[0].astimezone(UTC).replace(microsecond=0)
    there = moment.astimezone(timezone(timedelta(hours=ask.draw.one_of((2, -4, 11)))))
    word = ask.draw.one_of(("ge", "lt"))
    return [ask.question("here", [(source.name, f"{word}{moment.strftime('%Y-%m-%dT%H:%M:%SZ')}")]),
            ask.question("elsewhere", [(source.name, word + there.isoformat())])]


def unsystemed(ask: Asking) -> Questions | None:
    """A code with its system, without, with none, and with that of nobody."""
    found = [one for one in ask.sources(("token",)) if any(len(split(value, "|")) == 2 for value in one.values)]
    if not found:
        return None
    source = ask.draw.one_of(found)
    value = ask.draw.one_of([one for one in source.values if len(split(one, "|")) == 2])
    code = split(value, "|")[1]
    return [ask.question("code", [(source.name, code)]), ask.question("whole", [(source.name, value)]),
            ask.question("none", [(source.name, f"|{code}")]),
            ask.question("other", [(source.name, f"{_NOBODYS}|{code}")])]


def spelt(ask: Asking) -> Questions | None:
    """A text in capitals, without its accents, and as it is."""
    source = ask.source(("string",))
    if source is None:
        return None
    text = unescape(ask.begun(ask.value(source)))
    return [ask.question("given", [(source.name, escaped(text))]),
            ask.question("capitals", [(source.name, escaped(text.upper()))]),
            ask.question("plain", [(source.name, escaped(folded(text)))])]


def sized(ask: Asking) -> Questions | None:
    """One search whole, in small pages, and its first small pages once more."""
    criteria, small = ask.context(), ask.draw.one_of((7, 3, 10, 20, 50))
    sort = [("_sort", ask.draw.one_of(_SORTED))] if ask.draw.happens(0.3) else []
    paged = [*criteria, *sort, ("_count", str(small))]
    return [ask.question("whole", [*criteria, *sort]), ask.question("paged", paged, pages=3 * PAGES),
            ask.question("anew", paged, pages=1)]


def ordered(ask: Asking) -> Questions | None:
    """One search, in an order and in none."""
    criteria = ask.criteria(1, 2)
    if not criteria:
        return None
    return [ask.question("plain", criteria), ask.question("sorted", [*criteria, ("_sort", ask.draw.one_of(_SORTED))])]


def again(ask: Asking) -> Questions | None:
    """Criteria twice, so that nothing asked earlier counts, others in between, and the first once more."""
    criteria, others = ask.criteria(1, 3), ask.criteria(1, 2)
    if not criteria or not others or criteria == others:
        return None
    return [ask.question("before", criteria), ask.question("first", criteria), ask.question("between", others),
            ask.question("again", criteria)]


def edged(ask: Asking) -> Questions | None:
    """Some values at the edges of what can be written, or a very long list of values."""
    source = ask.source((*_SELECTING, "reference"))
    if source is None:
        return None
    if source.type == "token" and ask.draw.happens(_SELDOM):
        return [ask.question("asked", [(source.name, ",".join(f"c{number}" for number in range(_LONG)))], pages=1)]
    prefix = ask.draw.one_of(("", "ge", "sa")) if source.type in ("date", "number", "quantity") else ""
    values = dict.fromkeys(ask.draw.one_of(EDGES) for _ in range(ask.draw.number(1, _TOGETHER)))
    return [ask.question(f"asked-{number}", [(source.name, prefix + one)], pages=1)
            for number, one in enumerate(values, 1)]


def filtered(ask: Asking) -> Questions | None:
    """Tokens written plainly, and in a _filter."""
    first, context = ask.criterion(("token",)), ask.criterion(("token",))
    if first is None or context is None:
        return None
    both = [first] if context[0] == first[0] else [first, context]
    if any(re.search(r'[\\"]', value) for _, value in both):
        return None
    written = " and ".join(f'{name} eq "{value}"' if "|" not in value else f"{name} eq {value}" for name, value in both)
    return [ask.question("plain", both), ask.question("filtered", [("_filter", written)])]


def chained(ask: Asking, by: str) -> Questions | None:
    """A criterion of what a reference points at, and what it selects there."""
    parameter = ask.ground.profile.search_parameters.get((ask.kind, by))
    if parameter is None or not parameter.targets:
        return None
    there = replace(ask, kind=parameter.targets[0])
    criterion = there.criterion(("token", "string", "date"))
    if criterion is None:
        return None
    name, value = criterion
    return [there.question("there", [criterion]), ask.question("chained", [(f"{by}.{name}", value)])]


def reversed_(ask: Asking, by: str) -> Questions | None:
    """A criterion of what points here, and what it selects there."""
    kind, _, link = by.partition(":")
    there = replace(ask, kind=kind)
    criterion = there.criterion(("token", "string", "date"))
    if criterion is None:
        return None
    name, value = criterion
    return [there.question("pointing", [criterion]), ask.question("having", [(f"_has:{kind}:{link}:{name}", value)])]


def included(ask: Asking, paths: Sequence[str]) -> Questions | None:
    """Criteria, with some inclusions, in small pages."""
    return _including(ask, paths, lambda path: "_include" if _head(path) == ask.kind else "_include:iterate")


def included_back(ask: Asking, paths: Sequence[str]) -> Questions | None:
    """Criteria, with what points at the matches by some paths, in small pages."""
    return _including(ask, paths, lambda _path: "_revinclude")


def _including(ask: Asking, paths: Sequence[str], word: Callable[[str], str]) -> Questions:
    criteria = ask.criteria(0, 2)
    chosen = [one for one in paths[1:] if ask.draw.happens(0.5)]
    asked = [(word(one), one) for one in (paths[0], *chosen)]
    return [ask.question("asked", [*criteria, *asked, ("_count", str(ask.draw.one_of((5, 3, 20, 50))))], pages=4)]


def _head(path: str) -> str:
    return path.partition(":")[0]


def near(ask: Asking, by: str) -> Questions | None:
    """Around a known place, within two distances."""
    places = [one for one in map(position, ask.ground.resources("Location")) if one is not None]
    if not places:
        return None
    latitude, longitude = ask.draw.one_of(places)
    short = ask.draw.one_of((5, 1, 20, 60))
    long = short + ask.draw.one_of((5, 15, 80))
    return [ask.question("short", [(by, f"{latitude}|{longitude}|{short}|km")]),
            ask.question("long", [(by, f"{latitude}|{longitude}|{long}|km")])]


def read(ask: Asking) -> Questions | None:
    """A known resource, searched and read."""
    known = ask.ground.resources(ask.kind)
    if not known:
        return None
    key = key_of(ask.draw.one_of(known))
    return [ask.question("found", [("_id", key.partition("/")[2])]), ask.question("read", [], path=key, pages=1)]


def lacking(ask: Asking) -> Questions | None:
    """What lacks an element, what has it, and both."""
    source = ask.source()
    if source is None:
        return None
    context = ask.context([source.name])
    return [ask.question("all", context), ask.question("lacking", [*context, (f"{source.name}:missing", "true")]),
            ask.question("having", [*context, (f"{source.name}:missing", "false")])]


def exactly(ask: Asking) -> Questions | None:
    """A whole text, the same exactly, and exactly in capitals."""
    source = ask.source(("string",))
    if source is None:
        return None
    text = unescape(ask.value(source))
    exact = f"{source.name}:exact"
    capitals = [ask.question("capitals", [(exact, escaped(text.upper()))])] if text.upper() != text else []
    return [ask.question("given", [(source.name, escaped(text))]), ask.question("exact", [(exact, escaped(text))]),
            *capitals]


def posted(ask: Asking) -> Questions | None:
    """A search by GET, and by POST."""
    criteria = ask.criteria(1, 2)
    if not criteria:
        return None
    form = Step("posted", "POST", f"{ask.kind}/_search", (), (), tuple(criteria), PAGES, (), ask.place)
    return [ask.question("given", criteria), form]


def reduced(ask: Asking) -> Questions | None:
    """A search, and the same with less of each resource."""
    criteria = ask.criteria(1, 2)
    less = ask.draw.one_of((("_elements", "id"), ("_elements", "name,identifier"), ("_summary", "true")))
    return [ask.question("whole", criteria), ask.question("reduced", [*criteria, less])] if criteria else None
