"""An operator and an application for the page of the bench, over real sockets."""

import functools
import re
import threading
import time
from contextlib import contextmanager

import httpx

from conformance import profile, workshop
from conformance.clock import SystemClock
from conformance.model import Candidate
from conformance.page.host import Host
from conformance.reference.consumer import Application

LATEST = profile.known()[-1]
SOME = ("socle/c01-jeton-et-entetes", "socle/c03-pages", "socle/c12-extension-inconnue")
WAIT = 15.0


@functools.cache
def campaign(only=SOME, scenarios=(), product="Appli", seed=2017):
    who = Candidate(product, "1", "V", "consumer", (LATEST,), ())
    return workshop.campaign(who, workshop.Choice(only=only, scenarios=scenarios, seed=seed))


class Bench:
    """A bench in this process, whose engine runs in a thread."""

    def __init__(self, made, folder):
        self.made, self.folder, self.events, self.error = made, folder, [], None
        self.abandoned = False
        self.host = Host(made, folder, SystemClock(), 60)

    def __enter__(self):
        self.host.__enter__()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def _run(self):
        try:
            self.host.run(self.events.append)
        except Exception as error:
            self.error = error

    def ended(self):
        self._thread.join(WAIT)
        assert not self._thread.is_alive()

    def __exit__(self, *told):
        if self.abandoned:  # the engine stays where it is, as if it had been killed
            self.host._hall.between = self._killed
        elif self._thread.is_alive():
            self.host._desk.end(self.view.turn)
        self._thread.join(WAIT)
        self.host.__exit__(*told)

    def _killed(self):
        raise RuntimeError("killed")

    @property
    def view(self):
        return self.host._desk.view()

    @property
    def endpoint(self):
        return self.view.endpoint


class Operator:
    """Presses buttons of the page without a browser."""

    def __init__(self, address, language="en"):
        self.http = httpx.Client(base_url=f"{address}{language}/", trust_env=False, timeout=20.0)

    def page(self):
        answer = self.http.get("")
        assert answer.status_code == 200
        return answer.text

    def turn(self):
        return re.search(r'data-turn="([^"]+)"', self.page())[1]

    def press(self, action, files=None, **fields):
        fields.setdefault("turn", self.turn())
        answer = self.http.post(action, data=fields, files=files or {})
        assert answer.status_code in (303, 200), answer.text
        return answer

    def until(self, words, seconds=WAIT):
        end = time.monotonic() + seconds
        while words not in (text := self.page()):
            assert time.monotonic() < end, f"{words!r} is not shown"
            time.sleep(0.05)
        return text


@contextmanager
def application(endpoint, fault=""):
    made = Application(endpoint, fault)
    try:
        yield made
    finally:
        made.close()


def acts(bench, app):
    """The application does what the page asks; its user sees what it shows."""
    task = bench.view.task
    scenario = next(one.scenario for one in bench.made.planned if (one.profile.id, one.scenario.id) == bench.view.current)
    return app.do(scenario.steps[task.number - 1].action.name, dict(task.values))["shown"]
