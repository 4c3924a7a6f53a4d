"""A campaign by hand: the application is received at one address, the operator at another, and the engine between."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import uvicorn

from conformance import ledger, workshop
from conformance.bench import prepared
from conformance.clock import Clock
from conformance.continued import earlier_of
from conformance.doors import Door, Doors
from conformance.drive import serving
from conformance.drive.ear import Ear
from conformance.engine.consume import Consuming
from conformance.engine.usher import Earlier
from conformance.errors import HarnessError
from conformance.events import Event
from conformance.page import kept
from conformance.page.desk import Desk
from conformance.page.hall import ByHand, OperatedHall, Teller, facts
from conformance.page.scene import ASIDE, OVER, TODO, Row
from conformance.page.site import Site
from conformance.plan import Campaign
from conformance.report.model import Report

_HOST = "127.0.0.1"


class Host:
    """``with Host(made, folder, clock, offers) as host``: the page is at ``host.address`` until the block ends."""

    def __init__(self, made: Campaign, folder: Path, clock: Clock, offers: int, port: int = 0,
                 secure: bool = False) -> None:
        self._made, self._folder, self._clock = made, folder, clock
        self._generation, self._data, self._resources = prepared(made, offers)
        self._earlier = earlier_of(made, self._data, folder)
        self._kept = kept.kept(folder, port)
        self._secure = secure
        self._open = contextlib.ExitStack()
        self.address = ""

    def __enter__(self) -> Host:
        with contextlib.ExitStack() as stack:
            self._enter(stack)
            self._open = stack.pop_all()
        return self

    def _enter(self, stack: contextlib.ExitStack) -> None:
        doors = stack.enter_context(Doors(self._clock, self._kept.port, self._secure))
        door = Door(doors, self._kept.key, (self._kept.client, self._kept.secret))
        rows = _rows(self._made, self._earlier, self._folder)
        self._desk = Desk(rows, door.endpoint(), facts(self._made), again=self._earlier is not None,
                          busy=lambda: door.channel.idle() == 0.0)
        earlier = self._earlier or Earlier()
        ear = Ear(self._generation.scrub, earlier.exchanges)
        for kind, clear in (("secret", self._kept.secret), ("address", self._kept.key)):
            ear.vault.secret(kind, clear)
        self._hall = OperatedHall(door, ear, self._generation, self._resources, self._desk, self._clock, self._made)
        self._book = ledger.Ledger(self._folder, resume=self._earlier is not None)
        stack.callback(self._book.close)
        bound = stack.enter_context(_bound(self._kept.page_port))
        site = Site(self._desk, self._folder, self._kept.page_key, self._clock, lambda: f"{_HOST}:{port}")
        port = bound.getsockname()[1]
        stack.enter_context(_serving(site, bound, self._clock))
        stack.callback(self._desk.close)  # before the server: pages that listen are let go
        self.address = f"http://{_HOST}:{port}/{self._kept.page_key}/"
        came_in = int(doors.listener(doors.usual).origin.rpartition(":")[2])
        kept.keep(self._folder, replace(self._kept, port=came_in, page_port=port))

    def __exit__(self, *_told: object) -> None:
        self._open.close()

    def run(self, told: Callable[[Event], None]) -> Report:
        """Runs the campaign to its end, as the operator calls for it, and writes its reports. What stops it is shown on
        the page, too."""
        try:
            workshop.keep_inputs(self._made, self._book)
            teller = Teller(self._desk, self._hall, self._made, told)
            usher = ByHand(self._desk, self._made.planned, self._earlier or Earlier())
            run = Consuming(self._made, self._generation, self._hall, self._clock, self._data, usher, self._earlier)
            for event in run.events():
                self._book.write(event)
                teller.tell(event)
            self._book.close()
            report = workshop.report(self._folder)
            workshop.write_report(report, self._folder)
        except Exception as error:
            self._desk.failed(f"{type(error).__name__}: {error}")
            raise
        kept.forget(self._folder)
        self._desk.finished(report.decision.word, str(self._folder))
        return report

    def until_closed(self) -> None:
        """Waits until the operator closes the page."""
        self._desk.until_closed()


def _rows(made: Campaign, earlier: Earlier | None, folder: Path) -> Sequence[Row]:
    verdicts: Mapping[tuple[str, str], str] = {}
    if earlier is not None:
        verdicts = {(line["profile"], line["scenario"]): line["verdict"]
                    for line in ledger.read(folder).of_type("scenario")}
    rows = [Row((one.profile.id, one.scenario.id), one.scenario.title, ASIDE if one.skip else TODO)
            for one in made.planned]
    return [replace(row, state=OVER, verdict=verdicts[row.where]) if row.where in verdicts else row for row in rows]


@contextlib.contextmanager
def _bound(port: int) -> Iterator[socket.socket]:
    try:
        made = serving.bound(_HOST, port, 64)
    except OSError as error:
        raise HarnessError(f"{_HOST}:{port}, the address of the page, is not free ({error.strerror}); stop what "
                           f"listens there, or remove {kept.FILE} from --out") from None
    with made:
        yield made


@contextlib.contextmanager
def _serving(site: Site, on: socket.socket, clock: Clock) -> Iterator[None]:
    """The page is served by a thread of its own."""
    server = serving.Quiet(uvicorn.Config(
        site.app, ws="none", lifespan="off", log_level="critical", access_log=False, server_header=False,
        timeout_graceful_shutdown=1, log_config=None))
    thread = serving.started(server, on, "page", clock)
    try:
        yield
    finally:
        serving.ended(server, thread)
