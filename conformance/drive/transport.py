"""The one place that imports httpx: connections with a deadline that nothing outlives, and names for troubles.

A timeout of httpx counts each read; a peer that sends a byte now and then would outlive it. Here every operation
on the socket, handshake included, is bounded by what is left of the whole exchange.
"""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import ssl
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from conformance.clock import Clock
from conformance.drive.messages import Answer
from conformance.endpoint import CURRENT, OLD, WEAK, Endpoint
from conformance.errors import OperatorError
from conformance.model import Trouble


class Deadline:
    """The instant (monotonic seconds) after which the running exchange is given up."""

    def __init__(self, clock: Clock, last: float = float("inf")) -> None:
        self.clock, self._last = clock, last
        self._end = float("inf")

    def start(self, seconds: float) -> None:
        """From now on, that many seconds are left, but none after the ``last`` instant."""
        self._end = min(self.clock.monotonic() + seconds, self._last)

    @property
    def over(self) -> bool:
        """Whether the last instant of all has passed."""
        return self.clock.monotonic() >= self._last

    @property
    def passed(self) -> bool:
        """Whether nothing is left of what was given."""
        return self.clock.monotonic() >= self._end

    def left(self, wanted: float | None) -> float:
        """The time an operation may take; httpcore.ReadTimeout when none is left."""
        left = self._end - self.clock.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the exchange lasted longer than the total limit")
        return left if wanted is None else min(left, wanted)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return _Stream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, deadline: Deadline) -> None:
        self._inner, self._deadline = httpcore.SyncBackend(), deadline

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        options = [*(socket_options or ()), (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
        try:
            places = _located(host, port)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        given = Deadline(self._deadline.clock)
        given.start(timeout if timeout is not None else float("inf"))
        for at, place in enumerate(places):  # a name may have many addresses, which share the time
            try:
                left = self._deadline.left(given.left(None))
                stream = self._inner.connect_tcp(place, port, left, local_address, options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if at + 1 == len(places) or given.passed:
                    raise
                continue
            return _Stream(stream, self._deadline)
        raise httpcore.ConnectError("the name has no address")


def _located(host: str, port: int) -> list[str]:
    """The addresses of a host; socket.gaierror where it has none. Names that are apart (RFC 6761) are asked of nobody:
    those of this machine are its own, those that never exist have none."""
    name = host.lower().rstrip(".")
    if name.endswith(".invalid"):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    if name.endswith(".localhost"):
        return ["127.0.0.1"]
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def context(endpoint: Endpoint) -> ssl.SSLContext:
    """The TLS context of a candidate: its authorities, our certificate; OperatorError when a file is unusable. Those
    who come with the same files share one."""
    files = (endpoint.authorities, endpoint.certificate, endpoint.key)
    try:
        written = tuple(os.stat(one).st_mtime_ns for one in files if one)
        return _context(*files, endpoint.key_password, endpoint.offers, written)
    except (OSError, ssl.SSLError) as error:
        raise OperatorError(f"tls: the certificate, key or authorities cannot be used ({error})") from None


@functools.lru_cache(maxsize=256)
def _context(
    authorities: str, certificate: str, key: str, password: str, offers: str, _written: tuple[int, ...]
) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=authorities or None)
    if certificate:
        made.load_cert_chain(certificate, key, password)  # without one, OpenSSL would ask the terminal
    _offer(made, offers)
    return made


def _offer(made: ssl.SSLContext, what: str) -> None:
    """Has a context offer, in the place of what is right, what a server must refuse."""
    if what == CURRENT:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # they are over: that is why they are tried
        if what == OLD:
            made.minimum_version, made.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
            made.set_ciphers("ALL:@SECLEVEL=0")
        elif what == WEAK:
            made.maximum_version = ssl.TLSVersion.TLSv1_2
            made.set_ciphers("eNULL:aNULL:RC4:3DES:DES:EXPORT:MD5:@SECLEVEL=0")


@dataclass(frozen=True, slots=True)
class Http:
    """Connections that follow no redirection, keep no cookie, read no proxy from the environment, obey the deadline.

    That is what httpx.Client adds to its transport; the transport alone costs a third less per request.
    """

    transport: httpx.HTTPTransport
    timeout: dict[str, float | None]

    def close(self) -> None:
        """Closes the connections."""
        self.transport.close()


def connections(endpoint: Endpoint, deadline: Deadline) -> Http:
    """The connections to a candidate; OperatorError when a certificate or authority is unusable."""
    limits = endpoint.limits
    secured = endpoint.base.startswith("https") or endpoint.oauth is not None
    tls = context(endpoint) if secured else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    transport = httpx.HTTPTransport(verify=tls, trust_env=False)
    # httpx offers no option for the network backend; httpcore, whose pool it wraps, does.
    transport._pool = httpcore.ConnectionPool(
        ssl_context=tls, max_connections=4, max_keepalive_connections=2, keepalive_expiry=3.0, http1=True,
        http2=False, network_backend=_Backend(deadline),
    )
    timeout = httpx.Timeout(connect=limits.connect, read=limits.read, write=limits.read, pool=limits.connect)
    return Http(transport, timeout.as_dict())


class Refused(Exception):
    """No usable answer; ``trouble`` says why."""

    def __init__(self, code: str, detail: str) -> None:
        self.trouble = Trouble(code, detail)
        super().__init__(detail)


def fetch(
    http: Http, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes | None, most: int
) -> Answer:
    """One exchange, its body bounded to ``most`` bytes on the wire; Refused says why there is none."""
    try:
        request = httpx.Request(method, url, headers=list(headers), content=body,
                                extensions={"timeout": http.timeout})
        with contextlib.closing(http.transport.handle_request(request)) as response:
            tls = _tls(response)  # before the body is read: a peer that closes takes it along
            raw = _read(response, most)
            return Answer(response.status_code, _headers(response), raw, response.http_version, tls)
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ssl.SSLError, OSError) as error:
        raise Refused(*_name(error)) from error


def _read(response: httpx.Response, most: int) -> bytes:
    parts, size = [], 0
    for part in response.iter_raw(65536):
        size += len(part)
        if size > most:
            raise Refused("transport.too-large", f"more than {most} bytes")
        parts.append(part)
    return b"".join(parts)


def _headers(response: httpx.Response) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)


def _tls(response: httpx.Response) -> str:
    stream = response.extensions.get("network_stream")
    secured = stream.get_extra_info("ssl_object") if stream else None
    return f"{secured.version()} {secured.cipher()[0]}" if secured else ""


def _chain(error: BaseException | None) -> Iterable[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _name(error: Exception) -> tuple[str, str]:
    """The code of findings that fits an error of the network, and its detail."""
    causes = list(_chain(error))
    detail = (str(error) or type(error).__name__)[:300]
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "transport.tls", detail
    if isinstance(error, httpx.ConnectTimeout):
        return "transport.connect-timeout", detail or "no connection in time"
    if isinstance(error, httpx.ConnectError):
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            return "transport.name", detail
        refused = any(isinstance(cause, ConnectionRefusedError) for cause in causes)
        return ("transport.refused" if refused else "transport.network"), detail
    if isinstance(error, httpx.TimeoutException):
        return "transport.too-slow", detail
    if isinstance(error, httpx.RemoteProtocolError):
        closed = "disconnected" in detail or "closed" in detail
        return ("transport.closed" if closed else "transport.not-http"), detail
    if isinstance(error, httpx.ReadError | httpx.WriteError):
        return "transport.closed", detail or "the connection was reset"
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        return "transport.not-http", detail
    return "transport.network", detail
