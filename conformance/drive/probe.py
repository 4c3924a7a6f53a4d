"""Sends requests to a server candidate, at its pace, and returns exchanges born redacted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import quote, urlencode, urljoin, urlsplit

from conformance.clock import Clock, stamp
from conformance.drive.redact import Vault
from conformance.drive.token import Tokens
from conformance.drive.transport import Answer, Deadline, Refused, connections, fetch
from conformance.model import Ask, Endpoint, Exchange, Request, Response, Trouble

_ACCEPT = "application/fhir+json"
_AGENT = "rorqual"
Scrub = Callable[[bytes], bytes]


class Probe:
    """One candidate under test. ``scrub`` removes personal data from a body in the language of the candidate."""

    def __init__(self, endpoint: Endpoint, clock: Clock, scrub: Callable[[Vault], Scrub]) -> None:
        self.endpoint, self.clock = endpoint, clock
        self.vault = Vault()
        self._scrub = scrub(self.vault)
        self._deadline = Deadline(clock)
        self._http = connections(endpoint, self._deadline)
        self._tokens = Tokens(endpoint, self._http, self._deadline, clock, self.vault)
        self._sent, self._next_at = 0, 0.0
        self._ends = clock.monotonic() + endpoint.limits.run
        for name, value in endpoint.headers:
            if name.lower() != "accept" and not name.lower().startswith("ror-"):
                self.vault.secret(f"header {name.lower()}", value)

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def send(self, ask: Ask, purpose: str) -> Exchange:
        """One exchange; whatever goes wrong is told in its trouble, nothing is raised."""
        self._pace()
        self._sent += 1
        identifier, started = f"x{self._sent}", self.clock.now()
        before = self.clock.monotonic()
        url, body = self._url(ask), urlencode(self._revealed(ask.form)).encode() if ask.form else None
        headers = self._headers(ask)
        answer: Answer | None = None
        trouble: Trouble | None = None
        try:
            if before > self._ends:
                raise Refused("transport.run-time", f"the run lasts longer than {self.endpoint.limits.run:.0f} s")
            headers = self._authorized(headers)
            self._deadline.start(self.endpoint.limits.total)
            answer = fetch(self._http, ask.method, url, headers, body, self.endpoint.limits.body)
        except Refused as refused:
            trouble = Trouble(refused.trouble.code, self._recorded(refused.trouble.detail))
        spent = round((self.clock.monotonic() - before) * 1000, 3)
        return Exchange(
            id=identifier, purpose=purpose, request=self._request(ask, headers),
            response=self._response(answer) if answer else None, trouble=trouble, started=stamp(started),
            milliseconds=spent, tls=answer.tls if answer else "",
        )

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
