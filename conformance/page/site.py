"""The page over HTTP: on this machine only, under a path that nobody guesses, with nothing of others run in it."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from conformance import workshop
from conformance.checks.statements import ANSWERS
from conformance.clock import Clock
from conformance.ledger import BODIES
from conformance.page import forms, showing
from conformance.page.desk import Desk
from conformance.report import render

_POLICY = ("default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
           "form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
_CARRIED = "default-src 'none'; sandbox; frame-ancestors 'none'"
_PATIENCE = 3.0  # seconds that an answer waits for the engine
_RETRY = 500  # milliseconds before a page that lost the bench calls again
_GATHER, _LOOK = 0.15, 1.0  # seconds: changes that are told as one; between two looks at the time
_BODY = re.compile(r"[0-9a-f]{64}\Z")
_PICTURE = re.compile(r"[0-9a-f]{24}\.(png|jpg)\Z")
_KINDS = {"png": "image/png", "jpg": "image/jpeg"}
Answer = Callable[[Request], Awaitable[Response]]


class Site:
    """The pages of a desk; ``folder`` is that of the run, ``host`` the address that browsers call."""

    def __init__(self, desk: Desk, folder: Path, key: str, clock: Clock, host: Callable[[], str]) -> None:
        self._desk, self._folder, self._clock, self._host = desk, folder, clock, host
        routes = [
            Route(f"/{key}/", self._entered), Route(f"/{key}/bench.css", self._style),
            Route(f"/{key}/bench.js", self._script), Route(f"/{key}/report.html", self._report),
            Route(f"/{key}/{BODIES}/{{name}}", self._body),
            Route(f"/{key}/{forms.SCREENSHOTS}/{{name}}", self._picture),
            Route(f"/{key}/{{lang}}/", self._page), Route(f"/{key}/{{lang}}/events", self._events),
            Route(f"/{key}/{{lang}}/{{action}}", self._acted, methods=["POST"]),
        ]
        self.app = Starlette(routes=routes, middleware=[Middleware(BaseHTTPMiddleware, dispatch=self._guarded)])
        self.app.router.redirect_slashes = False

    async def _guarded(self, request: Request, answer: Answer) -> Response:
        """Serves who calls this address by its name and, to act, from its own pages."""
        host = self._host()
        own = {host, host.replace("127.0.0.1", "localhost")}
        origin = request.headers.get("origin")
        if request.headers.get("host") not in own or (
                request.method == "POST" and origin is not None and origin.removeprefix("http://") not in own):
            return Response("this is not its address", 421)
        response = await answer(request)
        response.headers.setdefault("content-security-policy", _POLICY)
        response.headers.update({"x-content-type-options": "nosniff", "referrer-policy": "same-origin",
                                 "cache-control": "no-store", "cross-origin-opener-policy": "same-origin"})
        return response

    async def _entered(self, request: Request) -> Response:
        wanted = request.headers.get("accept-language", "fr").lower()
        first = min(showing.LANGUAGES, key=lambda one: (wanted.find(one) % 10_000, one != "fr"))
        return RedirectResponse(f"{first}/", 303)

    async def _style(self, _request: Request) -> Response:
        return Response(showing.style(), media_type="text/css")

    async def _script(self, _request: Request) -> Response:
        return Response(showing.script(), media_type="text/javascript")

    async def _page(self, request: Request) -> Response:
        language = request.path_params["lang"]
        if language not in showing.LANGUAGES:
            return Response("no such page", 404)
        return HTMLResponse(showing.page(self._desk.view(), language, self._clock.now()))

    async def _events(self, _request: Request) -> Response:
        return StreamingResponse(self._changes(), media_type="text/event-stream")

    async def _changes(self) -> AsyncIterator[str]:
        """A line whenever what the page shows is another."""
        changed, loop = asyncio.Event(), asyncio.get_running_loop()
        told: object = None
        yield f"retry: {_RETRY}\n\n"

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the server stopped meanwhile
                loop.call_soon_threadsafe(changed.set)

        with self._desk.watched(wake):
            while not self._desk.closed():
                view = self._desk.view()
                shown = view.turn, view.version, showing.waiting(view, self._clock.now())
                yield f"data: {view.version}\n\n" if shown != told else ": \n\n"
                told = shown
                try:
                    await asyncio.wait_for(changed.wait(), _LOOK)
                    await asyncio.sleep(_GATHER)
                except TimeoutError:
                    pass
                changed.clear()

    async def _acted(self, request: Request) -> Response:
        language, action = request.path_params["lang"], request.path_params["action"]
        body = await _read(request)
        if language not in showing.LANGUAGES or action not in _ACTIONS:
            return Response("no such page", 404)
        if body is None:
            self._desk.refuse(self._desk.view().turn, "size")
            return RedirectResponse("./#now", 303)
        given = forms.fields(request.headers.get("content-type", ""), body)
        if action == "close":
            page = showing.page(self._desk.view(), language, self._clock.now(), "bench-closed.html.j2")
            return HTMLResponse(page, background=BackgroundTask(self._desk.close))
        turn = _text(given, "turn")
        await run_in_threadpool(self._act, action, turn, given)
        return RedirectResponse("./#now", 303)

    def _act(self, action: str, turn: str, given: dict[str, bytes]) -> None:
        desk = self._desk
        if action == "answer":
            self._answer(turn, given)
        elif action == "redo":
            desk.redo(turn, (_text(given, "profile"), _text(given, "scenario")))
        elif action == "restart":
            current = desk.view().current
            if current is not None:
                desk.redo(turn, current)
        elif action in ("play", "skip-next"):
            desk.play(turn, skip=action == "skip-next")
        else:
            {"skip": desk.skip, "done": desk.done, "end": desk.end}[action](turn)
        desk.settled(_PATIENCE)

    def _answer(self, turn: str, given: dict[str, bytes]) -> None:
        """Takes an answer in whole, or not at all."""
        answer, note = _text(given, "answer"), _text(given, "note")[:500].strip()
        if answer not in ANSWERS:
            self._desk.refuse(turn, "answer")
            return
        try:
            name = forms.keep(given.get("screenshot", b""), self._folder)
        except forms.Unusable as error:
            self._desk.refuse(turn, str(error))
            return
        told = {"answer": answer, "note": note, "screenshot": name}
        self._desk.answer(turn, {key: value for key, value in told.items() if value})

    async def _report(self, _request: Request) -> Response:
        """The report as it stands; its own policy stands in it."""
        text = await run_in_threadpool(lambda: render.html(workshop.report(self._folder)))
        return HTMLResponse(text, headers={"content-security-policy": "frame-ancestors 'none'"})

    async def _body(self, request: Request) -> Response:
        return self._kept(BODIES, request.path_params["name"], _BODY, "text/plain; charset=utf-8")

    async def _picture(self, request: Request) -> Response:
        name = request.path_params["name"]
        return self._kept(forms.SCREENSHOTS, name, _PICTURE, _KINDS.get(name.rpartition(".")[2], ""))

    def _kept(self, folder: str, name: str, form: re.Pattern[str], kind: str) -> Response:
        """A file of the run, of which nothing is run."""
        path = self._folder / folder / name
        if not form.match(name) or not path.is_file():
            return Response("no such file", 404)
        return FileResponse(path, media_type=kind, headers={"content-security-policy": _CARRIED})


_ACTIONS = ("play", "skip-next", "redo", "restart", "skip", "done", "answer", "end", "close")


async def _read(request: Request) -> bytes | None:
    """A body; None when it is too large to be taken."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size <= forms.MOST:
            parts.append(part)
    return b"".join(parts) if size <= forms.MOST else None


def _text(given: dict[str, bytes], name: str) -> str:
    return given.get(name, b"").decode("utf-8", "replace")
