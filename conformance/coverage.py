"""What is tested by what: the requirements of the profiles and the live scenarios of the guide, the scenarios that
verify them, the faults of the reference that break them. What is verified by nothing says why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from conformance import planted
from conformance.reference.fault import Fault
from conformance.reference.faults import FAULTS
from conformance.reference.faults_consumer import SLIPS, Slip
from conformance.scenario import Library
from conformance.specification import Profile, Text
from conformance.verdict import Strength


@dataclass(frozen=True, slots=True)
class Row:
    """A requirement, or a live scenario of the guide (``strength`` is then its maturity), of one profile. ``unbroken``
    says in a word why no fault of the reference breaks it (``planted``)."""

    profile: str
    id: str
    strength: str
    actor: str
    title: Text
    scenarios: tuple[str, ...]
    use_cases: tuple[str, ...]
    faults: tuple[str, ...]
    reason: Text | None
    unbroken: str = ""

    @property
    def verified(self) -> bool:
        """Whether a scenario verifies it."""
        return bool(self.scenarios)


@dataclass(frozen=True, slots=True)
class Total:
    """How many there are, and how many of them are verified."""

    verified: int
    all: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """The rows of some profiles, and what must not be: requirements that nothing verifies and that say not why, reasons
    of those that are verified, live scenarios of the guide that nothing plays."""

    requirements: tuple[Row, ...]
    transactions: tuple[Row, ...]

    def problems(self) -> list[str]:
        """What is missing or stale, one sentence each."""
        missing = [f"{one.profile}: {one.id} is verified by no scenario and gives no reason"
                   for one in self.requirements if not one.verified and one.reason is None]
        stale = [f"{one.profile}: {one.id} is verified; its reason not to be is stale"
                 for one in self.requirements if one.verified and one.reason is not None]
        unplayed = [f"{one.profile}: {one.id} of the guide is played by no scenario"
                    for one in self.transactions if not one.verified]
        return [*missing, *stale, *unplayed]

    def totals(self) -> Mapping[str, Total]:
        """Of the live scenarios of the guide, the mandatory requirements, all requirements, and the mandatory ones
        verified that a fault breaks, those that say why none does counted apart. What several profiles hold counts
        once, as verified where all of them do."""
        mandatory = [one for one in self.requirements if one.strength == Strength.SHALL.value]
        broken = {one.id for one in mandatory if one.faults}
        shall = _total(mandatory)
        verified = {one.id for one in mandatory if one.verified}
        argued = {one.id for one in mandatory if one.unbroken} & verified - broken
        return {"scenarios": _total(self.transactions), "shall": shall, "requirements": _total(self.requirements),
                "faults": Total(len(broken & verified), len(verified)), "argued": Total(len(argued), len(verified))}


def _total(rows: Iterable[Row]) -> Total:
    held: dict[str, bool] = {}
    for one in rows:
        held[one.id] = held.get(one.id, True) and one.verified
    return Total(sum(held.values()), len(held))


def coverage(
    profiles: Mapping[str, Profile], library: Library, wanted: Sequence[str] = (), use_cases: Sequence[str] = ()
) -> Coverage:
    """The coverage of profiles (all of them by default) by the scenarios of use cases (all by default)."""
    chosen = [profiles[name] for name in wanted] if wanted else list(profiles.values())
    requirements: list[Row] = []
    transactions: list[Row] = []
    breaking: dict[str, list[str]] = {}
    faults: list[Fault | Slip] = [*FAULTS.values(), *SLIPS.values()]
    for fault in faults:
        breaking.setdefault(fault.breaks, []).append(fault.name)
    for fault in faults:  # a fault may break more than one, with its reason
        for name in fault.also:
            breaking.setdefault(name, []).append(fault.name)
    structural = planted.kept()
    for profile in chosen:
        operators = structural.get(profile.id, {}).get("faults", {})
        unbroken = structural.get(profile.id, {}).get("without", {})
        verifying: dict[str, list[str]] = {}
        playing: dict[str, list[str]] = {}
        for scenario in library.of(profile.id):
            if use_cases and scenario.use_case not in use_cases:
                continue
            playing.setdefault(scenario.transaction, []).append(scenario.id)
            for name in dict.fromkeys(profile.named(scenario.verifies)):
                verifying.setdefault(name, []).append(scenario.id)
        requirements += [Row(profile.id, one.id, one.strength.value, one.actor, one.statement,
                             *_of(verifying.get(one.id, ())), _faults(one.id, breaking, operators), one.not_tested,
                             unbroken.get(one.id, ""))
                         for one in profile.requirements.values()]
        transactions += [Row(profile.id, one.id, one.maturity, "server", one.title, *_of(playing.get(one.id, ())), (),
                             None) for one in profile.transactions]
    return Coverage(tuple(requirements), tuple(transactions))


def _faults(name: str, breaking: Mapping[str, Sequence[str]], operators: Mapping[str, str]) -> tuple[str, ...]:
    """The faults that break a requirement: those of the catalogue, or the operator of the one planted for it."""
    found = tuple(breaking.get(name, ()))
    return found or ((operators[name],) if name in operators else ())


def _of(names: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    scenarios = tuple(names)
    return scenarios, tuple(dict.fromkeys(name.split("/")[0] for name in scenarios))
