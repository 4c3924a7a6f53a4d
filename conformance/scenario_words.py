"""Words and forms that scenarios and those who read them share."""

import re
from collections.abc import Mapping
from typing import Any

# ``{activity.code}``: a bound value, or a constant of the profile, put into a request.
PLACEHOLDER = re.compile(r"\{([A-Za-z][\w-]*)(?:\.([\w.-]+))?\}")

# What a step may send; what changes something on the server is the last ones.
WRITING = ("POST", "PUT", "PATCH")
METHODS = ("GET", "POST-search", "POST-token", *WRITING)

# Where a token is asked: the path, and the name of the address, of a step that does.
TOKEN = "token"  # noqa: S105  (a name)

# Clients that a candidate must refuse, in the place of an access profile: what their certificate, their connection or
# their token is.
CERTIFICATES = {
    "no-certificate": "no certificate",
    "self-signed": "a self-signed certificate",
    "other-authority": "a certificate of another authority",
    "expired": "an expired certificate",
    "not-yet-valid": "a certificate that is not valid yet",
    "revoked": "a revoked certificate",
    "wrong-usage": "a certificate for another use",
    "not-listed": "a certificate that is not on the white list",
}
CONNECTIONS = {"old-tls": "TLS 1.0 or 1.1", "weak-ciphers": "ciphers that protect nothing", "clear-http": "clear HTTP"}
TOKENS = {
    "no-token": "no token",
    "altered-token": "an altered token",
    "expired-token": "an expired token",
    "other-audience": "a token for another audience",
    "other-certificate": "the token of another certificate",
}
IDENTITIES: Mapping[str, str] = {**CERTIFICATES, **CONNECTIONS, **TOKENS}

# In the place of a method: an application acts, and what it sends is judged.
AWAIT = "AWAIT"

# Names that every scenario that writes has: a text of this run and scenario alone, the mark by which what it created is
# found again; and the time at which the scenario began.
OWN_NAMES = ("unique", "now")

# What health-offer data are exchanged for, in the order in which reports tell it.
USE_CASES = ("socle", "inter-ror", "orientation-ssr", "regulation-snp", "orientation-pa-ph", "rcp-cancerologie")

# A deliberately unknown parameter or modifier carries this word, so that a slip of the pen is still told.
PROBE = "rorqual"


def method_of(send: Mapping[str, Any]) -> str:
    """The word of METHODS by which a step sends."""
    return next(name for name in METHODS if name in send)


def writes(method: str, url: str) -> bool:
    """Whether a request changes something on the server: neither a reading nor a search, nor the asking of a token."""
    return method not in ("GET", "HEAD") and url != TOKEN and not url.partition("?")[0].endswith("_search")


def over_run(parameters: Any) -> bool:
    """Whether an expectation looks at all that the candidate has shown in the run, not at its step alone."""
    return isinstance(parameters, dict) and parameters.get("over") == "run"
