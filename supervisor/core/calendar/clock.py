"""Time as an argument.

The core never asks what time it is. Whoever carries an event in says when it was received: `mono` for durations, `wall`
for calendars. Neither is ever derived from the other.
"""

from datetime import datetime

from supervisor.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Now:
    """One instant on the clocks."""

    mono: float
    """CLOCK_MONOTONIC, in seconds: all durations, timeouts and deadlines."""
    wall: datetime
    """An aware UTC datetime: windows, and what people and metrics are told."""
    boot: float = 0.0
    """CLOCK_BOOTTIME, in seconds: it runs on while the machine sleeps. Only the gate's lease is written in it."""
