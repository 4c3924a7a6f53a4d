"""How the sample application calls the ROR: its token, its headers, what it does when a request fails."""

from __future__ import annotations

import functools
import json
import ssl
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

_ATTEMPTS = 4
_BUSY = (429, 502, 503, 504)
_MOVED = (301, 302, 307, 308)
_PAUSE = 0.1  # seconds before a request that failed is sent again
_LONGEST = 60.0  # seconds that it is ready to wait
_TIMEOUT = 20.0  # seconds
_FHIR = "application/fhir+json"
_FORGOTTEN = {"profile-code-forgotten": "Ror-Profil-Utilisateur-Code",
              "profile-system-forgotten": "Ror-Profil-Utilisateur-System",
              "role-code-forgotten": "Ror-Role-Metier-Code", "role-system-forgotten": "Ror-Role-Metier-System"}


class GivenUp(Exception):
    """The server does not answer as it should; the message is for the user."""


class Caller:
    """Sends the requests of an application; ``fault`` is the name of what it does wrong, empty for nothing."""

    def __init__(self, endpoint: Mapping[str, Any], fault: str, sleep: Callable[[float], None]) -> None:
        self._endpoint, self._fault, self._sleep = endpoint, fault, sleep
        self._base = str(endpoint["base-url"])
        self._http = httpx.Client(trust_env=False, timeout=1.0 if fault == "impatient" else _TIMEOUT,
                                  verify=_trusting(endpoint, fault) if "ca-file" in endpoint else _usual())
        self._token = ""
        self._kept: dict[str, tuple[str, Any]] = {}  # what was read, with its ETag
        self.pause = 0.0  # seconds between two requests
        self._next = 0.0

    def close(self) -> None:
        """Closes its connections."""
        self._http.close()

    def wrong(self, fault: str) -> bool:
        """Whether it does this wrong."""
        return self._fault == fault

    # --- what is read -------------------------------------------------------------------------------------

    def page(self, address: str) -> Mapping[str, Any]:
        """The JSON object at an address; GivenUp."""
        answer = self._asked(address, {})
        if self.wrong("media-type-compared") and answer.headers.get("content-type") not in (
                _FHIR, f"{_FHIR}; charset=utf-8", "application/json"):
            raise GivenUp("unknown media type")
        told: Mapping[str, Any] = answer.json()
        return told

    def resource(self, address: str) -> Mapping[str, Any]:
        """A resource, from what was kept of it where the server says that it did not change; GivenUp."""
        etag, kept = self._kept.get(address, ("", {}))
        answer = self._asked(address, {"If-None-Match": etag} if etag else {})
        if answer.status_code == 304:
            if self.wrong("not-modified-refused"):
                raise GivenUp("the server answers 304")
            return kept  # type: ignore[no-any-return]
        self._kept[address] = answer.headers.get("etag", ""), answer.json()
        return self._kept[address][1]  # type: ignore[no-any-return]

    def accepted(self, address: str, headers: Mapping[str, str]) -> httpx.Response:
        """The answer to a request of an extraction, whatever success it tells; GivenUp."""
        return self._asked(address, headers)

    def _asked(self, address: str, more: Mapping[str, str]) -> httpx.Response:
        renewed = moved = False
        for attempt in range(12 if self.wrong("never-gives-up") else _ATTEMPTS):
            if attempt and not self.wrong("never-gives-up"):
                self._sleep(_PAUSE * 2**attempt)
            try:
                answer = self._sent(address, more)
            except httpx.HTTPError:
                continue
            if answer.status_code == 401 and not renewed and not self.wrong("ended-token-kept"):
                self._token, renewed = "", True
            elif answer.status_code in _MOVED and not moved and not self.wrong("redirection-refused"):
                address, moved = urljoin(address, answer.headers.get("location", "")), True
            elif answer.status_code in _BUSY:
                self._wait(answer.headers.get("retry-after", ""))
            elif answer.status_code not in (200, 202, 304):
                raise GivenUp(f"the server answers {answer.status_code}")
            else:
                return answer
        raise GivenUp("the server does not answer")

    def _sent(self, address: str, more: Mapping[str, str]) -> httpx.Response:
        headers = {"Accept": _FHIR, **self._endpoint["headers"], **more}
        if not self.wrong("bearer-forgotten"):
            headers["Authorization"] = f"Bearer {self._bearer()}"
        for fault, name in _FORGOTTEN.items():
            if self.wrong(fault):
                del headers[name]
        if self.wrong("role-system-wrong"):
            headers["Ror-Role-Metier-System"] = "AUTOMATE"
        target = address[len(self._base.rsplit("/", 1)[0]) :]
        raw = {"target": (urlsplit(self._base).path.rsplit("/", 1)[0] + target).encode()} if "|" in address else {}
        self._space()
        return self._http.send(self._http.build_request("GET", address, headers=headers, extensions=raw))

    def _space(self) -> None:
        """Waits so long that the pace is kept."""
        if self.pause and not self.wrong("pace-ignored"):
            now = time.monotonic()
            self._sleep(max(0.0, self._next - now))
            self._next = max(now, self._next) + self.pause

    def _wait(self, told: str) -> None:
        if not told or self.wrong("retry-after-ignored"):
            return
        if told.isdecimal():
            self._sleep(min(float(told), _LONGEST))
        elif not self.wrong("retry-date-ignored"):
            self._sleep(min(max(0.0, (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()), _LONGEST))

    # --- what is written ----------------------------------------------------------------------------------

    def write(self, method: str, address: str, body: Mapping[str, Any]) -> httpx.Response:
        """The answer to a request that changes something. It is sent once: GivenUp when no answer comes, for it is not
        known then whether it was done."""
        for attempt in range(3 if self.wrong("write-repeated") else 1):
            try:
                answer = self._written(method, address, body)
            except httpx.HTTPError:
                self._sleep(_PAUSE * 2**attempt)
                continue
            if answer.status_code == 401 and not self._token:
                break
            return answer
        raise GivenUp("it is not known whether this was stored")

    def _written(self, method: str, address: str, body: Mapping[str, Any]) -> httpx.Response:
        headers = {"Content-Type": "application/json" if self.wrong("plain-json-sent") else _FHIR,
                   "Authorization": f"Bearer {self._bearer()}"}
        consults = not address.startswith(str(self._endpoint["capacities-url"]))
        if consults or self.wrong("headers-with-capacities"):
            headers.update(self._endpoint["headers"])
        return self._http.request(method, address, headers=headers, content=json.dumps(body, ensure_ascii=False))

    # --- the token ----------------------------------------------------------------------------------------

    def _bearer(self) -> str:
        if not self._token:
            form = {"grant_type": "client_credentials", "client_id": self._endpoint["client-id"]}
            if self._endpoint["client-secret"] or self.wrong("secret-with-certificate"):
                form["client_secret"] = self._endpoint["client-secret"] or "a-secret-of-before"
            if self.wrong("grant-misspelt"):
                form["grant_type"] = "client-credentials"
            answer = self._asked_for_token(form)
            if answer.status_code != 200:
                raise GivenUp(f"no token: {answer.status_code}")
            self._token = str(answer.json()["access_token"])
        return self._token

    def _asked_for_token(self, form: Mapping[str, str]) -> httpx.Response:
        address = str(self._endpoint["token-url"])
        if self.wrong("clear-text"):
            address = address.replace("https:", "http:")
        try:
            return self._http.post(address, data=form)
        except httpx.HTTPError as error:
            raise GivenUp(f"no connection: {error}") from None


@functools.cache
def _usual() -> ssl.SSLContext:
    """What the machine trusts, read once."""
    return ssl.create_default_context()


def _trusting(endpoint: Mapping[str, Any], fault: str) -> ssl.SSLContext:
    """What is trusted: the authority given, and nobody else; the certificate of the client goes with it."""
    context = ssl.create_default_context(cafile=endpoint["ca-file"])
    if fault == "any-server-trusted":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if fault == "name-unchecked":
        context.check_hostname = False
    if fault != "certificate-forgotten":
        context.load_cert_chain(endpoint["client-certificate"], endpoint["client-key"])
    return context
