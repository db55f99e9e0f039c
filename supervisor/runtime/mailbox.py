"""The only way into the loop, for sessions, signals, the web and the scheduler.

- Putting never blocks and may be done anywhere. Even a signal handler may send an order, because `SimpleQueue.put` is
  reentrant.
- Each gateway has a queue of its own, and the queues take turns. So a gateway that floods us delays only itself.
- The queues are bounded. If a queue is full, notices and traffic are dropped. Answers have a reserve above that; if the
  reserve is full too, answers are dropped as well. The begin and the end of a session are always taken, because our own
  actions bound their number.
- Orders come first, so a flood does not delay SIGTERM.
- An event gets the time of both clocks where it is received. So a late loop judges it by its own time.
"""

import queue
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from supervisor.core.calendar.clock import Now
from supervisor.core.model.events import (
    AccountsReceived,
    CallbackFailed,
    Event,
    NextIdReceived,
    NoticeReceived,
    ProbeAnswered,
    TimeAnswered,
    TrafficSeen,
)

CAPACITY = 10_000
"""If this many events of one gateway wait, its notices are dropped."""
RESERVE = 1_000
"""This many more may wait before answers are dropped too. We never ask for so many."""

_SAID = NoticeReceived | TrafficSeen
_ANSWERED = TimeAnswered | NextIdReceived | AccountsReceived | ProbeAnswered | CallbackFailed


@dataclass(frozen=True, slots=True)
class Letter:
    """An event for one gateway."""

    at: Now
    gateway: str
    event: Event


@dataclass(frozen=True, slots=True)
class Order:
    """A task for the daemon itself. The loop does it in its turn."""

    act: Callable[[], None]


class Mailbox:
    """Bounded, with many writers and one reader. `get`, `taken` and `forget` are for the loop's thread."""

    def __init__(self, now: Callable[[], Now], capacity: int = CAPACITY) -> None:
        self._now = now
        self._capacity = capacity
        self._letters: dict[str, deque[Letter]] = {}
        self._orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._tokens: queue.SimpleQueue[None] = queue.SimpleQueue()
        """One for each letter and each order."""
        self._newcomers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._turns: deque[str] = deque()
        self.dropped = 0
        """Events that were dropped because a queue was full."""

    def post(self, gateway: str, event: Event) -> None:
        """An event for a gateway, received now."""
        letters = self._letters.get(gateway)
        if letters is None:
            letters = self._letters.setdefault(gateway, deque())
            self._newcomers.put(gateway)
        full = len(letters) >= self._capacity and isinstance(event, _SAID)
        overfull = len(letters) >= self._capacity + RESERVE and isinstance(event, _ANSWERED)
        if full or overfull:
            self.dropped += 1
            return
        letters.append(Letter(self._now(), gateway, event))
        self._tokens.put(None)

    def order(self, act: Callable[[], None]) -> None:
        self._orders.put(Order(act))
        self._tokens.put(None)

    def get(self, timeout: float) -> Letter | Order | None:
        """The next letter or order. None if none came within `timeout` seconds."""
        try:
            self._tokens.get(timeout=max(0.0, timeout))
        except queue.Empty:
            return None
        return self._next() if self._orders.empty() else self._orders.get()

    def waiting(self, gateway: str) -> bool:
        """Whether events of this gateway wait to be taken."""
        return bool(self._letters.get(gateway))

    def taken(self, gateway: str) -> list[Letter]:
        """All letters that wait for this gateway, out of turn."""
        letters = self._letters.get(gateway, ())
        return [letters.popleft() for _ in range(len(letters))] if letters else []

    def forget(self, gateway: str) -> None:
        """This gateway has left. Drop what waits for it."""
        self._letters.pop(gateway, None)
        if gateway in self._turns:
            self._turns.remove(gateway)

    def _next(self) -> Letter | None:
        """One letter of the gateway whose turn it is. None if all were taken out of turn."""
        while not self._newcomers.empty():
            newcomer = self._newcomers.get()
            if newcomer not in self._turns:
                self._turns.append(newcomer)
        for _ in range(len(self._turns)):
            gateway = self._turns[0]
            self._turns.rotate(-1)
            letters = self._letters.get(gateway)
            if letters:
                return letters.popleft()
        return None
