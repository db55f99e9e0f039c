"""What a session told, and how a test waits for it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from supervisor.core.model.actions import Connect
from supervisor.core.model.events import SessionClosed, SessionEvent
from supervisor.gateway.lookup import Lookups
from supervisor.gateway.session import ApiSession
from tests.waiting import wait_until

E = TypeVar("E", bound=SessionEvent)


class Heard:
    """A `post` that remembers; use `heard.post`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: list[tuple[float, SessionEvent]] = []

    def post(self, event: SessionEvent) -> None:
        with self._lock:
            self._events.append((time.monotonic(), event))

    @property
    def events(self) -> list[SessionEvent]:
        with self._lock:
            return [event for _, event in self._events]

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def first(self, kind: type[E], timeout: float = 10.0) -> E:
        """Wait for the first event of a kind; a session that ended without it fails at once."""

        def come() -> bool:
            return bool(self.all(kind) or self.all(SessionClosed))

        wait_until(come, timeout, every=0.002, what=f"{kind.__name__} among {self.events}")
        found = self.all(kind)
        assert found, f"no {kind.__name__} among {self.events}"
        return found[0]

    def closed(self, timeout: float = 10.0) -> SessionClosed:
        return self.first(SessionClosed, timeout)

    def stamp(self, kind: type[E]) -> float:
        """When the first event of a kind came, monotonic seconds."""
        with self._lock:
            return next(stamp for stamp, event in self._events if isinstance(event, kind))


def order(
    port: int, host: str = "127.0.0.1", *, epoch: int = 1, connect: float = 5.0, handshake: float = 5.0
) -> Connect:
    return Connect(epoch, host, port, 911, connect_timeout=connect, handshake_timeout=handshake)


@contextmanager
def open_session(
    port: int,
    host: str = "127.0.0.1",
    *,
    connect: float = 5.0,
    handshake: float = 5.0,
    lookups: Lookups | None = None,
    post: Callable[[Heard, SessionEvent], None] | None = None,
) -> Iterator[tuple[ApiSession, Heard]]:
    """A started session and what it tells; at the end it is over, its thread gone, and it told one end, last."""
    heard = Heard()

    def told(event: SessionEvent) -> None:
        if post is not None:
            post(heard, event)
        heard.post(event)

    session = ApiSession(order(port, host, connect=connect, handshake=handshake), told, lookups=lookups or Lookups())
    session.start()
    try:
        yield session, heard
    finally:
        session.close()
        assert session.join(10), "the thread of the session is still alive"
    assert len(heard.all(SessionClosed)) == 1
    assert isinstance(heard.events[-1], SessionClosed)
