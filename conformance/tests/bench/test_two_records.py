"""Two applications at one listener, a thousand requests and more: each record holds what its own sent, all of it, once."""

import http.client
import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

from conformance import bench, ledger, profile, workshop
from conformance.clock import SystemClock
from conformance.doors import Doors
from conformance.engine.consume import Consuming
from conformance.model import Candidate

TOGETHER, EACH = 4, 150  # connections of an application, requests of a connection


class Many:
    """An application that sends many numbered requests, on several connections, and something malformed among them."""

    def __init__(self, instruction, name):
        self._endpoint, self._name = instruction.endpoint, name
        self._thread = threading.Thread(target=self._all)
        self._thread.start()

    def _all(self):
        endpoint = self._endpoint
        form = {"grant_type": "client_credentials", "client_id": endpoint["client-id"], "client_secret": endpoint["client-secret"]}
        told = self._sent(self._connected(), "POST", endpoint["token-url"], "token", urlencode(form))
        bearer = {**endpoint["headers"], "Authorization": f"Bearer {json.loads(told)['access_token']}"}
        with ThreadPoolExecutor(TOGETHER) as pool:
            list(pool.map(lambda number: self._one(number, bearer), range(TOGETHER)))

    def _one(self, number, headers):
        connection, base = self._connected(), self._endpoint["base-url"]
        for turn in range(EACH):
            self._sent(connection, "GET", f"{base}/HealthcareService?_count=1", f"{number}-{turn}", headers=headers)
        self._sent(connection, "GET", f"{base}//{self._name}", "refused", headers=headers)

    def _connected(self):
        at = urlsplit(self._endpoint["base-url"])
        return http.client.HTTPConnection(at.hostname, at.port, timeout=30)

    def _sent(self, connection, method, url, number, body=None, headers=()):
        connection.request(method, url.partition(f":{connection.port}")[2], body, {
            **dict(headers), "X-Request-Id": f"{self._name}-{number}",
            **({"Content-Type": "application/x-www-form-urlencoded"} if body else {})})
        return connection.getresponse().read()

    def ended(self):
        return not self._thread.is_alive()

    def outcome(self):
        return {"shown": []}

    def failure(self):
        return ""

    def stop(self):
        self._thread.join()


def received(doors, name, folder):
    made = workshop.campaign(Candidate(name, "1", "V", "consumer", (profile.known()[-1],), ()),
                             workshop.Choice(only=("socle/c01-jeton-et-entetes",)))
    generation, data, resources = bench.prepared(made, 20)
    book, clock = ledger.Ledger(folder), SystemClock()
    hall = bench.Hall(doors, generation, resources, lambda told: Many(told, name), clock)
    for event in Consuming(made, generation, hall, clock, data).events():
        book.write(event)
    book.close()


def test_no_exchange_is_lost_or_in_the_record_of_another(tmp_path):
    with Doors(SystemClock()) as doors, ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: received(doors, name, tmp_path / name), ("first", "second")))
    total = 0
    for name in ("first", "second"):
        lines = list(ledger.read(tmp_path / name).of_type("exchange"))
        numbers = Counter(dict(line["request"]["headers"])["x-request-id"] for line in lines if line["purpose"] == "heard")
        assert numbers == {f"{name}-{number}-{turn}": 1 for number in range(TOGETHER) for turn in range(EACH)} | {
            f"{name}-token": 1}
        assert [line["request"]["url"] for line in lines if line["purpose"] == "refused"] == [f"[base]//{name}"] * TOGETHER
        total += len(numbers)
    assert total >= 1000
