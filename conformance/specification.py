"""The nouns of the specification: a published version as data, its requirements, search parameters and defects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.policy import AccessPolicy
from conformance.verdict import Strength


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence in both languages of the reports."""

    fr: str
    en: str

    def in_(self, language: str) -> str:
        """The sentence in ``fr`` or ``en``."""
        return self.fr if language == "fr" else self.en


@dataclass(frozen=True, slots=True)
class Requirement:
    """One atomic rule of a profile, verifiable by itself; its id never changes meaning."""

    id: str
    topic: str
    strength: Strength
    actor: str
    statement: Text
    source: str
    section: str
    remedy: Text | None = None
    note: str = ""
    unconfirmed: bool = False
    not_tested: Text | None = None


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """A search parameter of one resource type; ``expression`` is the usable FHIRPath, corrected if need be."""

    resource: str
    name: str
    type: str
    expression: str
    targets: tuple[str, ...] = ()
    declared: bool = False
    draft: bool = False
    defect: str = ""


@dataclass(frozen=True, slots=True)
class Defect:
    """A defect of the published specification: what rests on it is never held against a candidate."""

    id: str
    title: Text
    what: Text
    reading: Text
    source: str
    requirements: tuple[str, ...] = ()
    search_parameters: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    findings: tuple[str, ...] = ()
    unevaluable: bool = False


@dataclass(frozen=True, slots=True)
class Live:
    """A live scenario of the guide: its id (``ROR-UC-03/1``), the transaction that it is of, title, maturity."""

    id: str
    transaction: Text
    title: Text
    maturity: str
    unconfirmed: bool = False


@dataclass(frozen=True)
class Profile:
    """One published version of the specification, as data."""

    id: str
    title: Text
    version: str
    published: str
    fhir_version: str
    canonical: str
    hash: str
    sources: tuple[str, ...]
    constants: Mapping[str, str]
    headers: tuple[str, ...]
    requirements: Mapping[str, Requirement]
    search_parameters: Mapping[tuple[str, str], SearchParameter]
    capability: Mapping[str, Any]
    defects: tuple[Defect, ...]
    structures: Mapping[str, Any]
    extensions: Mapping[str, Any]
    checks: Mapping[str, tuple[str, ...]]
    rests_on: Mapping[str, Any]
    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    removal: Mapping[str, Sequence[Mapping[str, Any]] | Mapping[str, Any]] = field(default_factory=dict)
    optional_writes: tuple[str, ...] = ()
    transactions: tuple[Live, ...] = ()
    access: AccessPolicy | None = None

    def named(self, names: Iterable[str]) -> list[str]:
        """The ids of the requirements named, families (``ROR-STR-Location.*``) opened."""
        return [identifier for name in names for identifier in self.families.get(name, (name,))]
