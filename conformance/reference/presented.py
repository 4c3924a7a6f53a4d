"""The client certificate that comes with a request: told by the server to the application, as ASGI's extension ``tls``
does."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID
from uvicorn.protocols.http.h11_impl import H11Protocol

# the client certificate that came with the request at hand: ``sha256:<fingerprint> <subject>``; empty for none
PRESENTED: ContextVar[str] = ContextVar("presented", default="")


def present(scope: Mapping[str, Any]) -> None:
    """Makes the client certificate of a request known (``PRESENTED``), from the extension ``tls``."""
    PRESENTED.set(scope.get("extensions", {}).get("tls", {}).get("client_cert_name") or "")


def fingerprint() -> str:
    """That of the certificate at hand (SHA-256, hexadecimal); empty for none."""
    return PRESENTED.get().partition(" ")[0].removeprefix("sha256:")


def subject() -> str:
    """The subject of the certificate at hand (RFC 4514); empty for none."""
    return PRESENTED.get().partition(" ")[2]


def common_name() -> str:
    """The common name of the subject of the certificate at hand; empty for none."""
    told = subject()
    return common_name_of(x509.Name.from_rfc4514_string(told)) if told else ""


def common_name_of(name: x509.Name) -> str:
    """The common name of a subject; empty for none."""
    names = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


class Certified(H11Protocol):
    """The protocol of uvicorn, which tells the application the client certificate of its connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes the certificate with the connection."""
        super().connection_made(transport)
        secured = transport.get_extra_info("ssl_object")
        encoded = secured.getpeercert(True) if secured is not None else None
        if encoded:
            name = x509.load_der_x509_certificate(encoded).subject.rfc4514_string()
            told = {"tls": {"client_cert_name": f"sha256:{hashlib.sha256(encoded).hexdigest()} {name}"}}
            inner = self.app

            async def served(scope: Any, receive: Any, send: Any) -> None:
                await inner({**scope, "extensions": {**scope.get("extensions", {}), **told}}, receive, send)
            self.app = served
