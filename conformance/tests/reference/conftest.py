import httpx
import pytest

from conformance.reference.app import create_app
from conformance.reference.server import Running, stored
from conformance.reference.store import Store
from conformance.reference_data import region

PROFILE = "ror-fhir-0.7.0"


class Asker:
    """A client of one server: ``search`` gives a Bundle and insists on 200, ``ids`` the ids of its matches."""

    def __init__(self, base):
        self.base = base
        self.client = httpx.Client(trust_env=False, timeout=30)

    def get(self, path, **options):
        url = path if path.startswith("http") else f"{self.base}/{path}"
        return self.client.get(url, **options)

    def search(self, path, **params):
        answer = self.get(path, params=params or None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ids(self, path, **params):
        bundle = self.search(path, **{"_count": "200", **params})
        found = [e["resource"]["id"] for e in bundle.get("entry", []) if e["search"]["mode"] == "match"]
        assert len(found) == min(200, bundle["total"])
        return set(found)

    def refused(self, path, status=400, **options):
        answer = self.get(path, **options)
        assert answer.status_code == status, answer.text
        assert answer.json()["resourceType"] == "OperationOutcome"
        assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"
        return answer.json()["issue"][0]


@pytest.fixture(scope="session")
def resources():
    return list(region(150, 7))


@pytest.fixture(scope="session")
def store(resources):
    return Store(resources)


@pytest.fixture(scope="session")
def ror(resources):
    """A server that no test writes to."""
    with Running(create_app(stored(resources), profile_id=PROFILE)) as base:
        yield Asker(base)


@pytest.fixture
def own(resources):
    """A server of its own for a test that writes."""
    with Running(create_app(stored(resources), profile_id=PROFILE)) as base:
        yield Asker(base)


@pytest.fixture(scope="session")
def of(resources):
    """The resources of a type for which a test holds: ``of("Location", lambda place: …)`` gives their ids."""

    def chosen(kind, test=lambda _: True):
        return {each["id"] for each in resources if each["resourceType"] == kind and test(each)}

    return chosen
