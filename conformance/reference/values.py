"""Search values: escapes, tokens, strings, numbers and quantities of R4."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal, DecimalException

PREFIXES = frozenset(("eq", "ne", "gt", "ge", "lt", "le", "sa", "eb", "ap"))
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
# the guide codes units in a French system whose codes are those of UCUM
_UCUM = frozenset(
    (
        "http://unitsofmeasure.org",
        "https://unitsofmeasure.org",
        "https://mos.esante.gouv.fr/NOS/TRE_R247-UcumUniteMesure/FHIR/TRE-R247-UcumUniteMesure",
    )
)
Quantity = tuple[Decimal, str, str, str]


def fold(text: str) -> str:
    """The text without case nor accents, as R4 compares strings."""
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def split(value: str, separator: str) -> list[str]:
    """The parts of a value at the separators that no backslash escapes; escapes stay for the next split."""
    parts = [""]
    index = 0
    while index < len(value):
        if value[index] == "\\" and index + 1 < len(value):
            parts[-1] += value[index : index + 2]
            index += 2
            continue
        if value[index] == separator:
            parts.append("")
        else:
            parts[-1] += value[index]
        index += 1
    return parts


def unescape(value: str) -> str:
    r"""The value with ``\,``, ``\|``, ``\$`` and ``\\`` replaced by the character itself."""
    return re.sub(r"\\([,|$\\])", r"\1", value)


@dataclass(frozen=True, slots=True)
class Token:
    """A token searched: system None when not said, "" when said to be absent; code None for any code of the system."""

    system: str | None
    code: str | None


def token(value: str) -> Token | None:
    """The token of one value; None when it is empty or has too many parts."""
    parts = [unescape(part) for part in split(value, "|")]
    if len(parts) == 1 and parts[0]:
        return Token(None, parts[0])
    if len(parts) == 2 and any(parts):
        return Token(parts[0], parts[1] or None)
    return None


@dataclass(frozen=True, slots=True)
class Number:
    """A number searched, with the range that its digits imply."""

    prefix: str
    value: Decimal
    low: Decimal
    high: Decimal

    def selects(self, found: Decimal) -> bool:
        """Whether a value of a resource is selected; the implied range serves only for equality."""
        if self.prefix == "eq":
            return self.low <= found < self.high
        if self.prefix == "ne":
            return not self.low <= found < self.high
        if self.prefix == "ap":
            return abs(found - self.value) <= max(abs(self.value) / 10, self.high - self.value)
        return {
            "gt": found > self.value,
            "sa": found > self.value,
            "ge": found >= self.value,
            "lt": found < self.value,
            "eb": found < self.value,
            "le": found <= self.value,
        }[self.prefix]


def prefixed(value: str) -> tuple[str, str]:
    """The prefix of an ordered value, ``eq`` when there is none, and the rest."""
    if value[:2] in PREFIXES:
        return value[:2], value[2:]
    return "eq", value


def number(value: str) -> Number | None:
    """The number of one search value; None when it is not one, or beyond all that is held here."""
    prefix, digits = prefixed(value)
    if not _NUMBER.fullmatch(digits):
        return None
    try:
        parsed = Decimal(digits)
        half = Decimal((0, (5,), int(parsed.as_tuple().exponent) - 1))
        return Number(prefix, parsed, parsed - half, parsed + half)
    except DecimalException:
        return None


@dataclass(frozen=True, slots=True)
class SearchedQuantity:
    """A quantity searched: a number, and the unit if it is said."""

    number: Number
    system: str
    code: str

    def selects(self, found: Quantity) -> bool:
        """Whether a quantity of a resource is selected; no conversion between units."""
        value, system, code, unit = found
        if self.system and not same_system(self.system, system):
            return False
        if self.code and self.code != code and (self.system or self.code != unit):
            return False
        return self.number.selects(value)


def same_system(one: str, other: str) -> bool:
    """Whether two systems of units hold the same codes."""
    return one == other or (one in _UCUM and other in _UCUM)


def quantity(value: str) -> SearchedQuantity | None:
    """The quantity of one search value: ``number``, ``number|system|code`` or ``number||code``; None otherwise."""
    parts = [unescape(part) for part in split(value, "|")]
    parsed = number(parts[0])
    if parsed is None or len(parts) not in (1, 3):
        return None
    system, code = (parts[1], parts[2]) if len(parts) == 3 else ("", "")
    return SearchedQuantity(parsed, system, code)
