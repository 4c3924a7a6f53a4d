"""Actions that an application does by itself: by a command, or by a webhook. The instruction goes to it in JSON, and
what it shows comes back in JSON."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from conformance import ledger
from conformance.engine.consume import Instruction
from conformance.errors import OperatorError

_MOST = 4 * 1024 * 1024  # bytes of an answer
_LONGEST = 3600.0  # seconds of silence, for want of another bound: the step has its own


def answered(text: str | bytes) -> dict[str, Any] | None:
    """The JSON object that an application answers; None for anything else, and for what no record can hold."""
    try:
        told = json.loads(text)
        ledger.dumps(told)
    except (ValueError, TypeError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


class Driven:
    """An action carried out by a command: the instruction in JSON on its input, what it shows in JSON on its output."""

    def __init__(self, command: Sequence[str], folder: Path, instruction: Instruction) -> None:
        self._told = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the action is stopped
        self._said = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the command of the operator
                list(command), cwd=folder, stdin=subprocess.PIPE, stdout=self._told, stderr=self._said)
        except OSError as error:
            raise OperatorError(f"drive: {command[0]} cannot be started ({error.strerror})") from None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(asdict(instruction)).encode())
            self._process.stdin.close()
        except OSError:  # it reads nothing: its answer tells
            pass
        self._outcome: Any = None
        self._failure = ""
        self._read = False

    def ended(self) -> bool:
        """Whether the command ended."""
        return self._process.poll() is not None

    def outcome(self) -> Any:
        """What it answered, None when that is no JSON object."""
        self._take()
        return self._outcome

    def failure(self) -> str:
        """Why the action was not done; empty when it was."""
        self._take()
        return self._failure

    def stop(self) -> None:
        """Ends the command."""
        self._take()
        if self._process.poll() is None:
            self._process.kill()
            self._read, self._failure = True, "it did not end in time"
        self._process.wait()
        self._told.close()
        self._said.close()

    def _take(self) -> None:
        code = self._process.poll()
        if self._read or code is None:
            return
        self._read = True
        self._told.seek(0)
        text = self._told.read(_MOST).decode("utf-8", "replace")
        if code != 0:
            self._said.seek(0)
            said = self._said.read(_MOST).decode("utf-8", "replace")
            self._failure = f"exit code {code}: {(said.strip().splitlines() or ['nothing said'])[-1][:200]}"
            return
        told = answered(text)
        if told is not None:
            self._outcome = told
        else:
            self._failure = f"no JSON object on its output: {text[:80]!r}"


class _Nowhere(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: it is told as the status that it is."""

    def redirect_request(self, *_told: Any) -> None:
        """None: the answer stands."""


class Hooked:
    """An action under way at an address; nobody but that address is asked, whatever proxy the machine has."""

    def __init__(self, address: str, instruction: Instruction) -> None:
        self._outcome: Any = None
        self._failure = ""
        self._stopped = False
        self._thread = threading.Thread(target=self._ask, args=(address, instruction), daemon=True)
        self._thread.start()

    def _ask(self, address: str, instruction: Instruction) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Nowhere)
        try:
            request = urllib.request.Request(address, json.dumps(asdict(instruction)).encode(), {  # noqa: S310 - the schema
                "Content-Type": "application/json", "Accept": "application/json"})
            with opener.open(request, timeout=_LONGEST) as answer:
                text = answer.read(_MOST + 1)
        except urllib.error.HTTPError as error:
            self._failure = f"webhook: status {error.code}"
            error.close()
            return
        except Exception as error:  # refused, closed, no HTTP at all: a fault of the set-up in any case
            self._failure = f"webhook: {getattr(error, 'reason', None) or error or type(error).__name__}"
            return
        told = answered(text)
        if told is not None and len(text) <= _MOST:
            self._outcome = told
        else:
            self._failure = f"webhook: no JSON object in its answer: {text[:80].decode('utf-8', 'replace')!r}"

    def ended(self) -> bool:
        """Whether it answered."""
        return not self._thread.is_alive()

    def outcome(self) -> Any:
        """What it answered; None when that is no JSON object, or it did not answer in time."""
        return None if self._stopped else self._outcome

    def failure(self) -> str:
        """Why the action was not done; empty when it was."""
        return "webhook: no answer in time" if self._stopped else self._failure

    def stop(self) -> None:
        """An answer that comes later tells nothing any more."""
        self._stopped = self._stopped or self._thread.is_alive()
