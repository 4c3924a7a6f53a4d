"""FHIR dates as intervals, and the prefixes of R4 search over them."""

from __future__ import annotations

import calendar
import functools
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

_FORM = re.compile(
    r"^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?$"
)
_LONGEST = 80
PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")

Interval = tuple[datetime, datetime]
_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, tzinfo=UTC)


@functools.lru_cache(maxsize=16_384)
def interval(text: str) -> Interval | None:
    """The half-open interval of instants of a FHIR date, UTC where no zone is said; None if it is not one."""
    form = _FORM.match(text)
    if not form:
        return None
    year, month, day, hour, minute, second, fraction, zone = form.groups()
    try:
        start = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")), tzinfo=_zone(zone),
        )
        return start, start + _length(start, month, day, hour, second, fraction)
    except (ValueError, OverflowError):
        return None


def _zone(text: str | None) -> timezone:
    if not text or text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[4:6])))


def _length(
    start: datetime, month: str | None, day: str | None, hour: str | None, second: str | None, fraction: str | None
) -> timedelta:
    if fraction:
        return timedelta(microseconds=10 ** max(0, 6 - len(fraction)))
    if second:
        return timedelta(seconds=1)
    if hour:
        return timedelta(minutes=1)
    if day:
        return timedelta(days=1)
    if month:
        return timedelta(days=calendar.monthrange(start.year, start.month)[1])
    return timedelta(days=366 if calendar.isleap(start.year) else 365)


def of_value(value: Any) -> Interval | None:
    """The interval of a date, dateTime, instant or Period; an open end of a Period goes to the end of time."""
    if isinstance(value, str):
        return interval(value) if len(value) <= _LONGEST else None
    if isinstance(value, dict) and ("start" in value or "end" in value):
        start, end = interval(str(value.get("start", ""))), interval(str(value.get("end", "")))
        return (start[0] if start else _FIRST, end[1] if end else _LAST)
    return None


def compares(prefix: str, target: Interval, wanted: Interval) -> bool:
    """Whether a resource's interval answers ``prefix`` + search value, as R4 search.html#prefix defines."""
    low, high = target
    start, end = wanted
    if prefix == "ne":
        return not (start <= low and high <= end)
    if prefix in ("gt", "ge"):
        return high > end or (prefix == "ge" and start <= low and high <= end)
    if prefix in ("lt", "le"):
        return low < start or (prefix == "le" and start <= low and high <= end)
    if prefix == "sa":
        return low >= end
    if prefix == "eb":
        return high <= start
    return start <= low and high <= end
