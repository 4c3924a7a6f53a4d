"""Laws of searching: relations between the answers to questions that hold on any data. One table, by name.

A law draws questions (``drawing``) and says how their answers must agree (``relations``). Both are pure: what is drawn
depends on choices and on what is known of the candidate, what is judged on the answers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.laws import drawing, keeping, relations
from conformance.laws.answers import Answers, Deviation, common, complement, disjoint, nothing, same, union, within
from conformance.laws.drawing import Asking, Questions
from conformance.laws.ground import Ground
from conformance.specification import Profile

Draws = Callable[[Asking, Mapping[str, Any]], Questions | None]
Agrees = Callable[[Answers, Ground, Mapping[str, Any]], Iterator[Deviation]]


@dataclass(frozen=True, slots=True)
class Law:
    """What is asked, and how the answers must agree.

    ``whole``: whether every question must be answered, to its last page. ``order``: whether it is about the order of
    matches, so that another order is no other answer. ``sequence``: whether it is about what is asked before, so that
    it is confirmed by breaking again, asked in the same order, rather than by the same answers. ``by_page``: whether
    some pages of an answer tell. ``optional``: whether a server may refuse to be asked it.
    """

    draws: Draws
    agrees: Agrees
    whole: bool = True
    order: bool = False
    sequence: bool = False
    by_page: bool = False
    optional: bool = False


def _of(draws: Callable[[Asking], Questions | None], *agree: Callable[[Answers], Iterator[Deviation]],
        whole: bool = True, order: bool = False, sequence: bool = False, optional: bool = False) -> Law:
    """A law of the answers alone."""
    def agrees(answers: Answers, _ground: Ground, _given: Mapping[str, Any]) -> Iterator[Deviation]:
        for one in agree:
            yield from one(answers)
    return Law(lambda ask, _given: draws(ask), agrees, whole=whole, order=order, sequence=sequence, optional=optional)


def _by(
    draws: Callable[[Asking, Any], Questions | None],
    agrees: Callable[[Answers, Ground, Any], Iterator[Deviation]], given: str, *, by_page: bool = False,
) -> Law:
    """A law that needs one more parameter, and what is known of the candidate."""
    return Law(lambda ask, parameters: draws(ask, parameters[given]),
               lambda answers, ground, parameters: agrees(answers, ground, parameters[given]),
               by_page=by_page)


def drawn_from(given: Mapping[str, Any], profile: Profile) -> list[str]:
    """The types of which resources must be known for the cases of a law with these parameters to be drawn."""
    by = str(given.get("by", ""))
    found = {given["resource"], *(one.partition(":")[0] for one in given.get("paths", ()))}
    if ":" in by:
        found.add(by.partition(":")[0])
    parameter = profile.search_parameters.get((given["resource"], by))
    if parameter is not None and parameter.type == "reference":
        found.update(parameter.targets[:1])
    if by.endswith("near"):
        found.add("Location")
    return sorted(found)


LAWS: Mapping[str, Law] = {
    "narrows": _of(drawing.narrowed, within("narrow", "wide")),
    "any-order": _of(drawing.turned, same("turned", "given")),
    "unites": _of(drawing.united, union("listed", "of-1", "of-2", "of-3")),
    "intersects": _of(drawing.repeated, within("both", "first"), within("both", "second"),
                      common("both", "first", "second")),
    "not-partitions": _of(drawing.negated, within("with", "all"), complement("without", "all", "with")),
    "prefixes-agree": _of(drawing.prefixed, relations.prefixes),
    "later-narrows": _of(drawing.later, within("later", "since")),
    "zones-agree": _of(drawing.zoned, same("elsewhere", "here")),
    "systems-agree": _of(drawing.unsystemed, within("whole", "code"), within("none", "code"),
                         disjoint("none", "whole"), nothing("other")),
    "spelling-agrees": _of(drawing.spelt, same("capitals", "given"), same("plain", "given")),
    "pages-partition": _of(drawing.sized, relations.paged, order=True),
    "totals-agree": _of(drawing.sized, relations.counted),
    "sorts": _of(drawing.ordered, relations.sorted_by),
    "answers-again": _of(drawing.again, same("again", "first"), sequence=True),
    "answers-all": _of(drawing.edged, relations.answered, whole=False),
    "filters-as-plain": _of(drawing.filtered, same("filtered", "plain")),
    "reads-as-found": _of(drawing.read, relations.reading),
    "chains-in-two-steps": _by(drawing.chained, relations.chained, "by"),
    "has-in-two-steps": _by(drawing.reversed_, relations.having, "by"),
    "includes-close": _by(drawing.included, relations.closed, "paths", by_page=True),
    "revincludes-close": _by(drawing.included_back, relations.closed_back, "paths", by_page=True),
    "missing-partitions": _of(drawing.lacking, within("having", "all"), complement("lacking", "all", "having"),
                              optional=True),
    "exact-within": _of(drawing.exactly, within("exact", "given"), disjoint("capitals", "exact"), optional=True),
    "posts-as-gets": _of(drawing.posted, same("posted", "given"), optional=True),
    "reductions-only-remove": _of(drawing.reduced, relations.only_less, optional=True),
    "distance-grows": _by(drawing.near, relations.around, "by"),
    "searches-keep-contract": Law(lambda ask, _given: keeping.searching(ask), keeping.search_kept, whole=False),
    "reads-keep-contract": Law(lambda ask, _given: keeping.reading(ask), keeping.read_kept, whole=False),
}
