"""Certificates for tests: authorities as those of the IGC-Santé stand, the servers and clients that they vouch for, and
those that nobody may trust.

All names say that they are of a test; keys never leave the folder that is given, and are for its owner alone.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from errno import EEXIST
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

GOOD, EXPIRED, NOT_YET, OTHER_NAME, OTHER_AUTHORITY, SELF_SIGNED, WRONG_USAGE, REVOKED = (
    "good", "expired", "not-yet-valid", "other-name", "other-authority", "self-signed", "wrong-usage", "revoked")
# good in themselves, of clients of other names: one that no white list has, one that it may have
NOT_LISTED, ANOTHER = "not-listed", "other-certificate"
SERVERS = (GOOD, EXPIRED, NOT_YET, OTHER_NAME, OTHER_AUTHORITY, SELF_SIGNED)
CLIENTS = (GOOD, EXPIRED, NOT_YET, OTHER_AUTHORITY, SELF_SIGNED, WRONG_USAGE, REVOKED, NOT_LISTED, ANOTHER)
_HOUR, _DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)
_ELSEWHERE = "autre.example.invalid"
_ORGANIZATION, _UNIT, _STATE = "TEST rorqual", "00000000000", "Paris (75)"
_NO_USAGE = dict.fromkeys((
    "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"),
    False)


@dataclass(frozen=True, slots=True)
class Pair:
    """The files of a certificate (with the authority that issued it) and of its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class _Issuer:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


