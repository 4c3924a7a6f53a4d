"""What changed between connectivity matrices: which connections opened, which broke, and how rates went by quarter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from conformance.cells import EFFECTIVE, NOT_TESTED

# opened, broke, tried for the first time, tried no more, broken otherwise than before
CHANGES = ("opened", "broke", "tested", "untested", "otherwise")
Told = Mapping[str, Any]


def changes(before: Told, after: Told) -> dict[str, Any]:
    """The connections that changed (``CHANGES``), appeared or disappeared, and the rates of both."""
    old, new = _cells(before), _cells(after)
    found: dict[str, list[dict[str, str]]] = {name: [] for name in CHANGES}
    for pair, one in new.items():
        was = old.get(pair)
        if was is None:
            continue
        row = {"requester": pair[0], "responder": pair[1], "before": _words(was), "after": _words(one)}
        if row["before"] != row["after"]:
            found[_change(was["observed"], one["observed"])].append(row)
    return {**found, "appeared": _pairs(set(new) - set(old)), "gone": _pairs(set(old) - set(new)),
            "rates": {"before": before["rates"], "after": after["rates"]}}


def _change(was: str, now: str) -> str:
    if NOT_TESTED in (was, now):
        return "tested" if was == NOT_TESTED != now else "untested" if now == NOT_TESTED != was else "otherwise"
    return "opened" if now == EFFECTIVE else "broke" if was == EFFECTIVE else "otherwise"


def trend(told: Iterable[Told]) -> list[dict[str, Any]]:
    """One row for each quarter that has a matrix, the last of it: rates, and what opened and broke since the quarter
    before."""
    last: dict[str, Told] = {}
    for one in sorted(told, key=_started):
        last[_quarter(_started(one))] = one
    rows: list[dict[str, Any]] = []
    before: Told | None = None
    for quarter, one in last.items():
        moved = changes(before, one) if before is not None else {"opened": [], "broke": []}
        rows.append({"quarter": quarter, "date": _started(one)[:10], "rates": one["rates"],
                     "opened": moved["opened"], "broke": moved["broke"]})
        before = one
    return rows


def _started(one: Told) -> str:
    return max(str(record["started"]) for record in one["records"])


def _quarter(stamp: str) -> str:
    return f"{stamp[:4]}-Q{(int(stamp[5:7]) + 2) // 3}"


def _cells(told: Told) -> dict[tuple[str, str], Told]:
    return {(one["requester"], one["responder"]): one for one in told["cells"]}


def _words(one: Told) -> str:
    why = " ".join(filter(None, (one.get("cause", ""), one.get("requirement", ""))))
    return f"{one['observed']} ({why})" if why else str(one["observed"])


def _pairs(found: Iterable[tuple[str, str]]) -> Sequence[Mapping[str, str]]:
    return [{"requester": requester, "responder": responder} for requester, responder in sorted(found)]
