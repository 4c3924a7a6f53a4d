"""What is malformed, ambiguous or too large is refused within two seconds, kept with the reason, and disturbs nobody."""

import contextlib
import socket
import time

import httpx
import pytest

from conformance.clock import SystemClock
from conformance.drive.ear import Ear
from conformance.drive.listener import Listener
from conformance.tests.bench.test_listener import echo, plain

HOST = b"Host: a\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
KEY = "KEY"  # stands for that of a channel in what is sent

CASES = {
    "no request line": (b"nonsense\r\n\r\n", 400, "illegal request line", False),
    "empty line": (b"\r\n\r\n", 400, "no request line received", False),
    "NUL in the request line": (b"GET /KEY/\x00 HTTP/1.1\r\n" + HOST + b"\r\n", 400, "illegal request line", True),
    "byte beyond ASCII": ("GET /KEY/é HTTP/1.1\r\n".encode() + HOST + b"\r\n", 400, "illegal request line", True),
    "no version": (b"GET /KEY/x\r\n\r\n", 400, "illegal request line", True),
    "HTTP/0.9 of a kind": (b"GET /KEY/x HTTP/0.9\r\n" + HOST + b"\r\n", 400, "HTTP/0.9 in place of HTTP/1.1", True),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "HTTP/2.0 in place of HTTP/1.1", False),
    "TLS": (bytes.fromhex("1603010200010001fc0303") + b"\x00" * 40, 400, "TLS, where plain HTTP is spoken", False),
    "no host": (b"GET /KEY/x HTTP/1.1\r\n\r\n", 400, "Missing mandatory Host: header", True),
    "two hosts": (b"GET /KEY/x HTTP/1.1\r\n" + HOST * 2 + b"\r\n", 400, "Found multiple Host: headers", True),
    "NUL in a header": (b"GET /KEY/x HTTP/1.1\r\n" + HOST + b"X: a\x00b\r\n\r\n", 400, "illegal header line", True),
    "space before the colon": (
        b"GET /KEY/x HTTP/1.1\r\n" + HOST + b"X : a\r\n\r\n", 400, "illegal header line", True),
    "folded header": (b"GET /KEY/x HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n", 400, "a header folded over lines", True),
    "bare LF": (b"GET /KEY/x HTTP/1.1\n" + HOST + b"\r\n", 400, "a line that does not end by CR LF", True),
    "bare LF at the end": (b"GET /KEY/x HTTP/1.1\r\n" + HOST + b"\n", 400, "a line that does not end by CR LF", True),
    "bare CR": (b"GET /KEY/x HTTP/1.1\r\n" + HOST + b"X: a\rb\r\n\r\n", 400, "illegal header line", True),
    "long headers": (
        b"GET /KEY/x HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 20_000 + b"\r\n", 431, "headers of more than 65536 bytes", True),
    "endless headers": (b"GET /KEY/x HTTP/1.1\r\nX: " + b"y" * 90_000, 431, "Receive buffer too long", True),
    "length and chunks": (
        b"POST /KEY/x HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n" + CHUNKED + b"\r\n0\r\n\r\nGET /KEY/y HTTP/1.1\r\n",
        400, "both Content-Length and Transfer-Encoding", True),
    "two lengths": (
        b"POST /KEY/x HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400,
        "conflicting Content-Length headers", True),
    "the same length twice": (
        b"POST /KEY/x HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n" * 2 + b"\r\nabc", 400,
        "several values of Content-Length", True),
    "a list of lengths": (
        b"POST /KEY/x HTTP/1.1\r\n" + HOST + b"Content-Length: 3, 3\r\n\r\nabc", 400, "several values of Content-Length", True),
    "a signed length": (
        b"POST /KEY/x HTTP/1.1\r\n" + HOST + b"Content-Length: +3\r\n\r\nabc", 400, "bad Content-Length", True),
    "another coding": (
        b"POST /KEY/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 400,
        "Only Transfer-Encoding: chunked is supported", True),
    "chunks in HTTP/1.0": (
        b"POST /KEY/x HTTP/1.0\r\n" + HOST + CHUNKED + b"\r\n0\r\n\r\n", 400, "Transfer-Encoding in HTTP/1.0", True),
    "bad chunk": (b"POST /KEY/x HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\nzz\r\nabc\r\n", 400, "illegal chunk header", True),
    "bad end of chunk": (
        b"POST /KEY/x HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\n3\r\nabcdef\r\n", 400, "malformed chunk footer", True),
    "absolute": (b"GET http://b/KEY/x HTTP/1.1\r\n" + HOST + b"\r\n", 400, "a target that is not a path", True),
    "authority": (b"CONNECT b:443 HTTP/1.1\r\n" + HOST + b"\r\n", 400, "a target that is not a path", False),
    "asterisk": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 400, "a target that is not a path", False),
    "out of the address": (b"GET /KEY/../OTHER/x HTTP/1.1\r\n" + HOST + b"\r\n", 400, "a segment of dots in the path", True),
    "encoded dots": (
        b"GET /KEY/%2e%2e/OTHER/x HTTP/1.1\r\n" + HOST + b"\r\n", 400, "a segment of dots in the path", True),
    "encoded dots and slash": (
        b"GET /KEY/%2e%2e%2fOTHER/x HTTP/1.1\r\n" + HOST + b"\r\n", 400, "an encoded slash, or a backslash, in the path", True),
    "empty segment": (b"GET /KEY//x HTTP/1.1\r\n" + HOST + b"\r\n", 400, "an empty segment in the path", True),
    "empty first segment": (b"GET //KEY/x HTTP/1.1\r\n" + HOST + b"\r\n", 400, "an empty segment in the path", True),
    "encoded NUL": (
        b"GET /KEY/%00 HTTP/1.1\r\n" + HOST + b"\r\n", 400, "an encoded control character in the path", True),
    "encoded line": (
        b"GET /KEY/%0d%0aX HTTP/1.1\r\n" + HOST + b"\r\n", 400, "an encoded control character in the path", True),
    "encoded slash": (
        b"GET /KEY/a%2Fb HTTP/1.1\r\n" + HOST + b"\r\n", 400, "an encoded slash, or a backslash, in the path", True),
    "empty segment, asked by HEAD": (
        b"HEAD /KEY//x HTTP/1.1\r\n" + HOST + b"\r\n", 400, "an empty segment in the path", True),
    "fragment": (b"GET /KEY/a#b HTTP/1.1\r\n" + HOST + b"\r\n", 400, "a # in the target", True),
    "large body": (
        b"POST /KEY/x HTTP/1.1\r\n" + HOST + b"Content-Length: 16777217\r\n\r\n", 413, "a body of more than 16777216 bytes", True),
}


