"""Runs of the matrix: among hostile responders, interrupted and gone on with, over a cluster of which a worker dies."""

import contextlib
import itertools
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from datetime import datetime

import pytest
import yaml

from conformance import data, matrix, visits
from conformance.clock import SystemClock
from conformance.crew import Crew
from conformance.errors import OperatorError
from conformance.events import Visited
from conformance.lanes import Lanes
from conformance.tests.matrix.stage import served, states, tour
from conformance.visiting import Call

NAMES = ("alpha", "beta", "gamma", "delta")


def cells(folder):
    found = visits.Visits(folder)
    return states(found.cell(one) for one in found)


def tried(folder, path, **wanted):
    made = tour(path, **wanted)
    made.into(folder, lambda _one: None)
    return cells(folder)


# --- hostile responders ---------------------------------------------------------------------------------------


def accepts_and_is_silent(_connection):
    time.sleep(60)


def resets(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def one_byte_a_second(connection):
    with contextlib.suppress(OSError):
        for byte in b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n\r\n" * 10:
            connection.sendall(bytes([byte]))
            time.sleep(1)


@contextlib.contextmanager
def hostile(manner):
    """A port at which everybody is treated in a manner; gives its number."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=manner, args=(listening.accept()[0],), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]


def test_hostile_responders_change_nothing_for_others(tmp_path):
    """Three of seven never answer, reset, send a byte a second: the others' cells are those of a run without them, and
    the run ends within its bound (pairs of a responder by the time of a pair, two at once)."""
    names, seconds = (*NAMES, "mute", "rude", "drip"), 3.0
    manners = {"mute": accepts_and_is_silent, "rude": resets, "drip": one_byte_a_second}
    with served(tmp_path / "keys", *names) as path, contextlib.ExitStack() as stack:
        before = tried(tmp_path / "before", path)
        document = yaml.safe_load(path.read_text())
        for one in document["rors"]:
            if one["id"] in manners:
                scheme = "http" if one["id"] == "drip" else "https"
                port = stack.enter_context(hostile(manners[one["id"]]))
                one["endpoint"]["base-url"] = f"{scheme}://127.0.0.1:{port}/fhir"
        path.write_text(yaml.safe_dump(document))
        begun = time.monotonic()
        after = tried(tmp_path / "after", path, seconds=seconds)
        spent = time.monotonic() - begun
    assert spent < len(names) * seconds / 2 + 10 * seconds
    assert {pair: cell for pair, cell in after.items() if pair[1] in NAMES} == {
        pair: cell for pair, cell in before.items() if pair[1] in NAMES}
    assert set(before.values()) == {("effective", "", "")}
    seen = {pair[1]: cell[:2] for pair, cell in after.items() if pair[1] not in NAMES}
    assert seen == {"mute": ("not-effective", "tls.silent"), "rude": ("not-effective", "tls.closed"),
                    "drip": ("not-effective", "http.silent")}


def test_a_responder_is_asked_at_its_pace(tmp_path):
    pace = 25
    with served(tmp_path / "keys", *NAMES[:3]) as path:
        document = yaml.safe_load(path.read_text())
        document["rors"][0]["endpoint"]["pace"] = pace
        path.write_text(yaml.safe_dump(document))
        tried(tmp_path / "run", path)
    begun = sorted(datetime.fromisoformat(line["started"]) for one in visits.Visits(tmp_path / "run")
                   if one.responder == NAMES[0] for line in one.lines if line["type"] == "exchange")
    gaps = [(after - before).total_seconds() for before, after in itertools.pairwise(begun)]
    assert len(gaps) > 20
    assert min(gaps) > 0.9 / pace


class Waiting:
    """A clock and a visit, to see which pairs are under way together."""

    def __init__(self, slow):
        self.slow, self.most, self.busy, self.lock = slow, {}, {}, threading.Lock()

    def visit(self, call):
        with self.lock:
            self.busy[call.responder] = self.busy.get(call.responder, 0) + 1
            self.most[call.responder] = max(self.most.get(call.responder, 0), self.busy[call.responder])
        time.sleep(2.4 if call.responder in self.slow else 0.01)  # beyond lanes.SLOW
        with self.lock:
            self.busy[call.responder] -= 1
        return Visited(call.requester, call.responder, "", "", 0.0, ())


def test_few_pairs_at_once_for_a_responder_and_what_is_slow_gives_way():
    from concurrent.futures import ThreadPoolExecutor

    waiting = Waiting({"slow-1", "slow-2"})
    calls = [Call(f"r{number}", responder, None, "", (), 5) for responder in ("slow-1", "slow-2", "a", "b")
             for number in range(4)]
    with ThreadPoolExecutor(16) as pool:
        seen = [(one.responder, time.monotonic()) for one in Lanes(calls, pool, SystemClock(), at_once=4,
                                                                   visit=waiting.visit).visited()]
    assert max(waiting.most.values()) == 2
    ended = {name: max(at for responder, at in seen if responder == name) for name in ("slow-1", "a", "b")}
    assert ended["a"] < ended["slow-1"]
    assert ended["b"] < ended["slow-1"]
    assert len(seen) == 16


# --- interrupted ------------------------------------------------------------------------------------------------


def test_a_killed_run_goes_on_with_what_it_lacks(tmp_path):
    with served(tmp_path / "keys", *NAMES) as path:
        whole = tried(tmp_path / "whole", path)
        folder = tmp_path / "run"
        command = [sys.executable, "-m", "conformance", "matrix", str(path), "--out", str(folder), "--format", "json",
                   "--at-once", "1"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        record = folder / "record.jsonl"
        while not (record.is_file() and record.read_text().count('"type":"pair"') >= 3):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        left = visits.Visits(folder)
        known = len(list(left))
        assert 3 <= known < len(whole)
        assert not left.complete
        with record.open("ab") as cut:
            cut.write(b'{"type":"visit","pair":["alp')
        done = subprocess.run([*command, "--resume"], stdout=subprocess.PIPE, timeout=120)
        assert done.returncode == 0
        assert json.loads(done.stdout)["complete"]
        assert cells(folder) == whole
        found = [(one.requester, one.responder) for one in visits.Visits(folder)]
        assert len(found) == len(set(found))
        again = subprocess.run([*command, "--resume"], capture_output=True, text=True, timeout=120)
        assert again.returncode == 4
        assert "complete" in again.stderr


def test_what_was_not_begun_in_time_is_not_tested_and_can_be_tried_later(tmp_path):
    with served(tmp_path / "keys", *NAMES[:2]) as path:
        made = tour(path, minutes=1e-9)
        made.into(tmp_path / "run", lambda _one: None)
        found = visits.Visits(tmp_path / "run")
        assert list(found) == []
        assert not found.complete
        tour(path).into(tmp_path / "run", lambda _one: None, resume=True)
        assert set(cells(tmp_path / "run").values()) == {("effective", "", "")}
        for other, said in (({"requesters": ("alpha",)}, "planned"), ({"vantage": "there"}, "vantage"),
                            ({"use_cases": ("orientation-ssr",)}, "use-cases")):
            with pytest.raises(OperatorError, match=f"of other {said}"):
                tour(path, **other).into(tmp_path / "run", lambda _one: None, resume=True)


def test_names_that_nobody_has_are_told(tmp_path):
    with served(tmp_path / "keys", *NAMES[:2]) as path:
        with pytest.raises(OperatorError, match="did you mean 'alpha'"):
            tour(path, requesters=("alpa",))
        made = tour(path, requesters=("alpha",), responders=("beta",))
        assert [call.pair for call in made.calls] == [("alpha", "beta")]


def test_a_certificate_that_cannot_be_used_is_nobodys_fault(tmp_path):
    with served(tmp_path / "keys", *NAMES[:2]) as path:
        (tmp_path / "keys" / "client-alpha.key").write_text("no key")
        (tmp_path / "keys" / "client-beta.pem").write_text("no certificate")
        found = tried(tmp_path / "run", path)
    assert {pair: cell[:2] for pair, cell in found.items()} == {
        ("alpha", "beta"): ("not-tested", "untested.configuration"),
        ("beta", "alpha"): ("not-tested", "untested.configuration")}


def test_a_key_with_a_password_asks_nobody_for_it(tmp_path):
    from cryptography.hazmat.primitives import serialization

    with served(tmp_path / "keys", *NAMES[:2]) as path:
        key = tmp_path / "keys" / "client-alpha.key"
        held = serialization.load_pem_private_key(key.read_bytes(), None)
        key.write_bytes(held.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                           serialization.BestAvailableEncryption(b"secret")))
        command = [sys.executable, "-m", "conformance", "matrix", str(path), "--out", str(tmp_path / "run"), "--format",
                   "json", "--requester", "alpha"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              start_new_session=True)
    assert done.returncode == 0
    assert {cell[:2] for cell in cells(tmp_path / "run").values()} == {("not-tested", "untested.configuration")}


def test_nothing_of_a_pair_that_ran_out_of_time_is_effective(tmp_path):
    with served(tmp_path / "keys", *NAMES[:2]) as path:
        document = yaml.safe_load(path.read_text())
        document["rors"][0]["endpoint"]["pace"] = 6
        path.write_text(yaml.safe_dump(document))
        found = tried(tmp_path / "run", path, seconds=2.2)
    assert found["beta", "alpha"][:2] == ("not-tested", "untested.time")
    assert found["alpha", "beta"][0] == "effective"


def test_what_cannot_be_tried_in_a_version_is_told(tmp_path):
    with served(tmp_path / "keys", *NAMES[:2]) as path:
        other = data.path("scenarios", "orientation-ssr", "uc-03-1-un-critere.yaml")
        found = tried(tmp_path / "run", path, scenarios=(str(other),))
    assert {cell[:2] for cell in found.values()} == {("not-tested", "untested.no-scenario")}


@pytest.mark.parametrize("words", [("--use-case", "nonsens"), ("--seconds", "nan"), ("--compare", "/nosuch"), ("--resume",)])
def test_what_is_asked_wrongly_is_told_before_anything_is_tried(tmp_path, words):
    with served(tmp_path / "keys", *NAMES[:2]) as path:
        out = () if words == ("--resume",) else ("--out", str(tmp_path / "run"))
        done = subprocess.run([sys.executable, "-m", "conformance", "matrix", str(path), *out, *words],
                              capture_output=True, text=True, timeout=60)
    assert done.returncode == (4 if words[0] == "--compare" else 2), done.stderr
    assert not (tmp_path / "run").exists()


# --- processes of this machine ------------------------------------------------------------------------------------


def test_processes_give_the_same_cells(tmp_path):
    wrong = {"requesters": {"alpha": {"certificate": "expired"}}}
    with served(tmp_path / "keys", *NAMES, **wrong) as path:
        alone = tried(tmp_path / "alone", path)
        with Crew(2, 8) as crew:
            tour(path).into(tmp_path / "spread", lambda _one: None, executor=crew)
    assert cells(tmp_path / "spread") == alone


def test_a_process_that_dies_is_told_as_ours(tmp_path):
    with served(tmp_path / "keys", *NAMES) as path:
        alone = tried(tmp_path / "alone", path)
        with Crew(1, 8) as crew:
            killed = []

            def told(_one):
                if not killed:
                    os.kill(crew.processes[0].pid, signal.SIGKILL)
                    killed.append(True)

            tour(path).into(tmp_path / "spread", told, executor=crew)
    found = cells(tmp_path / "spread")
    assert set(found) == set(alone)
    assert {cell[:2] for cell in found.values()} == {("effective", ""), ("not-tested", "untested.harness")}


def test_a_fault_of_ours_is_told_as_ours(tmp_path, monkeypatch):
    from conformance import visiting

    monkeypatch.setattr(visiting, "greeting", lambda *_: 1 / 0)
    with served(tmp_path / "keys", *NAMES[:2]) as path:
        found = tried(tmp_path / "run", path)
    assert {cell[:2] for cell in found.values()} == {("not-tested", "untested.harness")}


# --- over a cluster ---------------------------------------------------------------------------------------------


@pytest.fixture
def cluster():
    """Two workers, each a process."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed (extra: cluster)")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None,
                                  host="127.0.0.1") as made:
        yield made


