"""One HTTP connection: uvicorn's, with the limits that uvicorn does not have.

- A request that is not whole `REQUEST_SECONDS` after its first byte is closed, its connection with it; the first one
  after the connection was accepted. A trickle of bytes does not prolong it.
- An answer that its reader has not taken after `ANSWER_SECONDS` is given up, unless it is a stream.
- At most `CONNECTIONS` are open. For one more the oldest of the least needed goes: one that is idle (no whole request),
  then a stream, then one that is being answered, and `/metrics` only after all others.
- All of it happens on the web server's own loop.
"""

import asyncio
import time
from enum import IntEnum
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

CONNECTIONS = 256
REQUEST_SECONDS = 10.0
ANSWER_SECONDS = 30.0
METRICS = "/metrics"


class Use(IntEnum):
    """What a connection is good for; the least goes first."""

    IDLE = 0
    STREAM = 1
    ANSWER = 2
    SCRAPE = 3


class Connection(H11Protocol):
    """A connection within its limits.

    The app finds it in `scope["state"]["connection"]`, and calls `stream` if its answer has no end, `abort` to be rid
    of it.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.app_state = {**self.app_state, "connection": self}
        self.waiting_since = time.monotonic()
        """When it was accepted, or had its last answer."""
        self._streaming = False
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def use(self) -> Use:
        """What it is good for now."""
        if not self._answering():
            return Use.IDLE
        if self._streaming:
            return Use.STREAM
        return Use.SCRAPE if self.scope["path"] == METRICS else Use.ANSWER

    def stream(self) -> None:
        """The answer is one that goes on."""
        self._streaming = True
        self._disarm()

    def abort(self) -> None:
        """Close at once; what was not taken yet is lost."""
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accepted: its first request is awaited."""
        super().connection_made(transport)
        self._arm(REQUEST_SECONDS)
        others = [other for other in self._others() if not other.transport.is_closing()]
        if len(others) >= CONNECTIONS:
            min(others, key=lambda other: (other.use, other.waiting_since)).abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone."""
        self._disarm()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Part of a request."""
        if self._deadline is None and not self._answering():
            self._arm(REQUEST_SECONDS)
        was_whole = self._whole()
        super().data_received(data)
        if self._whole() and not was_whole:
            self._arm(ANSWER_SECONDS)

    def on_response_complete(self) -> None:
        """Answered: the connection is idle again, or has a part of its next request already."""
        self._streaming = False
        self.waiting_since = time.monotonic()
        self._disarm()
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]:
            return
        self._arm(ANSWER_SECONDS if self._whole() else REQUEST_SECONDS)

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete and self._whole()

    def _whole(self) -> bool:
        return self.conn.their_state not in (h11.IDLE, h11.SEND_BODY)

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._deadline = self.loop.call_later(seconds, self.abort)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _others(self) -> "list[Connection]":
        return [other for other in self.connections if isinstance(other, Connection) and other is not self]
