"""Who exchanges with whom: the RORs of a programme and the applications that consult them, read from a file
(``registry.yaml``) or a table (CSV)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance import registry_table
from conformance.candidate import Secrets
from conformance.endpoint import Endpoint, Limits, OAuth
from conformance.errors import AuthorError, OperatorError, Problem
from conformance.profile import known, read_file
from conformance.scenario_words import USE_CASES
from conformance.source import suggest, where

ALL = "all"
_Wrong = tuple[list[str | int], str, str]  # place in a member, message, remedy


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a member is when it asks: its certificate and key (files), its OAuth client, its headers. Never in a
    report."""

    certificate: str = ""
    key: str = ""
    client_id: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    key_password: Any = None  # where the secret is found, not the secret
    client_secret: Any = None


@dataclass(frozen=True, slots=True)
class Ror:
    """A ROR of the registry. ``base`` is empty where it is not known how it is reached; ``lets_in`` is its white list
    as it is declared, None where none is told, ``all`` for everybody."""

    id: str
    region: str
    name: str
    metropolitan: bool
    profiles: tuple[str, ...]
    solution: str = ""
    version: str = ""
    base: str = ""
    token_url: str = ""
    authorities: str = ""
    pace: float = 0.0
    identity: Identity = Identity()
    lets_in: tuple[str, ...] | None = None

    def lists(self, requester: str) -> bool | None:
        """Whether its white list has a requester; None where it tells no list."""
        return None if self.lets_in is None else ALL in self.lets_in or requester in self.lets_in


@dataclass(frozen=True, slots=True)
class Consumer:
    """An application of the registry; ``contract`` is the file of what it relies on."""

    id: str
    name: str
    profiles: tuple[str, ...]
    version: str = ""
    vendor: str = ""
    use_cases: tuple[str, ...] = ()
    identity: Identity = Identity()
    contract: str = ""


@dataclass(frozen=True, slots=True)
class Registry:
    """The members of a programme; files that they name are relative to ``folder``."""

    rors: tuple[Ror, ...]
    consumers: tuple[Consumer, ...]
    folder: Path

    @property
    def members(self) -> tuple[Ror | Consumer, ...]:
        """Those who ask: RORs, then applications."""
        return (*self.rors, *self.consumers)

    def pairs(self) -> list[tuple[Ror, Ror]]:
        """The ordered pairs (requester, responder) of different RORs."""
        return [(one, other) for one in self.rors for other in self.rors if one is not other]

    def endpoint(self, requester: Ror | Consumer, responder: Ror, secrets: Secrets) -> Endpoint:
        """How a requester reaches a responder: the address of the one, the identity of the other. ``secrets`` finds
        what is named by a variable or a file. OperatorError where an address is not known."""
        if not responder.base:
            raise OperatorError(f"{responder.id}: its endpoint is not known")
        who = requester.identity
        oauth = OAuth(responder.token_url, who.client_id, secrets.of(who.client_secret, "client-secret")) if (
            responder.token_url and who.client_id) else None
        return Endpoint(
            responder.base, who.headers, oauth=oauth, authorities=self._path(responder.authorities),
            certificate=self._path(who.certificate), key=self._path(who.key),
            key_password=secrets.of(who.key_password, "key-password"),
            limits=Limits(pace=responder.pace))

    def _path(self, name: str) -> str:
        return str(self.folder / name) if name else ""


def read(path: Path) -> Registry:
    """The registry of a file, YAML or (by its ending ``.csv``) a table; AuthorError with every problem."""
    csv = path.suffix.lower() == ".csv"
    document, problems = registry_table.read(path) if csv else read_file(path, "registry")
    if document is None or problems:
        raise AuthorError(problems)
    problems = list(_meaning(document, path))
    if problems:
        raise AuthorError(problems)
    return Registry(tuple(_ror(one) for one in document["rors"]),
                    tuple(_consumer(one) for one in document.get("consumers", ())), path.parent)


def _ror(raw: Mapping[str, Any]) -> Ror:
    endpoint, listed = raw.get("endpoint", {}), raw.get("lets-in")
    return Ror(
        raw["id"], raw["region"], raw["name"], raw["metropolitan"], tuple(raw["profiles"]), raw.get("solution", ""),
        raw.get("version", ""), endpoint.get("base-url", "").rstrip("/"), endpoint.get("token-url", ""),
        endpoint.get("authorities", ""), float(endpoint.get("pace", 0)), _identity(raw.get("identity", {})),
        None if listed is None else (ALL,) if listed == ALL else tuple(listed))


def _consumer(raw: Mapping[str, Any]) -> Consumer:
    return Consumer(raw["id"], raw["name"], tuple(raw["profiles"]), raw.get("version", ""), raw.get("vendor", ""),
                    tuple(raw.get("use-cases", ())), _identity(raw.get("identity", {})), raw.get("contract", ""))


def _identity(raw: Mapping[str, Any]) -> Identity:
    return Identity(raw.get("certificate", ""), raw.get("key", ""), raw.get("client-id", ""),
                    tuple(raw.get("headers", {}).items()), raw.get("key-password"), raw.get("client-secret"))


def _meaning(document: Any, path: Path) -> Iterable[Problem]:
    """What a schema cannot say: ids that stand once and lead somewhere, files that are there, profiles that exist."""
    everyone = [(kind, index, one) for kind in ("rors", "consumers")
                for index, one in enumerate(document.get(kind, ()))]
    ids = [one["id"] for _, _, one in everyone]
    for number, (kind, index, one) in enumerate(everyone):
        for place, message, remedy in (*_words(one, ids, number), *_files(one, path.parent)):
            line, column = where(document, [kind, index, *place])
            yield Problem(str(path), line, column, message, remedy)


def _words(one: Any, ids: Sequence[str], number: int) -> Iterator[_Wrong]:
    """Names of a member that lead nowhere."""
    if one["id"] in ids[:number]:
        yield ["id"], f"the id {one['id']!r} is already taken", "choose another id"
    listed = one.get("lets-in")
    for key, what, names, known_ in (
            ("profiles", "no profile", one["profiles"], known()),
            ("use-cases", "no use case", one.get("use-cases", ()), USE_CASES),
            ("lets-in", "nobody", () if listed in (ALL, None) else listed, ids)):
        for place, name in enumerate(names):
            if name not in known_:
                yield [key, place], f"{what} is called {name!r}", (
                    suggest(name, known_) or f"known: {', '.join(sorted(known_)[:20])}")


def _files(one: Any, folder: Path) -> Iterator[_Wrong]:
    """Files that a member names, and that are not there."""
    who = one.get("identity", {})
    if ("certificate" in who) is not ("key" in who):
        yield ["identity"], "a certificate goes with its key", "give both, or none"
    for part, key in (("endpoint", "authorities"), ("identity", "certificate"), ("identity", "key")):
        file = one.get(part, {}).get(key)
        if file and not (folder / file).is_file():
            yield [part, key], f"there is no file {folder / file}", "check the path"
    if "contract" in one and not (folder / one["contract"]).is_file():
        yield ["contract"], f"there is no file {folder / one['contract']}", "`rorqual bench` writes it into its folder"
