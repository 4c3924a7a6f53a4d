"""The clients that a candidate must refuse: those that the vendor gives, those that ``rorqual pki`` made, those that
need nothing of anyone, which are made for the run.
"""

from __future__ import annotations

import atexit
import datetime
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from conformance import pki
from conformance.endpoint import ALTERED, NOBODYS, OF_RUN, OLD, WEAK, Endpoint
from conformance.scenario_words import CERTIFICATES

_OWN = ("self-signed", "other-authority")  # made by the harness, for nobody vouches for them
_ANOTHER = "other-certificate"
GIVEN = tuple(one for one in (*CERTIFICATES, _ANOTHER) if one != "no-certificate")
GIVEN_TOKENS = ("expired-token", "other-audience")


def strangers(
    endpoint: Endpoint, given: Mapping[str, tuple[str, str]], tokens: Mapping[str, str], now: datetime.datetime
) -> tuple[Endpoint, ...]:
    """The candidate with each identity that it must refuse and that is at hand: certificates and keys ``given``, and
    ``tokens``. None of one that is reached in clear; without a certificate of its own, a client has none to compare
    those of others with, and without a token no other token."""
    if not endpoint.base.startswith("https://"):
        return ()
    found = dict(_connections(endpoint))
    if endpoint.certificate:
        found["no-certificate"] = replace(endpoint, certificate="", key="", key_password="", bearer=OF_RUN)
        for kind, (certificate, key) in {**_made(given, endpoint.certificate, now), **given}.items():
            found[kind] = replace(endpoint, certificate=certificate, key=key, key_password="", bearer=OF_RUN)
    if endpoint.token or endpoint.oauth is not None:
        found["no-token"] = replace(endpoint, token="", oauth=None)
        found["altered-token"] = replace(endpoint, bearer=ALTERED)
        for kind, token in tokens.items():
            found[kind] = replace(endpoint, token=token, oauth=None)
    else:
        found.pop(_ANOTHER, None)
    return tuple(replace(one, access=kind, others=()) for kind, one in found.items())


def _connections(endpoint: Endpoint) -> Iterator[tuple[str, Endpoint]]:
    """What is wrong with the connection alone; no token and no secret is trusted to it."""
    told = tuple((name, value) for name, value in endpoint.headers if name.lower().startswith("ror-"))
    oauth = endpoint.oauth if endpoint.oauth is not None and not endpoint.oauth.client_secret else None
    bare = replace(endpoint, token="", oauth=oauth, headers=told, bearer=NOBODYS)
    yield "old-tls", replace(bare, offers=OLD)
    yield "weak-ciphers", replace(bare, offers=WEAK)
    yield "clear-http", replace(
        bare, base=_in_clear(endpoint.base),
        oauth=replace(oauth, token_url=_in_clear(oauth.token_url)) if oauth is not None else None)


def _in_clear(url: str) -> str:
    """The address of the same host and port, without TLS."""
    parts = urlsplit(url)
    return parts._replace(scheme="http", netloc=parts.netloc if parts.port else f"{parts.netloc}:443").geturl()


def _made(given: Mapping[str, object], own: str, now: datetime.datetime) -> dict[str, tuple[str, str]]:
    """Those of the harness's own making, where they are not given: they bear the name of the right client, for a name
    proves nothing. They go when the process ends."""
    wanted = [kind for kind in _OWN if kind not in given]
    if not wanted:
        return {}
    folder = Path(tempfile.mkdtemp(prefix="rorqual-pki-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = pki.Pki(folder, now)
    name = pki.bearer(Path(own))
    pairs = {kind: made.client("rorqual", kind, name) for kind in wanted}
    return {kind: (str(one.certificate), str(one.key)) for kind, one in pairs.items()}


def of_folder(folder: Path, own: str) -> dict[str, tuple[str, str]]:
    """The identities of a folder of ``rorqual pki``, beside the client certificate in use; those of the first client
    where that is none of the folder."""
    good = sorted(path.stem for path in folder.glob("client-*.pem")
                  if not any(path.stem.endswith(f"-{kind}") for kind in GIVEN))
    stem = Path(own).stem if Path(own).stem in good else good[0] if good else ""
    found = {kind: (folder / f"{stem}-{kind}.pem", folder / f"{stem}-{kind}.key") for kind in GIVEN if stem}
    return {kind: (str(one), str(key)) for kind, (one, key) in found.items() if one.is_file() and key.is_file()}