class Pki:
    """A hierarchy for tests, written as PEM files in a folder; ``now`` is the time at which it is made. A root
    authority vouches for one of organizations, which issues what is good."""

    def __init__(self, folder: Path, now: datetime.datetime) -> None:
        self.folder, self._now = folder, now
        folder.mkdir(parents=True, exist_ok=True)
        self._root = root = self._authority("AC racine", None)
        self._issuer = self._authority("AC des organisations", root)
        self._stranger = self._authority("AC inconnue", None)
        self._revoked: list[int] = []
        self.authority.write_bytes(_pem(root.certificate) + _pem(self._issuer.certificate))
        self._list()

    @property
    def authority(self) -> Path:
        """The certificates of the authorities that clients and servers trust."""
        return self.folder / "authority.pem"

    @property
    def revocations(self) -> Path:
        """The lists of what the authority of organizations revoked, and of what the root did: nothing (CRL)."""
        return self.folder / "crl.pem"

    def client(self, name: str, kind: str = GOOD, bearing: x509.Name | None = None) -> Pair:
        """A client certificate, as one of ``CLIENTS``; KeyError for another. It may bear the name of somebody else."""
        usage = ExtendedKeyUsageOID.SERVER_AUTH if kind == WRONG_USAGE else ExtendedKeyUsageOID.CLIENT_AUTH
        issuer, when = self._by(kind, CLIENTS)
        file = f"client-{name}" if kind == GOOD else f"client-{name}-{kind}"
        pair, number = self._pair(file, bearing or subject(called(name, kind)), issuer, usage, when)
        if kind == REVOKED:
            self._revoked.append(number)
            self._list()
        return pair

    def server(self, kind: str, host: str) -> Pair:
        """A server certificate for a host, as one of ``SERVERS``; KeyError for another."""
        issuer, when = self._by(kind, SERVERS)
        named = _ELSEWHERE if kind == OTHER_NAME else host
        file = f"server-{host}" if kind == GOOD else f"server-{host}-{kind}"
        return self._pair(file, subject(named), issuer, ExtendedKeyUsageOID.SERVER_AUTH, when, named)[0]

    def _by(
        self, kind: str, known: Sequence[str]
    ) -> tuple[_Issuer | None, tuple[datetime.datetime, datetime.timedelta]]:
        """Who issues a kind of certificate (nobody: itself), from when on and for how long."""
        if kind not in known:
            raise KeyError(kind)
        begin: Mapping[str, datetime.timedelta] = {EXPIRED: -30 * _DAY, NOT_YET: 2 * _DAY}
        issuer = {OTHER_AUTHORITY: self._stranger, SELF_SIGNED: None}.get(kind, self._issuer)
        return issuer, (self._now + begin.get(kind, 0 * _DAY), 29 * _DAY)

    def _authority(self, name: str, by: _Issuer | None) -> _Issuer:
        key = ec.generate_private_key(ec.SECP256R1())
        made = _builder(subject(f"{_ORGANIZATION} - {name}"), key, by, (self._now, 365 * _DAY))
        usage = x509.KeyUsage(digital_signature=False, key_cert_sign=True, crl_sign=True, **_NO_USAGE)
        made = made.add_extension(x509.BasicConstraints(True, None), True).add_extension(usage, True)
        return _Issuer(made.sign(by.key if by is not None else key, hashes.SHA256()), key)

    def _pair(
        self, file: str, name: x509.Name, issuer: _Issuer | None, usage: x509.ObjectIdentifier,
        when: tuple[datetime.datetime, datetime.timedelta], host: str = "",
    ) -> tuple[Pair, int]:
        """The files of a certificate, and its serial number."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _builder(name, key, issuer, when).add_extension(x509.ExtendedKeyUsage([usage]), False)
        made = made.add_extension(x509.BasicConstraints(False, None), True).add_extension(
            x509.KeyUsage(digital_signature=True, key_cert_sign=False, crl_sign=False, **_NO_USAGE), True)
        if host:
            made = made.add_extension(x509.SubjectAlternativeName(_hosts(host)), False)
        signed = made.sign(issuer.key if issuer is not None else key, hashes.SHA256())
        pair = Pair(self.folder / f"{file}.pem", self.folder / f"{file}.key")
        if pair.key.exists():
            raise FileExistsError(EEXIST, "two certificates would have this file", str(pair.key))
        pair.certificate.write_bytes(_pem(signed) + (_pem(issuer.certificate) if issuer is not None else b""))
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                   serialization.NoEncryption())
        with os.fdopen(os.open(pair.key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as written:
            written.write(secret)
        return pair, signed.serial_number

    def _list(self) -> None:
        lists = self._revocations(self._issuer, self._revoked) + self._revocations(self._root, ())
        self.revocations.write_bytes(lists)

    def _revocations(self, by: _Issuer, numbers: Sequence[int]) -> bytes:
        made = (x509.CertificateRevocationListBuilder().issuer_name(by.certificate.subject)
                .last_update(self._now - _HOUR).next_update(self._now + 30 * _DAY)
                .add_extension(x509.CRLNumber(len(numbers) + 1), False).add_extension(_known_by(by.key), False))
        for number in numbers:
            made = made.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(number).revocation_date(self._now - _HOUR).build())
        return made.sign(by.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def bearer(certificate: Path) -> x509.Name | None:
    """The subject of the first certificate of a file; None where there is none to be read."""
    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes()).subject
    except (OSError, ValueError):
        return None


def called(name: str, kind: str) -> str:
    """The common name of the certificate of a kind that is made for a client."""
    return f"{name} {kind}" if kind in (NOT_LISTED, ANOTHER) else name


def subject(common: str) -> x509.Name:
    """The name of a test certificate, in the form that the guide shows (ROR-SEC-030)."""
    return x509.Name([
        x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"), x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, _STATE),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANIZATION),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, _UNIT), x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    name: x509.Name, key: ec.EllipticCurvePrivateKey, by: _Issuer | None,
    when: tuple[datetime.datetime, datetime.timedelta],
) -> x509.CertificateBuilder:
    begin, length = when
    return (x509.CertificateBuilder().subject_name(name)
            .issuer_name(by.certificate.subject if by is not None else name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(begin - _HOUR).not_valid_after(begin + length)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(_known_by(by.key if by is not None else key), False))


def _known_by(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _hosts(host: str) -> list[x509.GeneralName]:
    try:
        return [x509.IPAddress(ipaddress.ip_address(host)), x509.DNSName("localhost")]
    except ValueError:
        return [x509.DNSName(host)]
