"""Plain FHIRPath, fast: members, ``where``, ``exists``, ``empty``, comparisons, ``and``/``or``, ``+``/``-`` and ``|``.

Exploring and judging evaluate such paths on every resource for every search parameter, where the general evaluator
costs fifty times more. What is not plain, in its words or in the data met, goes to the general one: an expression
that is not understood gives no selection, data that is not plain raises Unsure. A test holds both to the same
answers.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Names = Mapping[str, Any]
Values = list[Any]
Selection = Callable[[Any, Names], Values]
_Step = Callable[[Values, Names], Values]

_WORD = re.compile(r"\s*(?:(?P<text>'[^'\\]*')|(?P<number>\d+(?:\.\d+)?)|(?P<name>[%$]?[A-Za-z_]\w*)"
                   r"|(?P<sign>!=|<=|>=|[=<>+|().-]))")
# where(url = 'x' and code = %y), by far the most frequent: members compared with texts that do not depend on them
_OPERAND = r"(?:'[^'\\]*'|%[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
_TEST = re.compile(rf"\s*([A-Za-z_]\w*)\s*=\s*({_OPERAND})\s*(and\b|\))")
_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}
_SUMS: Mapping[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub}
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T.*)?)?)?$")
_OPERATORS = frozenset(("and", "or"))


class Unsure(Exception):
    """The data met asks for more than plain paths know; the general evaluator decides."""


class _NotPlain(Exception):
    """The expression uses more than the plain words."""


def plain(expression: str) -> Selection | None:
    """The selection of a plain path, which may raise Unsure; None when it needs the general evaluator."""
    try:
        reader = _Reader(expression)
        made = reader.either()
        return made if reader.word is None else None
    except _NotPlain:
        return None


class _Reader:
    """Reads an expression word by word and builds the functions that evaluate it."""

    def __init__(self, expression: str) -> None:
        self._text, self._end = expression, 0
        self.word: str | None = ""
        self._kind = ""
        self._next()

    def _next(self) -> str:
        """The present word; the reader moves to the one after it."""
        read = self.word or ""
        if not self._text[self._end :].strip():
            self.word, self._kind = None, ""
            return read
        found = _WORD.match(self._text, self._end)
        if found is None:
            raise _NotPlain
        self.word, self._kind, self._end = found[found.lastgroup or 0], found.lastgroup or "", found.end()
        return read

    def _take(self, word: str) -> None:
        if self.word != word:
            raise _NotPlain
        self._next()

    def either(self) -> Selection:
        left = self._both()
        while self.word == "or":
            self._next()
            left = _logic(left, self._both(), True)
        return left

    def _both(self) -> Selection:
        left = self._comparison()
        while self.word == "and":
            self._next()
            left = _logic(left, self._comparison(), False)
        return left

    def _comparison(self) -> Selection:
        left = self._union()
        if self.word in ("=", "!="):
            return _equal(left, self._next() == "=", self._union())
        if self.word in _ORDERS:
            return _ordered(left, _ORDERS[self._next()], self._union())
        return left

    def _union(self) -> Selection:
        left = self._sum()
        while self.word == "|":
            self._next()
            left = _joined(left, self._sum())
        return left

    def _sum(self) -> Selection:
        left = self._path()
        while self.word in _SUMS:
            left = _summed(left, _SUMS[self._next()], self._path())
        return left

    def _path(self) -> Selection:
        steps: list[_Step] = []
        start = self._start(steps)
        while self.word == ".":
            self._next()
            self._step(steps)
        return _path(start, steps)

    def _start(self, steps: list[_Step]) -> Selection:
        kind, word = self._kind, self.word or ""
        if kind == "text" or kind == "number":
            self._next()
            return _Constant(word[1:-1] if kind == "text" else float(word) if "." in word else int(word))
        if word == "(":
            self._next()
            inner = self.either()
            self._take(")")
            return inner
        if word.startswith("%"):
            self._next()
            return _named(word[1:])
        if word == "$this":
            self._next()
            return _this
        if word[:1].isupper():
            self._next()
            return _typed(word)
        self._step(steps)
        return _this

    def _step(self, steps: list[_Step]) -> None:
        """Reads one step and adds it to those before."""
        if self._kind != "name" or self.word in _OPERATORS or (self.word or "")[0] in "%$":
            raise _NotPlain
        name = self._next()
        if self.word != "(":
            steps.append(_Members(name))
            return
        self._next()
        if name == "where":
            self._where(steps)
            return
        if name not in ("exists", "empty"):
            raise _NotPlain
        self._take(")")
        steps.append(_exists if name == "exists" else _empty)

    def _where(self, steps: list[_Step]) -> None:
        tests = self._tests()
        before = steps[-1] if steps else None
        if not tests:
            condition = self.either()
            self._take(")")
            steps.append(_where(condition))
        elif len(tests) == 1 and isinstance(before, _Members) and not before.chosen and _is_fixed(tests[0]):
            steps[-1] = _members_with(before.name, *tests[0])
        else:
            steps.append(_where_equal(tests))

    def _tests(self) -> Sequence[tuple[str, Selection]]:
        """The tests of a ``where`` that only compares members with texts, its bracket closed; nothing otherwise."""
        tests: list[tuple[str, Selection]] = []
        position, last = self._end - len(self.word or ""), ""
        while last != ")":
            found = _TEST.match(self._text, position)
            if found is None or found[1] in _OPERATORS:
                return ()
            operand = plain(found[2])
            assert operand is not None
            tests.append((found[1], operand))
            position, last = found.end(), found[3]
        self._end = position
        self.word = ""
        self._next()
        return tests


class _Constant:
    """A value that the expression names."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, _this: Any, _names: Names) -> Values:
        return [self.value]


