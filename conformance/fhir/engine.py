"""The two validators of JSON Schema: the fast one that judges, and the plain one that its answers are held to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import jsonschema
import jsonschema_rs

from conformance.fhir.rule import Schema

Path = tuple[str | int, ...]


class Validator(Protocol):
    """A schema ready to judge values."""

    def is_valid(self, value: Any) -> bool:
        """Whether a value respects the schema."""

    def errors(self, value: Any) -> Iterator[tuple[Path, tuple[str, ...]]]:
        """Where a value differs from the schema, and where in the schema that is said."""


Engine = Callable[[Schema], Validator]


class Fast:
    """jsonschema-rs."""

    def __init__(self, schema: Schema) -> None:
        self._validator = jsonschema_rs.validator_for(schema, validate_formats=False)

    def is_valid(self, value: Any) -> bool:
        """Whether a value respects the schema."""
        return self._validator.is_valid(value)

    def errors(self, value: Any) -> Iterator[tuple[Path, tuple[str, ...]]]:
        """Where a value differs from the schema, and where in the schema that is said."""
        for one in self._validator.iter_errors(value):
            yield tuple(one.instance_path), tuple(str(word) for word in one.schema_path)


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[jsonschema.ValidationError]:
    """A pattern as ECMA 262 reads it, where ``$`` is the end of the text and not the end of its last line."""
    if isinstance(value, str) and not re.search(_END.sub(r"\\Z", pattern), value):
        yield jsonschema.ValidationError(f"{value!r} does not match {pattern!r}")


_END = re.compile(r"(?<!\\)\$")
_extend: Callable[..., Any] = jsonschema.validators.extend
_EXTENDED = _extend(jsonschema.Draft202012Validator, {"pattern": _pattern})


class Plain:
    """jsonschema."""

    def __init__(self, schema: Schema) -> None:
        self._validator = _EXTENDED(schema)

    def is_valid(self, value: Any) -> bool:
        """Whether a value respects the schema."""
        return bool(self._validator.is_valid(value))

    def errors(self, value: Any) -> Iterator[tuple[Path, tuple[str, ...]]]:
        """Where a value differs from the schema, and where in the schema that is said."""
        for one in self._validator.iter_errors(value):
            yield tuple(one.absolute_path), tuple(str(word) for word in one.absolute_schema_path)
