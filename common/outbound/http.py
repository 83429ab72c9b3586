"""Send one request to a stranger: to a checked address, within a time, following nothing."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpcore
import httpx

from common.outbound.addresses import AddressError, resolve

# All of an attempt: finding the address, connecting, sending, reading. A delivery is held twice as long.
SECONDS = 15.0
CONNECT_SECONDS = 5.0
# Of an answer people read the beginning; nobody may fill our memory with the rest.
KEPT_BYTES = 4096
USER_AGENT = "ABE-Webhooks/1"

_deadline: ContextVar[float] = ContextVar("deadline")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request: a status with the beginning of the body, or what went wrong."""

    seconds: float
    status: int | None = None
    body: str = ""
    error: str = ""
    retry_after: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


class Sender:
    """A client for webhooks that many threads may use; close it (it is a context manager)."""

    def __init__(self, *, allow_private: bool, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._client = httpx.Client(
            transport=_Transport(_CheckedNetwork(allow_private)),
            timeout=httpx.Timeout(seconds, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
        )

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send ``body``; whatever goes wrong outside comes back as an Answer."""
        began = time.monotonic()
        _deadline.set(began + self._seconds)
        sent = {"Content-Type": "application/json", "User-Agent": USER_AGENT, **headers}
        try:
            with self._client.stream("POST", url, content=body, headers=sent) as response:
                return Answer(
                    seconds=time.monotonic() - began,
                    status=response.status_code,
                    body=_beginning(response),
                    retry_after=response.headers.get("retry-after", ""),
                )
        except (httpx.HTTPError, httpx.InvalidURL, httpcore.NetworkError, httpcore.TimeoutException) as error:
            return Answer(seconds=time.monotonic() - began, error=_describe(error))
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol, AddressError) as error:
            return Answer(seconds=time.monotonic() - began, error=_describe(error))

    def __enter__(self) -> Sender:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()


def _beginning(response: httpx.Response) -> str:
    read = b""
    # Raw: an answer that claims to be packed is not unpacked for a stranger.
    for piece in response.iter_raw(KEPT_BYTES):
        read += piece
        if len(read) >= KEPT_BYTES:
            break
    return read[:KEPT_BYTES].decode("utf-8", "replace").replace("\x00", "\ufffd")


def _describe(error: Exception) -> str:
    if isinstance(error, httpcore.TimeoutException | httpx.TimeoutException):
        return "No answer in time."
    text = str(error).strip()
    return f"{type(error).__name__}: {text}"[:500] if text else type(error).__name__


class _Transport(httpx.BaseTransport):
    """httpx over a pool of connections whose network is ours."""

    def __init__(self, network: httpcore.NetworkBackend) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=64,
            max_keepalive_connections=32,
            keepalive_expiry=10.0,
            network_backend=network,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._pool.handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        assert isinstance(answer.stream, Iterable)
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Stream(answer.stream),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        self._pool.close()


class _Stream(httpx.SyncByteStream):
    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Any:
        yield from self._stream

    def close(self) -> None:
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()


class _CheckedNetwork(httpcore.NetworkBackend):
    """Connects to the very addresses that were checked, so that a name can't mean another one a moment later."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} has no address.")
        for address in resolve(host, port, allow_private=self._allow_private):
            try:
                stream = self._plain.connect_tcp(
                    address, port, _left(timeout), local_address, socket_options or [_NO_DELAY]
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream)
        raise failure


_NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class _TimedStream(httpcore.NetworkStream):
    """A connection on which no drip of bytes outlasts the attempt."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(timeout: float | None) -> float:
    """Return the time that a step may take: its own limit, and what the attempt has left."""
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("The attempt took too long.")
    return left if timeout is None else min(timeout, left)
