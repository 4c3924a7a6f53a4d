"""A sample application that consults the ROR: well behaved, unless it is given one fault.

As a command it does one action: the instruction in JSON on its input, what it shows in JSON on its output.

    python -m conformance.reference.consumer [--fault NAME]
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

import httpx

_ATTEMPTS = 4
_BUSY = (429, 502, 503, 504)
_PAUSE = 0.1  # seconds before a request that failed is sent again
_LONGEST = 60.0  # seconds that it is ready to wait
_FHIR = "application/fhir+json"
Pairs = list[tuple[str, str]]
# what a value of an action is, as a search parameter of offers
_CRITERIA = {"activity": "specialty", "field": "service-type", "care-mode": "characteristic", "name": "name:contains",
             "since": "_lastUpdated"}
_INCLUDES = ("HealthcareService:organization", "HealthcareService:location")


class GivenUp(Exception):
    """The server does not answer; the message is for the user."""


class Application:
    """An application with its credentials; ``fault`` is the name of what it does wrong, empty for nothing."""

    def __init__(
        self, endpoint: Mapping[str, Any], fault: str = "", sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._endpoint, self._fault, self._sleep = endpoint, fault, sleep
        self._base = str(endpoint["base-url"])
        self._http = httpx.Client(trust_env=False, timeout=20.0)
        self._token = ""

    def close(self) -> None:
        """Closes its connections."""
        self._http.close()

    def do(self, action: str, values: Mapping[str, str]) -> dict[str, Any]:
        """Does an action and tells what its user sees; KeyError for one that it does not know."""
        doing = {"search-offers": self._search, "synchronise": self._synchronise}[action]
        try:
            return {"shown": doing(values)}
        except GivenUp as error:
            return {"shown": [], "message": str(error)}

    # --- what its user asks for ---------------------------------------------------------------------------

    def _search(self, values: Mapping[str, str]) -> list[str]:
        query: Pairs = [(_CRITERIA[name], self._valued(value)) for name, value in values.items()]
        if self._wrong("criterion-forgotten"):
            query = query[:-1]
        if self._wrong("parameter-misspelt"):
            query = [(name.replace("-", "_") if name != "specialty" else "speciality", value) for name, value in query]
        query += [("_include", self._include(one)) for one in _INCLUDES]
        return self._walked("HealthcareService", query)

    def _synchronise(self, values: Mapping[str, str]) -> list[str]:
        return self._walked("HealthcareService", [("_lastUpdated", f"ge{values['since']}")])

    def _valued(self, value: str) -> str:
        system, bar, code = value.partition("|")
        if bar and self._wrong("system-dropped"):
            return code
        if bar and self._wrong("system-misspelt"):
            return f"{system.replace('/FHIR/TRE-', '/FHIR/TRE_')}|{code}"
        return value

    def _include(self, one: str) -> str:
        return one.replace("HealthcareService", "Healthcareservice") if self._wrong("include-in-other-case") else one

    # --- pages --------------------------------------------------------------------------------------------

    def _walked(self, kind: str, query: Pairs) -> list[str]:
        first = address = f"{self._base}/{kind}?{self._written(query)}"
        shown: list[str] = []
        while address:
            page = self._get(address)
            for entry in page.get("entry", ()):
                resource = entry["resource"]
                if entry.get("search", {}).get("mode") == "match" or self._wrong("inclusions-shown"):
                    self._accept(resource)
                    key = f"{resource['resourceType']}/{resource['id']}"
                    if key not in shown or self._wrong("repetitions-shown"):
                        shown.append(key)
            address = self._next(page, first)
        return shown[:-1] if self._wrong("last-one-lost") else shown

    def _next(self, page: Mapping[str, Any], first: str) -> str:
        link = next((one["url"] for one in page.get("link", ()) if one["relation"] == "next"), "")
        if not link or self._wrong("next-ignored"):
            return ""
        if self._wrong("next-rebuilt"):
            mark = dict(parse_qsl(urlsplit(link).query)).get("_page", "")
            return f"{first}&_page={quote(mark)}"
        return link if self._wrong("next-taken-as-absolute") else urljoin(f"{self._base}/", link)

    def _written(self, query: Pairs) -> str:
        if self._wrong("encoded-twice"):
            query = [(name, quote(value, safe="")) for name, value in query]
        written = urlencode(query, quote_via=quote)
        if self._wrong("bar-unescaped"):
            return written.replace("%7C", "|")
        return written.replace("%2B", "+") if self._wrong("plus-unescaped") else written

    def _accept(self, resource: Mapping[str, Any]) -> None:
        """Takes in a resource, whatever it carries that is not known."""
        if self._wrong("extension-refused") and any("example.invalid" in one["url"]
                                                    for one in resource.get("extension", ())):
            raise GivenUp("unknown extension")
        codes = [coding["code"] for concept in resource.get("specialty", ()) for coding in concept.get("coding", ())]
        if self._wrong("code-refused") and "9999" in codes:
            raise GivenUp("unknown code")
        if self._wrong("comment-required") and "comment" not in resource:
            raise GivenUp("no comment")

    # --- requests -----------------------------------------------------------------------------------------

    def _get(self, address: str) -> Mapping[str, Any]:
        renewed = False
        for attempt in range(12 if self._wrong("never-gives-up") else _ATTEMPTS):
            if attempt and not self._wrong("never-gives-up"):
                self._sleep(_PAUSE * 2**attempt)
            try:
                answer = self._sent(address)
            except httpx.HTTPError:
                continue
            if answer.status_code == 401 and not renewed and not self._wrong("ended-token-kept"):
                self._token, renewed = "", True
                continue
            if answer.status_code in _BUSY:
                self._wait(answer.headers.get("retry-after", ""))
                continue
            if answer.status_code != 200:
                raise GivenUp(f"the server answers {answer.status_code}")
            told: Mapping[str, Any] = answer.json()
            return told
        raise GivenUp("the server does not answer")

    def _sent(self, address: str) -> httpx.Response:
        headers = {"Accept": _FHIR, **self._endpoint["headers"]}
        if not self._wrong("bearer-forgotten"):
            headers["Authorization"] = f"Bearer {self._bearer()}"
        for fault, name in _FORGOTTEN.items():
            if self._wrong(fault):
                del headers[name]
        if self._wrong("role-system-wrong"):
            headers["Ror-Role-Metier-System"] = "AUTOMATE"
        target = address[len(self._base.rsplit("/", 1)[0]) :]
        raw = {"target": (urlsplit(self._base).path.rsplit("/", 1)[0] + target).encode()} if "|" in address else {}
        return self._http.send(self._http.build_request("GET", address, headers=headers, extensions=raw))

    def _wait(self, told: str) -> None:
        if not told or self._wrong("retry-after-ignored"):
            return
        if told.isdecimal():
            self._sleep(min(float(told), _LONGEST))
        elif not self._wrong("retry-date-ignored"):
            self._sleep(min(max(0.0, (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()), _LONGEST))

    def _bearer(self) -> str:
        if not self._token:
            form = {"grant_type": "client_credentials", "client_id": self._endpoint["client-id"],
                    "client_secret": self._endpoint["client-secret"]}
            if self._wrong("grant-misspelt"):
                form["grant_type"] = "client-credentials"
            answer = self._http.post(self._endpoint["token-url"], data=form)
            if answer.status_code != 200:
                raise GivenUp(f"no token: {answer.status_code}")
            self._token = str(answer.json()["access_token"])
        return self._token

    def _wrong(self, fault: str) -> bool:
        return self._fault == fault


_FORGOTTEN = {"profile-code-forgotten": "Ror-Profil-Utilisateur-Code",
              "profile-system-forgotten": "Ror-Profil-Utilisateur-System",
              "role-code-forgotten": "Ror-Role-Metier-Code", "role-system-forgotten": "Ror-Role-Metier-System"}


def main() -> None:
    """Does the action told on the input."""
    fault = sys.argv[2] if sys.argv[1:2] == ["--fault"] else ""
    told = json.load(sys.stdin)
    application = Application(told["endpoint"], fault)
    json.dump(application.do(told["action"], told["values"]), sys.stdout)


if __name__ == "__main__":
    main()
