"""Distances on the sphere: the near search of R4, and the one of the guide from the centre of a commune."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

from conformance.reference.store import Store
from conformance.reference.territories import BY_CODE
from conformance.reference.values import split

_EARTH_KM = 6371.0088
_UNITS = {"km": 1.0, "m": 0.001, "[mi_i]": 1.609344, "[mi_us]": 1.609347, "": 1.0}
_DEFAULT_KM = 50.0


@dataclass(frozen=True, slots=True)
class Circle:
    """A centre in WGS84 degrees and a distance in kilometres."""

    latitude: float
    longitude: float
    kilometres: float

    def distance(self, point: tuple[float, float]) -> float:
        """Kilometres from the centre to a point."""
        return distance((self.latitude, self.longitude), point)

    def holds(self, point: tuple[float, float]) -> bool:
        """Whether a point is within the distance."""
        return self.distance(point) <= self.kilometres


def distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Kilometres between two points, by the haversine formula."""
    lat1, lon1, lat2, lon2 = map(radians, (*one, *other))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_KM * asin(sqrt(half))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value == value and abs(value) != float("inf") else None


def _range(parts: list[str]) -> float | None:
    """The distance in kilometres of ``distance`` and ``unit``, both optional; None when malformed."""
    if not parts or not parts[0]:
        return _DEFAULT_KM
    value, unit = _number(parts[0]), _UNITS.get(parts[1] if len(parts) > 1 else "")
    return None if value is None or value < 0 or unit is None else value * unit


def around_point(value: str) -> Circle | None:
    """The circle of ``latitude|longitude|distance|unit``; None when malformed."""
    parts = split(value, "|")
    if not 2 <= len(parts) <= 4:
        return None
    latitude, longitude, reach = _number(parts[0]), _number(parts[1]), _range(parts[2:])
    if latitude is None or longitude is None or reach is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return Circle(latitude, longitude, reach)


def around_commune(value: str, store: Store) -> tuple[bool, Circle | None]:
    """Whether ``code|distance|unit`` is well formed, and its circle; None for a commune that nothing locates."""
    parts = split(value, "|")
    reach = _range(parts[1:])
    if not 1 <= len(parts) <= 3 or reach is None or len(parts[0]) != 5 or not parts[0].isalnum():
        return False, None
    if parts[0] in BY_CODE:
        commune = BY_CODE[parts[0]]
        return True, Circle(commune.latitude, commune.longitude, reach)
    centre = _middle(parts[0], store)
    return True, None if centre is None else Circle(*centre, reach)


def _middle(code: str, store: Store) -> tuple[float, float] | None:
    """The middle of the places of a commune, for communes outside the fictitious region."""
    there = store.index("Location", "commune-cog").part(1, code)
    points = [point for point, ranks in store.index("Location", "near").by.items() if ranks & there]
    if not points:
        return None
    return sum(p[0] for p in points) / len(points), sum(p[1] for p in points) / len(points)
