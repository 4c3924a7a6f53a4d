"""A release of the nomenclatures: value sets (JDV) over code systems (TRE), read when first asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance import data
from conformance.errors import OperatorError


@dataclass(frozen=True, slots=True)
class ValueSet:
    """The codes of a value set, by system; ``complete`` is False when our copy may lack some."""

    name: str
    canonical: str
    version: str
    complete: bool
    codes: Mapping[str, Mapping[str, str]]

    def systems(self) -> frozenset[str]:
        """The code systems that the value set draws from."""
        return frozenset(self.codes)

    def holds(self, system: str, code: str) -> bool:
        """Whether the code of that system belongs to the value set."""
        return code in self.codes.get(system, {})


@dataclass(eq=False)
class Release:
    """The nomenclatures of a folder; files are read one by one, when asked for."""

    folder: Path
    _read: dict[str, ValueSet | None] = field(default_factory=dict)

    def value_set(self, name: str) -> ValueSet | None:
        """A value set by its name (``JDV_J20-ChampActivite-ROR``); None when we do not hold its content."""
        if name not in self._read:
            self._read[name] = self._load(name)
        return self._read[name]

    def _load(self, name: str) -> ValueSet | None:
        path = self.folder / f"{name}.json"
        if not path.is_file():
            return None
        try:
            raw: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise OperatorError(f"{path.name}: not JSON ({error})") from None
        codes = {one["system"]: {code[0]: code[1] for code in one["codes"]} for one in raw.get("systems", ())}
        if not codes:
            return None
        return ValueSet(raw["name"], raw["canonical"], raw.get("version", ""), bool(raw["complete"]), codes)

    def hash(self) -> str:
        """A hash of the files of the release."""
        digest = hashlib.sha256()
        for path in sorted(self.folder.glob("*.json")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()


def shipped() -> Release:
    """The release that comes with rorqual."""
    return Release(data.path("profiles", "nomenclatures"))
