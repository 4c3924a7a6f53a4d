"""Sends requests to a server candidate, at its pace, and returns exchanges born redacted."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlencode, urljoin, urlsplit

from conformance.clock import Clock, stamp
from conformance.drive.redact import Vault
from conformance.drive.token import Tokens
from conformance.drive.transport import Answer, Deadline, Refused, connections, fetch
from conformance.model import Ask, Endpoint, Exchange, Request, Response, Trouble

_ACCEPT = "application/fhir+json"
_AGENT = "rorqual"
_WAIT = 1.0
Scrub = Callable[[bytes], bytes]


@dataclass
class Pending:
    """A request under way, and what became of it."""

    ask: Ask
    purpose: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes | None
    started: datetime
    milliseconds: float = 0.0
    answer: Answer | None = None
    trouble: Trouble | None = None
    error: Exception | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        """Returns when the answer is there, or its lack is known; raises a fault of ours."""
        while not self.done.wait(_WAIT):  # not for ever: an interrupt is heard between two waits on every system
            continue
        if self.error is not None:
            raise self.error


class Probe:
    """One candidate under test. ``scrub`` removes personal data from a body in the language of the candidate."""

    def __init__(self, endpoint: Endpoint, clock: Clock, scrub: Callable[[Vault], Scrub]) -> None:
        self.endpoint, self.clock = endpoint, clock
        self.vault = Vault()
        self._scrub = scrub(self.vault)
        self._deadline = Deadline(clock)
        self._http = connections(endpoint, self._deadline)
        self._tokens = Tokens(endpoint, self._http, self._deadline, clock, self.vault)
        self._finished, self._next_at = 0, 0.0
        self._last: Pending | None = None
        self._waiting: queue.SimpleQueue[Pending | None] = queue.SimpleQueue()
        self._sender: threading.Thread | None = None
        self._closed = False
        self._ends = clock.monotonic() + endpoint.limits.run
        for name, value in endpoint.headers:
            if name.lower() != "accept" and not name.lower().startswith("ror-"):
                self.vault.secret(f"header {name.lower()}", value)

    def close(self) -> None:
        """Closes the connections; what is still waiting is not sent."""
        self._closed = True
        self._waiting.put(None)
        self._http.close()

    def send(self, ask: Ask, purpose: str) -> Exchange:
        """One exchange; whatever goes wrong is told in its trouble, nothing is raised.

        What was sent ahead is answered first: a candidate is asked one thing at a time.
        """
        if self._last is not None:
            self._last.wait()
        pending = self._last = self._prepared(ask, purpose)
        self._exchange(pending)
        return self.finish(pending)

    def ahead(self, ask: Ask, purpose: str) -> Pending:
        """Sends a request after those under way, while the caller goes on; ``finish`` waits for its answer."""
        pending = self._last = self._prepared(ask, purpose)
        self._waiting.put(pending)
        if self._sender is None:
            self._sender = threading.Thread(target=self._send_all, name="requests", daemon=True)
            self._sender.start()
        return pending

    def _send_all(self) -> None:
        while (pending := self._waiting.get()) is not None and not self._closed:
            self._exchange(pending)

    def finish(self, pending: Pending) -> Exchange:
        """The exchange of a request under way; exchanges are numbered as they are finished."""
        pending.wait()
        self._finished += 1
        answer, trouble = pending.answer, pending.trouble
        return Exchange(
            id=f"x{self._finished}", purpose=pending.purpose, request=self._request(pending.ask, pending.headers),
            response=self._response(answer) if answer else None,
            trouble=Trouble(trouble.code, self._recorded(trouble.detail)) if trouble else None,
            started=stamp(pending.started), milliseconds=pending.milliseconds, tls=answer.tls if answer else "",
        )

    def _prepared(self, ask: Ask, purpose: str) -> Pending:
        form = urlencode(self._revealed(ask.form)).encode() if ask.form else None
        return Pending(ask, purpose, self._url(ask), self._headers(ask), form, self.clock.now())

    def _exchange(self, pending: Pending) -> None:
        try:
            self._pace()
            pending.started, before = self.clock.now(), self.clock.monotonic()
            try:
                pending.answer = self._fetched(pending, before)
            except Refused as refused:
                pending.trouble = refused.trouble
            pending.milliseconds = round((self.clock.monotonic() - before) * 1000, 3)
        except Exception as error:  # raised again where the answer is waited for
            pending.error = error
        finally:
            pending.done.set()

    def _fetched(self, pending: Pending, now: float) -> Answer:
        if now > self._ends:
            raise Refused("transport.run-time", f"the run lasts longer than {self.endpoint.limits.run:.0f} s")
        pending.headers = self._authorized(pending.headers)
        self._deadline.start(self.endpoint.limits.total)
        return fetch(self._http, pending.ask.method, pending.url, pending.headers, pending.body,
                     self.endpoint.limits.body)

    def follows(self, url: str, previous: Exchange) -> str:
        """The address of a next link, absolute; empty when it leaves the candidate or is no address at all."""
        origin = urlsplit(self.endpoint.base)
        here = previous.request.url.replace("[base]", self.endpoint.base, 1)
        try:
            target = urljoin(here, url)
            parts = urlsplit(target)
        except ValueError:
            return ""
        same = (parts.scheme, parts.netloc) == (origin.scheme, origin.netloc)
        return target if same else ""

    def _pace(self) -> None:
        if self.endpoint.limits.pace <= 0:
            return
        wait = self._next_at - self.clock.monotonic()
        if wait > 0:
            self.clock.sleep(wait)
        self._next_at = max(self._next_at, self.clock.monotonic()) + 1 / self.endpoint.limits.pace

    def _revealed(self, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(name, self.vault.reveal(value)) for name, value in pairs]

    def _url(self, ask: Ask) -> str:
        path = self.vault.reveal(ask.path)
        if "://" in path:
            return path
        query = urlencode(self._revealed(ask.query), quote_via=quote, safe=":/,")
        return f"{self.endpoint.base}/{quote(path, safe='/$:')}" + (f"?{query}" if query else "")

    def _headers(self, ask: Ask) -> list[tuple[str, str]]:
        chosen = {"accept": ("Accept", _ACCEPT), "accept-encoding": ("Accept-Encoding", "gzip"),
                  "user-agent": ("User-Agent", _AGENT)}
        if ask.form:
            chosen["content-type"] = ("Content-Type", "application/x-www-form-urlencoded")
        for name, value in (*self.endpoint.headers, *ask.headers):
            chosen[name.lower()] = (name, self.vault.reveal(value))
        return list(chosen.values())

    def _authorized(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        token = self._tokens.current()
        if not token or any(name.lower() == "authorization" for name, _ in headers):
            return headers
        return [*headers, ("Authorization", f"Bearer {token}")]

    def _recorded(self, text: str) -> str:
        return self.vault.text(text.replace(self.endpoint.base, "[base]"))

    def _request(self, ask: Ask, headers: list[tuple[str, str]]) -> Request:
        if "://" in ask.path:
            shown = ask.path.replace(self.endpoint.base, "[base]", 1)
        else:
            query = urlencode(list(ask.query), quote_via=quote, safe=":/,[] ").replace(" ", "%20")
            shown = f"[base]/{ask.path}" + (f"?{query}" if query else "")
        body = urlencode(list(ask.form), quote_via=quote, safe=":/,[] ").replace(" ", "%20") if ask.form else ""
        return Request(ask.method, self.vault.text(shown), self.vault.headers(headers), body)

    def _response(self, answer: Answer) -> Response:
        body = self.vault.body(self._scrub(answer.body))
        return Response(answer.status, self.vault.headers(answer.headers), body, answer.received, answer.http)
