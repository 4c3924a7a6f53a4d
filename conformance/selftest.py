"""The judge judged: faulty candidates, each wrong in one way, must be caught by the requirement they break."""

from __future__ import annotations

import contextlib
import gc
import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from conformance import pki, profile, workshop
from conformance.clock import Clock, SystemClock
from conformance.endpoint import Endpoint, OAuth
from conformance.engine.laws import NONE, QUICK, STANDARD
from conformance.identities import of_folder, strangers
from conformance.model import Candidate, Scenario
from conformance.plan import Campaign, Planned
from conformance.policy import SEES_ALL
from conformance.reference.access import CLIENTS
from conformance.reference.app import create_app, utc_now
from conformance.reference.fault import Fault
from conformance.reference.guarded import Opened, guarded
from conformance.reference.server import Running, bases, stored
from conformance.reference_data import region
from conformance.report.model import Report
from conformance.scenario import EXTRACTION
from conformance.scenario_words import IDENTITIES

ACCESSES = tuple(str(one.access) for one in CLIENTS)
_SIZES, _SEEDS = (50, 300, 5000), (1, 2, 3, 4)
_LAWFUL = 1  # of the runs by versions and access profiles in turn, those that ask laws
_LARGE = 1000  # offers from which no laws are asked of the reference without fault: they take long
_SWEPT = 8  # runs after which what they left is looked for
_runs = itertools.count(1)
_MEMORY = Path("/dev/shm")  # noqa: S108 - records that are thrown away, in memory where the machine has such a place


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the judge said of one faulty candidate; ``broken`` are all requirements found broken, at any strength."""

    name: str
    expected: str
    also: tuple[str, ...]
    broken: tuple[str, ...]

    @property
    def caught(self) -> bool:
        """Whether the requirement that the fault breaks was found broken."""
        return self.expected in self.broken

    @property
    def unrelated(self) -> tuple[str, ...]:
        """Requirements found broken that the fault neither breaks nor names beside, with a reason."""
        return tuple(one for one in self.broken if one != self.expected and one not in self.also)


@lru_cache(maxsize=2)
def _region(offers: int, seed: int) -> tuple[dict[str, Any], ...]:
    """The same region for fault after fault; a fault that changes a resource changes a copy."""
    return tuple(region(offers, seed))


def endpoint(base: str, access: str = SEES_ALL) -> Endpoint:
    """How the reference at an address is reached, by the client of an access profile; the others beside it."""
    bare = Endpoint(base, bases=bases(base))
    door = f"{base.rpartition('/')[0]}/auth/token"
    clients = {str(one.access): replace(bare, access=str(one.access), oauth=OAuth(door, one.name, one.secret))
               for one in CLIENTS}
    clients[SEES_ALL] = replace(bare, access=SEES_ALL)  # it shows all to whom it does not know
    return replace(clients.pop(access), others=tuple(clients.values()))


@lru_cache(maxsize=1)
def certificates() -> Path:
    """The folder with the certificates of the secured references of this process, until it ends."""
    folder = Path(tempfile.mkdtemp(prefix="rorqual-pki-"))
    Finalize(None, shutil.rmtree, (folder, True), exitpriority=0)  # that of atexit is not called in a pool of processes
    made = pki.Pki(folder, SystemClock().now())
    for kind in (pki.GOOD, pki.EXPIRED):
        made.server(kind, "127.0.0.1")
    for one in CLIENTS[1:]:
        for kind in pki.CLIENTS if str(one.access) == SEES_ALL else (pki.GOOD,):
            made.client(one.name, kind)
    return folder


def secured(opened: Opened, folder: Path, access: str = SEES_ALL) -> Endpoint:
    """How a reference behind TLS is reached, by the client of an access profile with its certificate; the others, and
    those that it must refuse, beside it. Profile 0 has a secret and no certificate (ROR-SEC-011)."""
    bare = Endpoint(opened.base, bases=bases(opened.base), authorities=str(folder / "authority.pem"))
    clients = {str(one.access): replace(
        bare, access=str(one.access), certificate=str(folder / f"client-{one.name}.pem"),
        key=str(folder / f"client-{one.name}.key"), oauth=OAuth(opened.token_url, one.name)) for one in CLIENTS[1:]}
    public = CLIENTS[0]
    clients[str(public.access)] = replace(bare, access=str(public.access),
                                          oauth=OAuth(opened.token_url, public.name, public.secret))
    own = clients.pop(access)
    refused = strangers(own, of_folder(folder, own.certificate), opened.tokens, SystemClock().now())
    return replace(own, others=(*clients.values(), *refused))


def broken(report: Report) -> tuple[str, ...]:
    """The requirements held against the candidate, at any strength."""
    return tuple(sorted({one.requirement for one in report.problems
                         if one.effect == "broken" and one.cause == "candidate"}))


@dataclass(frozen=True, slots=True)
class Clean:
    """A run on the reference without fault: size and seed of the region, version, access profile of the client, and
    whether laws are asked."""

    offers: int
    seed: int
    profile: str
    access: str = SEES_ALL
    laws: bool = True

    def __str__(self) -> str:
        return f"{self.profile}, {self.offers} offers, seed {self.seed}, access profile {self.access}"


def clean_runs(which: str, tested: str) -> list[Clean]:
    """The runs without fault: none, some (the version tested by the client that sees all at each size, then versions
    and access profiles in turn at those that do not take long) or all."""
    versions = profile.known()
    if which == "all":
        return [Clean(*one) for one in itertools.product(_SIZES, _SEEDS, versions, ACCESSES)]
    strict = [Clean(size, seed, tested) for size, seed in zip(_SIZES, _SEEDS, strict=False)]
    turns = itertools.cycle((*ACCESSES[::2], *ACCESSES[1::2]))
    others = [Clean(size, seed, versions[number % len(versions)], next(turns), number < _LAWFUL)
              for number, (seed, size) in enumerate(itertools.product(_SEEDS[2:], _SIZES[:-1]))]
    return [*strict, *others] if which == "some" else []


def alarms(one: Clean, clock: Clock, laws: str = QUICK) -> list[str]:
    """What is told against the reference without fault, or not shown though all is there to show it. To a client that
    does not see all, what it does not see cannot be shown. ``laws``: the depth of the laws, where they are asked."""
    depth = laws if one.laws and one.offers < _LARGE else NONE
    made = campaign(one.profile, one.seed, access=one.access, depth=depth, guard=one.access == SEES_ALL)
    report = judged(made, None, one.offers, one.seed, clock, None)
    if one.access != SEES_ALL:
        return [f"{name} (broken): {one}" for name in broken(report)]
    return [f"{row.id} ({row.verdict}): {one}" for row in report.requirements
            if row.verdict not in ("pass", "not-applicable") and not row.advisory
            and set(row.causes) != {"specification"}]


def judged(made: Campaign, fault: Fault | None, offers: int, seed: int, clock: Clock, keep: Path | None) -> Report:
    """The report of a whole run on the reference, with or without a fault, of a size and a seed."""
    return of_resources(made, _region(offers, seed), fault, clock, keep)


def of_resources(
    made: Campaign, resources: Sequence[Any], fault: Fault | None, clock: Clock, keep: Path | None = None
) -> Report:
    """The report of a whole run on the reference over resources of one's own."""
    place = _MEMORY if _MEMORY.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="rorqual-", dir=place)) if keep is None else keep
    try:
        with _served(made, resources, fault) as reached:
            workshop.drive(made, reached, folder, clock, lambda _event: None)
        return workshop.report(folder)
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
        if next(_runs) % _SWEPT == 0:  # each leaves cycles behind: hundreds in one process would fill the memory
            gc.collect()


