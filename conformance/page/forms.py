"""What the operator sends: forms, with or without a file; screenshots are looked at before they are kept."""

from __future__ import annotations

import hashlib
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from urllib.parse import parse_qsl

LARGEST = 5 * 1024 * 1024  # bytes of a screenshot
MOST = LARGEST + 64 * 1024  # of a form
SCREENSHOTS = "screenshots"
_KINDS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg"}


class Unusable(Exception):
    """An upload that cannot be taken: ``size`` or ``kind``."""


def fields(content_type: str, body: bytes) -> dict[str, bytes]:
    """The fields of a form, by name."""
    if not content_type.startswith("multipart/form-data"):
        return {name: value.encode() for name, value in parse_qsl(body.decode("utf-8", "replace"))}
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    found: dict[str, bytes] = {}
    for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
        name, value = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(value, bytes):
            found[name] = value
    return found


def keep(picture: bytes, folder: Path) -> str:
    """Keeps a screenshot in the folder of a run, and says under which name; empty for none."""
    if not picture:
        return ""
    if len(picture) > LARGEST:
        raise Unusable("size")
    kind = next((kind for magic, kind in _KINDS.items() if picture.startswith(magic)), "")
    if not kind:
        raise Unusable("kind")
    name = f"{SCREENSHOTS}/{hashlib.sha256(picture).hexdigest()[:24]}.{kind}"
    (folder / SCREENSHOTS).mkdir(exist_ok=True)
    (folder / name).write_bytes(picture)
    return name
