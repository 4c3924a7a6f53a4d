"""Sends requests to a server candidate, at its pace, and returns exchanges born redacted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urljoin, urlsplit

from conformance.clock import stamp
from conformance.drive import carrier
from conformance.drive.direct import Direct
from conformance.drive.encoding import Undecodable, content
from conformance.drive.messages import Answer, Sending
from conformance.drive.redact import Vault
from conformance.endpoint import Endpoint
from conformance.model import Ask, Exchange, Request, Response, Trouble
from conformance.scenario_words import TOKEN

_ACCEPT = "application/fhir+json"
_AGENT = "rorqual"
_NAMED = "[] /"  # what names of withheld values are made of, beside what an address holds; spaces are escaped after
Scrub = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Pending:
    """A request under way, and the number that its outcome is asked by."""

    ask: Ask
    purpose: str
    number: int


class Probe:
    """One candidate under test. ``scrub`` removes personal data and secrets from a body in the language of the
    candidate; ``finished`` is the number of the last exchange of a run that goes on; ``carried`` who carries its
    requests, a process of its own where none is given.

    OperatorError when a certificate, key or authority of the endpoint is unusable.
    """

    def __init__(
        self, endpoint: Endpoint, scrub: Callable[[Vault], Scrub], finished: int = 0,
        carried: carrier.Carrier | Direct | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.vault = Vault()
        self._scrub = scrub(self.vault)
        self._finished = finished
        self._register()
        self._carrier = carried or carrier.take()
        try:
            self._carrier.open(endpoint)
        except BaseException:
            self._carrier.release()
            raise

    def _register(self) -> None:
        """The secrets known from the beginning."""
        for one in (self.endpoint, *self.endpoint.others):
            self.vault.secret("token", one.token)
            self.vault.secret("secret", one.oauth.client_secret if one.oauth else "")
            for name, value in one.headers:
                if name.lower() != "accept" and not name.lower().startswith("ror-"):
                    self.vault.secret(f"header {name.lower()}", value)

    def close(self) -> None:
        """Closes the connections; what is still waiting is not sent."""
        self._carrier.release()

    def send(self, ask: Ask, purpose: str) -> Exchange:
        """One exchange; whatever goes wrong with the candidate is told in its trouble.

        It waits for the request under way, for a candidate is asked one thing at a time, and goes before those that
        were sent ahead and wait.
        """
        return self.finish(self.ahead(ask, purpose, urgent=True))

    def ahead(self, ask: Ask, purpose: str, urgent: bool = False) -> Pending:
        """Sends a request after those under way (an ``urgent`` one before those that wait), while the caller goes on;
        ``finish`` waits for its answer."""
        return Pending(ask, purpose, self._carrier.post(self._sending(ask), urgent))

    def ready(self, pending: Pending) -> bool:
        """Whether its answer may be there; False when the caller has time to do something else."""
        return self._carrier.ready(pending.number)

    def _sending(self, ask: Ask) -> Sending:
        form = self._form(ask)
        body = urlencode(self._revealed(form)) if form else self.vault.reveal(ask.body)
        return Sending(ask.method, self._url(ask), self._headers(ask), body.encode() if body else None, ask.access,
                       ask.base == TOKEN)

    def _form(self, ask: Ask) -> Iterable[tuple[str, str]]:
        """The form of a request; of one that asks for a token, as its client asks for it."""
        oauth = self.endpoint.of(ask.access).oauth
        return oauth.form if ask.base == TOKEN and oauth is not None else ask.form

    def finish(self, pending: Pending) -> Exchange:
        """The exchange of a request under way, once; exchanges are numbered as they are finished. HarnessError: a
        fault of ours."""
        outcome = self._carrier.outcome(pending.number)
        self._finished += 1
        for secret in outcome.secrets:
            self.vault.secret("token", secret)
        request = self._request(pending.ask, outcome.headers)
        answer, trouble, response = outcome.answer, outcome.trouble, None
        try:
            response = self._response(answer) if answer is not None else None
        except Undecodable as undecodable:
            answer, trouble = None, undecodable.trouble
        return Exchange(
            id=f"x{self._finished}", purpose=pending.purpose, request=request, response=response,
            trouble=Trouble(trouble.code, self._recorded(trouble.detail)) if trouble else None,
            started=stamp(outcome.started), milliseconds=outcome.milliseconds, tls=answer.tls if answer else "",
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

    def _revealed(self, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(name, self.vault.reveal(value)) for name, value in pairs]

    def _url(self, ask: Ask) -> str:
        path = self.vault.reveal(ask.path)
        if "://" in path:
            return path
        query = urlencode(self._revealed(ask.query), quote_via=quote, safe=":/,")
        here = self.endpoint.of(ask.access)
        if ask.base == TOKEN:
            return here.oauth.token_url if here.oauth is not None else ""
        base = dict(here.bases).get(ask.base, here.base)
        return f"{base}/{quote(path, safe='/$:')}" + (f"?{query}" if query else "")

    def _headers(self, ask: Ask) -> tuple[tuple[str, str], ...]:
        accept = "application/json" if ask.base == TOKEN else _ACCEPT
        chosen = {"accept": ("Accept", accept), "accept-encoding": ("Accept-Encoding", "gzip"),
                  "user-agent": ("User-Agent", _AGENT)}
        if ask.form:
            chosen["content-type"] = ("Content-Type", "application/x-www-form-urlencoded")
        elif ask.body:
            chosen["content-type"] = ("Content-Type", _ACCEPT)
        given = self.endpoint.of(ask.access).headers if ask.base != TOKEN else ()
        for name, value in (*given, *ask.headers):
            chosen[name.lower()] = (name, self.vault.reveal(value))
        return tuple((name, value) for name, value in chosen.values() if value)

    def _recorded(self, text: str) -> str:
        if self.endpoint.oauth is not None:
            text = text.replace(self.endpoint.oauth.token_url, "[token]")
        for name, url in self.endpoint.bases:
            text = text.replace(url, f"[base {name}]")
        return self.vault.text(text.replace(self.endpoint.base, "[base]"))

    def _request(self, ask: Ask, headers: Iterable[tuple[str, str]]) -> Request:
        if "://" in ask.path:
            shown = ask.path.replace(self.endpoint.base, "[base]", 1)
        else:
            query = _shown(ask.query)
            base = f"[base {ask.base}]" if ask.base in dict(self.endpoint.bases) else "[base]"
            path = quote(ask.path, safe=f"$:{_NAMED}").replace(" ", "%20")
            shown = f"{base}/{path}" + (f"?{query}" if query else "") if ask.base != TOKEN else f"[{TOKEN}]"
        form: Iterable[tuple[str, str]] = ask.form
        if ask.base == TOKEN:
            form = [(name, self._told(name, value)) for name, value in self._form(ask)]
        body = _shown(form) if form else self.vault.text(ask.body)
        return Request(ask.method, self.vault.text(shown), self.vault.headers(headers), body, ask.access)

    def _told(self, name: str, value: str) -> str:
        """A field of a form that asks for a token, as it is recorded: who asks is no secret, and enters no report."""
        return self.vault.mask("client", value) if name == "client_id" else self.vault.text(value)

    def _response(self, answer: Answer) -> Response:
        body = self._scrub(content(answer, self.endpoint.limits.body))
        return Response(answer.status, self.vault.headers(answer.headers), body, len(answer.raw), answer.http)


def _shown(pairs: Iterable[tuple[str, str]]) -> str:
    """A query or a form as it is recorded: names of withheld values stay readable."""
    return urlencode(list(pairs), quote_via=quote, safe=f":,{_NAMED}").replace(" ", "%20")
