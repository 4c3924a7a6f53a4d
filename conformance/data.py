"""Where the files that are data live: profiles, scenarios, reports.

In a checkout they stand beside the package; in an installed wheel they travel inside it, under ``_data``.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def root() -> Path:
    """The folder that holds ``profiles/``, ``scenarios/`` and ``reports/``."""
    shipped = _PACKAGE / "_data"
    return shipped if shipped.is_dir() else _PACKAGE.parent


def path(*parts: str) -> Path:
    """The path of one data file or folder, by its parts."""
    return root().joinpath(*parts)
