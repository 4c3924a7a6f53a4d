"""What the bench of applications holds with its whole record: requests a second, latency, and nothing lost.

    python benchmarks/bench.py [--requests 4000] [--together 8] [--slow 1000] [--offers 60]

Three runs of one scenario, each as `rorqual bench` does it (the reference ROR answers, the ear makes exchanges, the
ledger writes them): an application alone, the same among ``--slow`` connections that each send a byte a second of a
request and never end it, and two applications at once on one listener. Applications and slow connections are processes
of their own. Every request carries a number, and is looked for in the record.

Leaves with 1 when less than 200 requests a second are answered, one takes more than a second, one is lost, stands twice
or in the record of another.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import queue
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from conformance import bench, ledger, profile, workshop
from conformance.clock import SystemClock
from conformance.doors import Doors
from conformance.engine.consume import Consuming, Instruction
from conformance.model import Candidate

MEMORY = Path("/dev/shm")
LATEST = profile.known()[-1]
SCENARIO = "socle/c01-jeton-et-entetes"
LEAST, LONGEST = 200, 1.0  # requests a second, seconds


@dataclass(frozen=True)
class Load:
    """What one application does: how many requests, how many at a time, among how many slow connections."""

    name: str
    requests: int
    together: int
    slow: int = 0


# --- in a process of its own: an application, slow connections ------------------------------------------------


def called(at: Any, headers: dict[str, str], numbers: queue.SimpleQueue[int], name: str, spent: list[float]) -> None:
    """One connection of an application, which takes the next number until none is left."""
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=60)
    path = f"{at.path}/HealthcareService?_count=10&_include=HealthcareService:location"
    key = ""
    while (number := numbers.get()) >= 0:
        asked = f"{at.path}/HealthcareService/{key}" if key and number % 2 else path
        started = time.perf_counter()
        connection.request("GET", asked, headers={**headers, "X-Request-Id": f"{name}-{number}"})
        answer = connection.getresponse()
        body = answer.read()
        spent.append(time.perf_counter() - started)
        assert answer.status == 200, (answer.status, body[:300])
        key = key or json.loads(body)["entry"][0]["resource"]["id"]


def application(endpoint: dict[str, Any], load: Load) -> dict[str, Any]:
    """Asks for a token, then sends its requests; the seconds that each took, and those of all."""
    at = urlsplit(endpoint["base-url"])
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=60)
    form = urlencode({"grant_type": "client_credentials", "client_id": endpoint["client-id"],
                      "client_secret": endpoint["client-secret"]})
    connection.request("POST", urlsplit(endpoint["token-url"]).path, form,
                       {"Content-Type": "application/x-www-form-urlencoded"})
    token = json.loads(connection.getresponse().read())["access_token"]
    headers = {**endpoint["headers"], "Authorization": f"Bearer {token}"}
    numbers: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in [*range(load.requests), *[-1] * load.together]:
        numbers.put(number)
    spent: list[float] = []
    threads = [threading.Thread(target=called, args=(at, headers, numbers, load.name, spent))
               for _ in range(load.together)]
    started = time.perf_counter()
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return {"shown": [], "seconds": time.perf_counter() - started, "spent": spent}


async def slowly(base: str, count: int) -> None:
    """Connections that send a byte a second each, spread over the second; says so when all are open."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    at = urlsplit(base)
    said = f"GET {at.path}/HealthcareService HTTP/1.1\r\n".encode() + b"X-Slow: " + b"y" * 100_000

    async def one(number: int, opened: asyncio.Semaphore) -> None:
        _, writer = await asyncio.open_connection(at.hostname, at.port)
        opened.release()
        await asyncio.sleep(number / count)
        for byte in said:
            writer.write(bytes([byte]))
            await asyncio.sleep(1)

    opened = asyncio.Semaphore(0)
    tasks = [asyncio.create_task(one(number, opened)) for number in range(count)]
    for _ in range(count):
        await opened.acquire()
    print("open", flush=True)
    await asyncio.gather(*tasks)


# --- the bench -------------------------------------------------------------------------------------------------


