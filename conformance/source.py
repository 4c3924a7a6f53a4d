"""YAML 1.2 and JSON Schema: a file becomes plain data whose every place keeps its line and column.

Only the core scalars of YAML 1.2 are typed (true, false, null, decimal integers and floats): ``no``, ``on``,
``010``, ``1:30`` and dates stay text, since codes and département numbers look like them. Duplicate keys,
anchors-as-merges and several documents in one file are refused.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import jsonschema
import jsonschema_rs
import yaml

from conformance.errors import Problem

_BASE: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Map(dict[str, Any]):
    """A mapping that remembers where it and its keys stand: ``keys_at[key] = (line, column)``."""

    line = 1
    column = 1

    def __init__(self) -> None:
        super().__init__()
        self.keys_at: dict[str, tuple[int, int]] = {}
        self.values_at: dict[str, tuple[int, int]] = {}


class Seq(list[Any]):
    """A sequence that remembers where it and its items stand."""

    line = 1
    column = 1

    def __init__(self) -> None:
        super().__init__()
        self.items_at: list[tuple[int, int]] = []


class _Loader(_BASE):  # type: ignore[valid-type,misc]
    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


_NAMES = {"object": "a mapping", "array": "a list", "string": "a text", "integer": "an integer",
          "number": "a number", "boolean": "true or false", "null": "nothing"}
_SCALARS = (
    ("bool", r"^(?:true|false)$", "tf"),
    ("null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    ("float", r"^[-+]?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?$", "-+0123456789"),
)
for _tag, _pattern, _first in _SCALARS:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def _at(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1


def _construct_map(loader: Any, node: Any) -> Generator[Map, None, None]:
    built = Map()
    built.line, built.column = _at(node.start_mark)
    yield built
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            key = str(key_node.value)
        if key in built.keys_at:
            first = built.keys_at[key][0]
            raise yaml.constructor.ConstructorError(
                None, None, f"duplicate key {key!r}, first seen at line {first}", key_node.start_mark
            )
        built.keys_at[key] = _at(key_node.start_mark)
        built.values_at[key] = _at(value_node.start_mark)
        built[key] = loader.construct_object(value_node, deep=True)


def _construct_seq(loader: Any, node: Any) -> Generator[Seq, None, None]:
    built = Seq()
    built.line, built.column = _at(node.start_mark)
    built.items_at = [_at(item.start_mark) for item in node.value]
    yield built
    built.extend(loader.construct_object(item, deep=True) for item in node.value)


_Loader.add_constructor("tag:yaml.org,2002:map", _construct_map)
_Loader.add_constructor("tag:yaml.org,2002:seq", _construct_seq)


def load(text: str | bytes, file: str) -> tuple[Any, list[Problem]]:
    """The data of a YAML text and the problems that kept it from being read (then the data is None)."""
    try:
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        return None, [Problem(file, 1, 1, f"not UTF-8: byte {error.start}", "save the file in UTF-8")]
    try:
        return yaml.load(decoded, _Loader), []  # noqa: S506  (a SafeLoader with fewer scalars)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = _at(mark) if mark else (1, 1)
        what = error.problem or error.context or "cannot be read"
        return None, [Problem(file, line, column, f"not valid YAML: {what}", _yaml_remedy(what))]
    except yaml.YAMLError as error:
        return None, [Problem(file, 1, 1, f"not valid YAML: {error}", "")]
    except RecursionError:
        return None, [Problem(file, 1, 1, "nested too deeply to be read", "flatten the file")]


def _yaml_remedy(what: str) -> str:
    if "duplicate key" in what:
        return "keep one of the two, or merge them"
    if "another document" in what or "document start" in what:
        return "one document per file: split it at the '---' line"
    if "\\t" in what or "cannot start any token" in what:
        return "indent with spaces, never with tabs"
    return "check indentation and quotes near this place"


def where(document: Any, path: Iterable[str | int], *, on_key: bool = False) -> tuple[int, int]:
    """Line and column of a place given as keys and indexes; the deepest known parent when it is not there."""
    line, column = getattr(document, "line", 1), getattr(document, "column", 1)
    for part in path:
        if isinstance(document, Map) and part in document.keys_at:
            place = document.keys_at if on_key else document.values_at
            line, column = place[str(part)]
            document = document[str(part)]
        elif isinstance(document, Seq) and isinstance(part, int) and part < len(document):
            line, column = document.items_at[part]
            document = document[part]
        else:
            break
    return line, column


def suggest(word: str, known: Iterable[str]) -> str:
    """``did you mean 'x'?`` when a known word is close, otherwise an empty text."""
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else ""


def check(document: Any, schema: Mapping[str, Any], file: str) -> list[Problem]:
    """Every way in which the document differs from its JSON Schema, each with its place and a suggestion. The fast
    validator says whether there is any; the other one, which tells more, is asked only then."""
    if _fast(schema).is_valid(document):
        return []
    validator = jsonschema.Draft202012Validator(schema)
    found: list[Problem] = []
    for error in validator.iter_errors(document):
        found.extend(_problems(error, document, file))
    return sorted(set(found))


_compiled: dict[int, tuple[Mapping[str, Any], Any]] = {}  # by the schema itself, which is kept with it


def _fast(schema: Mapping[str, Any]) -> Any:
    known = _compiled.get(id(schema))
    if known is None or known[0] is not schema:
        known = _compiled[id(schema)] = schema, jsonschema_rs.validator_for(dict(schema))
    return known[1]


def _problems(error: Any, document: Any, file: str) -> Iterator[Problem]:
    path = list(error.absolute_path)
    if error.validator in ("anyOf", "oneOf") and error.context:
        yield from _of_alternatives(error, document, file)
        return
    if error.validator == "additionalProperties":
        allowed = set(error.schema.get("properties", {}))
        for key in sorted(set(error.instance) - allowed):
            line, column = where(document, [*path, key], on_key=True)
            remedy = suggest(key, allowed) or f"known keys here: {', '.join(sorted(allowed))}"
            yield Problem(file, line, column, f"unknown key {key!r}", remedy)
        return
    line, column = where(document, path)
    yield Problem(file, line, column, *_sentence(error))


def _of_alternatives(error: Any, document: Any, file: str) -> Iterator[Problem]:
    """The branch that came closest speaks; when none did, the alternatives are listed."""
    branches: dict[int, list[Any]] = {}
    for sub in error.context:
        branches.setdefault(sub.schema_path[0], []).append(sub)
    typed = [b for b in branches.values() if not any(s.validator in ("type", "const") and not s.path for s in b)]
    if len(typed) == 1:
        for sub in typed[0]:
            yield from _problems(sub, document, file)
        return
    kinds = [str(branch.get("title") or _NAMES.get(branch.get("type"), branch.get("type")) or "another form")
             for branch in error.schema[error.validator]]
    line, column = where(document, error.absolute_path)
    secret = isinstance(error.instance, str) and "env" in kinds  # where a secret is named, what is written may be one
    shown = "what is written" if secret else _shown(error.instance)
    yield Problem(file, line, column, f"{shown} is of none of the forms accepted here",
                  f"expected one of: {', '.join(kinds)}")


def _sentence(error: Any) -> tuple[str, str]:
    shown = _shown(error.instance)
    rule, wanted = error.validator, error.validator_value
    if rule == "required":
        missing = [name for name in wanted if name not in error.instance]
        return f"missing key {missing[0]!r}", f"add {', '.join(missing)}"
    if rule == "type":
        names = " or ".join(_NAMES.get(one, one) for one in ([wanted] if isinstance(wanted, str) else wanted))
        remedy = _type_remedy(error.instance, wanted) or error.schema.get("description", "")
        if error.instance is None:
            return f"nothing is written here, expected {names}", remedy
        held = _kind(error.instance)
        seen = f"{held} stands here" if shown == held else f"{shown} is {held}"
        return f"{seen}, expected {names}", remedy
    if rule == "dependentRequired":
        missing = [other for key, others in wanted.items() if key in error.instance for other in others
                   if other not in error.instance]
        return f"missing key {missing[0]!r}", f"add {', '.join(missing)}: these keys go together"
    if rule == "enum":
        hint = suggest(str(error.instance), map(str, wanted))
        return f"{shown} is not accepted here", hint or f"expected one of: {', '.join(map(str, wanted))}"
    if rule == "pattern":
        return f"{shown} has not the form expected", error.schema.get("description", f"expected {wanted}")
    if rule in ("minItems", "minProperties", "minLength"):
        return f"{shown} is too short", f"at least {wanted} expected"
    if rule in ("maxItems", "maxProperties", "maxLength"):
        return f"{shown} is too long", f"at most {wanted} expected"
    return error.message, error.schema.get("description", "")


def _type_remedy(instance: Any, wanted: Any) -> str:
    if wanted == "string" and isinstance(instance, bool | int | float):
        return f'write it between quotes: "{str(instance).lower() if isinstance(instance, bool) else instance}"'
    if wanted == "array" and not isinstance(instance, dict):
        return f"write it as a list: [{instance}]"
    return ""


def _kind(instance: Any) -> str:
    if instance is None:
        return "empty"
    if isinstance(instance, bool):
        return "a boolean"
    if isinstance(instance, int):
        return "an integer"
    if isinstance(instance, float):
        return "a number"
    if isinstance(instance, str):
        return "a string"
    return "a list" if isinstance(instance, Sequence) else "a mapping"


def _shown(instance: Any) -> str:
    text = repr(instance) if isinstance(instance, str | int | float | bool) else _kind(instance)
    return text if len(text) <= 60 else text[:57] + "...'"
