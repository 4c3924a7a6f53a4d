"""A registry as a table (CSV), one row for each ROR and each application: read in the form of its YAML file, and
written."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from conformance import source
from conformance.errors import Problem
from conformance.profile import schema
from conformance.source import suggest

if TYPE_CHECKING:  # it reads by this module
    from conformance.registry import Consumer, Registry, Ror

_ALL, _FORM, _ROR, _CONSUMER = "all", 1, "ror", "consumer"
_KINDS = {_ROR: "rors", _CONSUMER: "consumers"}
_COLUMNS = ("kind", "id", "region", "name", "metropolitan", "solution", "version", "profiles", "base-url", "token-url",
            "authorities", "pace", "certificate", "key", "client-id", "lets-in", "vendor", "use-cases", "contract")
_NEEDED = ("id", "region", "name", "metropolitan", "profiles")
_TEXTS = ("id", "region", "name", "solution", "version", "vendor", "contract")
_OF_ENDPOINT = ("base-url", "token-url", "authorities", "pace")
_OF_IDENTITY = ("certificate", "key", "client-id")
_WORDS = {"yes": True, "true": True, "oui": True, "1": True, "no": False, "false": False, "non": False, "0": False}


def write(members: Registry) -> str:
    """A registry as CSV (RFC 4180), one row for each member; secrets and their places are left out."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for ror in members.rors:
        writer.writerow(_of_ror(ror))
    for consumer in members.consumers:
        writer.writerow({"kind": _CONSUMER, **_of_any(consumer), "vendor": _plain(consumer.vendor),
                         "use-cases": " ".join(consumer.use_cases), "contract": _plain(consumer.contract)})
    return text.getvalue()


def _of_ror(one: Ror) -> dict[str, str]:
    return {
        "kind": _ROR, **_of_any(one), "region": one.region, "metropolitan": "yes" if one.metropolitan else "no",
        "solution": _plain(one.solution), "base-url": one.base, "token-url": one.token_url,
        "authorities": one.authorities, "pace": f"{one.pace:g}" if one.pace else "",
        "lets-in": "" if one.lets_in is None else " ".join(one.lets_in) or "-"}


def _of_any(one: Ror | Consumer) -> dict[str, str]:
    return {"id": one.id, "name": _plain(one.name), "version": _plain(one.version), "profiles": " ".join(one.profiles),
            "certificate": one.identity.certificate, "key": one.identity.key,
            "client-id": _plain(one.identity.client_id)}


def _plain(text: str) -> str:
    """A text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def read(path: Path) -> tuple[Any, list[Problem]]:
    """What a table says, in the form of the YAML file, and every problem met."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return None, [Problem(str(path), 1, 1, f"cannot be read: {error}", "save it as CSV in UTF-8")]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if ";" in text.partition("\n")[0] else ",")
    columns: Sequence[str] = reader.fieldnames or ()
    problems = [Problem(str(path), 1, 1, f"no column is called {name!r}", suggest(name, _COLUMNS) or
                        f"the columns are {', '.join(_COLUMNS)}") for name in columns if name not in _COLUMNS]
    problems += [Problem(str(path), 1, 1, f"the column {name!r} is missing", "add it")
                 for name in _NEEDED if name not in columns]
    if problems:
        return None, problems
    lines, rows = [], []
    try:
        for row in reader:
            lines.append(reader.line_num)
            rows.append({name: (value or "").strip() for name, value in row.items() if name})
    except csv.Error as error:
        return None, [Problem(str(path), reader.line_num, 1, f"no row of a table: {error}", "save it as CSV in UTF-8")]
    strange = [Problem(str(path), line, 1, f"no member is of the kind {row['kind']!r}", "ror or consumer")
               for line, row in zip(lines, rows, strict=True) if row.get("kind", "") not in ("", *_KINDS)]
    return (None, strange) if strange else _checked(rows, path, lines)


def _of_row(row: Mapping[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {name: row[name].removeprefix("'") for name in _TEXTS if row.get(name)}
    if row["metropolitan"]:
        made["metropolitan"] = _WORDS.get(row["metropolitan"].lower(), row["metropolitan"])
    made["profiles"] = row["profiles"].split()
    if row.get("use-cases"):
        made["use-cases"] = row["use-cases"].split()
    for part, names in (("endpoint", _OF_ENDPOINT), ("identity", _OF_IDENTITY)):
        held: dict[str, Any] = {name: row[name].removeprefix("'") for name in names if row.get(name)}
        if "pace" in held:
            held["pace"] = _number(held["pace"])
        if held:
            made[part] = held
    if row.get("lets-in"):
        made["lets-in"] = _ALL if row["lets-in"] == _ALL else [] if row["lets-in"] == "-" else row["lets-in"].split()
    return made


def _number(text: str) -> Any:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return text


def _checked(rows: Sequence[Mapping[str, str]], path: Path, lines: Sequence[int]) -> tuple[Any, list[Problem]]:
    """The rows of a table held against the schema of the file; a problem is told at the line of its row."""
    document: dict[str, Any] = {"registry": _FORM, "rors": []}
    for row in rows:
        document.setdefault(_KINDS[row.get("kind") or _ROR], []).append(_of_row(row))
    placed, problems = source.load(yaml.safe_dump(document, allow_unicode=True).encode(), str(path))
    if problems:
        return None, problems
    turns = {kind: iter(placed.get(kind, ())) for kind in _KINDS.values()}
    found = []
    for row, line in zip(rows, lines, strict=True):
        kind = _KINDS[row.get("kind") or _ROR]
        one = {"registry": _FORM, "rors": [_SOME_ROR], kind: [next(turns[kind])]}
        found += [Problem(str(path), line, 1, told.message, told.remedy)
                  for told in source.check(one, schema("registry"), str(path))]
    return placed, found


_SOME_ROR = {"id": "a", "region": "00", "name": "a", "metropolitan": True, "profiles": ["a"]}
