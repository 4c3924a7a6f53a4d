"""Drives requests with the models of fhir.resources (https://pypi.org/project/fhir.resources/): pages are walked by
hand, each is read as a Bundle of R4B. Requests are repeated by urllib3."""

import json
import sys
from urllib.parse import urljoin

import requests
from fhir.resources.R4B.bundle import Bundle
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

DOES = {"search-offers": ["field"], "synchronise": ["since"]}  # actions, with the values of each


class Directory:
    """A session with the ROR."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.session = requests.Session()
        again = Retry(3, backoff_factor=0.2, status_forcelist=[429, 503])
        self.session.mount("http://", HTTPAdapter(max_retries=again))
        self.session.headers.update({"Accept": "application/fhir+json", **endpoint["headers"]})
        self.authorise()

    def authorise(self):
        """A new token."""
        form = {"grant_type": "client_credentials", "client_id": self.endpoint["client-id"],
                "client_secret": self.endpoint["client-secret"]}
        answer = self.session.post(self.endpoint["token-url"], data=form, timeout=30)
        answer.raise_for_status()
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def page(self, url, query=None):
        """One page; its token may have ended."""
        answer = self.session.get(url, params=query, timeout=30)
        if answer.status_code == 401:
            self.authorise()
            answer = self.session.get(url, params=query, timeout=30)
        answer.raise_for_status()
        return Bundle.model_validate(answer.json())

    def search(self, kind, query):
        """The resources that a search finds, by their ids."""
        base = self.endpoint["base-url"] + "/"
        found, page = {}, self.page(base + kind, query)
        while page:
            found.update((one.resource.id, one.resource) for one in page.entry or () if one.search.mode == "match")
            link = next((one.url for one in page.link or () if one.relation == "next"), None)
            page = self.page(urljoin(base, link)) if link else None
        return found


def query_of(action, values):
    """The search of an action."""
    if action == "synchronise":
        return {"_lastUpdated": f"ge{values['since']}"}
    return {"service-type": values["field"],
            "_include": ["HealthcareService:organization", "HealthcareService:location"]}


def main():
    """Does the action told on the input."""
    told = json.load(sys.stdin)
    if list(told["values"]) != DOES.get(told["action"]):
        sys.exit("this script does not do that")
    try:
        query = query_of(told["action"], told["values"])
        answer = {"shown": list(Directory(told["endpoint"]).search("HealthcareService", query))}
    except Exception as error:
        answer = {"shown": [], "message": str(error)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
