"""From the bytes of an answer to FHIR JSON, within bounds."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any


class Unreadable(Exception):
    """The bytes are not the JSON object expected; ``code`` is a code of findings, ``detail`` says where."""

    def __init__(self, code: str, detail: str) -> None:
        self.code, self.detail = code, detail
        super().__init__(f"{code}: {detail}")


def parse(body: bytes) -> Mapping[str, Any]:
    """The JSON object of a body in UTF-8; Unreadable when it is not one."""
    try:
        text = body.decode("utf-8-sig" if body.startswith(b"\xef\xbb\xbf") else "utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable("http.not-utf8", f"byte {error.start} of {len(body)}: 0x{body[error.start]:02x}") from None
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Unreadable("body.not-json", f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except ValueError as error:
        raise Unreadable("body.not-json", str(error)[:200]) from None
    except RecursionError:
        raise Unreadable("body.too-deep", "the JSON is nested too deeply to be read") from None
    if not isinstance(value, dict):
        raise Unreadable("body.not-json", f"a JSON object was expected, {type(value).__name__} was received")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


class Bodies:
    """Parsed bodies, kept by the bytes they come from; the oldest are forgotten beyond ``keep`` bytes."""

    def __init__(self, keep: int = 48 * 1024 * 1024) -> None:
        self._kept: OrderedDict[int, tuple[bytes, Mapping[str, Any]]] = OrderedDict()
        self._room, self._size = keep, 0

    def read(self, body: bytes) -> Mapping[str, Any]:
        """The parsed body; Unreadable when it is not a JSON object."""
        key = id(body)
        known = self._kept.get(key)
        if known is not None and known[0] is body:
            return known[1]
        value = parse(body)
        self.keep(body, value)
        return value

    def keep(self, body: bytes, value: Mapping[str, Any]) -> None:
        """Remembers the value of a body that somebody has parsed already."""
        self._kept[id(body)] = (body, value)
        self._size += len(body)
        while self._size > self._room and len(self._kept) > 1:
            _, (dropped, _) = self._kept.popitem(last=False)
            self._size -= len(dropped)
