"""Reading FHIR packages: a .tgz as npm delivers it, a .zip, or a folder of JSON files.

A package comes from outside: it holds files and nothing else, within its own folder, within bounds. What is wrong in
it is told with its place.
"""

from __future__ import annotations

import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from conformance.errors import AuthorError, OperatorError, Problem

Found = tuple[str, Mapping[str, Any]]
MOST_FILES = 50_000
MOST_BYTES = 2 * 1024**3  # of all files, unpacked
_MANIFEST = "package.json"
_SKIPPED = ".index.json"
_TABLE = ".tabs"  # nomenclatures as the NOS exports them
_BESIDE = ("other", ".yaml")  # the folder and the ending of files that are not FHIR


@dataclass
class Package:
    """What a package holds: FHIR resources with their places, its manifest (empty where it has none), the YAML files
    of its folder ``other`` by name, and tables of nomenclatures with their places."""

    resources: list[Found] = field(default_factory=list)
    manifest: Mapping[str, Any] = field(default_factory=dict)
    beside: dict[str, bytes] = field(default_factory=dict)
    tables: list[tuple[str, bytes]] = field(default_factory=list)


def read(path: Path) -> Package:
    """A package. OperatorError when it is none, or a hostile one, or without any resource; AuthorError with every file
    that cannot be read."""
    if path.is_dir():
        files = _of_folder(path)
    elif path.is_file():
        files = _of_zip(path) if zipfile.is_zipfile(path) else _of_archive(path)
    else:
        raise OperatorError(f"{path}: no such file or folder")
    found = Package()
    problems: list[Problem] = []
    size = 0
    for number, (place, content) in enumerate(files):
        size += len(content)
        if number >= MOST_FILES or size > MOST_BYTES:
            raise OperatorError(f"{path}: more than {MOST_FILES} files or {MOST_BYTES // 1024**2} MB; no package is "
                                "that large")
        name = PurePosixPath(place).name
        if name.endswith(_BESIDE[1]):
            found.beside[name] = content
            continue
        if name.endswith(_TABLE):
            found.tables.append((place, content))
            continue
        try:
            value = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            problems.append(Problem(place, error.lineno, error.colno, f"not JSON in UTF-8: {error.msg}"))
            continue
        if isinstance(value, dict) and isinstance(value.get("resourceType"), str):
            found.resources.append((place, value))
        elif isinstance(value, dict) and name == _MANIFEST and not found.manifest:
            found.manifest = value
    if problems:
        raise AuthorError(problems)
    if not found.resources and not found.tables:
        raise OperatorError(f"{path}: no FHIR resource in JSON is in it")
    return found


def dicts(value: Any) -> list[Mapping[str, Any]]:
    """The objects of what should be a list of objects; none of what is not."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _wanted(name: str) -> bool:
    inside = PurePosixPath(name)
    if inside.parent.name == _BESIDE[0]:
        return name.endswith(_BESIDE[1])
    return name.endswith((".json", _TABLE)) and inside.name != _SKIPPED


def _of_folder(path: Path) -> Iterator[tuple[str, bytes]]:
    for one in sorted(path.rglob("*")):
        if one.is_symlink():
            raise OperatorError(f"{one}: a link; a package holds files only")
        if one.is_file() and _wanted(one.as_posix()):
            try:
                yield str(one), one.read_bytes()
            except OSError as error:
                raise OperatorError(f"{one}: cannot be read ({error.strerror})") from None


def _place(path: Path, name: str) -> str:
    """Where an entry is; OperatorError for one that lies outside of its package."""
    inside = PurePosixPath(name.replace("\\", "/"))
    if inside.is_absolute() or ".." in inside.parts:
        raise OperatorError(f"{path}!{name}: lies outside of the package")
    return f"{path}!{name}"


def _bounded(place: str, size: int) -> None:
    if size > MOST_BYTES:
        raise OperatorError(f"{place}: {size // 1024**2} MB; no package is that large")


def _of_zip(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                place = _place(path, entry.filename)
                if stat.S_ISLNK(entry.external_attr >> 16):
                    raise OperatorError(f"{place}: a link or device; a package holds files only")
                _bounded(place, entry.file_size)
                if not entry.is_dir() and _wanted(entry.filename):
                    yield place, archive.read(entry)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise OperatorError(f"{path}: cannot be read as a .zip ({error or type(error).__name__})") from None


def _of_archive(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(path, "r|*") as archive:
            for entry in archive:
                place = _place(path, entry.name)
                if entry.isdir():
                    continue
                if not entry.isreg():
                    raise OperatorError(f"{place}: a link or device; a package holds files only")
                _bounded(place, entry.size)
                content = archive.extractfile(entry)
                if _wanted(entry.name) and content is not None:
                    yield place, content.read()
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise OperatorError(f"{path}: is no package in .tgz, or is cut ({error or type(error).__name__})") from None
