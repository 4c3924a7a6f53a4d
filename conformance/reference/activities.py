"""What offers do, field by field: activities frequent and rare, categories, characteristics that go together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.reference.nomenclature import Nomenclatures
from conformance.reference.world import World

Weights = Mapping[Any, int]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of activity (TRE_R227): the weights of what its offers hold; ``None`` weighs the absence."""

    code: str
    frequent: Weights
    rare_words: tuple[str, ...]
    categories: tuple[str, ...]
    modes: Weights
    modalities: Weights
    care: Weights
    expertise: Weights
    patients: Weights
    ages: Weights


FIELDS: Mapping[str, Field] = {
    "01": Field(
        "01",
        {
            "157": 3,
            "013": 4,
            "025": 4,
            "083": 4,
            "050": 3,
            "100": 2,
            "022": 2,
            "127": 2,
            "017": 2,
            "391": 1,
            "437": 2,
            "202": 1,
            "211": 1,
        },
        ("Chirurgie", "Oncologie", "Imagerie", "Exploration", "Soins intensifs", "Urgences"),
        ("20", "121", "122", "117", "149", "150", "152", "153", "154", "155"),
        {"28": 5, "29": 2, "32": 3, "09": 1, "33": 1},
        {"02": 1, "06": 2, "03": 2, "04": 1, None: 4},
        {"64": 1, "10": 1, None: 8},
        {"10": 1, "11": 1, "01": 1, "03": 1, None: 6},
        {"07": 3, "09": 1, None: 4},
        {(15, 150): 4, (0, 17): 1, (18, 150): 3, (75, 150): 1},
    ),
    "02": Field(
        "02",
        {"242": 5, "241": 4, "233": 4, "234": 3, "235": 2, "236": 2, "172": 2, "238": 1},
        ("Réadaptation",),
        tuple(str(code) for code in range(100, 113)),
        {"28": 6, "29": 3, "32": 1},
        {"01": 3, "13": 2, "06": 1, None: 3},
        {"22": 3, "24": 2, "13": 1, "68": 1, None: 3},
        {"13": 1, "17": 2, "21": 1, "22": 1, None: 5},
        {"01": 3, "02": 2, "09": 2, None: 3},
        {(18, 150): 5, (60, 150): 3, (75, 150): 2, (0, 17): 1, (16, 60): 1},
    ),
    "03": Field(
        "03",
        {"229": 5, "227": 3, "228": 2, "051": 2, "355": 1, "230": 1, "231": 1},
        ("Psychiatrie", "psych", "Addictologie"),
        ("10", "11", "12", "15", "16", "68", "69", "70", "71"),
        {"28": 3, "29": 3, "32": 3, "30": 1},
        {"07": 1, "05": 1, "04": 1, None: 3},
        {"08": 2, "10": 2, "07": 2, None: 3},
        {"35": 1, "36": 1, None: 6},
        {"04": 2, "06": 1, None: 4},
        {(18, 65): 4, (0, 12): 2, (12, 17): 2, (65, 150): 1},
    ),
    "04": Field(
        "04",
        {"293": 4, "298": 3, "511": 3, "287": 2, "323": 1, "300": 1},
        ("Accompagnement", "Ergothérapie"),
        ("21", "22", "24", "30", "39", "40", "48", "50"),
        {"46": 4, "47": 2, "48": 1, "54": 1},
        {"03": 2, "05": 2, None: 3},
        {"02": 2, "16": 1, "17": 2, "22": 1, None: 2},
        {None: 1},
        {"01": 3, "02": 3, "05": 1},
        {(60, 150): 4, (6, 20): 2, (18, 60): 2},
    ),
}


class Activities:
    """Draws the activity of each offer: a frequent one, or now and then a rare one held by two to five offers."""

    _EVERY = 9

    def __init__(self, world: World) -> None:
        self._world = world
        turn = world.territory.turn
        self._frequent = {code: _frequent(world.codes, field, turn) for code, field in FIELDS.items()}
        self._rare = {code: _rare(world.codes, field) for code, field in FIELDS.items()}
        if turn:  # a third of those that are frequent nowhere
            frequent = {each for one in range(1, _OTHERS + 1) for field in FIELDS.values()
                        for each in _frequent(world.codes, field, one)}
            self._rare = {code: [one for one in rare if one not in frequent][turn - 1::_OTHERS]
                          for code, rare in self._rare.items()}
        self._run: dict[str, list[str]] = {code: [] for code in FIELDS}

    def draw(self, field: Field) -> str:
        """The activity (TRE_R211) of the next offer of a field."""
        run, rare = self._run[field.code], self._rare[field.code]
        if run:
            return run.pop()
        count = self._world.sequence(f"activity-{field.code}")
        if count % self._EVERY == self._EVERY // 2 and rare:
            code = rare.pop(0)
            self._run[field.code] = [code] * self._world.rng.randint(1, 4)
            return code
        return str(self._world.draw(f"activity-{field.code}", self._frequent[field.code]))


_OTHERS = 3  # territories beside the first one
_SHARED = frozenset(("157", "202", "211"))  # emergencies and cancer meetings: care modes and use cases rest on them


def _frequent(codes: Nomenclatures, field: Field, turn: int) -> Weights:
    """The frequent activities of a field in a territory: those of the first one, or others of the same words."""
    if not turn:
        return field.frequent
    mine = _rare(codes, field)[turn - 1::_OTHERS][: max(3, len(field.frequent) // 2)]
    weights = sorted((weight for code, weight in field.frequent.items() if code not in _SHARED), reverse=True)
    kept = {code: weight for code, weight in field.frequent.items() if code in _SHARED}
    return {**dict(zip(mine, weights, strict=False)), **kept}


def _rare(codes: Nomenclatures, field: Field) -> list[str]:
    frequent = {code for each in FIELDS.values() for code in each.frequent}
    return [
        code
        for code in codes.codes("J17")
        if code not in frequent and codes.display("J17", code).startswith(field.rare_words)
    ]


def category(codes: Nomenclatures, field: Field, activity: str) -> str:
    """The type of offer (TRE_R244) that goes with an activity: the same one for all offers of the activity."""
    known = codes.codes("J238", field.categories)
    return known[int(activity) % len(known)]


def acts(codes: Nomenclatures, field: Field, activity: str) -> tuple[str, str]:
    """Two specific acts (TRE_R210) that go with an activity."""
    words = (
        ("Réadaptation", "Rééducation")
        if field.code == "02"
        else ("Bilan", "Prise en charge", "Consultation", "Dépistage")
    )
    known = [code for code in codes.codes("J16") if codes.display("J16", code).startswith(words)]
    first = int(activity) % len(known)
    return known[first], known[(first + 1) % len(known)]
