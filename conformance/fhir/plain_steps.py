"""The steps of plain FHIRPath: functions from the values selected so far to those that come after."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Names = Mapping[str, Any]
Values = list[Any]
Selection = Callable[[Any, Names], Values]
Step = Callable[[Values, Names], Values]

_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T.*)?)?)?$")


class Unsure(Exception):
    """The data met asks for more than plain paths know; the general evaluator decides."""


class NotPlain(Exception):
    """The expression uses more than the plain words."""


class Constant:
    """A value that the expression names."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, _this: Any, _names: Names) -> Values:
        """The value, whatever is asked."""
        return [self.value]


def named(name: str) -> Selection:
    """The value of a ``%name``."""
    def held(_this: Any, names: Names) -> Values:
        value = names.get(name)
        return value if isinstance(value, list) else [] if value is None else [value]
    return held


def itself(this: Any, _names: Names) -> Values:
    """What the expression is asked of, ``$this``."""
    return [this]


def typed(kind: str) -> Selection:
    """The resource itself, when it is of that type."""
    return lambda this, _names: [this] if isinstance(this, dict) and this.get("resourceType") == kind else []


class Chain:
    """A start and the steps from it."""

    __slots__ = ("start", "steps")

    def __init__(self, start: Selection, steps: Sequence[Step]) -> None:
        self.start, self.steps = start, tuple(steps)

    def __call__(self, this: Any, names: Names) -> Values:
        """What the steps select, one after the other."""
        here = self.start(this, names)
        for step in self.steps:
            here = step(here, names)
        return here


def chained(start: Selection, steps: Sequence[Step]) -> Selection:
    """A start and the steps from it."""
    return Chain(start, steps) if steps else start


