"""FHIR dates as intervals of microseconds, and what each prefix of R4 selects."""

from __future__ import annotations

import re
from calendar import isleap, monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from conformance.reference.values import prefixed

_FORM = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
BEGINNING, END = -(10**18), 10**18
Span = tuple[int, int]


@lru_cache(maxsize=65536)
def span(text: str) -> Span | None:
    """The half-open interval of a FHIR date, in microseconds; UTC where no zone is said; None if malformed."""
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    micro = int((fraction or "0").ljust(6, "0")[:6])
    try:
        start = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            micro,
            tzinfo=_zone(zone),
        )
        length = _length(start, month, day, hour, second, fraction)
    except ValueError:
        return None
    first = (start - _EPOCH) // _MICROSECOND
    return first, first + length // _MICROSECOND


def _zone(text: str | None) -> timezone:
    if text in (None, "Z"):
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[4:6])))


def _length(
    start: datetime, month: str | None, day: str | None, hour: str | None, second: str | None, fraction: str | None
) -> timedelta:
    if fraction:
        return timedelta(microseconds=max(1, 10 ** (6 - len(fraction)) if len(fraction) <= 6 else 1))
    if second:
        return timedelta(seconds=1)
    if hour:
        return timedelta(minutes=1)
    if day:
        return timedelta(days=1)
    if month:
        return timedelta(days=monthrange(start.year, start.month)[1])
    return timedelta(days=366 if isleap(start.year) else 365)


def period(value: Mapping[str, Any]) -> Span | None:
    """The interval of a Period; a missing bound is open."""
    start = span(value["start"]) if "start" in value else None
    end = span(value["end"]) if "end" in value else None
    if start is None and end is None:
        return None
    return (start[0] if start else BEGINNING), (end[1] if end else END)


@dataclass(frozen=True, slots=True)
class SearchedDate:
    """A date searched: a prefix and the interval of the value."""

    prefix: str
    start: int
    end: int
    now: int

    def selects(self, found: Span) -> bool:
        """Whether the interval of a resource is selected, by the words of R4 on ranges."""
        start, end = found
        within = self.start <= start and end <= self.end
        if self.prefix == "ap":
            slack = max(abs(self.now - self.start) // 10, 0)
            return start < self.end + slack and self.start - slack < end
        return {
            "eq": within,
            "ne": not within,
            "gt": end > self.end,
            "ge": end > self.end or within,
            "lt": start < self.start,
            "le": start < self.start or within,
            "sa": start >= self.end,
            "eb": end <= self.start,
        }[self.prefix]


def searched(value: str, now: datetime) -> SearchedDate | None:
    """The date of one search value; None when it is not one. ``now`` gives the slack of ``ap``."""
    prefix, text = prefixed(value)
    found = span(text)
    if found is None:
        return None
    return SearchedDate(prefix, found[0], found[1], (now - _EPOCH) // _MICROSECOND)
