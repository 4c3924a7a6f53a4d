"""How a candidate is reached: address, credentials, limits. None of it enters a report."""

from __future__ import annotations

from dataclasses import dataclass

# whose bearer token a client sends: its own, that of the client of the run, this one altered, or nobody's
OWN, OF_RUN, ALTERED, NOBODYS = "own", "run", "altered", "none"
# what a client offers in the handshake: what is right, versions of TLS that are over, or ciphers that protect nothing
CURRENT, OLD, WEAK = "current", "old", "weak"


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
    """Where and with which credentials the candidate is reached; never enters a report.

    ``access`` is the access profile (0 to 5) of these credentials, empty when it is not told, or the identity
    (``scenario_words.IDENTITIES``) of a client that must be refused; ``others`` the same candidate with the credentials
    of other access profiles and identities. ``bearer`` says whose token is sent, ``offers`` what of TLS is offered.
    """

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
    access: str = ""
    others: tuple[Endpoint, ...] = ()
    bearer: str = OWN
    offers: str = CURRENT

    def of(self, access: str) -> Endpoint:
        """The endpoint with the credentials of an access profile or an identity; itself for its own, for none and for
        one unknown."""
        return next((one for one in self.others if access and one.access == access), self)


@dataclass(frozen=True, slots=True)
class OAuth:
    """OAuth 2.0 client credentials (ROR-SEC-010 to 015); the secret is empty when the certificate stands for it."""

    token_url: str
    client_id: str
    client_secret: str = ""
    scope: str = ""

    @property
    def form(self) -> tuple[tuple[str, str], ...]:
        """What is posted to the token endpoint."""
        pairs = (("grant_type", "client_credentials"), ("client_id", self.client_id),
                 ("client_secret", self.client_secret), ("scope", self.scope))
        return tuple((name, value) for name, value in pairs if value)
