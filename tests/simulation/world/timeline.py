"""The virtual clock and the queue of what is to come.

`t` is true time in seconds from the beginning. The monotonic clock stands still while the machine sleeps; the wall
clock does not, but somebody may set it.
"""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from supervisor.core.calendar.clock import Now

Doing = Callable[[], None]

START = 30.0
"""Monotonic seconds at which a machine that was started has started the daemon."""


@dataclass
class Timeline:
    """Both clocks, the truth behind them, and the queue."""

    begins: datetime
    t: float = 0.0
    boot: float = 1000.0
    """The monotonic clock at `t` = 0, had the machine never slept."""
    set_by: float = 0.0
    """Seconds by which the wall clock is off."""
    slept: float = 0.0
    """Seconds asleep since the machine was started."""
    woke_at: float = 0.0
    """When it was last asleep."""
    _queue: list[tuple[float, int, Doing]] = field(default_factory=list)
    _number: int = 0

    # -- clocks -------------------------------------------------------------------------------------------------------

    def now(self) -> Now:
        mono = self.boot + self.t
        return Now(mono, self.begins + timedelta(seconds=self.t + self.set_by), mono + self.slept)

    def truth(self) -> datetime:
        """What a clock that nobody touches would show."""
        return self.begins + timedelta(seconds=self.t)

    def of_mono(self, mono: float) -> float:
        """The true time at which the monotonic clock shows this, if the machine does not sleep."""
        return mono - self.boot

    def of_wall(self, wall: datetime) -> float:
        """The true time at which the wall clock shows this, if nobody sets it."""
        return (wall - self.begins).total_seconds() - self.set_by

    def sleep(self, seconds: float) -> None:
        """The machine is suspended."""
        mono = self.boot + self.t
        self.t += seconds
        self.boot -= seconds
        self.slept += seconds
        self.woke_at = self.t
        if mono < 0.0:  # it was off, and not asleep
            self.boot, self.slept = START - self.t, 0.0
        while self.boot + self.t < mono:  # rounding must not turn the monotonic clock back
            self.boot = math.nextafter(self.boot, math.inf)

    def started_again(self, lasts: float) -> None:
        """The machine was started anew; in `lasts` seconds it has run for half a minute. Till then it is off."""
        self.boot, self.slept = START - lasts - self.t, 0.0

    # -- queue --------------------------------------------------------------------------------------------------------

    def at(self, t: float, doing: Doing) -> None:
        self._number += 1
        heapq.heappush(self._queue, (t, self._number, doing))

    def later(self, seconds: float, doing: Doing) -> None:
        self.at(self.t + seconds, doing)

    def next_at(self) -> float:
        """When the next thing happens; infinity if nothing does."""
        return self._queue[0][0] if self._queue else float("inf")

    def take(self) -> Doing:
        """The next thing; the clock moves to it, and never back."""
        at, _, doing = heapq.heappop(self._queue)
        self.t = max(self.t, at)
        return doing
