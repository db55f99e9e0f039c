"""IBKR's limits on what one client may send, enforced on request. Pure; one `Pacing` a session.

Rules
- 50 messages in a second; each one more is told (code 100), and the third ends the connection.
- Historical bars: the same request within 15 s, or more than 60 requests in ten minutes, is a pacing violation (162).
"""

from collections import deque
from enum import Enum

MOST_A_SECOND, MOST_VIOLATIONS = 50, 3
SAME_APART, HISTORY_SPAN, MOST_HISTORY = 15.0, 600.0, 60
TOO_FAST = (100, "Max rate of messages per second has been exceeded.")
HISTORY_VIOLATION = (
    162,
    "Historical Market Data Service error message:Historical data request pacing violation",
)


class Consequence(Enum):
    """What becomes of a message."""

    FINE = "is carried out"
    TOLD = "is carried out, and code 100 is told"
    ENDED = "ends the connection"


class Pacing:
    """How fast one session has been."""

    def __init__(self) -> None:
        self._messages: deque[float] = deque()
        self._history: deque[float] = deque()
        self._asked: dict[bytes, float] = {}
        self._violations = 0

    def message(self, mono: float) -> Consequence:
        """A message has come."""
        _forget(self._messages, mono - 1.0)
        self._messages.append(mono)
        if len(self._messages) <= MOST_A_SECOND:
            return Consequence.FINE
        self._violations += 1
        return Consequence.ENDED if self._violations >= MOST_VIOLATIONS else Consequence.TOLD

    def history(self, asked: bytes, mono: float) -> bool:
        """Whether a request for bars may be made; `asked` is its bytes without its id."""
        _forget(self._history, mono - HISTORY_SPAN)
        again = mono - self._asked.get(asked, -SAME_APART) < SAME_APART
        if again or len(self._history) >= MOST_HISTORY:
            return False
        self._history.append(mono)
        self._asked[asked] = mono
        return True


def _forget(instants: deque[float], before: float) -> None:
    while instants and instants[0] <= before:
        instants.popleft()
