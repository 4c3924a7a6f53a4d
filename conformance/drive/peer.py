"""Who is at the other end of a connection that came in, as TLS tells; and the handshakes that led to none."""

from __future__ import annotations

import hashlib
import ssl
import threading
from dataclasses import dataclass
from typing import Any

from cryptography import x509

_MOST = 1000  # failures that are kept


@dataclass(frozen=True, slots=True)
class Peer:
    """The version and cipher of TLS, and the client certificate: ``sha256:<fingerprint> <subject>``; empty where there
    is none."""

    tls: str = ""
    client: str = ""


NOBODY = Peer()


def peer_of(secured: Any) -> Peer:
    """The peer of a connection, from the SSL object of it where it has one."""
    if secured is None:
        return NOBODY
    encoded = secured.getpeercert(binary_form=True)
    return Peer(f"{secured.version()} {secured.cipher()[0]}", _client(encoded) if encoded else "")


def _client(encoded: bytes) -> str:
    fingerprint = f"sha256:{hashlib.sha256(encoded).hexdigest()}"
    try:
        return f"{fingerprint} {x509.load_der_x509_certificate(encoded).subject.rfc4514_string()}"
    except ValueError:  # OpenSSL took it: a subject that cannot be written is no reason to hear nothing
        return f"{fingerprint} (a subject that cannot be read)"


class Handshakes:
    """Those that peers begin with a server context of its own: how many, and why some failed."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._lock = threading.Lock()
        self._greeted = 0
        self._failures: list[str] = []
        watched = self

        class Watched(ssl.SSLObject):
            """Tells why its handshake failed."""

            def do_handshake(self) -> None:
                try:
                    super().do_handshake()
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    raise
                except ssl.SSLError as error:
                    watched.fail(error.reason or type(error).__name__)
                    raise

        context.sslobject_class = Watched
        context.sni_callback = self._greet  # called at each ClientHello, one without a name too

    def greeted(self) -> int:
        """How many peers began one."""
        with self._lock:
            return self._greeted

    def failures(self) -> list[str]:
        """Why handshakes failed, in the words of OpenSSL; at most 1,000 of them."""
        with self._lock:
            return list(self._failures)

    def fail(self, reason: str) -> None:
        """One failed."""
        with self._lock:
            if len(self._failures) < _MOST:
                self._failures.append(reason)

    def _greet(self, _secured: Any, _name: str | None, _context: ssl.SSLContext) -> None:
        with self._lock:
            self._greeted += 1
