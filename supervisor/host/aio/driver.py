"""The core on an event loop: events in, actions out, and a timer for what falls due."""

import asyncio
import logging
import random
from collections import deque

from supervisor.core.calendar.clock import Now
from supervisor.core.model.events import Event, ShutdownAsked, Slept, Started, Ticked
from supervisor.core.model.facts import Facts
from supervisor.core.model.policy import Policy
from supervisor.core.model.snapshot import Snapshot
from supervisor.host.runtime import HostedLink, HostRuntime
from supervisor.runtime.clocks import Clock, SuspendWatch
from supervisor.runtime.gateway_runtime import Listener

LOG = logging.getLogger("supervisor.host")
LOOK = 1.0
"""Seconds between two looks at the clocks, at most."""


class Driver:
    """One gateway. Everything happens on the event loop that is running when `start` is called."""

    def __init__(self, policy: Policy, facts: Facts, link: HostedLink, listener: Listener) -> None:
        self._clock = Clock()
        self._suspends = SuspendWatch()
        self._waiting: deque[tuple[Event, Now]] = deque()
        self._runtime = HostRuntime(policy, facts, self._clock.now(), random.getrandbits(64), link, listener, self.post)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._busy = False

    @property
    def snapshot(self) -> Snapshot:
        """As of the last decision."""
        return self._runtime.snapshot

    def start(self) -> None:
        """Begin."""
        self._loop = asyncio.get_running_loop()
        self.post(Started())

    def stop(self) -> None:
        """End the session and every wait."""
        self.post(ShutdownAsked())
        if self._timer is not None:
            self._timer.cancel()
        self._loop = None

    def post(self, event: Event) -> None:
        """Decide what follows from an event, after all that was posted before it."""
        if self._loop is None:
            return
        self._waiting.append((event, self._clock.now()))
        if self._busy:
            return
        self._busy = True
        try:
            while self._waiting:
                self._step(*self._waiting.popleft())
        finally:
            self._busy = False
        self._set_timer()

    def _step(self, event: Event, now: Now) -> None:
        try:
            self._runtime.step(event, now)
        except Exception:
            LOG.exception("a decision failed on %s", type(event).__name__)

    def _set_timer(self) -> None:
        if self._loop is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        now, wake, patience = self._clock.now(), self._runtime.wake, LOOK
        if wake.mono is not None:
            patience = min(patience, wake.mono - now.mono)
        if wake.wall is not None:
            patience = min(patience, (wake.wall - now.wall).total_seconds())
        self._timer = self._loop.call_later(max(0.0, patience), self._look)

    def _look(self) -> None:
        slept = self._suspends.slept()
        self.post(Slept(slept) if slept else Ticked())
