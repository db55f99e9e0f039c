"""Whether the event loop turns: while the program's code holds it, nothing of the gateway is heard.

- A timer is due every `BEAT` seconds. What it is late is the time for which the loop stood.
- It is read from any thread: a loop that stands cannot say so itself.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from supervisor.core.program.busy import TOLD_AFTER, Work

LOG = logging.getLogger("supervisor.host")
BEAT = 0.1
_USUAL = 0.05
"""Seconds by which a timer may be late without anybody's fault."""


class Breath:
    """Of one event loop. `beat` is called with every turn of the timer."""

    def __init__(self, beat: Callable[[], None]) -> None:
        self._beat = beat
        self._stood = 0.0
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.slow = 0
        """How often the loop stood for more than two seconds."""

    @property
    def work(self) -> Work:
        """For how long the loop stood so far, and since when it stands; its time of now is at most `BEAT` too late."""
        due = self._due
        if due is None or time.monotonic() <= due + _USUAL:
            return Work(self._stood)
        return Work(self._stood, due)

    def start(self) -> None:
        """Watch the loop that runs."""
        self._due = time.monotonic() + BEAT
        self._timer = asyncio.get_running_loop().call_later(BEAT, self._turn)

    def stop(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._due = None

    def _turn(self) -> None:
        if self._due is None:
            return
        late = self.work.lasts(time.monotonic())
        self._stood += late
        if late >= TOLD_AFTER:
            self.slow += 1
            LOG.warning("the program held the event loop for %.1f s; nothing was heard meanwhile", late)
        self.start()
        self._beat()
