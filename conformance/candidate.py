"""Reading ``candidate.yaml`` and waivers: who is under test, how it is reached, what was agreed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from conformance.clock import SystemClock
from conformance.endpoint import Endpoint, Limits, OAuth
from conformance.errors import AuthorError, OperatorError, Problem
from conformance.identities import GIVEN, GIVEN_TOKENS, of_folder, strangers
from conformance.model import Candidate, Waiver
from conformance.profile import known, read_file
from conformance.scenario_words import USE_CASES
from conformance.source import suggest, where

_HERE = ("localhost", "127.0.0.1", "::1")
_LIMIT_KEYS = {"connect-seconds": "connect", "read-seconds": "read", "total-seconds": "total", "pages": "pages"}


def read(path: Path, environment: Mapping[str, str] = os.environ) -> tuple[Candidate, Endpoint]:
    """The candidate and its endpoint; AuthorError with every problem, OperatorError for a secret not there."""
    document, problems = read_file(path, "candidate")
    if document is None or problems:
        raise AuthorError(problems)
    problems = _meaning(document, str(path))
    if problems:
        raise AuthorError(problems)
    waivers = read_waivers(path.parent / document["waivers"]) if "waivers" in document else ()
    secrets = Secrets(path.parent, environment)
    endpoint = _endpoint(document, secrets) if document["role"] == "server" else Endpoint("")
    candidate = Candidate(
        product=document["product"], version=document["version"], vendor=document["vendor"], role=document["role"],
        profiles=tuple(document["profiles"]), use_cases=tuple(document.get("use-cases", ())), waivers=waivers,
        writes=document.get("writes") == "allowed",
        accesses=tuple(one.access for one in (endpoint, *endpoint.others) if one.access),
        access=endpoint.access, drive=tuple(document.get("drive", ())), webhook=document.get("webhook", ""),
        secured=endpoint.base.startswith("https://"),
        remote=(urlsplit(endpoint.base).hostname or "localhost") not in _HERE, gives_tokens=gives_tokens(endpoint),
    )
    return candidate, endpoint


def gives_tokens(endpoint: Endpoint) -> bool:
    """Whether it is told where a token is asked with the certificate of the client."""
    return endpoint.oauth is not None and bool(endpoint.certificate) and not endpoint.oauth.client_secret


def _meaning(document: Any, file: str) -> list[Problem]:
    found = [Problem(file, *where(document, [key]), f"the role {document['role']} has no {key!r}",
                     f"remove it, or write 'role: {role}'")
             for key, role in (("endpoint", "server"), ("drive", "consumer"), ("webhook", "consumer"))
             if key in document and document["role"] != role]

    def problem(path: list[str | int], message: str, remedy: str) -> None:
        found.append(Problem(file, *where(document, path), message, remedy))

    profiles = known()
    for index, name in enumerate(document["profiles"]):
        if name not in profiles:
            problem(["profiles", index], f"no profile is called {name!r}",
                    suggest(name, profiles) or f"known profiles: {', '.join(profiles)}")
    for index, name in enumerate(document.get("use-cases", ())):
        if name not in USE_CASES:
            problem(["use-cases", index], f"no use case is called {name!r}",
                    suggest(name, USE_CASES) or f"known use cases: {', '.join(USE_CASES)}")
    endpoint = document.get("endpoint", {})
    seen = {endpoint.get("access-profile")} - {None}
    for index, client in enumerate(endpoint.get("clients", ())):
        if client["access-profile"] in seen:
            problem(["endpoint", "clients", index, "access-profile"],
                    f"there is a client of access profile {client['access-profile']} already", "keep one of the two")
        seen.add(client["access-profile"])
    for at, one in _clients(endpoint):
        for name, value in one.get("headers", {}).items():
            if name.lower() in ("authorization", "cookie", "proxy-authorization") and isinstance(value, str):
                problem([*at, "headers", name], f"a secret must not be written in {name!r}",
                        "use 'token: {env: NAME}', or {env: NAME} as the value of the header")
        if "token" in one and "oauth2" in one:
            problem([*at, "token"], "both 'token' and 'oauth2' are given", "keep one of the two")
    return found


def _clients(endpoint: Any) -> list[tuple[list[str | int], Any]]:
    """The clients of an endpoint with their places: the one of the run, those of other access profiles."""
    found: list[tuple[list[str | int], Any]] = [(["endpoint"], endpoint)]
    found += [(["endpoint", "clients", index], one) for index, one in enumerate(endpoint.get("clients", ()))]
    return found


class Secrets:
    """Finds what candidate.yaml names by environment variable or by file."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder, self.environment = folder, environment

    def of(self, value: Any, what: str) -> str:
        """The secret, or the text that stands for itself; OperatorError when what is named is not there. ``what`` is
        what it is for."""
        if value is None or isinstance(value, str):
            return value or ""
        if "env" in value:
            found = self.environment.get(value["env"])
            if not found:
                raise OperatorError(f"{what}: the environment variable {value['env']} is not set or is empty")
            return found
        return self.text(value["file"], what)

    def text(self, name: str, what: str) -> str:
        """What a file says; OperatorError when it cannot be read."""
        try:
            return (self.folder / name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise OperatorError(f"{what}: the file {name} cannot be read ({error})") from None

    def path(self, name: str, what: str) -> str:
        """Where a file is, empty where none is named; OperatorError when there is none."""
        if not name:
            return ""
        path = self.folder / name
        if not path.is_file():
            raise OperatorError(f"{what}: there is no file {path}")
        return str(path)


def _endpoint(document: Any, secrets: Secrets) -> Endpoint:
    raw = document["endpoint"]
    bare = Endpoint(
        base=raw["base-url"].rstrip("/"), limits=_limits(document),
        bases=tuple((name, url.rstrip("/")) for name, url in raw.get("bases", {}).items()),
    )
    made = _client(bare, raw, secrets)
    clients = tuple(_client(made, one, secrets) for one in raw.get("clients", ()))
    return replace(made, others=(*clients, *_strangers(made, raw.get("identities", {}), secrets, SystemClock().now())))


def _strangers(endpoint: Endpoint, raw: Any, secrets: Secrets, now: datetime) -> tuple[Endpoint, ...]:
    """The identities that must be refused, those told one by one before those of a folder of ``rorqual pki``."""
    found = of_folder(secrets.folder / raw["pki"], endpoint.certificate) if "pki" in raw else {}
    if "pki" in raw and not found:
        raise OperatorError(f"identities: {secrets.folder / raw['pki']} holds no certificates of `rorqual pki`")
    for kind in GIVEN:
        if kind in raw:
            found[kind] = (secrets.path(raw[kind]["certificate"], f"identities {kind}"),
                           secrets.path(raw[kind]["key"], f"identities {kind}"))
    tokens = {kind: secrets.of(raw[kind], f"identities {kind}") for kind in GIVEN_TOKENS if kind in raw}
    return strangers(endpoint, found, tokens, now)


def _client(endpoint: Endpoint, raw: Any, secrets: Secrets) -> Endpoint:
    """An endpoint with the credentials of a client; headers and authorities that it does not tell stay as they are."""
    tls, oauth = raw.get("tls", {}), raw.get("oauth2")
    headers = tuple((name, secrets.of(value, f"header {name}")) for name, value in raw.get("headers", {}).items())
    return replace(
        endpoint, access=str(raw.get("access-profile", "")), headers=headers or endpoint.headers,
        token=secrets.of(raw.get("token"), "token"),
        oauth=None if oauth is None else OAuth(
            token_url=oauth["token-url"], client_id=secrets.of(oauth["client-id"], "client-id"),
            client_secret=secrets.of(oauth.get("client-secret"), "client-secret"), scope=oauth.get("scope", ""),
        ),
        authorities=secrets.path(tls.get("authorities", ""), "tls authorities") or endpoint.authorities,
        certificate=secrets.path(tls.get("certificate", ""), "tls certificate"),
        key=secrets.path(tls.get("key", ""), "tls key"),
        key_password=secrets.of(tls.get("key-password"), "tls key-password"),
    )


def _limits(document: Any) -> Limits:
    raw = document.get("limits", {})
    chosen: dict[str, Any] = {name: raw[key] for key, name in _LIMIT_KEYS.items() if key in raw}
    if "body-megabytes" in raw:
        chosen["body"] = int(raw["body-megabytes"] * 1024 * 1024)
    if "run-minutes" in raw:
        chosen["run"] = raw["run-minutes"] * 60.0
    if "pace" in document:
        chosen["pace"] = float(document["pace"]["requests-per-second"])
    return Limits(**chosen)


def read_waivers(path: Path) -> tuple[Waiver, ...]:
    """The waivers of a file; AuthorError with every problem."""
    document, problems = read_file(path, "waivers")
    if document is None or problems:
        raise AuthorError(problems)
    return tuple(
        Waiver(w["requirement"], w["reason"], w["reference"], w["until"], w.get("profile", ""))
        for w in document["waivers"]
    )
