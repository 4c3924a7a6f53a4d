"""Reading a FINESS extract: the establishments that there are, from a CSV of a few named columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance.errors import AuthorError, OperatorError, Problem

COLUMNS = ("finess", "ej", "category", "opening", "closing", "closing-type", "authorisations")
_NEEDED = COLUMNS[:4]
_FIELDS = {"MCO": "01", "SMR": "02", "SSR": "02", "PSY": "03"}
_OUTSIDE = "975"  # the department that the indicators leave out


@dataclass(frozen=True, slots=True)
class Registered:
    """An establishment that FINESS knows. ``closing`` is the type of its closing (DEF, PRO, ...), empty while open;
    ``authorisations`` are activity-modality pairs, ``fields`` those of health it is authorised for."""

    number: str
    legal: str
    category: str
    opened: bool
    closing: str
    fields: tuple[str, ...]
    authorisations: frozenset[str]

    @property
    def open(self) -> bool:
        """Whether it is open, or closed for a time."""
        return self.opened and self.closing != "DEF"

    @property
    def department(self) -> str:
        """The department, from the number."""
        return self.number[:3] if self.number.startswith("97") else self.number[:2]


@dataclass(frozen=True)
class Finess:
    """The establishments of an extract, by number."""

    establishments: dict[str, Registered]

    def of(self, number: str) -> Registered | None:
        """The establishment of a number."""
        return self.establishments.get(number)

    def expected(self, followed: Collection[str]) -> Iterator[Registered]:
        """Those of the followed categories that are open, outside the department that is left out."""
        for one in self.establishments.values():
            if one.opened and not one.closing and one.category in followed and one.department != _OUTSIDE:
                yield one


def read(path: Path) -> Finess:
    """The extract of a file, its cells between commas, semicolons or tabs; AuthorError with every problem of it."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise OperatorError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise AuthorError([Problem(str(path), 1, 1, f"not UTF-8: {error.reason}", "save it in UTF-8")]) from None
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    rows = csv.DictReader(io.StringIO(text), delimiter=separator)
    missing = [one for one in _NEEDED if one not in (rows.fieldnames or ())]
    if missing:
        raise AuthorError([Problem(str(path), 1, 1, f"no column {', '.join(missing)}",
                                   f"the first line names the columns, of: {', '.join(COLUMNS)}")])
    found: dict[str, Registered] = {}
    problems: list[Problem] = []
    for row in rows:
        number = (row["finess"] or "").strip()
        if len(number) != 9:
            problems.append(Problem(str(path), rows.line_num, 1, f"{number!r} is no FINESS number", "nine characters"))
        elif number in found:
            problems.append(Problem(str(path), rows.line_num, 1, f"{number} comes twice", "keep one of the two lines"))
        else:
            found[number] = _registered(number, row)
    if problems:
        raise AuthorError(problems[:20])
    return Finess(found)


def _registered(number: str, row: dict[str, str | None]) -> Registered:
    def cell(name: str) -> str:
        return (row.get(name) or "").strip()

    words = cell("authorisations").replace("|", " ").replace(",", " ").split()
    return Registered(
        number, cell("ej"), cell("category"), bool(cell("opening")),
        cell("closing-type") or ("DEF" if cell("closing") else ""),
        tuple(dict.fromkeys(_FIELDS[one] for one in words if one in _FIELDS)),
        frozenset(one for one in words if one not in _FIELDS))
