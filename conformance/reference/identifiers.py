"""French identifiers of structures and professionals, with their check digits."""

from __future__ import annotations


def luhn(digits: str) -> int:
    """The check digit that makes ``digits`` followed by it valid by the Luhn formula."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10


def is_luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of those before."""
    return digits.isdecimal() and luhn(digits[:-1]) == int(digits[-1])


def finess(department: str, number: int) -> str:
    """A FINESS number: department, six digits, Luhn key (9 characters)."""
    body = f"{department}{number % 1_000_000:06d}"
    return f"{body}{luhn(body)}"


def siren(number: int) -> str:
    """A SIREN: 8 digits and a Luhn key."""
    body = f"{number % 100_000_000:08d}"
    return f"{body}{luhn(body)}"


def siret(siren_number: str, rank: int) -> str:
    """A SIRET: the SIREN of the legal entity, 4 digits of rank, a Luhn key over the whole."""
    body = f"{siren_number}{rank % 10_000:04d}"
    return f"{body}{luhn(body)}"


def rpps(number: int) -> str:
    """An RPPS number: 1, nine digits, Luhn key (11 digits)."""
    body = f"1{number % 1_000_000_000:09d}"
    return f"{body}{luhn(body)}"


def id_nat_struct(kind: str, number: str) -> str:
    """The national identifier of a structure: 1 for a FINESS, 2 for a SIREN, 3 for a SIRET, then the number."""
    return {"finess": "1", "siren": "2", "siret": "3"}[kind] + number
