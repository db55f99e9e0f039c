"""One HTTP connection: uvicorn's, with the limits that uvicorn does not have.

- A request has a time in which it must be whole, counted from its first byte, the first request's from the connection.
  A trickle of bytes does not prolong it.
- An answer has a time in which its reader must take it, unless it is a stream.
- Only so many connections are open. For one more the oldest of the least needed goes: one that is idle (no whole
  request), then a stream, then one that is being answered, and `/metrics` only after all others.
- Where there are users, strangers are closed before known clients: the oldest first, and those whose password is being
  compared last. One address has only so many connections of strangers. In a crowd of strangers, a refusal and the end
  of a connection come late, because each would bring the next request.
- With TLS both hold from the moment of accepting: asyncio's own server would hide a connection until its handshake is
  done, and any number of them could take all file descriptors.
- All of it happens on the web server's own loop.
"""

import asyncio
import random
import socket
import ssl
import time
from contextlib import suppress
from enum import IntEnum
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from supervisor.frozen import dataclass
from supervisor.observe.web.access.checks import network

METRICS = "/metrics"
STREAM_BUFFER = 16 * 1024
"""Bytes that may wait for the client of a stream, here and in the kernel each: who reads nothing shows soon."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may ask of the server; times are seconds."""

    connections: int = 256
    strangers: int = 128
    """Connections of strangers from one address, where there are users. More than are accepted at once, so that the
    request of a known client is read before its connection is the oldest."""
    crowd: int = 16
    """With more strangers than this, a refusal is slow."""
    slow: float = 8.0
    """Seconds until a slow refusal, more or less."""
    request: float = 10.0
    """Until a request is whole."""
    answer: float = 30.0
    """Until an answer is taken."""
    idle: int = 75
    """Until an idle connection is closed: longer than most scrape intervals."""
    head: int = 16 * 1024
    """Bytes of a request's line and headers."""
    behind: int = 256
    """Events that may come while the client of a stream has not taken what it was sent."""
    silence: float = 15.0
    """Until a stream without events sends a comment, so that a dead client is noticed."""


LIMITS = Limits()
"""The contract's."""


class Use(IntEnum):
    """What a connection is good for; the least goes first."""

    IDLE = 0
    STREAM = 1
    ANSWER = 2
    SCRAPE = 3