class Members:
    """The step to the members of a name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.chosen = name == "value"  # the one choice of types that extensions and observations write value[x]

    def __call__(self, here: Values, _names: Names) -> Values:
        """The members, lists opened."""
        name, found = self.name, []
        for item in here:
            if not isinstance(item, dict):
                continue
            value = item.get(name)
            if value is None and self.chosen:
                value = next((one for key, one in item.items() if key[:5] == "value" and key[5:6].isupper()), None)
            if isinstance(value, list):
                found += [one for one in value if one is not None]
            elif value is not None:
                found.append(value)
        return found


def fixed(test: tuple[str, Selection]) -> str | None:
    """The text that a test compares with, when it is known as the expression is read and is no date."""
    member, operand = test
    value = operand.value if isinstance(operand, Constant) and member != "value" else None
    return value if isinstance(value, str) and not _is_date(value) else None


class MembersWith:
    """``extension.where(url = 'x')``, which most paths begin with, in one go."""

    __slots__ = ("member", "name", "wanted")

    def __init__(self, name: str, member: str, wanted: str) -> None:
        self.name, self.member, self.wanted = name, member, wanted

    def __call__(self, here: Values, _names: Names) -> Values:
        """The members that have the text wanted; Unsure when one has something else that could be equal to it."""
        name, member, wanted, kept = self.name, self.member, self.wanted, []
        for item in here:
            value = item.get(name) if isinstance(item, dict) else None
            for one in value if isinstance(value, list) else () if value is None else (value,):
                held = one.get(member) if isinstance(one, dict) else None
                if held == wanted:
                    kept.append(one)
                elif held is not None and not isinstance(held, str):
                    raise Unsure
        return kept


def where(condition: Selection) -> Step:
    """``where(condition)``."""
    def kept(here: Values, names: Names) -> Values:
        return [item for item in here if _truth(condition(item, names))]
    return kept


def where_equal(tests: Sequence[tuple[str, Selection]]) -> Step:
    """``where(member = text and …)``."""
    def kept(here: Values, names: Names) -> Values:
        for member, operand in tests:
            if not here:
                return here
            wanted = operand(None, names)
            if not wanted:
                return []
            if len(wanted) > 1 or not isinstance(wanted[0], str) or _is_date(wanted[0]):
                raise Unsure
            here = _with(here, member, wanted[0])
        return here
    return kept


@functools.lru_cache(maxsize=1024)
def _is_date(text: str) -> bool:
    return "-" in text and _DATE.match(text) is not None


def _with(here: Values, member: str, wanted: str) -> Values:
    """The items whose member is a text; Unsure when one of them has something else that could be equal to it."""
    found: Values = []
    for item in here:
        held = item.get(member) if isinstance(item, dict) else None
        if held == wanted:
            found.append(item)
        elif (held is None and member == "value") or (held is not None and not isinstance(held, str)):
            raise Unsure
    return found


def every(condition: Selection) -> Step:
    """``all(condition)``."""
    return lambda here, names: [all(_truth(condition(item, names)) for item in here)]


def _text(here: Values) -> str:
    """The one text of a selection."""
    if len(here) != 1 or not isinstance(here[0], str) or _is_date(here[0]):
        raise Unsure
    return here[0]


def substring(start: int, length: int | None = None) -> Step:
    """``substring(start, length)`` of one text."""
    def part(here: Values, _names: Names) -> Values:
        text = _text(here)
        return [text[start:] if length is None else text[start : start + length]] if start < len(text) else []
    return part


def matches(pattern: str) -> Step:
    """``matches(pattern)`` of one text; NotPlain when the pattern is none."""
    try:
        form = re.compile(pattern, re.DOTALL)
    except re.error:
        raise NotPlain from None
    return lambda here, _names: [form.search(_text(here)) is not None]


def starts(prefix: Selection) -> Step:
    """``startsWith(prefix)`` of one text."""
    def started(here: Values, names: Names) -> Values:
        if not here:
            return []
        wanted = prefix(None, names)
        return [_text(here).startswith(_text(wanted))] if wanted else []
    return started


def count(here: Values, _names: Names) -> Values:
    """``count()``."""
    return [len(here)]


def negated(here: Values, _names: Names) -> Values:
    """``not()`` of one boolean."""
    found = _truth(here)
    return [] if found is None else [not found]


def exists(here: Values, _names: Names) -> Values:
    """``exists()``."""
    return [bool(here)]


def empty(here: Values, _names: Names) -> Values:
    """``empty()``."""
    return [not here]


def _truth(found: Values) -> bool | None:
    if not found:
        return None
    if len(found) > 1 or not isinstance(found[0], bool):
        raise Unsure
    return found[0]


def logic(left: Selection, right: Selection, decisive: bool) -> Selection:
    """Three-valued ``or`` (True decides) and ``and`` (False decides)."""
    def logic(this: Any, names: Names) -> Values:
        one = _truth(left(this, names))
        if one is decisive:
            return [decisive]
        other = _truth(right(this, names))
        if other is decisive:
            return [decisive]
        return [] if one is None or other is None else [not decisive]
    return logic


def equal(left: Selection, same: bool, right: Selection) -> Selection:
    """``=`` when ``same``, else ``!=``, of single values."""
    def equal(this: Any, names: Names) -> Values:
        one, other = left(this, names), right(this, names)
        if not one or not other:
            return []
        if len(one) > 1 or len(other) > 1:
            raise Unsure
        return [_alike(one[0], other[0]) is same]
    return equal


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        if one != other and ("-" in one or "-" in other) and _DATE.match(one) and _DATE.match(other):
            raise Unsure  # dates of different precision or time zone are more than their letters
        return one == other
    if (_is_number(one) and _is_number(other)) or (isinstance(one, bool) and isinstance(other, bool)):
        return bool(one == other)
    raise Unsure


def ordered(left: Selection, order: Callable[[Any, Any], bool], right: Selection) -> Selection:
    """An order of two numbers."""
    def ordered(this: Any, names: Names) -> Values:
        one, other = left(this, names), right(this, names)
        return [order(*_numbers(one, other))] if one and other else []
    return ordered


def summed(left: Selection, add: Callable[[Any, Any], Any], right: Selection) -> Selection:
    """The sum or difference of two numbers."""
    def summed(this: Any, names: Names) -> Values:
        one, other = left(this, names), right(this, names)
        return [add(*_numbers(one, other))] if one and other else []
    return summed


def _numbers(one: Values, other: Values) -> tuple[Any, Any]:
    if len(one) > 1 or len(other) > 1 or not _is_number(one[0]) or not _is_number(other[0]):
        raise Unsure
    return one[0], other[0]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def joined(left: Selection, right: Selection) -> Selection:
    """Both selections; FHIRPath leaves repeated values out, so what could repeat is not plain."""
    def joined(this: Any, names: Names) -> Values:
        found = [*left(this, names), *right(this, names)]
        if any(item in found[:index] for index, item in enumerate(found)):
            raise Unsure
        return found
    return joined
