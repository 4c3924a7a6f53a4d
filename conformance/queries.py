"""Requests as an application wrote them, read: what they address, their parameters, whether they are a link."""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_plus

from conformance.model import Exchange

BASE, AUTH = "[base]/", "[base auth]/"
OPEN = ("metadata", ".well-known")  # read before there is a token
_ZONE = re.compile(r"(?<=T\d\d:\d\d)(\S*) (?=\d\d:?\d\d\Z)")


def kind_of(exchange: Exchange) -> str:
    """The resource type, or the operation, that a consultation addresses."""
    return unquote(exchange.request.url.removeprefix(BASE).partition("?")[0].partition("/")[0])


def query_of(exchange: Exchange) -> list[tuple[str, str]]:
    """The parameters of a request, decoded once as forms are: those of its address, and of its form. A time zone whose
    + was not escaped is read as it was meant."""
    address, _, raw = exchange.request.url.partition("?")
    if address.endswith("/_search"):
        raw += f"&{exchange.request.body}"
    parts = [one.partition("=") for one in raw.split("&") if one]
    return [(unquote_plus(name), _ZONE.sub(r"\1+", unquote_plus(value))) for name, _, value in parts]


def is_at(exchange: Exchange, link: str) -> bool:
    """Whether a request has the address of a link: clients may write %2C or a comma, %20 or a plus."""
    address = link if link.startswith("[") else BASE + link.lstrip("/")
    return unquote_plus(exchange.request.url) == unquote_plus(address)
