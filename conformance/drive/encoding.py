"""The content of an answer out of the bytes that came over the wire, bounded."""

from __future__ import annotations

import zlib

from conformance.drive.messages import Answer
from conformance.model import Trouble


class Undecodable(Exception):
    """There is no usable content; ``trouble`` says why."""

    def __init__(self, code: str, detail: str) -> None:
        self.trouble = Trouble(code, detail)
        super().__init__(detail)


def content(answer: Answer, most: int) -> bytes:
    """The body of an answer, ``most`` bytes long at most; Undecodable says why there is none."""
    raw = answer.raw
    encoding = ", ".join(value.strip().lower() for name, value in answer.headers if name.lower() == "content-encoding")
    if encoding in ("", "identity") or (not raw and answer.status >= 400):  # some declare what they do not send
        return raw
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Undecodable("transport.encoding", f"Content-Encoding {encoding!r} was not asked for")
    window = 31 if "gzip" in encoding else 15
    try:
        inflater = zlib.decompressobj(window)
        decoded = inflater.decompress(raw, most + 1)
    except zlib.error as error:
        raise Undecodable("transport.encoding", f"the {encoding} body cannot be decoded: {error}") from None
    if len(decoded) > most:
        raise Undecodable("transport.too-large", f"{len(raw)} bytes of {encoding} decode to more than {most}")
    if not inflater.eof:
        raise Undecodable("transport.encoding", f"the {encoding} body is cut")
    return decoded
