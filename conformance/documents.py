"""Documents of resources from files: JSON, one resource a line (NDJSON), compressed or not, read in bounded pieces."""

from __future__ import annotations

import gzip
import io
import itertools
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import orjson

from conformance.errors import OperatorError

MOST = 64 * 1024 * 1024  # bytes of one document, as of one answer
PIECE = 2 * 1024 * 1024
STANDARD_INPUT = Path("-")
_GZIP = b"\x1f\x8b"
_ENDINGS = (".json", ".ndjson", ".json.gz", ".ndjson.gz")


@dataclass
class Piece:
    """Some documents of one file, each with its line, 0 for one that is the whole file; ``refused`` tells, with its
    line, what could not be read."""

    name: str
    documents: list[tuple[int, bytes]] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    size: int = 0
    file: Path | None = None  # in which each document stands as it is, from these bytes on
    starts: list[int] = field(default_factory=list)

    def place(self, line: int) -> str:
        """Where a document is, in words."""
        return f"{self.name}:{line}" if line else self.name

    def __reduce__(self) -> tuple[Any, ...]:
        """To another process goes where the documents are, when that is enough: sending them takes longer than reading
        them again."""
        if self.file is None:
            return Piece, (self.name, self.documents, self.refused, self.size)
        spans = [(line, start, len(text)) for (line, text), start in zip(self.documents, self.starts, strict=True)]
        return _read_again, (self.name, self.file, spans, self.refused)


def _read_again(name: str, path: Path, spans: Sequence[tuple[int, int, int]], refused: list[tuple[int, str]]) -> Piece:
    """A piece whose documents (line, start, length) are read from the file; those that are gone are refused."""
    piece = Piece(name, refused=refused)
    try:
        with path.open("rb") as file:
            for line, start, length in spans:
                file.seek(start)
                text = file.read(length)
                if len(text) == length:
                    piece.documents.append((line, text))
                else:
                    piece.refused.append((line, "the file became shorter while it was read"))
    except OSError as error:
        piece = Piece(name, refused=[*refused, *((line, str(error.strerror)) for line, _, _ in spans)])
    return piece


def found(paths: Sequence[Path]) -> list[Path]:
    """The files to read: those given, those of folders with the endings of FHIR files. OperatorError where there is
    none."""
    made: list[Path] = []
    for path in paths:
        if path != STANDARD_INPUT and not path.exists():
            raise OperatorError(f"{path}: no such file or folder")
        inside = sorted(one for one in path.rglob("*") if one.name.endswith(_ENDINGS)) if path.is_dir() else [path]
        if not inside:
            raise OperatorError(f"{path}: no file in it ends with {', '.join(_ENDINGS)}")
        made += inside
    return made


def pieces(path: Path, read: Callable[[int], None]) -> Iterator[Piece]:
    """The documents of a file, a piece at a time; ``read`` is told how many bytes of the file were consumed. What is
    cut or too long is told in the piece; OperatorError when the file cannot be opened."""
    name = "standard input" if path == STANDARD_INPUT else str(path)
    try:
        with _opened(path) as raw:
            counted = io.BufferedReader(_Counted(raw, read), PIECE)
            plain: io.BufferedIOBase = counted
            if counted.peek(2)[:2] == _GZIP:
                plain = gzip.GzipFile(fileobj=counted)
            file = path if plain is counted and path.is_file() else None
            yield from _pieces(name, file, _Lines(plain), name.removesuffix(".gz").endswith(".ndjson"))
    except OSError as error:
        raise OperatorError(f"{name}: cannot be read ({error.strerror})") from None


def _opened(path: Path) -> BinaryIO:
    return sys.stdin.buffer if path == STANDARD_INPUT else cast(BinaryIO, path.open("rb", buffering=0))


class _Counted(io.RawIOBase):
    """A file whose bytes are counted as they are read."""

    def __init__(self, raw: BinaryIO, told: Callable[[int], None]) -> None:
        self._raw, self._told = raw, told

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        made: int = self._raw.readinto(buffer)  # type: ignore[attr-defined]
        self._told(made)
        return made


class _Line(NamedTuple):
    """A line, its number and the byte of the file at which it begins."""

    number: int
    start: int
    text: bytes


class _Lines:
    """Lines within bounds; a longer one is passed over, and told. ``cut`` says why reading ended early."""

    def __init__(self, plain: io.BufferedIOBase) -> None:
        self._plain = plain
        self.number = self.at = 0  # of the last line, and the bytes before the next one
        self.cut = ""

    def next(self) -> bytes | None:
        """The next line; None at the end, more than ``MOST`` bytes for one that is too long."""
        line = self._read(MOST + 1)
        if not line:
            return None
        self.number += 1
        if len(line) > MOST:
            rest = line
            while rest and not rest.endswith(b"\n"):
                rest = self._read(PIECE)
        return line

    def numbered(self) -> Iterator[_Line]:
        """The lines that hold something."""
        start = self.at
        while (text := self.next()) is not None:
            if text.strip():
                yield _Line(self.number, start, text)
            start = self.at

    def rest(self, start: bytes) -> bytes:
        """All that follows a line, with it, up to a little more than ``MOST`` bytes."""
        parts, size = [start], len(start)
        while size <= MOST and (part := self._read(PIECE)):
            parts.append(part)
            size += len(part)
        return b"".join(parts)

    def _read(self, most: int) -> bytes:
        if self.cut:
            return b""
        try:
            part = self._plain.readline(most)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            self.cut = f"the compression is damaged or cut: {error}"
            return b""
        self.at += len(part)
        return part


def _pieces(name: str, file: Path | None, lines: _Lines, by_line: bool) -> Iterator[Piece]:
    piece = Piece(name, file=file)
    numbered = lines.numbered()
    ahead = [] if by_line else list(itertools.islice(numbered, 2))
    if ahead and len(ahead[0].text) <= MOST and (len(ahead) == 1 or not _whole(ahead[0].text)):
        _one(piece, lines, ahead)
        ahead = []
    for number, start, line in itertools.chain(ahead, numbered):
        if len(line) > MOST:
            piece.refused.append((number, _too_large()))
        else:
            piece.documents.append((number, line))
            piece.starts.append(start)
            piece.size += len(line)
        if piece.size >= PIECE:
            yield piece
            piece = Piece(name, file=file)
    if lines.cut:
        piece.refused.append((lines.number + 1, lines.cut))
    yield piece


def _one(piece: Piece, lines: _Lines, ahead: Sequence[_Line]) -> None:
    """A file that is one document, in one line or in many; blank lines stay, for errors tell their lines."""
    parts, last = [], 0
    for number, _, line in ahead:
        parts += [b"\n" * (number - last - 1), line]
        last = number
    whole = lines.rest(b"".join(parts))
    if len(whole) > MOST:
        piece.refused.append((0, _too_large()))
    elif not lines.cut or _whole(whole):
        piece.documents.append((0, whole))
        piece.file = None


def _whole(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def _too_large() -> str:
    return f"more than {MOST // 1024**2} MB in one document"
