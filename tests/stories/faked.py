"""A wall clock that a test sets, for a daemon that runs as a process: libfaketime, and the offset it follows.

- The clock is this machine's own, moved by a number of seconds that stands in a file. libfaketime reads the file at
  every look at the clock, so a test moves the clock of a process that runs. Durations stay real: the monotonic clock is
  not touched.
- libfaketime's correction of monotonic waits is switched off: with it, on glibc 2.36, every wait of a Python thread for
  the interpreter's lock ends at once and is tried again, and starting a thread takes 0.1 s instead of 0.1 ms.
- Whoever must show the same time, such as a simulated gateway, asks `seconds`.
- The package is `faketime` of Debian and Ubuntu: `apt-get install -y faketime`.
"""

import glob
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

NEW_YORK = "America/New_York"
_PLACES = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib*/faketime/libfaketimeMT.so.1")
LIBRARY = next((found for place in _PLACES for found in glob.glob(place)), None)
"""Where libfaketime is; None if it is not installed."""

needs_faketime = pytest.mark.skipif(
    LIBRARY is None, reason="libfaketime is not installed; on Debian: apt-get install -y faketime"
)


def at(text: str, zone: str = NEW_YORK, *, second: bool = False) -> datetime:
    """The instant of a wall clock's time in this zone; `second`: of a time that occurs twice, the later one."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=int(second)).astimezone(UTC)


class FakedClock:
    """The wall clock of a test's processes; `environment` makes it theirs."""

    def __init__(self, folder: Path, begins: datetime) -> None:
        self._file = folder / "clock"
        self._offset = 0.0
        self.set(begins)

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to live by this clock."""
        assert LIBRARY is not None
        return {
            "LD_PRELOAD": LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            "TZ": "UTC",
        }

    def seconds(self) -> float:
        """The time it shows, in Unix seconds."""
        return time.time() + self._offset

    def now(self) -> datetime:
        """The time it shows."""
        return datetime.fromtimestamp(self.seconds(), UTC)

    def set(self, instant: datetime) -> None:
        """It shows this instant now, and goes on from there."""
        self._move(instant.timestamp() - time.time())

    def step(self, by: timedelta) -> None:
        """It jumps."""
        self._move(self._offset + by.total_seconds())

    def _move(self, offset: float) -> None:
        whole = self._file.with_suffix(".new")
        whole.write_text(f"{offset:+.3f}\n")
        whole.replace(self._file)
        self._offset = offset


def swept(pid: int) -> None:
    """Take away what libfaketime leaves in shared memory: a process that gets this number later would stumble."""
    for name in (f"/dev/shm/faketime_shm_{pid}", f"/dev/shm/sem.faketime_sem_{pid}"):
        if os.path.exists(name):
            os.unlink(name)
