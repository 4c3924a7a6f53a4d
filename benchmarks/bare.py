"""The requests of a record sent again by bare httpx, one after the other, nothing done with the answers.

A server need not know a page of last time's result any more, and to say so costs it nothing: the address of a page is
the one that this time's answer gives in the place of the recorded one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from conformance import ledger
from conformance.model import Exchange

_NEXT = re.compile(rb'"relation":"next","url":"([^"]*)"')


@dataclass(frozen=True)
class Replay:
    """Seconds of the requests of a record, those that hold a masked person left out and counted in; how many of those
    sent were answered by another status than in the record."""

    seconds: float
    sent: int
    otherwise: int


def replayed(base: str, folder: Path) -> Replay:
    """What sending the requests of a record again takes."""
    record = ledger.read(folder)
    lines = [one for one in record.of_type("exchange") if "response" in one]
    open_ = [one for one in lines if "[person" not in one["request"]["url"]]
    nexts = [_next(record.exchange(one)) for one in open_]
    there: dict[str, str] = {}  # where this time's answers have the pages that the record knows
    otherwise, spent = 0, 0.0
    with httpx.Client(trust_env=False, timeout=60) as client:
        for one, page in zip(open_, nexts, strict=True):
            url = one["request"]["url"].replace("[base]", base)
            started = time.perf_counter()
            answer = _sent(client, one["request"], there.get(url, url))
            spent += time.perf_counter() - started
            otherwise += answer.status_code != one["response"]["status"]
            if page and (found := _NEXT.search(answer.content)):
                there[page.replace("[base]", base)] = found[1].decode()
    return Replay(spent * len(lines) / len(open_), len(open_), otherwise)


def _sent(client: httpx.Client, request: Mapping[str, Any], url: str) -> httpx.Response:
    return client.request(request["method"], url, headers=dict(request["headers"]),
                          content=request["body"].encode() or None)


def _next(exchange: Exchange) -> str:
    """The address of the page after an answer; empty when it gives none."""
    found = _NEXT.search(exchange.response.body) if exchange.response is not None else None
    return found[1].decode() if found else ""
