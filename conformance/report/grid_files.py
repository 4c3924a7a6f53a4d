"""The views of a connectivity matrix as files; and a matrix read again, from its file or from its record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs

from conformance.errors import OperatorError
from conformance.profile import schema
from conformance.report import grid, grid_page, grid_picture, grid_text
from conformance.report.grid import FORM, Grid

FILES: Mapping[str, str] = {"html": "matrix.html", "json": "matrix.json", "svg": "matrix.svg", "png": "matrix.png",
                            "csv": "matrix.csv", "markdown": "matrix.md"}
_VIEWS: Mapping[str, Callable[[Grid], str | bytes]] = {
    "html": grid_page.html, "json": lambda made: grid.dumps(grid.jsonable(made)),
    "svg": lambda made: grid_picture.draw(made, "svg"), "png": lambda made: grid_picture.draw(made, "png"),
    "csv": grid_text.as_csv, "markdown": grid_text.markdown}


def write(made: Grid, folder: Path, formats: Iterable[str] = FILES) -> list[Path]:
    """Writes the views that are asked for into a folder, and says where; OperatorError where it cannot be written."""
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in formats:
            path = folder / FILES[name]
            view = _VIEWS[name](made)
            path.write_bytes(view if isinstance(view, bytes) else view.encode("utf-8", "replace"))
            written.append(path)
    except OSError as error:
        raise OperatorError(f"{folder}: cannot be written ({error.strerror})") from None
    return written


def read(path: Path) -> Mapping[str, Any]:
    """A matrix as data: a ``matrix.json``, or the folder of a record, from which it is made again. OperatorError where
    it is none."""
    if path.is_dir():
        made: Mapping[str, Any] = grid.jsonable(grid.grid([path])) if (path / "record.jsonl").is_file() else _file(
            path / FILES["json"])
        return made
    return _file(path)


def _file(path: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OperatorError(f"{path}: no matrix can be read there ({error})") from None
    if not isinstance(value, dict) or value.get("matrix") != FORM:
        raise OperatorError(f"{path}: not a matrix.json of form {FORM}")
    wrong = next(jsonschema_rs.validator_for(dict(schema("matrix"))).iter_errors(value), None)
    if wrong is not None:
        at = "/".join(map(str, wrong.instance_path))
        raise OperatorError(f"{path}: not a matrix.json as rorqual writes it, at {at or 'its top'}: "
                            f"{wrong.message[:200]}")
    return value
