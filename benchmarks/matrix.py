"""The connectivity matrix beside bare asynchronous httpx that makes the same exchanges, with the same certificates.

Reference RORs on loopback, in a process of their own, each with mutual TLS. For each size: the time of `rorqual matrix`
(to its complete record), the time of httpx, their ratio, the time of a pair, and how the memory of the harness grew.

    python benchmarks/matrix.py [--rors 17 51] [--at-once 8] [--no-httpx]
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import ssl
import tempfile
import time
from pathlib import Path

import httpx

from conformance import federation, matrix, registry
from conformance.clock import SystemClock
from conformance.visits import Visits


def members(count: int) -> registry.Registry:
    """So many RORs that have nothing wrong."""
    made = tuple(registry.Ror(f"ror-{number}", f"{number % 100:02}", f"ROR {number}", True, ("ror-fhir-0.7.0",))
                 for number in range(count))
    return registry.Registry(made, (), Path("."))


def asked(record: Path) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """The requests of each pair of a record."""
    visits = Visits(record)
    return {(one.requester, one.responder): [
        (line["request"]["method"], line["request"]["url"].removeprefix("[base]"))
        for line in one.lines if line["type"] == "exchange"] for one in visits}


async def bare(known: registry.Registry, requests: dict[tuple[str, str], list[tuple[str, str]]], at_once: int) -> None:
    """The same requests by httpx, so many pairs at once: one connection a pair, the certificate of who asks."""
    rors = {one.id: one for one in known.rors}
    contexts = {}
    for one in known.rors:
        context = ssl.create_default_context(cafile=str(known.folder / one.authorities))
        context.load_cert_chain(known.folder / one.identity.certificate, known.folder / one.identity.key)
        contexts[one.id] = context
    room = asyncio.Semaphore(at_once)
    headers = {"Accept": "application/fhir+json", "Accept-Encoding": "gzip"}

    async def pair(who: str, whom: str, wanted: list[tuple[str, str]]) -> None:
        # httpx asks the resolver of the machine, which need not know names of .localhost: the address, and the name in
        # the handshake
        url = httpx.URL(rors[whom].base)
        base = str(url.copy_with(host="127.0.0.1"))
        async with room, httpx.AsyncClient(verify=contexts[who], headers={**headers, "Host": url.netloc.decode()},
                                           timeout=30) as client:
            for method, path in wanted:
                answer = await client.request(method, base + path, extensions={"sni_hostname": url.host})
                answer.raise_for_status()

    await asyncio.gather(*(pair(who, whom, wanted) for (who, whom), wanted in requests.items()))


def measured(count: int, at_once: int, httpx_too: bool, offers: int) -> None:
    """One size, told in a line."""
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as place, federation.federation(
            members(count), federation.Arrangement(), Path(place) / "keys", clock, offers) as path:
        known = registry.read(path)
        tour = matrix.Tour(known, matrix.Wanted(at_once=at_once), clock)
        record = Path(place) / "run"
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        start = time.perf_counter()
        tour.into(record, lambda _one: None)
        ours = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        hands = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024  # the largest process that tried pairs
        visits = Visits(record)
        states = [visits.cell(one) for one in visits]
        effective, exchanges = sum(one.state == "effective" for one in states), sum(one.exchanges for one in states)
        told = (f"{len(states):6} pairs {exchanges:7} exchanges  rorqual {ours:7.1f} s"
                f"  {1000 * ours / len(states):5.1f} ms/pair  memory {before:.0f} -> {after:.0f} MB"
                f" (each process {hands:.0f})  effective {effective}  complete {visits.complete}")
        if httpx_too:
            requests = asked(record)
            start = time.perf_counter()
            asyncio.run(bare(known, requests, at_once))
            theirs = time.perf_counter() - start
            told += f"  httpx {theirs:7.1f} s  ratio {ours / theirs:.2f}"
        print(told, flush=True)


def main() -> None:
    """Each size in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rors", type=int, nargs="+", default=[17, 51])
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--offers", type=int, default=60)
    parser.add_argument("--no-httpx", action="store_true")
    told = parser.parse_args()
    for count in told.rors:
        measured(count, told.at_once, not told.no_httpx, told.offers)


if __name__ == "__main__":
    main()
