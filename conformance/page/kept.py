"""What a bench that is started again must find as it was: its addresses and its client. Never in a record."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from conformance.errors import OperatorError

FILE = "bench.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """The port and the key of the address, the client and its secret, the port and the key of the page."""

    port: int
    key: str
    client: str
    secret: str
    page_port: int
    page_key: str


def kept(folder: Path, port: int) -> Kept:
    """What an earlier start left in a folder, or new ones; ``port`` where one is wanted (0: any)."""
    path = folder / FILE
    if not path.is_file():
        return Kept(port, secrets.token_urlsafe(12), f"client-{secrets.token_hex(4)}", secrets.token_urlsafe(18), 0,
                    secrets.token_urlsafe(18))
    try:
        found = Kept(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise OperatorError(f"{path} cannot be read; remove it, and set the application to the new address") from None
    return replace(found, port=port or found.port)


def keep(folder: Path, one: Kept) -> None:
    """Keeps it for another start, for the owner of the folder alone."""
    path = folder / FILE
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(asdict(one), file)


def forget(folder: Path) -> None:
    """The campaign is over: nothing is kept."""
    (folder / FILE).unlink(missing_ok=True)
