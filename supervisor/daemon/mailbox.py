"""The one way into the loop: from sessions, signals, the web, the bell.

- Putting never blocks and may be done anywhere, in a signal handler too: `SimpleQueue.put` is reentrant.
- It is bounded. What a session is flooded with may be dropped when it is full: notices and traffic. Everything else,
  sessions that begin and end, answers, signals and rings, has a reserve; its number is bounded by what we do ourselves.
- An event is stamped with both clocks where it is received, so that a late loop judges it by its own time.
"""

import queue
from collections.abc import Callable
from dataclasses import dataclass

from supervisor.core.clock import Now
from supervisor.core.events import Event, NoticeReceived, TrafficSeen

CAPACITY = 10_000
"""Events waiting above which notices are dropped."""


@dataclass(frozen=True, slots=True)
class Letter:
    """An event for one gateway."""

    at: Now
    gateway: str
    event: Event


@dataclass(frozen=True, slots=True)
class Order:
    """Something for the daemon itself: done on the loop, in its turn."""

    act: Callable[[], None]


class Mailbox:
    """Bounded, many writers, one reader."""

    def __init__(self, now: Callable[[], Now], capacity: int = CAPACITY) -> None:
        self._now = now
        self._capacity = capacity
        self._queue: queue.SimpleQueue[Letter | Order] = queue.SimpleQueue()
        self.dropped = 0
        """Notices that found it full."""

    def post(self, gateway: str, event: Event) -> None:
        """An event for a gateway, received now."""
        if isinstance(event, NoticeReceived | TrafficSeen) and self._queue.qsize() >= self._capacity:
            self.dropped += 1
            return
        self._queue.put(Letter(self._now(), gateway, event))

    def order(self, act: Callable[[], None]) -> None:
        """Something for the daemon to do."""
        self._queue.put(Order(act))

    def get(self, timeout: float) -> Letter | Order | None:
        """The next one; None if none came within `timeout` seconds."""
        try:
            if timeout <= 0:
                return self._queue.get_nowait()
            return self._queue.get(timeout=timeout)
        except queue.Empty:
            return None
