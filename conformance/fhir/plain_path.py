"""Plain FHIRPath, fast: members, ``where``, ``all``, ``exists``, ``empty``, ``count``, ``not``, ``substring``,
``startsWith``, ``matches``, comparisons, ``and``/``or``, ``+``/``-`` and ``|``.

Exploring and judging evaluate such paths on every resource for every search parameter, where the general evaluator
costs fifty times more. What is not plain, in its words or in the data met, goes to the general one: an expression
that is not understood gives no selection, data that is not plain raises Unsure. A test holds both to the same
answers.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from conformance.fhir.plain_steps import (
    Chain,
    Constant,
    Members,
    MembersWith,
    NotPlain,
    Selection,
    Step,
    Values,
    chained,
    count,
    empty,
    equal,
    every,
    exists,
    fixed,
    itself,
    joined,
    logic,
    matches,
    named,
    negated,
    ordered,
    starts,
    substring,
    summed,
    typed,
    where,
    where_equal,
)

_WORD = re.compile(r"\s*(?:(?P<text>'[^'\\]*')|(?P<number>\d+(?:\.\d+)?)|(?P<name>[%$]?[A-Za-z_]\w*)"
                   r"|(?P<sign>!=|<=|>=|[=<>+|().,-]))")
# where(url = 'x' and code = %y), by far the most frequent: members compared with texts that do not depend on them
_OPERAND = r"(?:'[^'\\]*'|%[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
_TEST = re.compile(rf"\s*([A-Za-z_]\w*)\s*=\s*({_OPERAND})\s*(and\b|\))")
_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}
_SUMS: Mapping[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub}
_BARE: Mapping[str, Step] = {"exists": exists, "empty": empty, "count": count, "not": negated}
_OPERATORS = frozenset(("and", "or"))


def plain(expression: str) -> Selection | None:
    """The selection of a plain path, which may raise Unsure; None when it needs the general evaluator."""
    try:
        reader = _Reader(expression)
        made = reader.either()
        return made if reader.word is None else None
    except NotPlain:
        return None


def after_extension(selection: Selection | None) -> tuple[str, Callable[[Values, Mapping[str, Any]], Values]] | None:
    """Of a path that begins with ``extension.where(url = 'x')``: the url, and what it selects from those extensions."""
    if not isinstance(selection, Chain) or selection.start is not itself:
        return None
    first, *rest = selection.steps
    if not isinstance(first, MembersWith) or (first.name, first.member) != ("extension", "url"):
        return None
    return first.wanted, Chain(_same, rest)


def _same(here: Values, _names: Mapping[str, Any]) -> Values:
    return here


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
            raise NotPlain
        self.word, self._kind, self._end = found[found.lastgroup or 0], found.lastgroup or "", found.end()
        return read

    def _take(self, word: str) -> None:
        if self.word != word:
            raise NotPlain
        self._next()

    def either(self) -> Selection:
        left = self._both()
        while self.word == "or":
            self._next()
            left = logic(left, self._both(), True)
        return left

    def _both(self) -> Selection:
        left = self._comparison()
        while self.word == "and":
            self._next()
            left = logic(left, self._comparison(), False)
        return left

    def _comparison(self) -> Selection:
        left = self._union()
        if self.word in ("=", "!="):
            return equal(left, self._next() == "=", self._union())
        if self.word in _ORDERS:
            return ordered(left, _ORDERS[self._next()], self._union())
        return left

    def _union(self) -> Selection:
        left = self._sum()
        while self.word == "|":
            self._next()
            left = joined(left, self._sum())
        return left

    def _sum(self) -> Selection:
        left = self._path()
        while self.word in _SUMS:
            left = summed(left, _SUMS[self._next()], self._path())
        return left

    def _path(self) -> Selection:
        steps: list[Step] = []
        start = self._start(steps)
        while self.word == ".":
            self._next()
            self._step(steps)
        return chained(start, steps)

    def _start(self, steps: list[Step]) -> Selection:
        kind, word = self._kind, self.word or ""
        if kind == "text" or kind == "number":
            self._next()
            return Constant(word[1:-1] if kind == "text" else float(word) if "." in word else int(word))
        if word in ("true", "false"):
            self._next()
            return Constant(word == "true")
        if word == "(":
            self._next()
            inner = self.either()
            self._take(")")
            return inner
        if word.startswith("%"):
            self._next()
            return named(word[1:])
        if word == "$this":
            self._next()
            return itself
        if word[:1].isupper():
            self._next()
            return typed(word)
        self._step(steps)
        return itself

    def _step(self, steps: list[Step]) -> None:
        """Reads one step and adds it to those before."""
        if self._kind != "name" or self.word in _OPERATORS or (self.word or "")[0] in "%$":
            raise NotPlain
        name = self._next()
        if self.word != "(":
            steps.append(Members(name))
            return
        self._next()
        if name == "where":
            self._where(steps)
            return
        if name == "exists" and self.word != ")":
            self._where(steps)
            steps.append(exists)
            return
        if name == "all":
            condition = self.either()
            self._take(")")
            steps.append(every(condition))
            return
        if name == "startsWith":
            if self._kind != "text" and not (self.word or "").startswith("%"):
                raise NotPlain
            prefix = self._path()
            self._take(")")
            steps.append(starts(prefix))
            return
        arguments = self._constants()
        if name in _BARE and not arguments:
            steps.append(_BARE[name])
        elif name == "substring" and len(arguments) in (1, 2) and all(isinstance(one, int) for one in arguments):
            steps.append(substring(*arguments))
        elif name == "matches" and len(arguments) == 1 and isinstance(arguments[0], str) and arguments[0]:
            steps.append(matches(arguments[0]))
        else:
            raise NotPlain

    def _constants(self) -> list[Any]:
        """The constants in a bracket, closed."""
        found: list[Any] = []
        while self.word != ")":
            if found:
                self._take(",")
            operand = self._start([])
            if not isinstance(operand, Constant):
                raise NotPlain
            found.append(operand.value)
        self._next()
        return found

    def _where(self, steps: list[Step]) -> None:
        tests = self._tests()
        before = steps[-1] if steps else None
        if not tests:
            condition = self.either()
            self._take(")")
            steps.append(where(condition))
            return
        text = fixed(tests[0]) if len(tests) == 1 else None
        if text is not None and isinstance(before, Members) and not before.chosen:
            steps[-1] = MembersWith(before.name, tests[0][0], text)
        else:
            steps.append(where_equal(tests))

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
