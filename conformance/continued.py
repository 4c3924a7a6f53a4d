"""The part of a campaign on an application that was told before its bench was stopped, read from its record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance import ledger
from conformance.engine.usher import Earlier, Where
from conformance.errors import OperatorError
from conformance.lines import judgement_of
from conformance.plan import Campaign

_COUNTED = {"exchange": "exchanges", "skipped": "skipped", "scenario": "scenarios"}


def earlier_of(made: Campaign, data: Mapping[str, Any], folder: Path) -> Earlier | None:
    """What a folder tells of a campaign; None when it holds no record. OperatorError when the campaign came to its end
    there, or when it is another one."""
    path = folder / ledger.RECORD_FILE
    if not path.is_file() or path.stat().st_size == 0:
        return None
    record = ledger.read(folder)
    other = _other(made, data, record.header)
    if other:
        raise OperatorError(f"{folder} holds the record of another campaign ({other}); choose another --out, or give "
                            "again what that one was started with")
    if record.complete:
        raise OperatorError(f"{folder}: this campaign came to its end; choose another --out for a new one, "
                            f"or `rorqual report {folder}` for its report")
    finished = tuple(sorted(record.finished()))
    begun = tuple(dict.fromkeys((line["profile"], line["scenario"]) for line in record.lines
                                if line.get("scenario") and (line["profile"], line["scenario"]) not in finished))
    last = max((int(str(line["id"])[1:]) for line in record.of_type("exchange")), default=0)
    return Earlier(finished, begun, _counts(record, set(finished)), last)


def _other(made: Campaign, data: Mapping[str, Any], header: Mapping[str, Any]) -> str:
    """In what a campaign is not that of a header; empty when it is."""
    candidate = made.candidate
    told = header.get("candidate", {})
    pairs = {
        "of another product": ((told.get("product"), told.get("version"), told.get("role")),
                               (candidate.product, candidate.version, candidate.role)),
        "with other data": (header.get("data"), dict(data)),
        "with another seed": (header.get("seed"), made.seed),
        "on other profiles": ([(one["id"], one["hash"]) for one in header["profiles"]],
                              [(name, one.hash) for name, one in made.profiles.items()]),
        "of other scenarios": ((header.get("scenarios"), header.get("planned")),
                               (made.scenarios_hash, [[one.profile.id, one.scenario.id] for one in made.planned])),
        "with another release of nomenclatures": (header.get("nomenclatures"), made.release.hash()),
    }
    return next((what for what, (one, other) in pairs.items() if one != other), "")


def _counts(record: ledger.Record, finished: set[Where]) -> dict[Where, Counter[str]]:
    """What was counted of each scenario at its end, as a run counts; of the others, the exchanges."""
    counts: dict[Where, Counter[str]] = {}
    for line in record.lines:
        where = line.get("profile", ""), line.get("scenario", "")
        kind = _COUNTED.get(line["type"], "")
        if line["type"] == "judgement" and where in finished:
            counts.setdefault(where, Counter())[judgement_of(line).verdict.word] += 1
        elif kind == "exchanges" or (kind and where in finished):
            counts.setdefault(where, Counter())[kind] += 1
    return counts
