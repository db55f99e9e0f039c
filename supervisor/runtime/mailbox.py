"""The only way into the loop, for sessions, signals, the web and the scheduler.

- Putting never blocks. Any thread may do it; a signal handler may put a task, because `SimpleQueue.put` is reentrant.
- Each gateway has a queue of its own, and the loop empties them in turn: a gateway that floods us delays only itself.
- The queues are bounded. When one is full, notices and traffic are dropped. Answers have a reserve; when that is full
  too, they are answers that nobody asked for, and are dropped. The beginning and the end of a session and the
  scheduler's calls are always taken, because the daemon itself bounds their number.
- Tasks come first: a flood must not delay SIGTERM.
- An event is stamped with both clocks where it is received, so that a late loop judges it by its own time.
"""

import queue
from collections import deque
from collections.abc import Callable

from supervisor.core.calendar.clock import Now
from supervisor.core.model.events import (
    AccountsReceived,
    CallbackFailed,
    Event,
    MessageUndecodable,
    NextIdReceived,
    NoticeReceived,
    ProbeAnswered,
    TimeAnswered,
    TrafficSeen,
)
from supervisor.frozen import dataclass

CAPACITY = 10_000
"""If this many events of one gateway wait, its notices are dropped."""
RESERVE = 1_000
"""This many more may wait before answers are dropped too. We never ask for so many."""

_SAID = NoticeReceived | TrafficSeen | MessageUndecodable
_ANSWERED = TimeAnswered | NextIdReceived | AccountsReceived | ProbeAnswered | CallbackFailed


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event for one gateway."""

    at: Now
    gateway: str
    event: Event


@dataclass(frozen=True, slots=True)
class Task:
    """Something for the daemon itself: done on the loop, in its turn."""

    act: Callable[[], None]


class Mailbox:
    """Bounded, with many writers and one reader. `get`, `taken` and `forget` are for the loop's thread."""

    def __init__(self, now: Callable[[], Now], capacity: int = CAPACITY) -> None:
        self._now = now
        self._capacity = capacity
        self._envelopes: dict[str, deque[Envelope]] = {}
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._tokens: queue.SimpleQueue[None] = queue.SimpleQueue()
        """One for each envelope and each task, whichever is then taken."""
        self._newcomers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._turns: deque[str] = deque()
        self.dropped = 0
        """Events that were dropped because a queue was full."""

    def post(self, gateway: str, event: Event) -> None:
        """An event for a gateway, received now."""
        envelopes = self._envelopes.get(gateway)
        if envelopes is None:
            envelopes = self._envelopes.setdefault(gateway, deque())
            self._newcomers.put(gateway)
        full = len(envelopes) >= self._capacity and isinstance(event, _SAID)
        overfull = len(envelopes) >= self._capacity + RESERVE and isinstance(event, _ANSWERED)
        if full or overfull:
            self.dropped += 1
            return
        envelopes.append(Envelope(self._now(), gateway, event))
        self._tokens.put(None)

    def submit(self, act: Callable[[], None]) -> None:
        """Something for the daemon to do."""
        self._tasks.put(Task(act))
        self._tokens.put(None)

    def get(self, timeout: float) -> Envelope | Task | None:
        """The next one; None if none came within `timeout` seconds."""
        try:
            self._tokens.get(timeout=max(0.0, timeout))
        except queue.Empty:
            return None
        return self._next() if self._tasks.empty() else self._tasks.get()

    def waiting(self, gateway: str) -> bool:
        """Whether events of this gateway have been received and not been taken."""
        return bool(self._envelopes.get(gateway))

    def taken(self, gateway: str) -> list[Envelope]:
        """All that waits for this gateway, out of turn."""
        envelopes = self._envelopes.get(gateway, ())
        return [envelopes.popleft() for _ in range(len(envelopes))] if envelopes else []

    def forget(self, gateway: str) -> None:
        """This gateway has left: what waits for it is for nobody."""
        self._envelopes.pop(gateway, None)
        if gateway in self._turns:
            self._turns.remove(gateway)

    def _next(self) -> Envelope | None:
        """One envelope of the gateway whose turn it is; None if all were taken out of turn."""
        while not self._newcomers.empty():
            newcomer = self._newcomers.get()
            if newcomer not in self._turns:
                self._turns.append(newcomer)
        for _ in range(len(self._turns)):
            gateway = self._turns[0]
            self._turns.rotate(-1)
            envelopes = self._envelopes.get(gateway)
            if envelopes:
                return envelopes.popleft()
        return None
