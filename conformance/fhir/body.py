"""From the bytes of an answer to FHIR JSON, within bounds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import orjson

from conformance.fhir.pool import Cut, Pool, Secrets
from conformance.model import Exchange


class Unreadable(Exception):
    """The bytes are not the JSON object expected; ``code`` is a code of findings, ``detail`` says where."""

    def __init__(self, code: str, detail: str) -> None:
        self.code, self.detail = code, detail
        super().__init__(f"{code}: {detail}")


def parse(body: bytes) -> Mapping[str, Any]:
    """The JSON object of a body in UTF-8; Unreadable when it is not one."""
    try:
        value = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise _unreadable(body, error) from None
    if not isinstance(value, dict):
        raise Unreadable("body.not-json", f"a JSON object was expected, {type(value).__name__} was received")
    return value


def _unreadable(body: bytes, error: orjson.JSONDecodeError) -> Unreadable:
    """What keeps a body from being read: its encoding, its depth or its JSON."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as wrong:
        return Unreadable("http.not-utf8", f"byte {wrong.start} of {len(body)}: 0x{body[wrong.start]:02x}")
    if "depth limit" in error.msg or "recursion" in error.msg.lower():
        return Unreadable("body.too-deep", "the JSON is nested too deeply to be read")
    return Unreadable("body.not-json", f"line {error.lineno}, column {error.colno}: {error.msg}")


Scrub = Callable[[bytes, Any], bool]


class Vault(Secrets, Protocol):
    """What masks values, and secrets wherever they stand."""

    def mask(self, kind: str, clear: str) -> str:
        """The mask of a value of some kind."""

    def body(self, body: bytes) -> bytes:
        """Bytes with masks in the place of secrets."""


class Bodies:
    """Parsed bodies, kept by the bytes they come from; the oldest are forgotten beyond ``keep`` bytes.

    The resources that they hold come from one pool, so that what was found out of one is not sought again.
    """

    def __init__(self, keep: int = 48 * 1024 * 1024) -> None:
        self.pool = Pool()
        self._kept: OrderedDict[int, tuple[bytes, Mapping[str, Any]]] = OrderedDict()
        self._room, self._size = keep, 0

    def read(self, body: bytes) -> Mapping[str, Any]:
        """The parsed body; Unreadable when it is not a JSON object."""
        key = id(body)
        known = self._kept.get(key)
        if known is not None and known[0] is body:
            return known[1]
        value, _, _ = self._parsed(body, lambda _body, _value: False, None)
        self._keep(body, value)
        return value

    def of(self, exchange: Exchange) -> Mapping[str, Any] | None:
        """The parsed body of an answer 200; None when there is no such answer, or it cannot be read."""
        if exchange.response is None or exchange.response.status != 200:
            return None
        try:
            return self.read(exchange.response.body)
        except Unreadable:
            return None

    def scrubbed(self, body: bytes, scrub: Scrub, vault: Vault) -> bytes:
        """The body after ``scrub`` masked what it must in the parsed value of it, and told whether it did; it is also
        given the bytes that the value comes from. The secrets of the vault are masked after that. Where nothing is
        masked the body is itself.

        Unreadable when it is not a JSON object, or is nested too deeply to be masked and written again.
        """
        try:
            value, clean, shows = self._parsed(body, scrub, vault)
        except (RecursionError, orjson.JSONEncodeError):
            raise Unreadable("body.too-deep", "the JSON is nested too deeply to be masked") from None
        if shows:
            return vault.body(clean)
        self._keep(clean, value)
        return clean

    def _parsed(self, body: bytes, scrub: Scrub, secrets: Secrets | None) -> tuple[Mapping[str, Any], bytes, bool]:
        """The value of a body, its resources from the pool, the body with what is masked, and whether that shows a
        secret."""
        cut = self.pool.cut(body, secrets)
        try:
            value = parse(cut.rest)
        except Unreadable:
            value, cut = parse(body), Cut(body, ())  # says where in the whole body
        fresh = self.pool.fresh(value)
        masked = scrub(cut.rest, value)
        rest = orjson.dumps(value) if masked else cut.rest
        clean = cut.filled(rest) if masked or cut.masked else body
        if cut.known and not self.pool.restored(value, cut.known):
            value = parse(body)
            rest = clean = orjson.dumps(value) if scrub(body, value) else body
            fresh = []
        for one in fresh:
            self.pool.settle(one, masked)
        if fresh and value.get("resourceType") != "Bundle":
            value = fresh[0].holder["resource"]
        return value, clean, secrets is not None and secrets.shows(rest)

    def _keep(self, body: bytes, value: Mapping[str, Any]) -> None:
        if id(body) not in self._kept:
            self._size += len(body)
        self._kept[id(body)] = body, value
        while self._size > self._room and len(self._kept) > 1:
            self._drop(next(iter(self._kept)))

    def forget(self, wanted: Iterable[bytes]) -> None:
        """Forgets all bodies but those wanted: what is read again is read anew."""
        keys = {id(one) for one in wanted}
        for key in [key for key in self._kept if key not in keys]:
            self._drop(key)

    def drop(self, done: Iterable[bytes]) -> None:
        """Forgets some bodies."""
        for key in {id(one) for one in done} & self._kept.keys():
            self._drop(key)

    def _drop(self, key: int) -> None:
        dropped, _ = self._kept.pop(key)
        self._size -= len(dropped)
