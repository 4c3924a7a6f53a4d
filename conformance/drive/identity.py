"""What a certificate of ours says of itself, before anybody is asked what they think of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from conformance.cells import Certificate
from conformance.clock import stamp
from conformance.errors import OperatorError


def certificate(path: Path, now: datetime) -> Certificate:
    """A client certificate (the first of a PEM file); OperatorError when it cannot be read."""
    try:
        one = x509.load_pem_x509_certificate(path.read_bytes())
        names = one.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
        issuer = str(names[0].value) if names else one.issuer.rfc4514_string()
        return Certificate(stamp(one.not_valid_after_utc), issuer, tuple(_defects(one, now)))
    except (OSError, ValueError) as error:
        raise OperatorError(f"{path}: no certificate in PEM ({error})") from None


def _defects(one: x509.Certificate, now: datetime) -> list[str]:
    found = []
    if now > one.not_valid_after_utc:
        found.append("expired")
    if now < one.not_valid_before_utc:
        found.append("not-yet-valid")
    if one.issuer == one.subject:
        found.append("self-signed")
    try:
        usages = one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        if ExtendedKeyUsageOID.CLIENT_AUTH not in usages:
            found.append("wrong-usage")
    except x509.ExtensionNotFound:
        pass  # any usage
    return found
