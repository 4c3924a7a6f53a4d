"""A sample application that consults the ROR: well behaved, unless it is given one fault.

As a command it does one action: the instruction in JSON on its input, what it shows in JSON on its output.

    python -m conformance.reference.consumer [--fault NAME]
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

from conformance.reference import sent_by_consumer as bodies
from conformance.reference.caller import Caller, GivenUp

Pairs = list[tuple[str, str]]
# what a value of an action is, as a search parameter of offers
_CRITERIA = {"activity": "specialty", "field": "service-type", "care-mode": "characteristic", "name": "name:contains",
             "capacity-status": "location.capacity-status", "department": "location.address-postalcode",
             "dwelling": "location.residential-type"}
_INCLUDES = ("HealthcareService:organization", "HealthcareService:location")
_OFFER, _KIND = "HealthcareService", "_type=HealthcareService&_outputFormat=application%2Ffhir%2Bjson"
_POLLS = 20


class Application:
    """An application with its credentials; ``fault`` is the name of what it does wrong, empty for nothing."""

    def __init__(
        self, endpoint: Mapping[str, Any], fault: str = "", sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._endpoint, self._sleep = endpoint, sleep
        self._base = str(endpoint["base-url"])
        self._caller = Caller(endpoint, fault, sleep)
        self._wrong = self._caller.wrong

    def close(self) -> None:
        """Closes its connections."""
        self._caller.close()

    def do(self, action: str, values: Mapping[str, str]) -> dict[str, Any]:
        """Does an action and tells what its user sees; KeyError for one that it does not know."""
        doing = {"search-offers": self._search, "synchronise": self._synchronise, "read-offer": self._read,
                 "export": self._export, "send-capacity": self._capacity, "report-anomaly": self._anomaly}[action]
        try:
            return {"shown": doing(values), "confirmed": False}
        except GivenUp as error:  # its user is told, unless that is what it does wrong
            return {"shown": [], "message": str(error), "confirmed": not self._wrong("failure-hidden")}

    # --- what its user asks for ---------------------------------------------------------------------------

    def _search(self, values: Mapping[str, str]) -> list[str]:
        query: Pairs = [(_CRITERIA[name], self._valued(value)) for name, value in values.items()]
        if self._wrong("criterion-forgotten"):
            query = query[:-1]
        if self._wrong("parameter-misspelt"):
            query = [(name.replace("-", "_") if name != "specialty" else "speciality", value) for name, value in query]
        return self._walked(_OFFER, query + self._included())

    def _synchronise(self, values: Mapping[str, str]) -> list[str]:
        if "requests-per-second" in values:
            self._caller.pause = 1 / float(values["requests-per-second"])
        since = values["since"]
        if self._wrong("zone-forgotten"):
            since = since[:19]
        return self._walked(_OFFER, [("_lastUpdated", f"ge{since}"), *self._included()])

    def _read(self, values: Mapping[str, str]) -> list[str]:
        read: Mapping[str, Any] = {}
        for _ in range(int(values.get("times", "1"))):
            read = self._caller.resource(f"{self._base}/{_OFFER}/{quote(values['offer'])}")
        return [f"{read['resourceType']}/{read['id']}"]

    def _included(self) -> Pairs:
        if self._wrong("nothing-included"):
            return []
        lower = self._wrong("include-in-other-case")
        return [("_include", one.replace(_OFFER, "Healthcareservice") if lower else one) for one in _INCLUDES]

    def _valued(self, value: str) -> str:
        system, bar, code = value.partition("|")
        if bar and self._wrong("system-dropped"):
            return code
        if bar and self._wrong("system-misspelt"):
            return f"{system.replace('/FHIR/TRE-', '/FHIR/TRE_')}|{code}"
        return value

    # --- pages --------------------------------------------------------------------------------------------

    def _walked(self, kind: str, query: Pairs) -> list[str]:
        first = address = f"{self._base}/{kind}?{self._written(query)}"
        shown: list[str] = []
        while address:
            page = self._caller.page(address)
            if self._wrong("empty-page-taken-as-the-last") and not page.get("entry"):
                break
            for entry in page.get("entry", ()):
                resource = entry["resource"]
                if self._shown(entry.get("search", {}).get("mode")):
                    self._accept(resource)
                    self._show(resource, shown)
            address = self._next(page, first)
        return shown[:-1] if self._wrong("last-one-lost") else shown

    def _shown(self, mode: str | None) -> bool:
        return (mode == "match" or (mode == "include" and self._wrong("inclusions-shown"))
                or (mode == "outcome" and self._wrong("remark-shown")))

    def _show(self, resource: Mapping[str, Any], shown: list[str]) -> None:
        key = f"{resource['resourceType']}/{resource.get('id', '')}"
        version = resource.get("meta", {}).get("versionId", "")
        again = self._wrong("repetitions-shown") or (self._wrong("versions-told-apart") and version != "1")
        if key not in shown or again:
            shown.append(key)

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
        if (self._wrong("code-refused") and "9999" in codes) or (self._wrong("retired-refused") and "000" in codes):
            raise GivenUp("unknown code")
        if self._wrong("comment-required") and "comment" not in resource:
            raise GivenUp("no comment")
        if self._wrong("element-refused") and "appointmentRequired" in resource:
            raise GivenUp("unknown element")
        if self._wrong("zone-refused") and resource.get("meta", {}).get("lastUpdated", "").endswith("+14:00"):
            raise GivenUp("unknown time zone")

    # --- extraction ---------------------------------------------------------------------------------------

    def _export(self, values: Mapping[str, str]) -> list[str]:
        region = quote(f"{_OFFER}?_tag={values['region']}", safe="")
        if self._wrong("extracted-by-search"):
            return self._walked(_OFFER, [("_count", "200")])
        if self._wrong("region-forgotten"):
            region = ""
        address = f"{self._base}/$export?{_KIND}" + (f"&_typeFilter={region}" if region else "")
        begun = self._caller.accepted(address, {} if self._wrong("async-unsaid") else {"Prefer": "respond-async"})
        status = urljoin(address, begun.headers["content-location"])
        for _ in range(1 if self._wrong("state-asked-once") else _POLLS):
            state = self._caller.accepted(status, {})
            if state.status_code == 200:
                return self._fetched(state.json(), values["region"])
            self._sleep(float(state.headers.get("retry-after") or 1) or 0.1)
        raise GivenUp("the extraction did not end")

    def _fetched(self, manifest: Mapping[str, Any], region: str) -> list[str]:
        files = manifest["output"][:1] if self._wrong("first-file-alone") else manifest["output"]
        shown: list[str] = []
        for one in files:
            for entry in self._caller.page(one["url"]).get("entry", ()):
                if entry["resource"]["resourceType"] == _OFFER and _of_region(entry["resource"], region):
                    self._show(entry["resource"], shown)
        return shown

    # --- what it changes ----------------------------------------------------------------------------------

    def _anomaly(self, values: Mapping[str, str]) -> list[str]:
        body = bodies.anomaly(values)
        if self._wrong("reason-forgotten"):
            del body["reasonCode"]
        self._stored(self._caller.write("POST", f"{self._endpoint['anomalies-url']}/Task", body).status_code)
        return []

    def _capacity(self, values: Mapping[str, str]) -> list[str]:
        if self._wrong("number-forgotten"):
            values = {**values, "number": "0"}
        key = values["place"].partition("/")[2] if self._wrong("establishment-dropped") else values["place"]
        base = self._endpoint["base-url" if self._wrong("capacity-to-consultation") else "capacities-url"]
        address = f"{base}/Location?identifier={quote(key, safe='')}"
        wrong = "json-patch" if self._wrong("json-patch-sent") else ""
        answer = self._caller.write(
            "PATCH", address, bodies.capacity(values, "add" if self._wrong("added-first") else "replace", wrong))
        if answer.status_code == 404 and "supported-capacity" in answer.text and not self._wrong("never-added"):
            answer = self._caller.write("PATCH", address, bodies.capacity(values, "add"))
        self._stored(answer.status_code)
        return []

    def _stored(self, status: int) -> None:
        if status not in (200, 201):
            raise GivenUp(f"the server answers {status}")


def _of_region(resource: Mapping[str, Any], region: str) -> bool:
    return any(f"{one.get('system')}|{one.get('code')}" == region for one in resource.get("meta", {}).get("tag", ()))


def main() -> None:
    """Does the action told on the input."""
    fault = sys.argv[2] if sys.argv[1:2] == ["--fault"] else ""
    told = json.load(sys.stdin)
    application = Application(told["endpoint"], fault)
    json.dump(application.do(told["action"], told["values"]), sys.stdout)


if __name__ == "__main__":
    main()
