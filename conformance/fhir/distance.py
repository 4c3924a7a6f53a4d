"""Positions on the earth, and how far apart they are."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

from conformance.fhir.bundle import Resource

_EARTH_KM = 6371.0088


def distance_km(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Great-circle distance between two WGS84 points given as (latitude, longitude), in kilometres."""
    lat1, lon1, lat2, lon2 = (radians(part) for part in (*here, *there))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_KM * asin(sqrt(half))


def position(location: Resource) -> tuple[float, float] | None:
    """The WGS84 position of a Location, (latitude, longitude)."""
    held = location.get("position")
    if not isinstance(held, dict):
        return None
    latitude, longitude = held.get("latitude"), held.get("longitude")
    if isinstance(latitude, int | float) and isinstance(longitude, int | float):
        return float(latitude), float(longitude)
    return None
