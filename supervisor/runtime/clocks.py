"""The clocks, read in one place.

- `mono` is CLOCK_MONOTONIC, `wall` is UTC, and `boot` is CLOCK_BOOTTIME. They are read together where an event is
  received.
- CLOCK_BOOTTIME runs on while the machine is suspended, and CLOCK_MONOTONIC does not. Their difference tells a suspend.
  If the wall clock alone jumps, somebody has set it.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from supervisor.core.calendar.clock import Now
from supervisor.platform import boot_seconds

SUSPEND = 5.0
"""A suspend is a gain of CLOCK_BOOTTIME on CLOCK_MONOTONIC of at least this many seconds."""


class Clock:
    """The machine's clocks. `offset` is added to the wall clock: the demonstration plays a week in minutes."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def now(self) -> Now:
        """This instant on all clocks. Where there is no CLOCK_BOOTTIME, `boot` is `mono`."""
        mono, boot = time.monotonic(), boot_seconds()
        return Now(mono, datetime.now(UTC) + self.offset, mono if boot is None else boot)


def boot_ahead() -> float:
    """Seconds by which CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC: all that the machine was ever suspended.

    0 where the system has no CLOCK_BOOTTIME: no suspend is told there, and a heartbeat finds out what it did.
    """
    since_boot = boot_seconds()
    return 0.0 if since_boot is None else since_boot - time.monotonic()


class SuspendWatch:
    """Finds suspends of the machine between two looks. `look` returns what `boot_ahead` does."""

    def __init__(self, look: Callable[[], float] = boot_ahead) -> None:
        self._look = look
        self._ahead = look()

    def slept(self) -> float:
        """Seconds for which the machine was suspended since the last look. 0 below `SUSPEND`."""
        ahead = self._look()
        gained, self._ahead = ahead - self._ahead, ahead
        return gained if gained > SUSPEND else 0.0