def _named(name: str) -> Selection:
    def named(_this: Any, names: Names) -> Values:
        value = names.get(name)
        return value if isinstance(value, list) else [] if value is None else [value]
    return named


def _this(this: Any, _names: Names) -> Values:
    return [this]


def _typed(kind: str) -> Selection:
    """The resource itself, when it is of that type."""
    return lambda this, _names: [this] if isinstance(this, dict) and this.get("resourceType") == kind else []


def _path(start: Selection, steps: Sequence[_Step]) -> Selection:
    if not steps:
        return start
    if len(steps) == 1:
        only = steps[0]
        return lambda this, names: only(start(this, names), names)

    def walk(this: Any, names: Names) -> Values:
        here = start(this, names)
        for step in steps:
            here = step(here, names)
        return here
    return walk


class _Members:
    """The step to the members of a name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.chosen = name == "value"  # the one choice of types that extensions and observations write value[x]

    def __call__(self, here: Values, _names: Names) -> Values:
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


def _is_fixed(test: tuple[str, Selection]) -> bool:
    """Whether a test compares with a text known when the expression is read, one that is no date."""
    member, operand = test
    return isinstance(operand, _Constant) and isinstance(operand.value, str) and not _is_date(operand.value) \
        and member != "value"


def _members_with(name: str, member: str, operand: Selection) -> _Step:
    """``extension.where(url = 'x')``, which most paths begin with, in one go."""
    assert isinstance(operand, _Constant)
    wanted = operand.value

    def found(here: Values, _names: Names) -> Values:
        kept: Values = []
        for item in here:
            value = item.get(name) if isinstance(item, dict) else None
            for one in value if isinstance(value, list) else () if value is None else (value,):
                held = one.get(member) if isinstance(one, dict) else None
                if held == wanted:
                    kept.append(one)
                elif held is not None and not isinstance(held, str):
                    raise Unsure
        return kept
    return found


def _where(condition: Selection) -> _Step:
    def kept(here: Values, names: Names) -> Values:
        return [item for item in here if _truth(condition(item, names))]
    return kept


def _where_equal(tests: Sequence[tuple[str, Selection]]) -> _Step:
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


def _exists(here: Values, _names: Names) -> Values:
    return [bool(here)]


def _empty(here: Values, _names: Names) -> Values:
    return [not here]


def _truth(found: Values) -> bool | None:
    if not found:
        return None
    if len(found) > 1 or not isinstance(found[0], bool):
        raise Unsure
    return found[0]


def _logic(left: Selection, right: Selection, decisive: bool) -> Selection:
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


def _equal(left: Selection, same: bool, right: Selection) -> Selection:
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


def _ordered(left: Selection, order: Callable[[Any, Any], bool], right: Selection) -> Selection:
    def ordered(this: Any, names: Names) -> Values:
        one, other = left(this, names), right(this, names)
        return [order(*_numbers(one, other))] if one and other else []
    return ordered


def _summed(left: Selection, add: Callable[[Any, Any], Any], right: Selection) -> Selection:
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


def _joined(left: Selection, right: Selection) -> Selection:
    """Both selections; FHIRPath leaves repeated values out, so what could repeat is not plain."""
    def joined(this: Any, names: Names) -> Values:
        found = [*left(this, names), *right(this, names)]
        if any(item in found[:index] for index, item in enumerate(found)):
            raise Unsure
        return found
    return joined


_LEVEL = re.compile(r"'(?:[^'\\]|\\.)*'|\(|\)|\b(?:and|or|xor|implies)\b")


def conjuncts(expression: str) -> list[str]:
    """The parts of a condition joined by ``and`` at its top; the whole when another operator stands there."""
    parts, start, depth = [], 0, 0
    for found in _LEVEL.finditer(expression):
        word = found.group(0)
        depth += (word == "(") - (word == ")")
        if depth == 0 and word == "and":
            parts.append(expression[start : found.start()].strip())
            start = found.end()
        elif depth == 0 and word in ("or", "xor", "implies"):
            return [expression]
    return [*parts, expression[start:].strip()]
