"""Drives fhirpy (https://pypi.org/project/fhirpy/): its search set, its walk over pages. The library says neither the
status nor the headers of an answer that failed: what fails is asked again from the start, after half a second."""

import asyncio
import json
import sys
from datetime import datetime

import aiohttp
from fhirpy import AsyncFHIRClient
from fhirpy.base.exceptions import AuthorizationError, OperationOutcome

DOES = {"search-offers": ["field"], "synchronise": ["since"]}  # actions, with the values of each


async def client_of(endpoint):
    """A client with a new token."""
    form = {"grant_type": "client_credentials", "client_id": endpoint["client-id"],
            "client_secret": endpoint["client-secret"]}
    async with aiohttp.ClientSession() as session, session.post(endpoint["token-url"], data=form) as answer:
        answer.raise_for_status()
        token = (await answer.json())["access_token"]
    return AsyncFHIRClient(endpoint["base-url"], authorization=f"Bearer {token}", extra_headers=endpoint["headers"])


def search(client, action, values):
    """The search of an action."""
    offers = client.resources("HealthcareService")
    if action == "synchronise":
        return offers.search(_lastUpdated__ge=datetime.fromisoformat(values["since"]))
    return offers.search(service_type=values["field"]).include("HealthcareService", "location")


async def shown(told):
    """The offers that an action finds."""
    client = await client_of(told["endpoint"])
    for _ in range(3):
        try:
            return [one.id for one in await search(client, told["action"], told["values"]).fetch_all()]
        except AuthorizationError:
            client = await client_of(told["endpoint"])
        except (OperationOutcome, aiohttp.ClientError):
            await asyncio.sleep(0.5)
    raise OperationOutcome(reason="the server does not answer")


def main():
    """Does the action told on the input."""
    told = json.load(sys.stdin)
    if list(told["values"]) != DOES.get(told["action"]):
        sys.exit("this script does not do that")
    try:
        answer = {"shown": asyncio.run(shown(told))}
    except Exception as error:
        answer = {"shown": [], "message": str(error)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
