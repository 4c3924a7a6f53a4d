"""Active codes of the nomenclatures shipped with the profiles, as shared CodeableConcepts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random
from typing import Any, Generic, TypeVar

from conformance import data

Card = TypeVar("Card")
NOS = "https://mos.esante.gouv.fr/NOS"


def system_url(name: str) -> str:
    """The canonical of a code system of the NOS by its short name: ``TRE_R30-RegionOM``."""
    return f"{NOS}/{name}/FHIR/{name.replace('_', '-', 1)}"


class Nomenclatures:
    """Value sets by short number (``J17``); the same code gives the same dict, so that a region stays small."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or data.path("profiles", "nomenclatures")
        self._sets: dict[str, dict[str, tuple[str, str]]] = {}
        self._concepts: dict[tuple[str, str], dict[str, Any]] = {}

    def _load(self, short: str) -> dict[str, tuple[str, str]]:
        if short not in self._sets:
            path = next(iter(sorted(self._folder.glob(f"JDV_{short}-*.json"))))
            document = json.loads(path.read_text(encoding="utf-8"))
            self._sets[short] = {
                row[0]: (group["system"], row[1])
                for group in reversed(document["systems"])
                for row in group["codes"]
                if len(row) == 2
            }
        return self._sets[short]

    def codes(self, short: str, among: Iterable[str] = ()) -> list[str]:
        """The active codes of a value set; with ``among``, those of them that are active, in that order."""
        known = self._load(short)
        return [code for code in among if code in known] if among else sorted(known)

    def coding(self, short: str, code: str) -> dict[str, Any]:
        """The Coding of one code; KeyError when the code is not active in the value set."""
        found: dict[str, Any] = self.concept(short, code)["coding"][0]
        return found

    def concept(self, short: str, code: str) -> dict[str, Any]:
        """The CodeableConcept of one code; KeyError when the code is not active in the value set."""
        key = (short, code)
        if key not in self._concepts:
            system, display = self._load(short)[code]
            self._concepts[key] = {"coding": [{"system": system, "code": code, "display": display}]}
        return self._concepts[key]

    def display(self, short: str, code: str) -> str:
        """The label of one code."""
        return self._load(short)[code][1]


class Deck(Generic[Card]):
    """Cards drawn without return, reshuffled when none is left: proportions hold in a small region too."""

    def __init__(self, rng: Random, weights: Mapping[Card, int]) -> None:
        self._rng = rng
        self._cards = [card for card, weight in weights.items() for _ in range(weight)]
        self._left: list[Card] = []

    def draw(self) -> Card:
        """The next card."""
        if not self._left:
            self._left = list(self._cards)
            self._rng.shuffle(self._left)
        return self._left.pop()
