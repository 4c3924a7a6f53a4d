"""Certificates for tests: an authority, the servers and clients that it vouches for, and servers that nobody may trust.

All names say that they are of a test; keys never leave the folder that is given.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

GOOD, EXPIRED, NOT_YET, OTHER_NAME, OTHER_AUTHORITY, SELF_SIGNED = SERVERS = (
    "good", "expired", "not-yet-valid", "other-name", "other-authority", "self-signed")
_HOUR, _DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)
_ELSEWHERE = "autre.example.invalid"
_ORGANIZATION = "TEST rorqual"


@dataclass(frozen=True, slots=True)
class Pair:
    """The files of a certificate and of its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class _Issuer:
    name: x509.Name
    key: ec.EllipticCurvePrivateKey


class Pki:
    """A hierarchy for tests, written as PEM files in a folder; ``now`` is the time at which it is made."""

    def __init__(self, folder: Path, now: datetime.datetime) -> None:
        self.folder, self._now = folder, now
        folder.mkdir(parents=True, exist_ok=True)
        self._issuer = self._authority("TEST rorqual - AC des essais")
        self._stranger = self._authority("TEST rorqual - AC inconnue", keep=False)

    @property
    def authority(self) -> Path:
        """The certificate of the authority that clients and servers trust."""
        return self.folder / "authority.pem"

    def client(self, name: str) -> Pair:
        """A client certificate of the authority."""
        return self._pair(f"client-{name}", name, self._issuer, ExtendedKeyUsageOID.CLIENT_AUTH, (self._now, 30 * _DAY))

    def server(self, kind: str, host: str) -> Pair:
        """A server certificate for a host, as one of ``SERVERS``; KeyError for another."""
        usual, usage = (self._now, 30 * _DAY), ExtendedKeyUsageOID.SERVER_AUTH
        issuer, when, named = {
            GOOD: (self._issuer, usual, host), EXPIRED: (self._issuer, (self._now - 30 * _DAY, 29 * _DAY), host),
            NOT_YET: (self._issuer, (self._now + 2 * _DAY, 30 * _DAY), host),
            OTHER_NAME: (self._issuer, usual, _ELSEWHERE), OTHER_AUTHORITY: (self._stranger, usual, host),
            SELF_SIGNED: (None, usual, host),
        }[kind]
        return self._pair(f"server-{kind}", named, issuer, usage, when, named)

    def _authority(self, name: str, keep: bool = True) -> _Issuer:
        issuer = _Issuer(_name(name), ec.generate_private_key(ec.SECP256R1()))
        made = self._builder(issuer.name, issuer.name, issuer.key, (self._now, 365 * _DAY)).add_extension(
            x509.BasicConstraints(True, None), True).sign(issuer.key, hashes.SHA256())
        if keep:
            self.authority.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return issuer

    def _pair(
        self, file: str, name: str, issuer: _Issuer | None, usage: x509.ObjectIdentifier,
        when: tuple[datetime.datetime, datetime.timedelta], host: str = "",
    ) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        by = issuer or _Issuer(_name(name), key)
        made = self._builder(_name(name), by.name, key, when).add_extension(x509.ExtendedKeyUsage([usage]), False)
        if host:
            made = made.add_extension(x509.SubjectAlternativeName(_hosts(host)), False)
        pair = Pair(self.folder / f"{file}.pem", self.folder / f"{file}.key")
        pair.certificate.write_bytes(made.sign(by.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                   serialization.NoEncryption())
        with os.fdopen(os.open(pair.key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file_:
            file_.write(secret)
        return pair

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey,
        when: tuple[datetime.datetime, datetime.timedelta],
    ) -> x509.CertificateBuilder:
        begin, length = when
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
                .serial_number(x509.random_serial_number()).not_valid_before(begin - _HOUR)
                .not_valid_after(begin + length))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
                      x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANIZATION),
                      x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _hosts(host: str) -> list[x509.GeneralName]:
    try:
        return [x509.IPAddress(ipaddress.ip_address(host)), x509.DNSName("localhost")]
    except ValueError:
        return [x509.DNSName(host)]
