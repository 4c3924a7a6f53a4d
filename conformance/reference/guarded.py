"""The reference ROR behind TLS, with its authorization server beside it, from the files of ``rorqual pki``."""

from __future__ import annotations

import base64
import contextlib
import re
import ssl
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from conformance.reference import lax
from conformance.reference.access import CLIENTS
from conformance.reference.authorization import ELSEWHERE, Authorization, Clock, Guard, Registered
from conformance.reference.presented import common_name_of
from conformance.reference.relay import EitherWay
from conformance.reference.secured import server_context
from conformance.reference.server import Running
from conformance.reference.visibility import ALL

TOKEN_PATH = "/auth/realms/ror/protocol/openid-connect/token"  # noqa: S105  (an address)
_BAD = re.compile(r"-(?:expired|not-yet-valid|other-authority|self-signed|wrong-usage|revoked|not-listed)$")
_BY_PROFILE = re.compile(r"client-profil-([0-5])")
_PARTIAL, _NO_TIME = 0x80000, 0x200000  # X509_V_FLAG_PARTIAL_CHAIN, X509_V_FLAG_NO_CHECK_TIME
_AS_CLIENT = bytes.fromhex("300c300a06082b06010505070302")  # X509_CERT_AUX: trusted for id-kp-clientAuth
App = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Opened:
    """Where the reference is reached, and tokens that it must refuse."""

    base: str
    token_url: str
    tokens: dict[str, str]


@contextlib.contextmanager
def guarded(
    made: Callable[[Guard], App], folder: Path, clock: Clock, *, host: str = "127.0.0.1", port: int = 0,
    let_pass: frozenset[str] = frozenset(),
) -> Iterator[Opened]:
    """Serves the application that ``made`` gives behind a guard; OSError when files of the folder are missing or the
    port cannot be taken."""
    clients, listed = registered(folder)
    authorization = Authorization(clients, clock, let_pass)
    app = made(Guard(authorization, listed, clock, let_pass))
    doors = authorization.app, context(folder, host, let_pass)
    expired = authorization.give(ALL, life=timedelta(minutes=-1))
    tokens = {"expired-token": expired, "other-audience": authorization.give(ALL, ELSEWHERE)}
    kind = "-expired" if lax.EXPIRED_SERVER in let_pass else ""
    with contextlib.ExitStack() as stack:
        token_url = stack.enter_context(Running(doors[0], host=host, base_path=TOKEN_PATH, tls=doors[1]))
        secured = Running(app, host=host, port=0 if lax.CLEAR in let_pass else port,
                          tls=context(folder, host, let_pass, kind))
        base = stack.enter_context(secured)
        if lax.CLEAR in let_pass:
            base = stack.enter_context(EitherWay(base, stack.enter_context(Running(app, host=host))))
        yield Opened(base, token_url, tokens)


def registered(folder: Path) -> tuple[list[Registered], frozenset[str]]:
    """The clients of a folder by their certificates, profile 0 by its secret; the white list of common names."""
    public = CLIENTS[0]
    clients, listed = [Registered(public.name, public.access, secret=public.secret)], []
    for path in sorted(folder.glob("client-*.pem")):
        if _BAD.search(path.stem):
            continue
        name = x509.load_pem_x509_certificate(path.read_bytes()).subject
        common = common_name_of(name)
        profile = _BY_PROFILE.fullmatch(common)
        clients.append(Registered(common, int(profile[1]) if profile else ALL, name.rfc4514_string()))
        listed.append(common)
    return clients, frozenset(listed)


def context(folder: Path, host: str, let_pass: frozenset[str] = frozenset(), kind: str = "") -> ssl.SSLContext:
    """A server context that asks for a client certificate, does without, and refuses one that is not to be trusted;
    who needs one is said behind it."""
    made = server_context(folder / f"server-{host}{kind}.pem", folder / f"server-{host}{kind}.key")
    made.verify_mode = ssl.CERT_OPTIONAL
    if lax.USAGE in let_pass:
        known = (path for path in folder.glob("client-*.pem") if not _BAD.search(path.stem))
        _trust_whatever_for(made, [*known, *folder.glob(f"client-*-{lax.USAGE}.pem")])
        return made
    made.load_verify_locations(folder / "authority.pem")
    if lax.REVOKED not in let_pass:
        made.load_verify_locations(folder / "crl.pem")
        made.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    _loosen(made, folder, let_pass)
    return made


def _loosen(made: ssl.SSLContext, folder: Path, let_pass: frozenset[str]) -> None:
    if lax.TIME in let_pass:
        made.verify_flags |= ssl.VerifyFlags(_NO_TIME)
    for word in (lax.STRANGER, lax.SELF_SIGNED):
        if word in let_pass:  # nobody looks up what they revoked
            made.verify_flags = (made.verify_flags | ssl.VerifyFlags(_PARTIAL)) & ~ssl.VERIFY_CRL_CHECK_LEAF
            for path in folder.glob(f"client-*-{word}.pem"):
                made.load_verify_locations(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # they are over: that is the fault
        if lax.OLD_TLS in let_pass:
            made.minimum_version = ssl.TLSVersion.TLSv1
            made.set_ciphers("DEFAULT:@SECLEVEL=0")
    if lax.WEAK_CIPHERS in let_pass:
        made.set_ciphers("ALL:eNULL:aNULL:@SECLEVEL=0")


def _trust_whatever_for(made: ssl.SSLContext, paths: Iterable[Path]) -> None:
    """Trusts the first certificate of each file as a client, whatever it is for, by what OpenSSL adds to one for that;
    their authorities are not to be trusted then, for they would be looked at first."""
    made.verify_flags |= ssl.VerifyFlags(_PARTIAL)
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        for path in paths:
            first = x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(serialization.Encoding.DER)
            encoded = base64.b64encode(first + _AS_CLIENT).decode()
            lines = "\n".join(encoded[at : at + 64] for at in range(0, len(encoded), 64))
            file.write(f"-----BEGIN TRUSTED CERTIFICATE-----\n{lines}\n-----END TRUSTED CERTIFICATE-----\n")
        file.flush()
        made.load_verify_locations(file.name)
