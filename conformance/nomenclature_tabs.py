"""The tables of the NOS export (``.tabs``: fields parted by semicolons) as CodeSystem and ValueSet resources.

Two lines name and describe the nomenclature, one names the columns of its codes, the others are codes. TRE are code
systems, JDV value sets whose lines name a code system by its OID; tables of another kind, such as associations between
nomenclatures (ASS, whose columns are named by OIDs), are left out. Source: the published NOS export, « Ensemble des NOS
au format CSV (.tabs) ».
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from conformance.errors import AuthorError, Problem
from conformance.package import Found

_HEAD = ("OID", "Type fichier", "Nom fichier", "URL fichier")
_CODE = ("OID", "Code")
_LABELS = ("Libellé long", "Libellé", "Libellé adapté", "Libellé court")
_DATES = {"Date valid": "dateValid", "Date fin": "dateFin", "Date MàJ": "dateMaj"}
_KINDS = ("TRE", "JDV")
Row = tuple[int, Mapping[str, str]]


def resources(tables: Iterable[tuple[str, bytes]], known: Mapping[str, str]) -> list[Found]:
    """The nomenclatures of tables, with their places; ``known`` are canonicals of code systems by their OIDs, beside
    those of the tables. AuthorError with every table that cannot be read."""
    problems: list[Problem] = []
    read = [one for place, content in tables for one in _read(place, content, problems)]
    if problems:
        raise AuthorError(problems)
    systems = {**known, **{head["OID"]: _canonical(head) for _, head, _ in read if head["Type fichier"] == "TRE"}}
    return [(place, _system(head, rows) if head["Type fichier"] == "TRE" else _value_set(head, rows, systems))
            for place, head, rows in read]


def _read(place: str, content: bytes, problems: list[Problem]) -> Iterator[tuple[str, Mapping[str, str], list[Row]]]:
    """The description and the codes of a table; nothing of one of another kind, or where something is wrong, which is
    told."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problems.append(Problem(place, 1, 1, f"not UTF-8: byte {error.start} is 0x{content[error.start]:02x}",
                                "save the table in UTF-8"))
        return
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    lines = [(reader.line_num, line) for line in reader if any(line)]
    head = _rows(place, lines[:2], _HEAD, problems)
    if head == []:
        problems.append(Problem(place, 1, 1, "a table without its description", "export it again"))
    if not head or head[0][1]["Type fichier"] not in _KINDS:
        return
    rows = _rows(place, lines[2:], _CODE, problems)
    if rows is not None:
        yield place, head[0][1], rows


def _rows(
    place: str, lines: list[tuple[int, list[str]]], wanted: tuple[str, ...], problems: list[Problem]
) -> list[Row] | None:
    """Lines by the names of their columns, which the first of them tells; None where something is wrong."""
    if not lines:
        return []
    (number, first), *others = lines
    names = [name.strip().strip("<>") for name in first]
    lacking = [name for name in wanted if name not in names]
    if lacking:
        problems.append(Problem(place, number, 1, f"no column {', '.join(f'<{name}>' for name in lacking)}",
                                f"the line names columns such as {';'.join(f'<{name}>' for name in wanted)}"))
        return None
    wrong = [at for at, line in others if len(line) != len(names)]
    problems += [Problem(place, at, 1, f"a line that has not {len(names)} fields", "export it again") for at in wrong]
    return None if wrong else [(at, dict(zip(names, line, strict=True))) for at, line in others]


def _canonical(head: Mapping[str, str]) -> str:
    """The canonical of a nomenclature of the NOS, made as the publisher makes it."""
    url = head["URL fichier"].strip()
    return f"{url}/FHIR/{url.rsplit('/', 1)[-1].replace('_', '-')}"


def _identity(head: Mapping[str, str]) -> dict[str, Any]:
    made = head.get("Date MàJ") or head.get("Date valid") or ""
    ended = _day(head.get("Date fin", ""))
    return {"url": _canonical(head), "identifier": [{"value": f"urn:oid:{head['OID']}"}], "version": made,
            "date": _day(made), "status": "retired" if ended else "active"}


def _system(head: Mapping[str, str], rows: Iterable[Row]) -> dict[str, Any]:
    concepts = [{"code": row["Code"], "display": _label(row), "property": [
        {"code": word, "valueDateTime": _day(row[name])} for name, word in _DATES.items() if row.get(name)]}
        for _, row in rows]
    return {"resourceType": "CodeSystem", **_identity(head), "content": "complete", "concept": concepts}


def _value_set(head: Mapping[str, str], rows: Iterable[Row], systems: Mapping[str, str]) -> dict[str, Any]:
    parts: dict[str, list[dict[str, str]]] = {}
    for _, row in rows:
        parts.setdefault(row["OID"], []).append({"code": row["Code"], "display": _label(row)})
    include: list[dict[str, Any]] = [{"system": systems[oid], "concept": concepts} if oid in systems
                                     else {"system": f"urn:oid:{oid}"} for oid, concepts in parts.items()]
    return {"resourceType": "ValueSet", **_identity(head), "compose": {"include": include}}


def _label(row: Mapping[str, str]) -> str:
    return next((row[name] for name in _LABELS if row.get(name)), "")


def _day(written: str) -> str:
    """``20180126120000`` as a day."""
    return f"{written[:4]}-{written[4:6]}-{written[6:8]}" if len(written) >= 8 and written[:8].isdecimal() else ""
