"""The record of a run: ``record.jsonl`` (header, one line per event, footer) and ``bodies/`` by hash.

Lines are flushed one by one, a body before the line that names it: what is on disk when a run is killed can be read.
A record without footer is incomplete, and says so.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from conformance import events as told
from conformance.errors import OperatorError, RecordError
from conformance.lines import finding_line, judgement_line, judgement_of, pairs, question_line, wrong
from conformance.model import Exchange, Judgement, Request, Response, Trouble, Written

RECORD_FILE = "record.jsonl"
BODIES = "bodies"
MATRIX = "matrix"  # the kind of a record that holds pairs
WAITING = 256
_RETOLD = frozenset(("bound", "step", "case", "law", "judgement", "scenario"))  # of a scenario that is told again


def dumps(value: Any) -> bytes:
    """One line of JSON, keys in the order given."""
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


@dataclass(frozen=True, slots=True)
class _Beside:
    """A file to be written beside the record."""

    name: str
    text: str


class Ledger:
    """Writes the record of one run in a folder, which must not hold one already; with ``resume``, goes on with the one
    that it holds, after its last whole line.

    The disk is written by a thread of its own, in order, so that a run does not wait for it.
    """

    def __init__(self, folder: Path, resume: bool = False) -> None:
        self.folder = folder
        self._known: set[str] = set()
        self._digest = hashlib.sha256()
        try:
            (folder / BODIES).mkdir(parents=True, exist_ok=True)
            path = folder / RECORD_FILE
            unused = path.is_file() and path.stat().st_size == 0  # of a run that was stopped before it began
            self._file: BinaryIO = path.open("r+b" if resume else "wb" if unused else "xb")
            if resume:
                self._reach_end()
        except FileExistsError:
            raise OperatorError(f"{folder} already holds a record; choose another --out") from None
        except OSError as error:
            raise OperatorError(f"{folder}: cannot be written ({error.strerror})") from None
        self._waiting: queue.SimpleQueue[told.Event | _Beside | threading.Event | None] = queue.SimpleQueue()
        self._put = 0
        self._mark = threading.Event()  # set when the writer comes to it
        self._mark.set()
        self._error: Exception | None = None
        self._writer = threading.Thread(target=self._write_all, name="record", daemon=True)
        self._writer.start()

    def _reach_end(self) -> None:
        """Goes behind the last whole line of what is there; a line cut by a kill was never one."""
        for line in self._file:
            if _value(line.decode("utf-8", "replace")) is None:
                self._file.seek(-len(line), 1)
                self._file.truncate()
                break
            self._digest.update(line)

    def write(self, event: told.Event) -> None:
        """Appends one event; OperatorError when the disk refused this one or one before. What is about to be changed on
        a server is on the disk when this returns."""
        self._hand(event)
        if isinstance(event, told.Writing):
            self._reached().wait()
            self._check()

    def keep(self, name: str, text: str) -> None:
        """Writes a file beside the record; OperatorError as for an event."""
        self._hand(_Beside(name, text))

    def _hand(self, one: told.Event | _Beside) -> None:
        """Hands one over to the writer, which may be twice ``WAITING`` of them behind and no more."""
        self._check()
        self._waiting.put(one)
        self._put += 1
        if self._put % WAITING == 0:
            self._mark.wait()
            self._mark = self._reached()

    def _reached(self) -> threading.Event:
        """What is set when all that was handed over so far is written."""
        mark = threading.Event()
        self._waiting.put(mark)
        return mark

    def close(self) -> None:
        """Writes what is left and closes the file; the record is complete if Finished was written."""
        self._waiting.put(None)
        self._writer.join()
        self._file.close()
        self._check()

    def _check(self) -> None:
        if isinstance(self._error, OSError):
            raise OperatorError(f"{self.folder}: the record cannot be written ({self._error.strerror})") from None
        if self._error is not None:
            raise self._error

    def _write_all(self) -> None:
        while (one := self._waiting.get()) is not None:
            if isinstance(one, threading.Event):
                one.set()
            elif self._error is None:
                try:
                    self._write(one)
                except Exception as error:  # told to the run at its next event
                    self._error = error

    def _write(self, one: told.Event | _Beside) -> None:
        if isinstance(one, _Beside):
            path = self.folder / one.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(one.text, encoding="utf-8")
            return
        lines = self._visit(one) if isinstance(one, told.Visited) else (self._line(one),)
        line = b"".join(map(dumps, lines))
        self._file.write(line)
        lasting = isinstance(one, told.Writing)  # it must be known even if we, or the machine, stop
        if lasting or self._waiting.empty():  # what waits already goes to the disk with it
            self._file.flush()
        if lasting:
            os.fsync(self._file.fileno())
        self._digest.update(line)

    def _line(self, event: told.Event) -> dict[str, Any]:
        if isinstance(event, told.Started):
            return {"type": "header", **event.header}
        if isinstance(event, told.Exchanged):
            return {"type": "exchange", "profile": event.profile, "scenario": event.scenario,
                    **self._exchange(event.exchange)}
        if isinstance(event, told.StepSent):
            sent = event.sent
            return {"type": "step", "profile": event.profile, "scenario": event.scenario, "step": sent.step.name,
                    "exchanges": [one.id for one in sent.exchanges], "ending": sent.ending,
                    "confirmation": event.confirmation, "ask": sent.ask,
                    **({"outcome": sent.outcome} if sent.outcome is not None else {})}
        if isinstance(event, told.CaseAsked):
            return {"type": "case", "profile": event.profile, "scenario": event.scenario, "law": event.law,
                    "number": event.number, "again": event.again,
                    "questions": [question_line(one) for one in event.sents]}
        if isinstance(event, told.LawEnded):
            return {"type": "law", "profile": event.profile, "scenario": event.scenario, "law": event.law,
                    "cases": event.cases, **({"reason": finding_line(event.reason)} if event.reason else {})}
        if isinstance(event, told.Judged):
            return {"type": "judgement", **judgement_line(event.judgement)}
        if isinstance(event, told.ScenarioFinished):
            return {"type": "scenario", "profile": event.profile, "scenario": event.scenario,
                    "verdict": event.verdict.word}
        if isinstance(event, told.Finished):
            return {"type": "footer", **event.footer, "sha256": self._digest.hexdigest()}
        if isinstance(event, told.Bound):
            return {"type": "bound", "profile": event.profile, "scenario": event.scenario, "values": event.values,
                    "missing": event.missing}
        if isinstance(event, told.Skipped):
            return {"type": "skipped", "profile": event.profile, "scenario": event.scenario, "reason": event.reason}
        return _written_line(event)

    def _visit(self, visited: told.Visited) -> Iterator[dict[str, Any]]:
        """The lines of a pair, from one that begins it to one that ends it."""
        pair = [visited.requester, visited.responder]
        yield {"type": "visit", "pair": pair, "profile": visited.profile, "started": visited.started,
               "use-cases": visited.use_cases}
        for event in visited.events:
            yield self._line(event)
        yield {"type": "pair", "pair": pair, "seconds": visited.seconds,
               **({"untested": visited.untested, "detail": visited.detail} if visited.untested else {})}

    def _exchange(self, exchange: Exchange) -> dict[str, Any]:
        response = exchange.response
        line: dict[str, Any] = {
            "id": exchange.id, "purpose": exchange.purpose, "started": exchange.started,
            "milliseconds": exchange.milliseconds, "tls": exchange.tls, "request": exchange.request,
            **({"client": exchange.client} if exchange.client else {}),
        }
        if response is not None:
            line["response"] = {
                "status": response.status, "headers": response.headers, "body": self._body(response.body),
                "size": len(response.body), "received": response.received, "http": response.http,
            }
        if exchange.trouble is not None:
            line["trouble"] = exchange.trouble
        return line

    def _body(self, body: bytes) -> str:
        name = hashlib.sha256(body).hexdigest()
        if name not in self._known:
            (self.folder / BODIES / name).write_bytes(body)
            self._known.add(name)
        return name


@dataclass
class Record:
    """A record read again: header, events in order, footer when there is one, and the tail that was cut."""

    folder: Path
    header: Mapping[str, Any]
    lines: list[Mapping[str, Any]] = field(default_factory=list)
    footer: Mapping[str, Any] | None = None
    cut: str = ""

    @property
    def complete(self) -> bool:
        """Whether the run came to its end."""
        return self.footer is not None

    def of_type(self, kind: str) -> Iterator[Mapping[str, Any]]:
        """The lines of one type, in order."""
        return (line for line in self.lines if line["type"] == kind)

    def judgements(self) -> list[Judgement]:
        """The judgements of the record, in order."""
        return [judgement_of(line) for line in self.of_type("judgement")]

    def writings(self) -> list[tuple[Written, str]]:
        """What the run changed on the server, each with what became of what it created: ``removed``, ``absent`` (it was
        never created), ``left`` (it could not be taken back), ``changed`` (it created nothing), or empty: not undone
        yet."""
        keys: dict[int, str] = {}
        how: dict[int, str] = {}
        made = {}
        for line in self.lines:
            if line["type"] == "writing":
                made[line["number"]] = Written(*(line[name] for name in (
                    "number", "profile", "scenario", "method", "path", "base", "mark")))
            elif line["type"] == "created":
                keys[line["number"]] = line["key"]
            elif line["type"] == "undone":
                how[line["number"]] = line["how"]
                keys[line["number"]] = keys.get(line["number"]) or line["key"]
        return [(replace(one, key=keys.get(number, "")), how.get(number, "" if one.method == "POST" else "changed"))
                for number, one in made.items()]

    def finished(self) -> set[tuple[str, str]]:
        """The (profile, scenario) that were told to their end, or skipped."""
        return {(line["profile"], line["scenario"]) for line in self.lines if line["type"] in ("scenario", "skipped")}

    def body(self, name: str) -> bytes:
        """A body by its hash; RecordError when it is not there or is another."""
        return body_of(self.folder, name)

    def exchange(self, line: Mapping[str, Any]) -> Exchange:
        """The exchange of a line, its body read."""
        return exchange_of(self.folder, line)


def body_of(folder: Path, name: str) -> bytes:
    """A body of the record in a folder, by its hash; RecordError when it is not there or is another."""
    if not (len(name) == 64 and name.isalnum()):
        raise RecordError(f"{folder}: {name[:80]!r} is not the name of a body")
    try:
        body = (folder / BODIES / name).read_bytes()
    except OSError:
        raise RecordError(f"{folder}: the body {name[:12]}… is missing") from None
    if hashlib.sha256(body).hexdigest() != name:
        raise RecordError(f"{folder}: the body {name[:12]}… was altered")
    return body


def exchange_of(folder: Path, line: Mapping[str, Any]) -> Exchange:
    """The exchange of a line of the record in a folder, its body read."""
    request, response, trouble = line["request"], line.get("response"), line.get("trouble")
    return Exchange(
        line["id"], line["purpose"],
        Request(request["method"], request["url"], pairs(request["headers"]), request["body"],
                request.get("access", "")),
        None if response is None else Response(
            response["status"], pairs(response["headers"]), body_of(folder, response["body"]), response["received"],
            response["http"],
        ),
        None if trouble is None else Trouble(trouble["code"], trouble["detail"]),
        line["started"], line["milliseconds"], line["tls"], line.get("client", ""),
    )


def read(folder: Path) -> Record:
    """The record of a folder (or of its file); RecordError when it cannot be read at all."""
    coming = stream(folder)
    header = next(coming)
    if header.get("kind") == MATRIX:
        raise OperatorError(f"{folder}: the record of a matrix; see `rorqual matrix show`")
    record = Record(folder if folder.is_dir() else folder.parent, header)
    for value in coming:
        if value["type"] == "footer":
            record.footer = value
        elif value["type"] == "cut":
            record.cut = f"line {value['line']} is cut"
        elif value["type"] == "resumed":
            again = {(profile, scenario) for profile, scenario in value["again"]}
            record.lines = [one for one in record.lines if one["type"] not in _RETOLD
                            or (one["profile"], one["scenario"]) not in again]
            record.lines.append(value)
        else:
            record.lines.append(value)
    return record


def stream(folder: Path) -> Iterator[Mapping[str, Any]]:
    """The lines of a record, one after the other, its header first; a line that was cut ends it, told as one of type
    ``cut``. RecordError when it cannot be read, or is not what was written."""
    path = folder / RECORD_FILE if folder.is_dir() else folder
    digest, number = hashlib.sha256(), 0
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                value = _value(line.decode("utf-8", "replace"))
                if number == 1:
                    value = _opened(path, value)
                if value is None:
                    yield {"type": "cut", "line": number}
                    return
                if value["type"] == "footer":
                    _verify(path, value, digest.hexdigest())
                if why := wrong(value):
                    raise RecordError(f"{path}:{number}: not a line that rorqual wrote ({why})")
                yield value
                digest.update(line)
    except OSError as error:
        raise OperatorError(f"{path}: cannot be read ({error.strerror}); give the folder of a run") from None
    if not number:
        raise RecordError(f"{path}: empty; the run was stopped before it began: nothing was sent, start it again")


def _value(line: str) -> Mapping[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and isinstance(value.get("type"), str) else None


def _opened(path: Path, value: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if value is None:
        raise RecordError(f"{path}:1: not a record of rorqual")
    if value["type"] != "header":
        raise RecordError(f"{path}:1: a record begins with its header, not with {value['type']!r}")
    if value.get("record") != 1:
        raise RecordError(f"{path}:1: a record of form {value.get('record')}, this rorqual reads form 1")
    return value


def _verify(path: Path, footer: Mapping[str, Any], digest: str) -> None:
    if footer.get("sha256") != digest:
        raise RecordError(f"{path}: the lines are not those that were written (the footer's hash differs)")


def _written_line(event: told.Event) -> dict[str, Any]:
    if isinstance(event, told.Writing):
        one = event.written
        return {"type": "writing", "number": one.number, "profile": one.profile, "scenario": one.scenario,
                "method": one.method, "path": one.path, "base": one.base, "mark": one.mark}
    if isinstance(event, told.Created):
        return {"type": "created", "number": event.number, "key": event.key}
    if isinstance(event, told.Undone):
        return {"type": "undone", "number": event.number, "key": event.key, "how": event.how,
                "exchange": event.exchange}
    if isinstance(event, told.Resumed):
        return {"type": "resumed", "started": event.started, "again": event.again}
    raise TypeError(f"{type(event).__name__} is no line of a record")
