"""Secrets and personal data leave before anything is recorded or judged; clear values stay in the vault.

A masked value is a name such as ``[token 1]`` or ``[family 12]``, numbered in the order of first sight, so the same
answers give the same record. The vault puts the clear value back when a masked one has to be sent again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_MASK = re.compile(r"\[[a-z][a-z -]* \d+\]")
_SECRET_HEADERS = frozenset(("authorization", "cookie", "set-cookie", "proxy-authorization", "www-authenticate"))
_LEAST = 6
# secrets where they stand in bytes that are no request: headers with their folded lines, credentials, fields of forms
_RAW = (
    re.compile(rb"((?:authorization|cookie|api-?key)[ \t]*[:=])[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE),
    re.compile(rb"(\b(?:bearer|basic|digest)[ \t+]+)[^\s&]+", re.IGNORECASE),
    re.compile(rb"((?:secret|assertion|token|password)[\"']?[ \t]*[=:][ \t]*)(?:\"[^\"]*\"?|[^\s&,}]+)", re.IGNORECASE),
)


def masked(raw: bytes) -> bytes:
    """The bytes of a request that could not be read, without what looks like a secret."""
    for pattern in _RAW:
        raw = pattern.sub(rb"\1[masked]", raw)
    return raw


class Vault:
    """Clear values and their masks, for the time of one run."""

    def __init__(self) -> None:
        self._mask_of: dict[tuple[str, str], str] = {}
        self._clear_of: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._secrets: dict[str, str] = {}
        self._sought: list[bytes] = []  # the secrets as they stand in bodies, in the order of their registration

    def mask(self, kind: str, clear: str) -> str:
        """The mask of a clear value of a kind (``family``, ``token``, ...); the same value has the same mask."""
        known = self._mask_of.get((kind, clear))
        if known is not None:
            return known
        if _MASK.fullmatch(clear):
            return clear
        self._counts[kind] = self._counts.get(kind, 0) + 1
        made = f"[{kind} {self._counts[kind]}]"
        self._mask_of[kind, clear] = made
        self._clear_of[made] = clear
        return made

    def secret(self, kind: str, clear: str) -> None:
        """Registers a secret: wherever it shows from now on, its mask stands in its place."""
        if len(clear) >= _LEAST:
            self._register(clear, self.mask(kind, clear))

    def _register(self, clear: str, made: str) -> None:
        if len(clear) < _LEAST:
            return
        if clear not in self._secrets:
            self._sought.append(clear.encode())
        self._secrets[clear] = made

    def reveal(self, text: str) -> str:
        """The text to send: masks replaced by their clear values, which an answer may then not show in clear."""
        if "[" not in text:
            return text
        for made in _MASK.findall(text):
            self._register(self._clear_of.get(made, ""), made)
        return _MASK.sub(lambda hit: self._clear_of.get(hit.group(0), hit.group(0)), text)

    def text(self, text: str) -> str:
        """The text to record: secrets replaced by their masks."""
        for clear, made in self._secrets.items():
            if clear in text:
                text = text.replace(clear, made)
        return text

    def known(self) -> int:
        """How many secrets are registered; they only become more."""
        return len(self._sought)

    def shows(self, body: bytes, after: int = 0) -> bool:
        """Whether a secret stands in some bytes; the first ``after`` of them are not sought."""
        return any(one in body for one in self._sought[after:])

    def body(self, body: bytes) -> bytes:
        """The bytes to record: secrets replaced by their masks."""
        for clear, made in self._secrets.items():
            encoded = clear.encode()
            if encoded in body:
                body = body.replace(encoded, made.encode())
        return body

    def headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Headers to record: the scheme of a credential is kept, the credential is not."""
        return tuple((name, self._header(name, value)) for name, value in headers)

    def _header(self, name: str, value: str) -> str:
        if name.lower() not in _SECRET_HEADERS:
            return self.text(value)
        if name.lower() == "www-authenticate":
            return self.text(value)
        scheme, space, credential = value.partition(" ")
        if name.lower() == "authorization" and space:
            return f"{scheme} {self.mask('token', credential)}"
        return self.mask("secret", value)