@pytest.fixture(scope="module")
def listener():
    with Listener(SystemClock()) as made:
        yield made


def connected(listener):
    host, port = listener.origin.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=2)


def answered(peer):
    """What is answered until the end, which comes within two seconds."""
    told, until = b"", time.monotonic() + 2
    with contextlib.suppress(ConnectionError):
        while part := peer.recv(65536):
            told += part
            assert time.monotonic() < until
    return told


def until_taken(channel, count=1, seconds=2):
    found, until = [], time.monotonic() + seconds
    while len(found) < count and time.monotonic() < until:
        channel.wait(0.05)
        found += channel.take()
    return found


@pytest.mark.parametrize("case", CASES)
def test_it_is_refused_and_kept_in_its_channel_alone(listener, case):
    raw, status, reason, named = CASES[case]
    mine, other = listener.open(echo, plain), listener.open(echo, plain)
    before = len(listener.strays()[0])
    with connected(listener) as peer:
        peer.sendall(raw.replace(b"KEY", mine.key.encode()).replace(b"OTHER", other.key.encode()))
        assert httpx.get(f"{listener.address(other)}/meanwhile").status_code == 200
        head, _, body = answered(peer).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert (body == b"") is raw.startswith(b"HEAD ")
    assert [(one.path, one.refused) for one in other.take()] == [("/meanwhile", "")]
    one, = mine.take() if named else listener.strays()[0][before:]
    assert (one.status, one.refused, one.peer.client) == (status, reason, "")
    assert 0 < len(one.body) <= 4096
    assert len(listener.strays()[0]) - before == (0 if named else 1)


def test_a_key_in_other_case_is_nobodys(listener):
    channel = listener.open(echo, plain)
    for key in (channel.key.swapcase(), f"%{ord(channel.key[0]):02x}{channel.key[1:]}"):
        assert httpx.get(f"{listener.origin}/{key}/x").status_code == 404
        assert listener.strays()[0][-1].path == f"/{key}/x"
    assert channel.take() == []


@pytest.mark.parametrize(("raw", "reason"), [
    (b"GET /KEY/x HTTP/1.1\r\nHos", "closed in the middle of the headers"),
    (b"POST /KEY/x HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\n\r\nabc", "closed in the middle of the body"),
    (b"POST /KEY/x HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\n3\r\nabc\r\n", "closed in the middle of the body"),
])
def test_what_ends_too_soon_reaches_no_application(listener, raw, reason):
    channel = listener.open(echo, plain)
    with connected(listener) as peer:
        peer.sendall(raw.replace(b"KEY", channel.key.encode()))
        time.sleep(0.1)
    one, = until_taken(channel)
    assert (one.status, one.refused, one.path) == (0, reason, "/x")


