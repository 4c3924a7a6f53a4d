"""A run of the connectivity matrix: every requester to every responder, into a record that can be gone on with."""

from __future__ import annotations

import contextlib
import json
import os
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from conformance import __version__, deduced, ledger, nomenclature, profile
from conformance.candidate import Secrets
from conformance.cells import Certificate
from conformance.clock import Clock, stamp
from conformance.crew import Crew
from conformance.drive.identity import certificate
from conformance.errors import AuthorError, OperatorError, Problem
from conformance.events import Finished, Started, Visited
from conformance.lanes import AT_ONCE, WIDTH, Lanes
from conformance.registry import Consumer, Registry, Ror
from conformance.source import suggest
from conformance.visiting import Call, found_in, made_ready
from conformance.visits import Visits
from conformance.workshop import collected_rarely, library

INTER_ROR = "inter-ror"
_MOST_THREADS, _MOST_PROCESSES = 256, 8
# what a run that goes on must share with what was recorded; what is tried again
_SAME = ("planned", "members", "use-cases", "vantage", "profiles", "scenarios")
_AGAIN = ("untested.time", "untested.harness", "untested.network")
_MANY = 60  # pairs, above which processes are started
_PATIENCE, _RETRIES = 10.0, 3  # of a cluster: seconds until it answers, and how often a pair is begun again


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a matrix is tried: requesters and responders (ids; all when empty), use cases of RORs, seconds for a
    pair, pairs at work at once, minutes for all (0: any); from which network (``vantage``)."""

    requesters: tuple[str, ...] = ()
    responders: tuple[str, ...] = ()
    use_cases: tuple[str, ...] = (INTER_ROR,)
    scenarios: tuple[str, ...] = ()
    seconds: float = 20.0
    at_once: int = AT_ONCE
    minutes: float = 0.0
    vantage: str = "here"


@contextlib.contextmanager
def executor(address: str | None) -> Iterator[Executor | None]:
    """The workers of a Dask cluster; None where no address is given. OperatorError where it cannot be reached."""
    if address is None:
        yield None
        return
    try:
        from distributed import Client
    except ImportError:
        raise OperatorError("a cluster needs Dask: pip install 'rorqual[cluster]'") from None
    try:
        client = Client(address, timeout=_PATIENCE)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as error:
        raise OperatorError(f"{address}: no cluster answers there ({error})") from None
    with client:
        yield client.get_executor(retries=_RETRIES, pure=False)  # type: ignore[no-untyped-call]


class Tour:
    """The pairs of a registry that are wanted, and their trial into a record. OperatorError where an id is unknown."""

    def __init__(
        self, registry: Registry, wanted: Wanted, clock: Clock, environment: Mapping[str, str] = os.environ
    ) -> None:
        self.registry, self.wanted, self.clock = registry, wanted, clock
        self._secrets = Secrets(registry.folder, environment)
        self._certificates: dict[str, Certificate] = {}
        self._unreadable: dict[str, str] = {}
        for one in registry.members:
            self._look_at(one)
        self.calls = list(self._calls())

    def _look_at(self, one: Ror | Consumer) -> None:
        """Reads the certificate of a member once."""
        if one.identity.certificate:
            try:
                self._certificates[one.id] = certificate(
                    self.registry.folder / one.identity.certificate, self.clock.now())
            except OperatorError as error:
                self._unreadable[one.id] = self._shown(error)

    def _calls(self) -> Iterable[Call]:
        rors = [one.id for one in self.registry.rors]
        everyone = [*rors, *(one.id for one in self.registry.consumers)]
        for names, known in ((self.wanted.requesters, everyone), (self.wanted.responders, rors)):
            for name in names:
                if name not in known:
                    raise OperatorError(f"the registry has nobody called {name!r} there; "
                                        f"{suggest(name, known) or 'see `rorqual registry`'}")
        for requester in self.registry.members:
            for responder in self.registry.rors:
                if requester is not responder and self._asked(requester.id, responder.id):
                    yield self._call(requester, responder)

    def _asked(self, requester: str, responder: str) -> bool:
        return requester in (self.wanted.requesters or (requester,)) and responder in (
            self.wanted.responders or (responder,))

    def _call(self, requester: Ror | Consumer, responder: Ror) -> Call:
        shared = [name for name in profile.known() if name in requester.profiles and name in responder.profiles]
        cases = requester.use_cases if isinstance(requester, Consumer) and requester.use_cases else (
            self.wanted.use_cases)
        call = Call(requester.id, responder.id, None, shared[-1] if shared else "", cases, self.wanted.seconds,
                    self._certificates.get(requester.id) if responder.base.startswith("https:") else None,
                    self.wanted.scenarios)
        if not responder.base:
            return replace(call, why_not="untested.no-endpoint", detail=responder.id)
        if requester.id in self._unreadable:
            return replace(call, why_not="untested.configuration", detail=self._unreadable[requester.id])
        try:
            return replace(call, endpoint=self.registry.endpoint(requester, responder, self._secrets))
        except OperatorError as error:
            return replace(call, why_not="untested.configuration", detail=self._shown(error))

    def _shown(self, error: OperatorError) -> str:
        """What is wrong, files told from the folder of the registry on."""
        return str(error).replace(f"{self.registry.folder}{os.sep}", "")

    def into(
        self, folder: Path, told: Callable[[Visited], None], *, resume: bool = False, executor: Executor | None = None
    ) -> None:
        """Tries the pairs and writes their record; with ``resume``, those that the record of the folder lacks. An
        ``executor`` other than this machine's may be given. OperatorError where the record is another's."""
        calls = self._left(folder) if resume else self.calls
        contracts = self._contracts()
        chosen = executor or self._hands(calls)
        try:
            self._tried(calls, chosen, folder, told, None if resume else (self.header(), contracts))
        finally:
            if executor is None:
                chosen.shutdown(wait=False, cancel_futures=True)

    def _tried(
        self, calls: list[Call], chosen: Executor, folder: Path, told: Callable[[Visited], None],
        begins: tuple[dict[str, Any], dict[str, str]] | None,
    ) -> None:
        """Tries pairs by an executor, into a record that begins with a header and contracts or, with none, goes on."""
        book = ledger.Ledger(folder, begins is None)
        until = self.clock.monotonic() + self.wanted.minutes * 60 if self.wanted.minutes else float("inf")
        try:
            if begins is not None:
                header, contracts = begins
                book.write(Started(header, len(calls)))
                for name, text in contracts.items():
                    book.keep(f"{deduced.FOLDER}/{name}.json", text)
            lanes = Lanes(calls, chosen, self.clock, self.wanted.at_once, until)
            with collected_rarely():
                for one in lanes.visited():
                    book.write(one)
                    told(one)
            if not lanes.left():
                book.write(Finished({"finished": stamp(self.clock.now()), "counts": {"pairs": len(self.calls)}}))
        finally:
            book.close()

    def _contracts(self) -> dict[str, str]:
        """What applications rely on, as their benches told it; AuthorError with what is wrong in their files."""
        found, wrong = {}, list[Problem]()
        for one in self.registry.consumers:
            if one.contract:
                document, problems = profile.read_file(self.registry.folder / one.contract, "contract")
                found[one.id] = json.dumps(document, ensure_ascii=False) + "\n"
                wrong += problems
        if wrong:
            raise AuthorError(wrong)
        return found

    def _hands(self, calls: list[Call]) -> Executor:
        """Who tries pairs: threads of this process or, where it is worth their start, some processes, which get ready
        while the rest is."""
        lanes = len({call.responder for call in calls})
        threads = min(_MOST_THREADS, self.wanted.at_once + WIDTH * lanes)
        processes = min(os.cpu_count() or 1, _MOST_PROCESSES)
        if len(calls) < _MANY or processes == 1:
            return ThreadPoolExecutor(threads)
        crew = Crew(processes, threads)
        for profile_id, cases in {(call.profile, call.use_cases) for call in calls if call.profile}:
            crew.ready(made_ready, profile_id, cases, self.wanted.scenarios)
        return crew

    def _left(self, folder: Path) -> list[Call]:
        """The pairs that a record lacks."""
        before, now = Visits(folder), json.loads(json.dumps(self.header()))  # as it is written
        for key in _SAME:
            if before.header.get(key) != now[key]:
                raise OperatorError(f"{folder}: its record is of other {key}; give the registry and the choices it had")
        seen = {(one.requester, one.responder) for one in before if one.untested not in _AGAIN}
        if before.complete:
            raise OperatorError(f"{folder}: its record is complete; nothing is left to try")
        return [call for call in self.calls if call.pair not in seen]

    def header(self) -> dict[str, Any]:
        """The first line of the record: what is tried, and of whom; no secret, no address."""
        wanted, profiles = self.wanted, {call.profile for call in self.calls if call.profile}
        cases = tuple(sorted({case for call in self.calls for case in call.use_cases}))
        known, found = library(found_in(cases, wanted.scenarios))
        return {
            "record": 1, "kind": ledger.MATRIX, "rorqual": __version__, "python": platform.python_version(),
            "started": stamp(self.clock.now()), "vantage": wanted.vantage, "use-cases": list(wanted.use_cases),
            "seconds": wanted.seconds,
            "profiles": [{"id": name, "hash": one.hash} for name, one in known.items() if name in profiles],
            "scenarios": found.hash, "nomenclatures": nomenclature.release(None).hash(),
            "members": [self._member(one) for one in self.registry.members],
            "planned": [call.pair for call in self.calls],
        }

    def _member(self, one: Ror | Consumer) -> dict[str, Any]:
        told: dict[str, Any] = {"id": one.id, "name": one.name, "profiles": list(one.profiles), "version": one.version}
        if isinstance(one, Ror):
            told |= {"kind": "ror", "region": one.region, "metropolitan": one.metropolitan, "solution": one.solution,
                     "secured": one.base.startswith("https:"),
                     "lets-in": None if one.lets_in is None else list(one.lets_in)}
        else:
            told |= {"kind": "consumer", "solution": one.vendor, "use-cases": list(one.use_cases)}
        own = self._certificates.get(one.id)
        if own is not None:
            told["certificate"] = {"until": own.until, "issuer": own.issuer, "defects": list(own.defects)}
        return told
