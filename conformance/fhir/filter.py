"""The ``_filter`` expression: the grammar of R4, and the list form that the guide prints.

The guide writes ``specialty eq A or B`` where R4 wants ``specialty eq A or specialty eq B`` (ROR-HTTP-046);
both are read. Logical words are read in any case (ROR-HTTP-047).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

from conformance.fhir.bundle import Resource
from conformance.fhir.search import Searcher, all_of, any_of, invert

_TOKEN = re.compile(r"\s*(\(|\)|\"(?:[^\"\\]|\\.)*\"|[^\s()]+)")
_OPERATORS = frozenset(
    ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "co", "sw", "ew", "pr", "po", "ss", "sb", "in", "ni", "re")
)
_PREFIXED = {"gt", "lt", "ge", "le", "sa", "eb"}


class BadFilter(ValueError):
    """The expression is neither of R4 nor of the guide."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One ``parameter operator value`` of a filter."""

    name: str
    operator: str
    value: str


Node = Comparison | tuple[str, tuple["Node", ...]]


@functools.lru_cache(maxsize=1024)
def parse(text: str) -> Node:
    """The tree of an expression; BadFilter when it cannot be read."""
    tokens = _TOKEN.findall(text)
    if not tokens or "".join(tokens).replace(" ", "") != re.sub(r"\s", "", text):
        raise BadFilter(f"cannot be read: {text[:80]!r}")
    node, rest = _disjunction(tokens, None)
    if rest:
        raise BadFilter(f"unexpected {rest[0]!r}")
    return node


def _disjunction(tokens: list[str], last: Comparison | None) -> tuple[Node, list[str]]:
    return _joined(tokens, last, "or", _conjunction)


def _conjunction(tokens: list[str], last: Comparison | None) -> tuple[Node, list[str]]:
    return _joined(tokens, last, "and", _unit)


def _joined(
    tokens: list[str], last: Comparison | None, word: str, part: Callable[..., tuple[Node, list[str]]]
) -> tuple[Node, list[str]]:
    node, tokens = part(tokens, last)
    nodes = [node]
    while tokens and tokens[0].lower() == word:
        node, tokens = part(tokens[1:], _last(nodes[-1]))
        nodes.append(node)
    return (nodes[0] if len(nodes) == 1 else (word, tuple(nodes))), tokens


def _last(node: Node) -> Comparison | None:
    return node if isinstance(node, Comparison) else _last(node[1][-1])


def _unit(tokens: list[str], last: Comparison | None) -> tuple[Node, list[str]]:
    if not tokens:
        raise BadFilter("ends too early")
    head = tokens[0]
    if head == "(":
        node, rest = _disjunction(tokens[1:], last)
        if not rest or rest[0] != ")":
            raise BadFilter("a parenthesis is not closed")
        return node, rest[1:]
    if head.lower() == "not":
        node, rest = _unit(tokens[1:], last)
        return ("not", (node,)), rest
    if len(tokens) >= 3 and tokens[1] in _OPERATORS:
        return Comparison(head, tokens[1], _plain(tokens[2])), tokens[3:]
    if last is not None and head != ")":
        return Comparison(last.name, last.operator, _plain(head)), tokens[1:]
    raise BadFilter(f"{head!r} is not followed by an operator and a value")


def _plain(token: str) -> str:
    if not token.startswith('"'):
        return token
    if len(token) < 2 or not token.endswith('"'):
        raise BadFilter(f"a quotation mark is not closed: {token[:80]}")
    return re.sub(r"\\(.)", r"\1", token[1:-1])


def answers(searcher: Searcher, resource: Resource, node: Node) -> bool | None:
    """Whether the resource answers the filter; None when it cannot be told."""
    if isinstance(node, Comparison):
        return _comparison(searcher, resource, node)
    word, parts = node
    results = [answers(searcher, resource, part) for part in parts]
    if word == "not":
        return invert(results[0])
    return any_of(results) if word == "or" else all_of(results)


def _comparison(searcher: Searcher, resource: Resource, node: Comparison) -> bool | None:
    value = node.value.replace(",", "\\,")
    if node.operator == "eq":
        return searcher.answers(resource, node.name, value)
    if node.operator == "ne":
        return invert(searcher.answers(resource, node.name, value))
    if node.operator in _PREFIXED:
        return searcher.answers(resource, node.name, node.operator + value)
    if node.operator == "sw":
        return searcher.answers(resource, node.name, value)
    if node.operator == "co":
        return searcher.answers(resource, f"{node.name}:contains", value)
    if node.operator == "pr":
        return searcher.answers(resource, f"{node.name}:missing", "false" if node.value == "true" else "true")
    return None
