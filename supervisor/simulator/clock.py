"""The gateway's time: the machine's, or one that a test moves by hand.

Rules
- `time` is monotonic seconds, `wall` Unix seconds; both move together.
- A manual clock stands still until `advance`; what is due on the way happens in its order, each at its own moment.
- Both belong to one asyncio loop and are used there only.
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """Something that will happen, unless it is cancelled."""

    def cancel(self) -> None:
        """It will not."""


class Clock(Protocol):
    """What time it is, and what happens later."""

    def time(self) -> float:
        """Monotonic seconds."""

    def wall(self) -> float:
        """Unix seconds."""

    def call_at(self, instant: float, act: Callable[[], None]) -> Timer:
        """Act at an instant of `time`."""


class LoopClock:
    """The loop's own time; `wall` gives the true time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, wall: Callable[[], float]) -> None:
        self._loop = loop
        self.wall = wall
        self.time = loop.time

    def call_at(self, instant: float, act: Callable[[], None]) -> Timer:
        """Act at an instant of `time`."""
        return self._loop.call_at(instant, act)


class _Due:
    def __init__(self, act: Callable[[], None]) -> None:
        self.act: Callable[[], None] | None = act

    def cancel(self) -> None:
        self.act = None


class ManualClock:
    """Time that stands still until it is moved; it begins at `wall` (Unix seconds)."""

    def __init__(self, wall: float) -> None:
        self._began = wall
        self._now = 0.0
        self._due: list[tuple[float, int, _Due]] = []
        self._turn = itertools.count()

    def time(self) -> float:
        """Monotonic seconds since it began."""
        return self._now

    def wall(self) -> float:
        """Unix seconds."""
        return self._began + self._now

    def call_at(self, instant: float, act: Callable[[], None]) -> Timer:
        """Act at an instant of `time`."""
        due = _Due(act)
        heapq.heappush(self._due, (instant, next(self._turn), due))
        return due

    async def advance(self, seconds: float) -> None:
        """Let so many seconds pass, with everything that is due in them."""
        if seconds < 0:
            raise ValueError("time cannot go back")
        target = self._now + seconds
        while self._due and self._due[0][0] <= target:
            instant, _, due = heapq.heappop(self._due)
            if due.act is not None:
                self._now = max(self._now, instant)
                due.act()
                await _settled()
        self._now = target


async def _settled() -> None:
    """Let tasks that were woken run as far as they get without the clock."""
    for _ in range(3):
        await asyncio.sleep(0)


async def sleep(clock: Clock, seconds: float) -> None:
    """Wait on this clock; at once for nothing."""
    if seconds <= 0:
        return
    done = asyncio.get_running_loop().create_future()

    def wake() -> None:
        if not done.done():
            done.set_result(None)

    timer = clock.call_at(clock.time() + seconds, wake)
    try:
        await done
    finally:
        timer.cancel()
