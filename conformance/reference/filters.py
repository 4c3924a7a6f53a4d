"""The grammar of _filter: that of R4, and the lists that the guide writes (``p eq a or b``, ``OR`` in capitals)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from conformance.reference.refusal import Refusal

OPERATORS = frozenset(("eq", "ne", "co", "sw", "ew", "gt", "lt", "ge", "le", "ap", "sa", "eb", "pr"))
_TOKEN = re.compile(r'\s*(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|([^\s()"]+))')


@dataclass(frozen=True, slots=True)
class Compare:
    """``path operator value``."""

    path: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Logic:
    """``and`` or ``or`` of expressions, ``not`` of one."""

    word: str
    parts: tuple[Expression, ...]


Expression = Compare | Logic


@dataclass(frozen=True, slots=True)
class _Word:
    kind: str
    text: str

    def says(self, word: str) -> bool:
        return self.kind == "word" and self.text.lower() == word


_END = _Word("end", "")


def _refuse(text: str) -> Refusal:
    return Refusal(400, "invalid", f"parameter _filter: {text}")


def _words(text: str) -> list[_Word]:
    words, position = [], 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _refuse("a quotation mark is not closed")
        opening, closing, quoted, plain = match.groups()
        if quoted is not None:
            words.append(_Word("string", re.sub(r"\\(.)", r"\1", quoted)))
        else:
            words.append(_Word("open" if opening else "close" if closing else "word", opening or closing or plain))
        position = match.end()
    return words


class _Parser:
    def __init__(self, words: list[_Word]) -> None:
        self._words = words
        self._at = 0

    def peek(self, ahead: int = 0) -> _Word:
        index = self._at + ahead
        return self._words[index] if index < len(self._words) else _END

    def take(self) -> _Word:
        word = self.peek()
        self._at += 1
        return word

    def either(self) -> Expression:
        return self._joined("or", self.both)

    def both(self) -> Expression:
        return self._joined("and", self.single)

    def _joined(self, word: str, inner: Callable[[], Expression]) -> Expression:
        parts = [inner()]
        while self.peek().says(word):
            self.take()
            parts.append(inner())
        return parts[0] if len(parts) == 1 else Logic(word, tuple(parts))

    def single(self) -> Expression:
        if self.peek().says("not") and self.peek(1).kind == "open":
            self.take()
            return Logic("not", (self._group(),))
        if self.peek().kind == "open":
            return self._group()
        return self._list()

    def _group(self) -> Expression:
        self.take()
        inside = self.either()
        if self.take().kind != "close":
            raise _refuse("a parenthesis is not closed")
        return inside

    def _list(self) -> Expression:
        """A comparison, and the further values that the guide joins by ``or`` without repeating the parameter."""
        path, operator, first = self.take(), self.take(), self.take()
        if path.kind != "word":
            raise _refuse(f"a parameter is expected, not {path.text!r}")
        if operator.kind != "word" or operator.text.lower() not in OPERATORS:
            raise _refuse(f"{operator.text!r} is not an operator")
        values = [self._value(first)]
        while self.peek().says("or") and self._bare(1):
            self.take()
            values.append(self._value(self.take()))
        compares = tuple(Compare(path.text, operator.text.lower(), value) for value in values)
        return compares[0] if len(compares) == 1 else Logic("or", compares)

    def _bare(self, ahead: int) -> bool:
        """Whether a value stands there alone, without the operator that would make it a parameter."""
        value, after = self.peek(ahead), self.peek(ahead + 1)
        if value.kind == "string":
            return True
        follows = after.kind in ("close", "end") or after.says("or") or after.says("and")
        return value.kind == "word" and follows

    @staticmethod
    def _value(word: _Word) -> str:
        if word.kind not in ("word", "string"):
            raise _refuse("a value is expected at the end of a comparison")
        return word.text


def parse(text: str) -> Expression:
    """The expression of a _filter value; a Refusal (400) when it is not one."""
    parser = _Parser(_words(text))
    found = parser.either()
    if parser.peek() is not _END:
        raise _refuse(f"{parser.peek().text!r} is not expected here")
    return found


def render(expression: Expression) -> str:
    """The text of an expression, every comparison in full and every group in parentheses."""
    if isinstance(expression, Compare):
        value = expression.value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{expression.path} {expression.operator} "{value}"'
    if expression.word == "not":
        return f"not ({render(expression.parts[0])})"
    return "(" + f" {expression.word} ".join(render(part) for part in expression.parts) + ")"
