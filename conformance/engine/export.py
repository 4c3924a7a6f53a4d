"""Following an asynchronous extraction to its end: the status until it is told, the manifest, each of its files."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace

from conformance.clock import Clock
from conformance.drive.probe import Probe
from conformance.events import Event
from conformance.generation import Generation
from conformance.model import Ask, Exchange

_PATIENCE = 300.0  # seconds until the manifest
_FIRST, _LONGEST = 0.1, 10.0  # seconds between two questions, where Retry-After does not say
_ACCEPTED = 202
Send = Callable[[Sequence[Ask], str], Generator[Event, None, list[Exchange]]]


@dataclass(frozen=True, slots=True)
class Follower:
    """Asks what an extraction leads to, with the headers of its first request."""

    probe: Probe
    generation: Generation
    clock: Clock
    send: Send

    def follow(self, ask: Ask, first: Exchange) -> Generator[Event, None, tuple[list[Exchange], str]]:
        """The exchanges after the first one, and why there are no more: ``complete``, ``one`` (nothing to follow),
        ``elsewhere`` (an address leaves the candidate), ``broken``, ``limit``."""
        made: list[Exchange] = []
        status = self.generation.status_address(first)
        if not status:
            return made, "one"
        address = self.probe.follows(status, first)
        if not address:
            return made, "elsewhere"
        onward = replace(ask, method="GET", query=(), headers=tuple(
            (name, value) for name, value in ask.headers if name.lower() != "prefer"))
        ending = yield from self._manifest(replace(onward, path=address), made)
        if ending != "complete":
            return made, ending
        manifest, most = made[-1], self.probe.endpoint.limits.pages
        files = self.generation.files(manifest)
        addresses = [self.probe.follows(url, manifest) for url in files[:most]]
        inside = addresses[:addresses.index("")] if "" in addresses else addresses
        made += yield from self.send([replace(onward, path=one) for one in inside], "file")
        return made, "elsewhere" if len(inside) < len(addresses) else "limit" if len(files) > most else "complete"

    def _asked(self, ask: Ask) -> Generator[Event, None, Exchange | None]:
        """The exchange of one question for the status; None when the candidate has stopped answering."""
        return next(iter((yield from self.send([ask], "status"))), None)

    def _manifest(self, ask: Ask, made: list[Exchange]) -> Generator[Event, None, str]:
        """Asks for the status until it is no longer that of an extraction under way."""
        end, wait = self.clock.monotonic() + _PATIENCE, _FIRST
        while True:
            exchange = yield from self._asked(ask)
            if exchange is None:
                return "broken"
            made.append(exchange)
            if exchange.response is None or exchange.response.status != _ACCEPTED:
                answered = exchange.response is not None and exchange.response.status == 200
                return "complete" if answered else "broken"
            told = exchange.response.header("Retry-After")
            pause = min(float(told), _LONGEST) if told.isdecimal() else wait
            if self.clock.monotonic() + pause > end:
                return "limit"
            self.clock.sleep(pause)
            wait = min(2 * wait, _LONGEST)
