"""The process that talks to the candidate: ended with its harness, never blamed on the candidate, used again."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from conformance.drive import carrier
from conformance.drive.carrier import Carrier
from conformance.drive.messages import Sending
from conformance.endpoint import Endpoint
from conformance.errors import HarnessError
from conformance.tests.drive.conftest import QUICK, run
from conformance.tests.drive.servers import bundle, entry, http, sends

GOOD = sends(http(bundle(entry("1"), total=1)))


@pytest.fixture
def alone():
    """A process that no probe uses."""
    made = Carrier()
    yield made
    made.end()


def get(server, path):
    return Sending("GET", f"{server.base}/{path}", ())


def gone(process):
    """Whether a process ends, within a few seconds."""
    for _ in range(100):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_requests_are_sent_in_their_order_and_an_urgent_one_before_those_that_wait(misbehaving, alone):
    def behave(connection, number):
        if number == 1:
            posted.wait(10)
        GOOD(connection, number)

    server, posted = misbehaving(behave), threading.Event()
    alone.open(Endpoint(server.base))
    numbers = [alone.post(get(server, "a"))]
    while not server.requests:
        time.sleep(0.01)
    numbers += [alone.post(get(server, name)) for name in "bc"]
    urgent = alone.post(get(server, "urgent"), urgent=True)
    time.sleep(0.2)  # they have arrived in the process by then, where they wait
    posted.set()
    for number in (urgent, *reversed(numbers)):
        assert alone.outcome(number).answer.status == 200
    assert [one.split()[1].rsplit(b"/", 1)[1] for one in server.requests] == [b"a", b"urgent", b"b", b"c"]


def test_a_process_that_dies_is_our_fault(misbehaving, tiny, tmp_path, monkeypatch):
    def behave(_connection, _number):
        carrier_of[0]._process.kill()
        time.sleep(0.5)

    carrier_of = []
    taken = carrier.take
    monkeypatch.setattr(carrier, "take", lambda: carrier_of.append(taken()) or carrier_of[-1])
    with pytest.raises(HarnessError, match="talks to the candidate ended"):
        run(tiny, Endpoint(misbehaving(behave).base, limits=QUICK), tmp_path / "run")
    assert not carrier_of[0].usable()


def test_a_process_that_cannot_be_started_is_our_fault(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(HarnessError, match="cannot be started"):
        Carrier()


def test_a_failure_of_ours_is_told_with_its_place_and_is_no_trouble_of_the_candidate(misbehaving, alone):
    server = misbehaving(GOOD)
    alone.open(Endpoint(server.base))
    with pytest.raises(HarnessError, match="carrying"):
        alone.outcome(alone.post(Sending("GET", f"{server.base}/x", (("X", None),))))
    assert alone.outcome(alone.post(get(server, "y"))).answer.status == 200


def test_a_process_is_used_again_unless_something_is_under_way(misbehaving):
    server = misbehaving(GOOD)
    first = carrier.take()
    first.open(Endpoint(server.base))
    assert first.outcome(first.post(get(server, "x"))).answer.status == 200
    first.release()
    again = carrier.take()
    assert again is first
    again.open(Endpoint(misbehaving(lambda _connection, _number: time.sleep(3)).base))
    again.post(get(server, "x"))
    again.release()
    assert not again.usable()
    assert carrier.take() is not first


def test_warm_starts_one_where_none_is_idle(monkeypatch):
    monkeypatch.setattr(carrier, "_idle", [])
    carrier.warm()
    carrier.warm()
    assert len(carrier._idle) == 1
    carrier.take().end()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_process_ends_with_the_harness_even_in_the_midst_of_a_request(misbehaving, how):
    server = misbehaving(lambda _connection, _number: time.sleep(20))
    script = f"""
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # it is ignored where the tests run in the background
from conformance.drive.carrier import Carrier
from conformance.drive.messages import Sending
from conformance.endpoint import Endpoint
made = Carrier()
made.open(Endpoint({server.base!r}))
number = made.post(Sending("GET", {server.base!r} + "/x", ()))
print(made._process.pid, flush=True)
made.outcome(number)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as harness:
        child = int(harness.stdout.readline())
        while not server.requests:
            time.sleep(0.05)
        harness.send_signal(how)
        harness.wait(10)
    assert gone(child)


def test_an_interrupt_from_the_keyboard_is_left_to_the_harness(misbehaving, alone):
    server = misbehaving(GOOD)
    alone.open(Endpoint(server.base))
    alone._process.send_signal(signal.SIGINT)
    assert alone.outcome(alone.post(get(server, "x"))).answer.status == 200


def test_a_request_that_outlives_every_limit_ends_the_process(misbehaving):
    script = """
import sys
sys.argv = ["carrying"]
from conformance.drive import carrying
carrying._GRACE = 0.1
carrying.fetch = lambda *_: __import__("time").sleep(30)
carrying.main()
"""
    server, made = misbehaving(GOOD), Carrier()
    made.end()
    made._process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.DEVNULL)
    made._asked, made._told = made._process.stdin, made._process.stdout
    made.open(Endpoint(server.base, limits=QUICK))
    started = time.monotonic()
    with pytest.raises(HarnessError, match="ended"):
        made.outcome(made.post(get(server, "x")))
    assert time.monotonic() - started < 20
    made.end()
