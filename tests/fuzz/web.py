"""Requests to the web server: whole and half, good and absurd, each connection ended by a plain one.

Like `frames`: bytes of a fuzzer are read as instructions, so that some requests come as far as the handlers.
"""

import logging
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import cache

from supervisor.observe.web.protocol import Limits
from tests.fuzz.frames import Noise
from tests.observe import rich
from tests.observe.stage import Stage, served

PATIENCE = 20.0
"""Seconds after which something hangs."""
LIMITS = Limits(request=0.1, answer=2.0, connections=8, silence=0.05)
"""Shorter than the contract's: a request that is not whole is one of the things to be tried."""
METHODS = (
    b"GET",
    b"POST",
    b"HEAD",
    b"PUT",
    b"DELETE",
    b"OPTIONS",
    b"TRACE",
    b"CONNECT",
    b"PATCH",
    b"get",
    b"G" * 3000,
    b"",
    b"\xff",
)
PATHS = (
    b"/", b"/metrics", b"/-/healthy", b"/-/ready", b"/-/reload", b"/api/v1/status", b"/api/v1/history",
    b"/api/v1/history?since=7d&until=now&gateway=live", b"/api/v1/history?since=9999-12-31T23:59:59Z",
    b"/api/v1/events?since=1&limit=5", b"/api/v1/events?since=-1&limit=99999999999999999999", b"/api/v1/openapi.json",
    b"/api/v1/gateways/live/pause?for=15m", b"/api/v1/gateways/live/resume", b"/api/v1/gateways/live/confirm-login",
    b"/api/v1/gateways/live/maintenance?for=1h&reason=x", b"/api/v1/gateways/%2e%2e%2f/pause", b"/%00", b"//", b"*",
    b"/?" + b"a=1&" * 2000, b"/" + b"x" * 20000, b"http://127.0.0.1/metrics", b"/\xe9\x80", b"/a b",
)  # fmt: skip
HEADERS = (
    b"Host: localhost", b"Host: evil.example", b"Host: ", b"Host: localhost:99999", b"Origin: http://evil.example",
    b"Origin: null", b"Content-Length: 0", b"Content-Length: 5", b"Content-Length: -1",
    b"Content-Length: " + b"9" * 30,
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip", b"Connection: close", b"Connection: upgrade",
    b"Upgrade: websocket", b"Expect: 100-continue", b"Accept: application/openmetrics-text; version=1.0.0",
    b"Accept: " + b"text/plain;q=0.1," * 200, b"Accept-Encoding: gzip", b"Authorization: Basic !!!!",
    b"Last-Event-ID: 1e9", b"X: " + b"y" * 20000, b"X\x00: y", b" folded: x", b"no colon",
)  # fmt: skip
BODIES = (b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"ffffffffffffffff\r\n", b'{"for": "15m"}', b"for=15m&reason=\xff")
LAST = b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_REFUSALS = range(400, 500)


def web(data: bytes) -> int:
    """Requests over one connection: none makes a fault of ours, and the server lives on; how many were answered."""
    port, faults = _server()
    answers = _answers(port, b"".join(_requests(Noise(data))) + LAST)
    assert faults.said == [], faults.said
    statuses = [int(status) for status in _STATUS.findall(answers)]
    assert all(status < 400 or status in _REFUSALS or status == 503 for status in statuses), statuses
    assert _answers(port, LAST).startswith(b"HTTP/1.1 200 ")
    return max(1, len(statuses))


def _requests(noise: Noise) -> Iterator[bytes]:
    while noise:
        kind = noise.byte()
        if kind < 16:
            yield noise.bytes(noise.byte())  # noise alone
            continue
        headers = [HEADERS[noise.byte() % len(HEADERS)] for _ in range(kind % 5)]
        if kind < 200:
            headers.append(b"Host: localhost")
        line = b" ".join((METHODS[noise.byte() % 20 % len(METHODS)], PATHS[noise.byte() % len(PATHS)], b"HTTP/1.1"))
        whole = b"\r\n".join((line, *headers, b"", BODIES[noise.byte() % len(BODIES)]))
        yield whole[: noise.byte() * 8] if kind >= 240 else whole


def _answers(port: int, sent: bytes) -> bytes:
    with (
        socket.create_connection(("127.0.0.1", port), PATIENCE) as link,
        suppress(ConnectionResetError, BrokenPipeError),
    ):
        link.sendall(sent)
        parts = []
        while more := link.recv(1 << 16):
            parts.append(more)
    return b"".join(parts)


class _Faults(logging.Handler):
    """What the server logs of its own faults."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.said.append(self.format(record))


_open = ExitStack()


@cache
def _server() -> tuple[int, _Faults]:
    faults = _Faults()
    logging.getLogger().addHandler(faults)
    _open.callback(logging.getLogger().removeHandler, faults)
    stage = Stage([rich.fresh("live").snapshot])
    server = _open.enter_context(served(stage, LIMITS))
    return server.port, faults


def close_server() -> None:
    """End it, if there is one."""
    _server.cache_clear()
    _open.close()
