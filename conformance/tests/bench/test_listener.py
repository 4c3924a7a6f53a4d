"""The listener: what comes in is kept as it was sent, at the address of its scenario and nowhere else."""

import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from conformance.clock import SystemClock
from conformance.drive.channel import Reply
from conformance.drive.ear import Ear
from conformance.drive.listener import Listener
from conformance.errors import HarnessError


async def echo(scope, receive, send):
    message = await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": scope["path"].encode() + b" " + message["body"]})


@pytest.fixture
def listener():
    with Listener(SystemClock()) as made:
        yield made


def plain(_method, _path):
    return None


def test_a_request_is_kept_as_it_was_sent(listener):
    channel = listener.open(echo, plain)
    url = f"{listener.address(channel)}/a%20b/c?x=1%7C2&y=%2B"
    told = httpx.post(url, content=b"body", headers={"X-One": "1"})
    assert told.text == "/a b/c body"
    one, = channel.take()
    assert (one.method, one.path, one.query, one.body, one.status) == ("POST", "/a%20b/c", "x=1%7C2&y=%2B", b"body", 200)
    assert dict(one.headers)["x-one"] == "1"
    assert channel.take() == []


def test_two_applications_at_a_time_never_meet(listener):
    channels = [listener.open(echo, plain) for _ in range(2)]

    def ask(number):
        with httpx.Client() as client:
            for turn in range(50):
                client.get(f"{listener.address(channels[number % 2])}/{number % 2}/{number}/{turn}")

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(ask, range(20)))
    for which, channel in enumerate(channels):
        heard = channel.take()
        assert len(heard) == 500
        assert {one.path.split("/")[1] for one in heard} == {str(which)}


def test_what_is_closed_or_unknown_is_nowhere(listener):
    channel = listener.open(echo, plain)
    address = listener.address(channel)
    listener.close(channel)
    for url in (address, f"{listener.origin}/", f"{listener.origin}/else/Location?token=canary"):
        assert httpx.get(url).status_code == 404
    assert channel.take() == []
    strays, more = listener.strays()
    assert [(one.method, one.path, one.query, one.status) for one in strays] == [
        ("GET", f"/{channel.key}", "", 404), ("GET", "/", "", 404), ("GET", "/else/Location", "token=[masked]", 404)]
    assert more == 0


def test_manners_answer_in_the_place_of_the_application(listener):
    replies = iter([Reply(503, (("retry-after", "1"),), b"busy"), Reply(cut="closed"), None])
    channel = listener.open(echo, lambda _method, _path: next(replies))
    url = f"{listener.address(channel)}/x"
    with httpx.Client() as client:
        assert client.get(url).headers["retry-after"] == "1"
        with pytest.raises(httpx.RemoteProtocolError):
            client.get(url)
        assert client.get(url).status_code == 200
    assert [(one.status, one.cut) for one in channel.take()] == [(503, ""), (0, "closed"), (200, "")]


def test_a_manner_that_fails_is_seen_in_the_record(listener):
    def failing(_method, _path):
        raise KeyError("x")

    channel = listener.open(echo, failing)
    assert httpx.get(listener.address(channel)).status_code == 500
    one, = channel.take()
    assert (one.status, one.answer) == (500, b"the bench failed: KeyError")


def test_it_ends_though_answers_are_on_their_way():
    with Listener(SystemClock()) as made, ThreadPoolExecutor(1) as pool:
        channel = made.open(echo, lambda _method, _path: Reply(delay=60))
        asked = pool.submit(httpx.get, made.address(channel), timeout=60)
        while channel.idle():
            pass
        started = SystemClock().monotonic()
        made.__exit__(None, None, None)
        assert SystemClock().monotonic() - started < 5
        with pytest.raises(httpx.TransportError):
            asked.result(5)
    assert channel.take() == []


def test_it_grants_itself_the_files_that_connections_need():
    told = subprocess.run([sys.executable, "-c", (
        "import resource\n"
        "from conformance.clock import SystemClock\n"
        "from conformance.drive.listener import Listener\n"
        "hard = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 65536)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (128, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))\n"
        "with Listener(SystemClock()):\n"
        "    print(resource.getrlimit(resource.RLIMIT_NOFILE)[0] == hard)\n")], capture_output=True, text=True, check=True)
    assert told.stdout == "True\n"


def test_slow_connections_delay_nobody(listener):
    channel = listener.open(echo, plain)
    host, port = listener.origin.removeprefix("http://").split(":")
    slow = [socket.create_connection((host, int(port)), timeout=10) for _ in range(200)]
    try:
        for one in slow:
            one.sendall(b"GET /" + channel.key.encode() + b"/slow HTTP/1.1\r\n")
        started = SystemClock().monotonic()
        for _ in range(20):
            assert httpx.get(f"{listener.address(channel)}/quick").status_code == 200
        assert SystemClock().monotonic() - started < 20
    finally:
        for one in slow:
            one.close()
    assert {one.path for one in channel.take() if not one.refused} == {"/quick"}


def test_waiting_ends_when_something_comes_in(listener):
    channel = listener.open(echo, plain)
    threading.Timer(0.2, lambda: httpx.get(f"{listener.address(channel)}/x")).start()
    started = SystemClock().monotonic()
    channel.wait(30)
    assert SystemClock().monotonic() - started < 20
    assert len(channel.take()) == 1


def test_a_port_that_is_taken_is_told(listener):
    port = int(listener.origin.rpartition(":")[2])
    with pytest.raises(HarnessError, match="cannot be listened on"):
        Listener(SystemClock(), port=port).__enter__()


def test_tokens_and_secrets_never_reach_an_exchange(listener):
    async def token(_scope, receive, send):
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b'{"access_token": "canary-token-1234", "expires_in": 300}'})

    channel = listener.open(token, plain)
    address = listener.address(channel)
    httpx.post(f"{address}/auth/token", data={"client_id": "app", "client_secret": "canary-secret-5678"})
    httpx.get(f"{address}/ws/Location?t=canary-token-1234", headers={"Authorization": "Bearer canary-token-1234"})
    ear = Ear(lambda vault: vault.body)
    told = [ear.exchange(one, address, {"/ws": "", "/auth": "auth"}) for one in channel.take()]
    assert "canary" not in repr([(one.request, one.response.body, one.response.headers) for one in told])
    assert [one.request.url for one in told] == ["[base auth]/token", "[base]/Location?t=[token 1]"]
    assert told[1].request.headers[-1] == ("authorization", "Bearer [token 1]")


def test_a_server_that_starts_beside_it_turns_no_log_on(capfd):
    def starts():
        with Listener(SystemClock()):
            pass

    with Listener(SystemClock()) as made, ThreadPoolExecutor(4) as pool:
        channel = made.open(echo, plain)
        others = [pool.submit(starts) for _ in range(12)]
        while not all(one.done() for one in others):
            assert httpx.get(f"{made.address(channel)}/x").status_code == 200
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "")
