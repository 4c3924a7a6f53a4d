"""A release of the nomenclatures: value sets (JDV) over code systems (TRE), read when first asked for."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance import data, source
from conformance.errors import OperatorError


@dataclass(frozen=True, slots=True)
class ValueSet:
    """The codes of a value set, by system; ``complete`` is False when our copy may lack some."""

    name: str
    canonical: str
    version: str
    complete: bool
    codes: Mapping[str, Mapping[str, str]]
    ended: Mapping[tuple[str, str], str] = field(default_factory=dict)
    successors: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def systems(self) -> frozenset[str]:
        """The code systems that the value set draws from."""
        return frozenset(self.codes)

    def holds(self, system: str, code: str) -> bool:
        """Whether the code of that system belongs to the value set."""
        return code in self.codes.get(system, {})

    def ended_by(self, system: str, code: str, day: str) -> str:
        """The day since which a code is not valid any more, on a day; empty when it is, or when the day is unknown."""
        end = self.ended.get((system, code), "")
        return end if end and end <= day else ""


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a nomenclature. ``status`` is empty for an active one, else retired (its end came) or deprecated (not
    to be used any more); ``until`` is the day since which it is, ``successor`` the code to use, where known."""

    system: str
    code: str
    display: str
    status: str = ""
    until: str = ""
    successor: str = ""


@dataclass(frozen=True, slots=True)
class Nomenclature:
    """A value set or code system as we hold it; ``complete`` is False when our copy may lack codes."""

    name: str
    kind: str
    canonical: str
    oid: str
    version: str
    date: str
    status: str
    complete: bool
    note: str
    codes: tuple[Code, ...]


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

    def names(self) -> list[str]:
        """The names of all value sets and code systems."""
        return sorted(path.stem for path in self.folder.glob("*.json"))

    def readable(self, name: str) -> bool:
        """Whether the file of that name is a nomenclature in our format."""
        raw = self._raw(self.folder / f"{name}.json")
        return isinstance(raw, dict) and raw.get("name") == name and "complete" in raw and (
            isinstance(raw.get("systems"), list) or isinstance(raw.get("codes"), list))

    def nomenclature(self, name: str) -> Nomenclature:
        """A value set or code system by its name (``J20`` is enough) or canonical; OperatorError when there is none."""
        known = self.names()
        wanted = name.split("/FHIR/")[0].rsplit("/", 1)[-1]
        short = [one for one in known if one.removeprefix("JDV_").removeprefix("TRE_").split("-")[0].lower()
                 == wanted.removeprefix("JDV_").removeprefix("TRE_").lower()]
        if wanted not in known and len(short) == 1:
            wanted = short[0]
        if wanted not in known:
            raise OperatorError(f"no nomenclature is called {name!r}; "
                                + (source.suggest(wanted, known) or "see `rorqual nomenclature show`"))
        raw = self._raw(self.folder / f"{wanted}.json")
        return Nomenclature(
            raw["name"], raw["kind"], raw["canonical"], oid=raw.get("oid") or "", version=raw.get("version") or "",
            date=raw.get("date") or "", status=raw.get("status") or "", complete=bool(raw["complete"]),
            note=raw.get("note") or "", codes=tuple(_codes(raw)))

    def holding(self, code: str) -> Iterator[tuple[Nomenclature, Code]]:
        """Where a code stands: each value set and code system that has it."""
        for name in self.names():
            one = self.nomenclature(name)
            yield from ((one, each) for each in one.codes if each.code == code)

    def _raw(self, path: Path) -> Mapping[str, Any]:
        try:
            raw: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise OperatorError(f"{path.name}: not JSON ({error})") from None
        return raw

    def _load(self, name: str) -> ValueSet | None:
        path = self.folder / f"{name}.json"
        if not path.is_file():
            return None
        raw = self._raw(path)
        codes = {one["system"]: {code[0]: code[1] for code in one["codes"]} for one in raw.get("systems", ())}
        if not codes:
            return None
        every = [*(one for system in codes for one in self._system(system)), *_codes(raw)]
        return ValueSet(
            raw["name"], raw["canonical"], raw.get("version", ""), bool(raw["complete"]), codes,
            ended={(one.system, one.code): one.until for one in every if one.status and one.until},
            successors={(one.system, one.code): one.successor for one in every if one.successor})

    def systems_by_oid(self) -> dict[str, str]:
        """The canonicals of the code systems held, by their OIDs."""
        held = [self.nomenclature(name) for name in self.names()]
        return {one.oid: one.canonical for one in held if one.kind == "code-system" and one.oid}

    def _system(self, canonical: str) -> Iterator[Code]:
        """The codes of a code system, where the release holds it: it is there that their ends are told."""
        path = self.folder / f"{canonical.split('/FHIR/')[0].rsplit('/', 1)[-1]}.json"
        if path.is_file():
            raw = self._raw(path)
            if raw.get("canonical") == canonical and "codes" in raw:
                yield from _codes(raw)

    def hash(self) -> str:
        """A hash of the files of the release."""
        digest = hashlib.sha256()
        for path in sorted(self.folder.glob("*.json")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()


def _codes(raw: Mapping[str, Any]) -> Iterator[Code]:
    parts = raw["systems"] if "systems" in raw else [{"system": raw["canonical"], "codes": raw["codes"]}]
    for part in parts:
        for code, display, *more in part["codes"]:
            status, until, successor = (*more, "", "", "")[:3]
            yield Code(part["system"], code, display, status or "", until or "", successor or "")


@functools.cache
def shipped() -> Release:
    """The release that comes with rorqual, one for the whole process."""
    return Release(data.path("profiles", "nomenclatures"))


def release(folder: Path | None) -> Release:
    """The release of a folder, or the one shipped; OperatorError when the folder holds none."""
    if folder is None:
        return shipped()
    made = Release(folder)
    strange = [name for name in made.names() if not made.readable(name)]
    if strange or not made.names():
        what = f"{strange[0]}.json is no nomenclature" if strange else "it holds none"
        raise OperatorError(f"{folder}: no release of nomenclatures, {what}; `rorqual nomenclature import` writes one")
    return made