def test_a_cluster_gives_the_same_cells(tmp_path, cluster):
    wrong = {"requesters": {"alpha": {"certificate": "expired"}}, "responders": {"beta": {"leaves-out": ["gamma"]}}}
    with served(tmp_path / "keys", *NAMES, **wrong) as path:
        alone = tried(tmp_path / "alone", path)
        with matrix.executor(cluster.scheduler_address) as chosen:
            tour(path).into(tmp_path / "spread", lambda _one: None, executor=chosen)
    assert cells(tmp_path / "spread") == alone
    assert {cell[1] for cell in alone.values()} == {"", "client.expired", "list.refused"}


def test_a_worker_that_dies_loses_no_cell(tmp_path, cluster):
    killed = []

    def told(_one):
        if not killed:
            worker = next(iter(cluster.workers.values()))
            os.kill(worker.pid, signal.SIGKILL)
            killed.append(worker.pid)

    with served(tmp_path / "keys", *NAMES) as path:
        alone = tried(tmp_path / "alone", path)
        with matrix.executor(cluster.scheduler_address) as chosen:
            tour(path).into(tmp_path / "spread", told, executor=chosen)
    assert killed
    assert cells(tmp_path / "spread") == alone
    found = visits.Visits(tmp_path / "spread")
    assert len(list(found)) == len(alone)
    assert found.complete


def test_a_cluster_that_is_not_there_is_told(monkeypatch):
    pytest.importorskip("distributed", reason="Dask is not installed (extra: cluster)")
    monkeypatch.setattr(matrix, "_PATIENCE", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(OperatorError, match="no cluster answers"), matrix.executor(f"tcp://127.0.0.1:{port}"):
        pass