class Connection(H11Protocol):
    """A connection within its limits.

    The app finds it in `scope["state"]["connection"]`, and calls `stream` if its answer has no end, `wait` if it comes
    later, `abort` to be rid
    of it.
    """

    def __init__(
        self, *args: Any, limits: Limits, tls: ssl.SSLContext | None = None, users: bool = False, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self._limits = limits
        self._users = users
        self.proved = False
        """With users: whether the last request here came from one of them."""
        self.checking = False
        """Whether a password is being compared now."""
        self.address = ""
        self._tls = tls
        self._handshake: asyncio.Task[None] | None = None
        self._early = bytearray()
        """What came with the end of the handshake, before we had heard of it."""
        self.app_state = {**self.app_state, "connection": self}
        self.waiting_since = self._accepted = time.monotonic()
        """When it was accepted, or had its last answer."""
        self._streaming = False
        self._aborted = False
        self._request_due: asyncio.TimerHandle | None = None
        self._answer_due: asyncio.TimerHandle | None = None

    @property
    def gone(self) -> bool:
        """Whether the client has left."""
        return self._aborted or self.transport.is_closing()

    @property
    def stranger(self) -> bool:
        """Whether the client is not known to be one of the users."""
        return self._users and not self.proved

    @property
    def patience(self) -> float:
        """Seconds until a refusal is sent. In a crowd it differs, so that they do not all come back at once."""
        strangers = sum(one.stranger for one in self.connections if isinstance(one, Connection))
        return self._slowly() if strangers > self._limits.crowd else 0.0

    def _slowly(self) -> float:
        return self._limits.slow * random.uniform(0.5, 1.5)

    @property
    def rank(self) -> tuple[bool, int, float]:
        """If there are too many, the lowest is closed first."""
        if self.stranger:
            return False, int(self.checking), self._accepted
        return True, self.use, self.waiting_since

    @property
    def use(self) -> Use:
        """What it is good for now."""
        if not self._answering() or self.transport.is_closing():
            return Use.IDLE
        if self._streaming:
            return Use.STREAM
        return Use.SCRAPE if self.scope["path"] == METRICS else Use.ANSWER

    def stream(self) -> None:
        """The answer is one that goes on."""
        self._streaming = True
        self._cancel_answer()
        self.transport.set_write_buffer_limits(high=STREAM_BUFFER)
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, STREAM_BUFFER)

    def wait(self) -> None:
        """The answer comes when something has happened: until then it is not late, and the connection not idle."""
        self._streaming = True
        self._cancel_answer()

    def abort(self) -> None:
        """Close at once; what was not taken yet is lost."""
        self._aborted = True
        self.transport.abort()

    def throw_out(self) -> None:
        """Close it, because there is one too many. A stranger waits for that, if there is room to wait."""
        waiting = sorted(
            (one for one in self.connections if isinstance(one, Connection) and one._aborted),
            key=lambda one: one._accepted,
        )
        if len(waiting) >= self._limits.connections:
            waiting[0].abort()
        if not self.stranger or self._handshake is not None:
            self.abort()
            return
        self._aborted = True
        self._cancel_request()
        self.transport.pause_reading()
        self.loop.call_later(self._slowly(), self.abort)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accepted: its first request is awaited, with TLS after a handshake."""
        peer = transport.get_extra_info("peername")
        self.address = network(str(peer[0])) if peer else ""
        if self._tls is None:
            super().connection_made(transport)
        else:
            self.transport = transport
            self.connections.add(self)
            self._handshake = self.loop.create_task(self._secure(transport, self._tls))
        self._await_request()
        others = [other for other in self.connections if isinstance(other, Connection) and not other._aborted]
        others.remove(self)
        alike = [other for other in others if other.stranger and other.address == self.address]
        if len(alike) >= self._limits.strangers:
            min(alike, key=lambda other: other.rank).throw_out()
        elif len(others) >= self._limits.connections:
            min(others, key=lambda other: other.rank).throw_out()

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone."""
        self._cancel_request()
        self._cancel_answer()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Part of a request."""
        if self._handshake is not None:
            self._early += data
            return
        was_whole = self._whole()
        if self._request_due is None and not was_whole:
            self._await_request()
        super().data_received(data)
        if self._whole() and not was_whole:
            self._await_reader()

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP. If a request before it is still being answered, that answer ends here."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        with suppress(h11.LocalProtocolError):  # half an answer is out already, or it is to a HEAD and has no body
            super().send_400_response(msg)
        self.transport.close()

    def on_response_complete(self) -> None:
        """Answered: the connection is idle again, or has a part of its next request already."""
        self._streaming = False
        self.waiting_since = time.monotonic()
        if not self.transport.get_write_buffer_size():
            self._cancel_answer()
        super().on_response_complete()
        if self._whole():
            self._await_reader()
        elif self.conn.their_state is h11.SEND_BODY or self.conn.trailing_data[0]:
            self._await_request()

    async def _secure(self, transport: asyncio.Transport, tls: ssl.SSLContext) -> None:
        try:
            secured = await self.loop.start_tls(transport, self, tls, server_side=True)
        except OSError:  # no TLS, or none that suits both
            secured = None
        self._handshake = None
        if secured is None or secured.is_closing():  # None: it was aborted meanwhile
            self.connection_lost(None)
            return
        super().connection_made(secured)
        if self._early:
            self.data_received(bytes(self._early))
            self._early.clear()

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete and self._whole()

    def _whole(self) -> bool:
        return self.conn.their_state not in (h11.IDLE, h11.SEND_BODY)

    def _await_request(self) -> None:
        self._cancel_request()
        self._request_due = self.loop.call_later(self._limits.request, self.abort)

    def _await_reader(self) -> None:
        self._cancel_request()
        self._cancel_answer()
        self._answer_due = self.loop.call_later(self._limits.answer, self._not_taken)

    def _not_taken(self) -> None:
        if self._answering() or self.transport.get_write_buffer_size():
            self.abort()

    def _cancel_request(self) -> None:
        if self._request_due is not None:
            self._request_due.cancel()
            self._request_due = None

    def _cancel_answer(self) -> None:
        if self._answer_due is not None:
            self._answer_due.cancel()
            self._answer_due = None
