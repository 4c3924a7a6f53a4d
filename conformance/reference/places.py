"""Communes of the fictitious region: real codes and rough centres, invented streets and establishments."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

ADXP = "http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-"


@dataclass(frozen=True, slots=True)
class Commune:
    """One commune: INSEE code, name, postal code, region of TRE_R30, centre in WGS84 degrees."""

    code: str
    name: str
    postal: str
    region: str
    latitude: float
    longitude: float


_ROWS = (
    ("44109", "Nantes", "44000", "52", 47.2184, -1.5536),
    ("44162", "Saint-Herblain", "44800", "52", 47.2122, -1.6497),
    ("35238", "Rennes", "35000", "53", 48.1173, -1.6778),
    ("49007", "Angers", "49000", "52", 47.4784, -0.5632),
    ("29019", "Brest", "29200", "53", 48.3904, -4.4861),
    ("72181", "Le Mans", "72000", "52", 48.0061, 0.1996),
    ("44184", "Saint-Nazaire", "44600", "52", 47.2735, -2.2137),
    ("29151", "Morlaix", "29600", "53", 48.5780, -3.8280),
    ("85191", "La Roche-sur-Yon", "85000", "52", 46.6705, -1.4264),
    ("56260", "Vannes", "56000", "53", 47.6582, -2.7608),
    ("44143", "Rezé", "44400", "52", 47.1833, -1.5500),
    ("53130", "Laval", "53000", "52", 48.0700, -0.7700),
    ("22278", "Saint-Brieuc", "22000", "53", 48.5136, -2.7653),
    ("49099", "Cholet", "49300", "52", 47.0600, -0.8790),
    ("56121", "Lorient", "56100", "53", 47.7483, -3.3700),
    ("49328", "Saumur", "49400", "52", 47.2600, -0.0770),
    ("85194", "Les Sables-d'Olonne", "85100", "52", 46.4960, -1.7830),
    ("29232", "Quimper", "29000", "53", 47.9960, -4.0970),
    ("44036", "Châteaubriant", "44110", "52", 47.7170, -1.3760),
    ("35288", "Saint-Malo", "35400", "53", 48.6493, -2.0257),
    ("44003", "Ancenis-Saint-Géréon", "44150", "52", 47.3660, -1.1770),
    ("72154", "La Flèche", "72200", "52", 47.6990, -0.0760),
    ("35115", "Fougères", "35300", "53", 48.3520, -1.2000),
    ("85109", "Les Herbiers", "85500", "52", 46.8720, -1.0130),
    ("53147", "Mayenne", "53100", "52", 48.3030, -0.6170),
    ("22113", "Lannion", "22300", "53", 48.7330, -3.4550),
    ("85092", "Fontenay-le-Comte", "85200", "52", 46.4660, -0.8060),
    ("56178", "Pontivy", "56300", "53", 48.0690, -2.9630),
    ("35236", "Redon", "35600", "53", 47.6510, -2.0840),
    ("22050", "Dinan", "22100", "53", 48.4550, -2.0500),
)
COMMUNES: tuple[Commune, ...] = tuple(Commune(*row) for row in _ROWS)

_STREETS = (
    ("RUE", "rue", "des Érables"),
    ("RUE", "rue", "de l'Étang-Neuf"),
    ("AV", "avenue", "Aubrac de Kerlann"),
    ("BD", "boulevard", "du Général Estève"),
    ("PL", "place", "de la Fraternité"),
    ("CHE", "chemin", "du Bois-d'Amour"),
    ("ALL", "allée", "Hélène Corbineau"),
    ("QU", "quai", "des Caboteurs"),
    ("RTE", "route", "de l'Île-aux-Moines"),
    ("IMP", "impasse", "Noël Guérin"),
)
_SITES = (
    "L'Îlot des Érables",
    "Kerlann",
    "Bois-d'Amour",
    "Sainte-Aurélie",
    "Les Trois Rivières",
    "Hélène Corbineau",
    "La Chênaie",
    "Belle-Étoile",
    "Port-Éloi",
    "Saint-Théodule",
    "L'Estuaire",
    "Les Hauts de l'Aubance",
    "Clos-Fleuri",
    "Ker Avel",
    "Val d'Érèbe",
    "Les Ajoncs",
)


def street(rng: Random, commune: Commune) -> dict[str, Any]:
    """A postal address of real French shape: a line, its parts as extensions, city and postal code."""
    code, word, base = rng.choice(_STREETS)
    number = str(rng.randint(1, 180))
    parts = [("houseNumber", number), ("streetNameType", code), ("streetNameBase", base)]
    if rng.random() < 0.2:
        parts.insert(0, ("additionalLocator", f"Bâtiment {rng.choice('ABCDE')}"))
    return {
        "line": [f"{number} {word} {base}"],
        "_line": [{"extension": [{"url": ADXP + name, "valueString": value} for name, value in parts]}],
        "city": commune.name,
        "postalCode": commune.postal,
    }


def position(rng: Random, commune: Commune) -> dict[str, float]:
    """A point at some kilometres at most of the centre of the commune."""
    return {
        "longitude": round(commune.longitude + rng.uniform(-0.06, 0.06), 6),
        "latitude": round(commune.latitude + rng.uniform(-0.04, 0.04), 6),
    }


def site_name(rng: Random) -> str:
    """The invented name of a site."""
    return rng.choice(_SITES)
