"""How a candidate is reached: address, credentials, limits. None of it enters a report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the driving: seconds, bytes, pages, requests per second (0: as fast as answers come)."""

    connect: float = 5.0
    read: float = 15.0
    total: float = 30.0
    body: int = 64 * 1024 * 1024
    pages: int = 50
    run: float = 3600.0
    pace: float = 0.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and with which credentials the candidate is reached; never enters a report."""

    base: str
    headers: tuple[tuple[str, str], ...] = ()
    bases: tuple[tuple[str, str], ...] = ()
    token: str = ""
    oauth: OAuth | None = None
    authorities: str = ""
    certificate: str = ""
    key: str = ""
    key_password: str = ""
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class OAuth:
    """OAuth 2.0 client credentials (ROR-SEC-010 to 015); the secret is empty when the certificate stands for it."""

    token_url: str
    client_id: str
    client_secret: str = ""
    scope: str = ""