@contextlib.contextmanager
def _served(made: Campaign, resources: Sequence[Any], fault: Fault | None) -> Iterator[Endpoint]:
    """The reference under test, in clear or, for a candidate that is reached so, behind TLS and tokens."""
    store, name, access = stored(resources, fault), next(iter(made.profiles)), made.candidate.access
    if not made.candidate.secured:
        with Running(create_app(store, profile_id=name, fault=fault)) as base:
            yield endpoint(base, access)
        return
    folder = certificates()
    with guarded(lambda guard: create_app(store, profile_id=name, fault=fault, access=guard), folder, utc_now,
                 let_pass=fault.lax if fault is not None else frozenset()) as opened:
        yield secured(opened, folder, access)


def of_security(profile: str, seed: int) -> Campaign:
    """The scenarios that try who is let in, on a reference behind TLS and tokens."""
    made = campaign(profile, seed, guard=True)
    return replace(made, planned=tuple(one for one in made.planned if one.scenario.secured))


def campaign(
    profile: str, seed: int, writes: bool | None = None, access: str = SEES_ALL, depth: str = NONE, guard: bool = False
) -> Campaign:
    """Every scenario of a profile, on the reference; or those that write or extract; or those that read, one for each
    transaction, the one that verifies most. What is received over the whole run is judged in all three. It is played by
    the client of an access profile, with as many cases of laws as a depth says; with a ``guard``, behind TLS and
    tokens."""
    who = Candidate("rorqual selftest", workshop.version(), "rorqual", "server", (profile,), (), writes=True,
                    accesses=(*ACCESSES, *(IDENTITIES if guard else ())), access=access, secured=guard,
                    gives_tokens=guard)
    made = workshop.campaign(who, workshop.Choice(seed=seed, depth=depth))
    if writes is None:
        return made
    chosen = [one for one in made.planned if one.scenario.closing or _changes(one.scenario) is writes]
    if not writes:
        most: dict[str, Planned] = {}
        for one in chosen:
            known = most.get(one.scenario.transaction)
            if known is None or len(one.scenario.verifies) > len(known.scenario.verifies):
                most[one.scenario.transaction] = one
        chosen = [one for one in chosen if one.scenario.use_case == one.scenario.transaction or one.scenario.closing
                  or most[one.scenario.transaction] is one]
    return replace(made, planned=tuple(chosen))


def lawful(profile: str, seed: int, law: str, requirement: str) -> Iterator[Campaign]:
    """Each use of a law (any, when it is empty) that verifies a requirement, as many cases of it as a run draws."""
    whole = campaign(profile, seed)
    for one in whole.planned:
        for use in one.scenario.laws:
            if law in ("", use.check) and requirement in use.verifies:
                alone = replace(one.scenario, steps=(), laws=(use,))
                yield replace(whole, planned=(replace(one, scenario=alone, skip=""),), depth=STANDARD)


def _changes(scenario: Scenario) -> bool:
    """Whether it writes on the server or extracts, which nothing else does."""
    return scenario.writes or any(step.pages == EXTRACTION for step in scenario.steps)


def outcome(
    fault: Fault, profile: str, offers: int, seed: int, clock: Clock, told: Callable[[Report], None] = lambda _one: None
) -> Outcome:
    """What the judge says of the reference made wrong by one fault; each report is told to ``told``."""
    made: Iterable[Campaign] = [campaign(profile, seed, fault.writes)]
    if fault.law:
        made = lawful(profile, seed, fault.law, fault.breaks)
    elif fault.secured:
        made = [of_security(profile, seed)]
    found: tuple[str, ...] = ()
    for one in made:
        report = judged(one, fault, max(offers, fault.offers), seed, clock, None)
        told(report)
        found = broken(report)
        if fault.breaks in found:
            break
    return Outcome(fault.name, fault.breaks, tuple(fault.also), found)
