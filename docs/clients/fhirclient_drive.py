"""Drives fhirclient (https://pypi.org/project/fhirclient/): its queries, its iterator over pages, its models. Requests
are repeated by urllib3, on the session of the library. With ``--authorize`` the token is asked by the library, too."""

import json
import sys

from fhirclient.auth import FHIRAuth
from fhirclient.client import FHIRClient
from fhirclient.models.healthcareservice import HealthcareService
from fhirclient.server import FHIRUnauthorizedException
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

DOES = {"search-offers": ["field"], "synchronise": ["since"]}  # actions, with the values of each


def connected(endpoint):
    """A client of the library; a system has no browser to log in with: it is told where tokens are given."""
    smart = FHIRClient(settings={"app_id": endpoint["client-id"], "app_secret": endpoint["client-secret"],
                                 "api_base": endpoint["base-url"], "scope": "system/*.read"})
    smart.wants_patient = False
    smart.server.auth = FHIRAuth.create("oauth2", state={
        "app_id": endpoint["client-id"], "app_secret": endpoint["client-secret"], "token_uri": endpoint["token-url"]})
    smart.server.session.headers.update(endpoint["headers"])
    again = Retry(3, backoff_factor=0.2, status_forcelist=[429, 503])
    smart.server.session.mount("http://", HTTPAdapter(max_retries=again))
    return smart


def authorise(smart, endpoint):
    """A new token, by the form that the guide of the ROR wants."""
    if "--authorize" in sys.argv:
        smart.server.authorize()
        return
    form = {"grant_type": "client_credentials", "client_id": endpoint["client-id"],
            "client_secret": endpoint["client-secret"]}
    smart.server.auth.access_token = smart.server.post_as_form(endpoint["token-url"], form).json()["access_token"]


def search(action, values):
    """The search of an action."""
    if action == "synchronise":
        return HealthcareService.where(struct={"_lastUpdated": {"$gte": values["since"]}})
    return HealthcareService.where(struct={"service-type": values["field"]}).include("location")


def shown(told):
    """The offers that an action finds."""
    smart = connected(told["endpoint"])
    authorise(smart, told["endpoint"])
    wanted = search(told["action"], told["values"])
    try:
        found = list(wanted.perform_resources_iter(smart.server))
    except FHIRUnauthorizedException:
        authorise(smart, told["endpoint"])
        found = list(wanted.perform_resources_iter(smart.server))
    return [one.relativePath() for one in found if isinstance(one, HealthcareService)]


def main():
    """Does the action told on the input."""
    told = json.load(sys.stdin)
    if list(told["values"]) != DOES.get(told["action"]):
        sys.exit("this script does not do that")
    try:
        answer = {"shown": shown(told)}
    except Exception as error:
        answer = {"shown": [], "message": str(error)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
