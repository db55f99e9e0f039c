"""The stream of events (SSE): what happens, as it happens, to each client that wants to hear it.

- A client that was away says which number it has seen last (`Last-Event-ID`) and gets what it has missed, as far as
  that is still kept.
- Nobody waits for a client: one that has not taken what it was sent while many more events came is closed. It comes
  back by itself and resumes.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from supervisor.observe.events import EventRing, Record
from supervisor.observe.web.protocol import Connection, Limits
from supervisor.observe.web.status_json import instant

BATCH = 64
"""Events sent at a time."""
RETRY = b"retry: 2000\n\n"
"""When a client that lost us comes back: milliseconds."""


class Streams:
    """All clients that listen. Made and used on the web server's loop."""

    def __init__(self, events: EventRing, limits: Limits) -> None:
        self._events = events
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._sending: dict[Connection, int] = {}
        """Who has not taken yet what it was sent, and what was the newest event then."""
        self._closed = False
        self._listening = 0
        self._announcing = False
        events.watch(self._told)

    def close(self) -> None:
        """End all streams."""
        self._closed = True
        self._events.unwatch(self._told)
        self._announce()

    async def listen(self, connection: Connection, seen: int | None) -> AsyncIterator[bytes]:
        """What one client is sent; `seen` is the last event it has, None for one that wants only what is to come."""
        connection.stream()
        self._listening += 1  # before the first look: what comes after it is announced
        newest = self._events.newest
        last = newest if seen is None else seen if seen <= newest else 0  # a number of an earlier process
        try:
            yield RETRY
            while not self._closed:
                news = self._news
                found = self._events.after(last, BATCH)
                if found:
                    last = found[-1].id
                    self._sending[connection] = self._events.newest
                    yield b"".join(map(as_event, found))
                    self._sending.pop(connection, None)
                    continue
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), self._limits.silence)
                    continue
                yield b": still here\n\n"
        finally:
            self._listening -= 1
            self._sending.pop(connection, None)

    def _told(self) -> None:
        if self._announcing or not self._listening:  # to wake this loop is dear: a burst does it once
            return
        self._announcing = True
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._announce)

    def _announce(self) -> None:
        self._announcing = False  # first, so that what is told from now on is announced again
        news, self._news = self._news, asyncio.Event()
        news.set()
        for connection, newest in tuple(self._sending.items()):
            if self._closed or self._events.newest - newest > self._limits.behind:
                connection.abort()


def as_event(record: Record) -> bytes:
    """One event as the stream has it."""
    return f"id: {record.id}\ndata: {json.dumps(as_json(record))}\n\n".encode()


def as_json(record: Record) -> dict[str, Any]:
    """One event as the API gives it."""
    return {
        "id": record.id,
        "time": instant(record.time),
        "gateway": record.gateway,
        "kind": record.kind,
        "level": record.level,
        "text": record.text,
        "fields": dict(record.fields),
    }
