"""The command that repeats a recorded request, with addresses and secrets taken from the environment."""

from __future__ import annotations

import shlex

from conformance.model import Exchange
from conformance.scenario_words import CERTIFICATES, CONNECTIONS, TOKEN, TOKENS

_TLS = {"old-tls": ("--tls-max", "1.1"), "weak-ciphers": ("--tls-max", "1.2", "--ciphers", "eNULL:aNULL")}
_OTHERS = "other-certificate"
_OTHER_TOKENS = tuple(one for one in TOKENS if one != _OTHERS)
_LEFT_OUT = ("accept-encoding", "user-agent", "content-length", "host", "connection")


def command(exchange: Exchange) -> str:
    """A ``curl`` line; ``ROR_BASE``, ``ROR_TOKEN``, ``ROR_CERT``, ``ROR_KEY`` and ``ROR_CA`` are the reader's. The
    credentials of another access profile bear its number, ``ROR_TOKEN_0``, those of an identity that must be refused
    its name: ``ROR_CERT_EXPIRED``."""
    request = exchange.request
    client = f"_{request.access.upper().replace('-', '_')}" if request.access else ""
    shown = "" if request.access in (*CONNECTIONS, *_OTHER_TOKENS) else client  # with the certificate of the run
    told = "" if request.access in (*CERTIFICATES, _OTHERS) else client  # with the token of the run
    parts = ["curl", "-sg", *_TLS.get(request.access, ())]
    if request.method != "GET":
        parts += ["-X", request.method]
    for name, value in request.headers:
        if name.lower() in _LEFT_OUT:
            continue
        if name.lower() == "authorization":
            parts += ["-H", f'"{name}: {value.split(" ")[0]} $ROR_TOKEN{told}"']
        else:
            parts += ["-H", shlex.quote(f"{name}: {value}")]
    if exchange.tls or request.access in CERTIFICATES:
        parts += ["--cacert", '"$ROR_CA"']
        if request.access != "no-certificate":
            parts += ["--cert", f'"$ROR_CERT{shown}"', "--key", f'"$ROR_KEY{shown}"']
    if request.body:
        parts += ["--data", shlex.quote(request.body)]
    if request.url == f"[{TOKEN}]":
        parts.append('"$ROR_TOKEN_URL"')
    elif request.url.startswith("[base]"):
        base = '"${ROR_BASE/https:/http:}"' if request.access == "clear-http" else '"$ROR_BASE"'
        parts.append(base + shlex.quote(request.url.removeprefix("[base]")))
    else:
        parts.append(shlex.quote(request.url))
    return " ".join(parts)
