"""FHIRPath over FHIR JSON, by fhirpathpy with the R4 model; expressions are compiled once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import fhirpathpy
from antlr4 import CommonTokenStream, InputStream, Token
from antlr4.error.ErrorListener import ErrorListener
from fhirpathpy.models import models
from fhirpathpy.parser.generated.FHIRPathLexer import FHIRPathLexer
from fhirpathpy.parser.generated.FHIRPathParser import FHIRPathParser

from conformance.fhir.plain_path import after_extension, plain
from conformance.fhir.plain_path import conjuncts as split_conjuncts
from conformance.fhir.plain_steps import Unsure


class BadExpression(ValueError):
    """The expression is not FHIRPath; the author's fault."""


@functools.lru_cache(maxsize=4096)
def compiled(expression: str) -> Callable[..., Any]:
    """The expression ready to be evaluated; BadExpression when it is not FHIRPath."""
    _check(expression)
    try:
        evaluate: Callable[..., Any] = fhirpathpy.compile(expression, models["r4"])
    except RecursionError:
        raise
    except Exception as error:
        raise BadExpression(f"not FHIRPath: {_first_line(error)}") from None
    return evaluate


class _Strict(ErrorListener):  # type: ignore[misc]
    """fhirpathpy goes on with what it understood of a wrong expression; an author wants to be told."""

    def syntaxError(self, recognizer: Any, offending: Any, line: int, column: int, msg: str, e: Any) -> None:  # noqa: ARG002, N802
        """Called by the parser on the first error."""
        raise BadExpression(f"not FHIRPath, at column {column + 1}: {msg}")


def _check(expression: str) -> None:
    lexer = FHIRPathLexer(InputStream(expression))
    parser = FHIRPathParser(CommonTokenStream(lexer))
    for one in (lexer, parser):
        one.removeErrorListeners()
        one.addErrorListener(_Strict())
    parser.expression()
    rest = parser.getCurrentToken()
    if rest.type != Token.EOF:
        raise BadExpression(f"not FHIRPath, at column {rest.column + 1}: unexpected {rest.text!r}")


_plain_path = functools.lru_cache(maxsize=4096)(plain)
conjuncts = functools.lru_cache(maxsize=4096)(split_conjuncts)


def from_extension(expression: str) -> tuple[str, Callable[[list[Any], Mapping[str, Any]], list[Any]]] | None:
    """The url of the extension of the resource that a plain path begins with, and what the path selects from the
    extensions of that url, which may raise Unsure; None for other paths."""
    return after_extension(_plain_path(expression))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]


def select(resource: Mapping[str, Any], expression: str, names: Mapping[str, Any] | None = None) -> list[Any]:
    """The values that the expression selects in a resource; ``names`` are the ``%name`` it may use."""
    fast = _plain_path(expression)
    if fast is not None:
        try:
            return fast(resource, names or {})
        except Unsure:
            pass  # told by the library, below
    try:
        found = compiled(expression)(resource, dict(names or {}))
    except (BadExpression, RecursionError):
        raise
    except Exception:
        # FHIRPath stops on data that the expression does not fit (two items where one is wanted): nothing selected
        return []
    return [_plain(value) for value in found] if isinstance(found, list) else [_plain(found)]


def _plain(value: Any) -> Any:
    """A value of JSON: fhirpathpy gives decimals and dates in types of its own."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value if value is None or isinstance(value, str | bool | int | float | dict | list) else str(value)


def holds(resource: Mapping[str, Any], expression: str, names: Mapping[str, Any] | None = None) -> bool:
    """Whether the expression is true for the resource; empty is false, a single non-boolean value is true."""
    for part in conjuncts(expression):
        found = select(resource, part, names)
        if not found or found[0] is False:
            return False
    return True
