"""An action carried out by a webhook: the instruction is posted in JSON, what the application shows is the answer."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from dataclasses import asdict
from typing import Any

from conformance.bench import answered
from conformance.engine.consume import Instruction

_MOST = 4 * 1024 * 1024  # bytes that it may answer
_LONGEST = 3600.0  # seconds of silence, for want of another bound: the step has its own


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