class Crowd:
    """An application at its action, in a process, among slow connections in another."""

    def __init__(self, instruction: Instruction, load: Load) -> None:
        self._slow = None
        command = [sys.executable, __file__]
        if load.slow:
            base = instruction.endpoint["base-url"]
            self._slow = subprocess.Popen([*command, "--base", base, "--slow", str(load.slow)], stdout=subprocess.PIPE)
            assert self._slow.stdout is not None
            assert self._slow.stdout.readline() == b"open\n"
            time.sleep(2)  # all of them have begun
        self._told = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen([*command, "--load", json.dumps(asdict(load))], stdin=subprocess.PIPE,
                                         stdout=self._told)
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(dict(instruction.endpoint)).encode())
        self._process.stdin.close()

    def ended(self) -> bool:
        return self._process.poll() is not None

    def outcome(self) -> Any:
        if not self.ended():
            return None
        self._told.seek(0)
        return json.loads(self._told.read())

    def failure(self) -> str:
        return "" if self._process.returncode == 0 else f"exit code {self._process.returncode}"

    def stop(self) -> None:
        for one in (self._process, self._slow):
            if one is not None:
                one.kill()
                one.wait()


def received(doors: Doors, load: Load, folder: Path, offers: int) -> None:
    """A whole run of one application at doors that others share, as ``bench.receive`` does it."""
    who = Candidate(load.name, "1", "rorqual", "consumer", (LATEST,), ())
    made = workshop.campaign(who, workshop.Choice(only=(SCENARIO,)))
    generation, data, resources = bench.prepared(made, offers)
    book, clock = ledger.Ledger(folder), SystemClock()
    try:
        hall = bench.Hall(doors, generation, resources, lambda told: Crowd(told, load), clock)
        for event in Consuming(made, generation, hall, clock, data).events():
            book.write(event)
    finally:
        book.close()


def told(load: Load, folder: Path) -> dict[str, Any]:
    """What a record says of a load: rate, latency, what is lost, twice there, another's."""
    record = ledger.read(folder)
    step = next(record.of_type("step"))
    spent = sorted(step["outcome"]["spent"])
    numbers = Counter(dict(line["request"]["headers"]).get("x-request-id", "")
                      for line in record.of_type("exchange") if line["purpose"] == "heard")
    wanted = {f"{load.name}-{number}" for number in range(load.requests)}
    cuts = statistics.quantiles(spent, n=100)
    return {
        "requests a second": round(load.requests / step["outcome"]["seconds"]), "p50 ms": round(cuts[49] * 1000, 1),
        "p99 ms": round(cuts[98] * 1000, 1), "longest ms": round(spent[-1] * 1000, 1),
        "lost": len(wanted - set(numbers)), "twice": sum(count > 1 for name, count in numbers.items() if name),
        "of another": len(set(numbers) - wanted - {""}),
        "refused": sum(line["purpose"] == "refused" for line in record.of_type("exchange")),
    }


def held(loads: list[Load], offers: int, where: Path | None) -> list[dict[str, Any]]:
    """What the records of applications at one listener say."""
    with tempfile.TemporaryDirectory(dir=where) as name, Doors(SystemClock()) as doors:
        folders = [Path(name) / load.name for load in loads]
        threads = [threading.Thread(target=received, args=(doors, load, folder, offers))
                   for load, folder in zip(loads, folders, strict=True)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        return [told(load, folder) for load, folder in zip(loads, folders, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--together", type=int, default=8)
    parser.add_argument("--slow", type=int, default=1000)
    parser.add_argument("--offers", type=int, default=60)
    parser.add_argument("--folder", type=Path, default=MEMORY if MEMORY.is_dir() else None)
    parser.add_argument("--load", help=argparse.SUPPRESS)
    parser.add_argument("--base", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.load:
        json.dump(application(json.load(sys.stdin), Load(**json.loads(asked.load))), sys.stdout)
        return
    if asked.base:
        asyncio.run(slowly(asked.base, asked.slow))
        return
    alone, = held([Load("alone", asked.requests, asked.together)], asked.offers, asked.folder)
    among, = held([Load("among", asked.requests, asked.together, asked.slow)], asked.offers, asked.folder)
    pair = held([Load(name, asked.requests // 2, asked.together // 2) for name in ("first", "second")], asked.offers,
                asked.folder)
    both = sum(one["requests a second"] for one in pair)
    wrong = [one for one in (alone, among, *pair) if one["lost"] or one["twice"] or one["of another"]
             or one["longest ms"] > LONGEST * 1000]
    wrong += [one for one in (alone, among) if one["requests a second"] < LEAST]
    json.dump({"alone": alone, f"among {asked.slow} slow connections": among, "two at once": pair,
               "rate among slow connections / alone": round(among["requests a second"] / alone["requests a second"], 2),
               "rate of two / of one": round(both / alone["requests a second"], 2), "bounds missed": len(wrong)},
              sys.stdout, indent=1)
    print()
    sys.exit(1 if wrong or both < LEAST else 0)


if __name__ == "__main__":
    main()
