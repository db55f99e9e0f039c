"""The two clocks, read in one place.

- `mono` is CLOCK_MONOTONIC, `wall` is UTC; both are read together, where an event is received.
- CLOCK_BOOTTIME runs on while the machine is suspended and CLOCK_MONOTONIC does not: their difference tells a suspend.
  A jump of the wall clock alone is somebody setting it.
"""

import time
from datetime import UTC, datetime, timedelta

from supervisor.core.clock import Now

SUSPEND = 5.0
"""Seconds that CLOCK_BOOTTIME must gain on CLOCK_MONOTONIC to be called a suspend."""


class Clock:
    """The machine's clocks. `offset` is added to the wall clock: the demonstration plays a week in minutes."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def now(self) -> Now:
        """This instant, on both."""
        return Now(time.monotonic(), datetime.now(UTC) + self.offset)


class SuspendWatch:
    """Tells suspends of the machine from one look to the next."""

    def __init__(self) -> None:
        self._ahead = _boot_ahead()

    def slept(self) -> float:
        """Seconds for which the machine was suspended since the last look; 0 below `SUSPEND`."""
        ahead = _boot_ahead()
        gained, self._ahead = ahead - self._ahead, ahead
        return gained if gained > SUSPEND else 0.0


def _boot_ahead() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