def test_an_answer_is_finished_before_what_follows_it_is_refused(listener):
    channel = listener.open(echo, plain)
    with connected(listener) as peer:
        peer.sendall(b"GET /KEY/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /KEY/2\r\n\r\n".replace(b"KEY", channel.key.encode()))
        told = answered(peer)
    assert told.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 400 " in told
    assert [(one.path, one.status, one.refused) for one in channel.take()] == [
        ("/1", 200, ""), ("/2", 400, "illegal request line")]


def test_what_follows_the_last_request_is_told_and_takes_no_answer_away(listener):
    async def late(scope, receive, send):
        time.sleep(0.2)
        await echo(scope, receive, send)

    channel = listener.open(late, plain)
    with connected(listener) as peer:
        peer.sendall(f"GET /{channel.key}/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        time.sleep(0.05)
        peer.sendall(f"GET /{channel.key}/2 HTTP/1.1\r\n".encode())
        assert answered(peer).startswith(b"HTTP/1.1 200 ")
    assert [(one.path, one.status) for one in channel.take() if not one.refused] == [("/1", 200)]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_beyond_bounds_is_not_taken_in_and_its_sender_learns_why(listener, chunked):
    channel = listener.open(echo, plain)
    piece = b"x" * 1024 * 1024
    head = CHUNKED if chunked else b"Content-Length: 104857600\r\n"
    sent = 0
    with connected(listener) as peer:
        peer.sendall(b"POST /" + channel.key.encode() + b"/x HTTP/1.1\r\n" + HOST + head + b"\r\n")
        with contextlib.suppress(OSError):
            for _ in range(100):
                peer.sendall(b"100000\r\n" + piece + b"\r\n" if chunked else piece)
                sent += 1
        assert answered(peer).startswith(b"HTTP/1.1 413 ")
    assert sent < 100
    one, = channel.take()
    assert (one.status, one.refused) == (413, "a body of more than 16777216 bytes")
    assert httpx.get(f"{listener.address(channel)}/after").status_code == 200


def test_a_client_reads_why_its_body_is_refused(listener):
    channel = listener.open(echo, plain)
    with httpx.Client(timeout=30) as client:
        told = client.post(listener.address(channel), content=b"x" * (17 * 1024 * 1024))
        assert (told.status_code, told.json()["issue"][0]["diagnostics"]) == (413, "a body of more than 16777216 bytes")
        assert client.post(listener.address(channel), content=b"x" * (16 * 1024 * 1024)).status_code == 200


def test_secrets_of_what_is_refused_reach_no_record(listener):
    channel = listener.open(echo, plain)
    raw = (f"POST /{channel.key}/token?access_token=canary1 HTTP/1.1\r\nHost : a\r\n"
           "Authorization: Bearer canary2\r\n canary3\r\nCookie : s=canary4\r\nX-API-Key: canary5\r\n\r\n"
           'client_id=app&client_secret=canary6&x={"client_secret": "canary7 canary8"}').encode()
    with connected(listener) as peer:
        peer.sendall(raw)
        assert b"canary" not in answered(peer)
    one, = channel.take()
    assert b"client_id=app" in one.body
    assert "canary" not in repr(one)
    ear = Ear(lambda vault: vault.body)
    exchange = ear.exchange(one, listener.address(channel), {})
    assert (exchange.purpose, exchange.trouble.detail, exchange.response.status) == ("refused", "illegal header line", 400)
    assert exchange.request.url == "[bench]/token?access_token=[masked]"
    assert exchange.request.body.startswith("POST /")


def test_an_offer_to_upgrade_is_nothing_wrong(listener):
    channel = listener.open(echo, plain)
    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAEAAEAAAAIAAAABAAMAAABk"}
    with httpx.Client(headers=offer) as client:
        assert [client.post(f"{listener.address(channel)}/x", content=b"1").status_code for _ in range(3)] == [200] * 3
    assert [one.refused for one in channel.take()] == [""] * 3


def test_what_was_refused_keeps_no_listener_from_ending():
    with Listener(SystemClock()) as listener:
        peers = [connected(listener) for _ in range(3)]
        for peer, told in zip(peers, (b"GET //x HTTP/1.1\r\nHost: a\r\n\r\n", b"nonsense\r\n\r\n", b"GET /x HT"), strict=True):
            peer.sendall(told)
        time.sleep(0.2)
        started, thread = time.monotonic(), listener._thread
    assert not thread.is_alive()
    assert time.monotonic() - started < 2
    assert len(listener.strays()[0]) == 2, "whom the bench leaves did nothing wrong"
    for peer in peers:
        peer.close()


def test_strays_are_bounded():
    with Listener(SystemClock()) as listener, httpx.Client() as client:
        for _ in range(1003):
            client.get(f"{listener.origin}/nowhere")
        kept, more = listener.strays()
    assert (len(kept), more) == (1000, 3)
