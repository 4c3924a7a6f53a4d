"""TLS of a server: what it shows, which clients it lets in, and alerts that tell a client why it does not."""

from __future__ import annotations

import ssl
from pathlib import Path

# failures of which OpenSSL has an alert to send; after others the client would wait for nothing
_TOLD = frozenset(("CERTIFICATE_VERIFY_FAILED", "NO_SHARED_CIPHER", "PEER_DID_NOT_RETURN_A_CERTIFICATE",
                   "UNSUPPORTED_PROTOCOL"))


class Alerting(ssl.SSLObject):
    """Sends the alert of a handshake that failed: asyncio drops the connection before it is on the way."""

    _failure: ssl.SSLError | None = None

    def do_handshake(self) -> None:
        """One part of the handshake; a failure is raised once its alert was given to the connection."""
        if self._failure is not None:
            raise self._failure
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            if error.reason not in _TOLD:
                raise
            self._failure = error
            raise ssl.SSLWantReadError("its alert is to be sent") from error


def server_context(
    certificate: Path, key: Path, *, authority: Path | None = None, revocations: Path | None = None,
) -> ssl.SSLContext:
    """The context of a server: TLS 1.2 and later; with an ``authority``, clients need a certificate of it, that is not
    on its list of ``revocations``."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.sslobject_class = Alerting
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.load_cert_chain(certificate, key)
    if authority is not None:
        made.load_verify_locations(authority)
        made.verify_mode = ssl.CERT_REQUIRED
    if revocations is not None:
        made.load_verify_locations(revocations)
        made.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return made
