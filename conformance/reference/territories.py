"""Territories of the reference: where its communes are, which activities are frequent in it, what it offers.

The first one is that of every command; the others hold other regions, communes, identifiers and codes, so that
scenarios can be seen to bind to whatever data there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from conformance.reference.places import COMMUNES, Commune

# the kinds of establishments in their turn: rehabilitation centres, medico-social houses, hospitals, psychiatric ones
_KINDS = ("smr", "ms", "ch", "psy", "ms", "smr", "ms", "ch", "smr", "ms", "ch", "psy", "smr", "ch")
_NORD = (
    ("59350", "Lille", "59000", "32", 50.6292, 3.0573),
    ("59183", "Dunkerque", "59140", "32", 51.0344, 2.3768),
    ("76540", "Rouen", "76000", "28", 49.4404, 1.0939),
    ("76351", "Le Havre", "76600", "28", 49.4938, 0.1077),
    ("14118", "Caen", "14000", "28", 49.1829, -0.3707),
    ("59606", "Valenciennes", "59300", "32", 50.3579, 3.5235),
    ("59599", "Tourcoing", "59200", "32", 50.7239, 3.1612),
    ("59512", "Roubaix", "59100", "32", 50.6927, 3.1776),
    ("59178", "Douai", "59500", "32", 50.3714, 3.08),
    ("62041", "Arras", "62000", "32", 50.291, 2.7775),
    ("62193", "Calais", "62100", "32", 50.9513, 1.8587),
    ("62160", "Boulogne-sur-Mer", "62200", "32", 50.7264, 1.6147),
    ("62498", "Lens", "62300", "32", 50.4291, 2.8319),
    ("80021", "Amiens", "80000", "32", 49.8941, 2.2958),
    ("80001", "Abbeville", "80100", "32", 50.1059, 1.8337),
    ("02691", "Saint-Quentin", "02100", "32", 49.8489, 3.2876),
    ("60057", "Beauvais", "60000", "32", 49.4295, 2.0807),
)
_SUD = (
    ("31555", "Toulouse", "31000", "76", 43.6045, 1.444),
    ("34172", "Montpellier", "34000", "76", 43.6108, 3.8767),
    ("13055", "Marseille", "13001", "93", 43.2965, 5.3698),
    ("83137", "Toulon", "83000", "93", 43.1242, 5.9280),
    ("06088", "Nice", "06000", "93", 43.7102, 7.2620),
    ("30189", "Nîmes", "30000", "76", 43.8367, 4.3601),
    ("66136", "Perpignan", "66000", "76", 42.6887, 2.8948),
    ("34032", "Béziers", "34500", "76", 43.3442, 3.2158),
    ("81004", "Albi", "81000", "76", 43.9298, 2.148),
    ("65440", "Tarbes", "65000", "76", 43.2329, 0.0782),
    ("12202", "Rodez", "12000", "76", 44.3498, 2.5753),
    ("11069", "Carcassonne", "11000", "76", 43.2122, 2.3537),
    ("11262", "Narbonne", "11100", "76", 43.1844, 3.0032),
    ("82121", "Montauban", "82000", "76", 44.0221, 1.3529),
    ("32013", "Auch", "32000", "76", 43.646, 0.5864),
)
_EST = (
    ("67482", "Strasbourg", "67000", "44", 48.5734, 7.7521),
    ("54395", "Nancy", "54000", "44", 48.6921, 6.1844),
    ("21231", "Dijon", "21000", "27", 47.3220, 5.0415),
    ("25056", "Besançon", "25000", "27", 47.2378, 6.0241),
    ("71270", "Mâcon", "71000", "27", 46.3069, 4.8287),
    ("57463", "Metz", "57000", "44", 49.1193, 6.1757),
    ("51454", "Reims", "51100", "44", 49.2583, 4.0317),
    ("68224", "Mulhouse", "68100", "44", 47.7508, 7.3359),
    ("68066", "Colmar", "68000", "44", 48.0793, 7.3585),
    ("10387", "Troyes", "10000", "44", 48.2973, 4.0744),
    ("88160", "Épinal", "88000", "44", 48.1724, 6.4493),
    ("08105", "Charleville-Mézières", "08000", "44", 49.7736, 4.7206),
    ("55029", "Bar-le-Duc", "55000", "44", 48.7712, 5.1624),
    ("67180", "Haguenau", "67500", "44", 48.8157, 7.7886),
    ("57672", "Thionville", "57100", "44", 49.3579, 6.1683),
)


@dataclass(frozen=True, slots=True)
class Territory:
    """Communes, the first ones more frequent; ``turn`` tells its activities and identifiers from those of others.
    ``kinds`` of establishments, and whether anomalies, indicators and entry models are there."""

    name: str
    communes: tuple[Commune, ...]
    turn: int
    kinds: tuple[str, ...] = _KINDS
    steered: bool = True

    def only(self, kind: str) -> Territory:
        """The same place with one kind of establishments, and nothing else."""
        return replace(self, kinds=(kind,), steered=False)


OUEST = Territory("ouest", COMMUNES, 0)
TERRITORIES: Mapping[str, Territory] = MappingProxyType({one.name: one for one in (
    OUEST, Territory("nord", tuple(Commune(*row) for row in _NORD), 1),
    Territory("sud", tuple(Commune(*row) for row in _SUD), 2),
    Territory("est", tuple(Commune(*row) for row in _EST), 3),
)})
BY_CODE: Mapping[str, Commune] = MappingProxyType(
    {commune.code: commune for one in TERRITORIES.values() for commune in one.communes})
