"""What goes between the harness and the process that talks to the candidate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from conformance.model import Trouble

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sending:
    """A request in clear, ready to be sent; the bearer token, when the candidate wants one of the client of the access
    profile, is added on the way, but to one that asks for a token itself (``asks_token``)."""

    method: str
    url: str
    headers: Headers
    body: bytes | None = None
    access: str = ""
    asks_token: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, its body as it came over the wire (``encoding.content`` opens it); ``tls`` names the version and
    cipher, empty over clear HTTP."""

    status: int
    headers: Headers
    raw: bytes
    http: str
    tls: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request: when it was sent, how long it took, the headers sent, the secrets met for the first
    time; an answer, or the trouble that kept it away, or a fault of ours."""

    started: datetime
    milliseconds: float
    headers: Headers
    secrets: tuple[str, ...] = ()
    answer: Answer | None = None
    trouble: Trouble | None = None
    fault: str = ""
