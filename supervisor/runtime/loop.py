"""The deciding loop: one thread takes events from the mailbox and lets each gateway's machine decide.

- Nothing here blocks but the wait for the mailbox, and that ends at the next deadline, or after `POLL` at the latest.
- Each round looks at both clocks, so that windows turn and deadlines pass whatever rings.
- About every gateway something is decided at least once a second: the gate's lease lives on it.
- A defect of ours costs one decision, or what follows one round; never the loop.
- A gateway lives in the time of its events: while some wait, no deadline is judged but by them. So however late the
  loop is, an answer that came in time is in time. What is sent late is answered late: the core is told by how much.
- A suspend is told before all that was heard since, and after all that was heard before.
- What the loop shows to others is replaced by reference: `snapshots()` may be called from any thread.
"""

import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from math import inf
from typing import assert_never

from supervisor.core.calendar.clock import Now
from supervisor.core.calendar.market import NEW_YORK
from supervisor.core.calendar.rules import zone_of
from supervisor.core.model.counters import Histogram
from supervisor.core.model.events import Event, ShutdownAsked, Slept, Started, Ticked
from supervisor.core.model.pages import MARKETS
from supervisor.core.model.records import Record
from supervisor.core.model.snapshot import Snapshot
from supervisor.runtime.clocks import Clock, SuspendWatch
from supervisor.runtime.gateway_runtime import Due, GatewayRuntime, soonest_of
from supervisor.runtime.mailbox import Envelope, Mailbox, Task

log = logging.getLogger("supervisor.daemon")

POLL = 1.0
"""Seconds between two looks at the clocks, at most."""
BATCH = 64
"""Most events between two looks at the clocks."""
STALLED = 5.0
"""Seconds without a round after which the loop is called hung."""
LOOP_BOUNDS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


class Loop:
    """All gateways of one daemon.

    Only `run`, and what it calls, changes anything. The rest may be read from any thread. A shorter `look` is for a
    watchdog that needs more than one round a second.
    """

    def __init__(
        self, mailbox: Mailbox, clock: Clock, look: float = POLL, suspends: SuspendWatch | None = None
    ) -> None:
        self._mailbox = mailbox
        self._longest = min(look, POLL)
        self._clock = clock
        self._gateways: dict[str, GatewayRuntime] = {}
        self._order: tuple[GatewayRuntime, ...] = ()
        self._soonest = Due(-inf, None)
        """No gateway is due earlier: so most rounds need not ask each of them."""
        self._stopping = False
        self._last_round = time.monotonic()
        self._suspends = suspends if suspends is not None else SuspendWatch()
        self.decisions = Histogram(LOOP_BOUNDS)
        """Seconds that single decisions took."""
        for zone in ("UTC", NEW_YORK, *(market.zone for market in MARKETS)):
            with suppress(ValueError):
                zone_of(zone)  # core asks for these whatever the config says, and cannot open a file at any time

    # -- for everybody ------------------------------------------------------------------------------------------------

    def snapshots(self) -> tuple[Snapshot, ...]:
        """One of each gateway, in the order of the config."""
        return tuple(gateway.snapshot for gateway in self._order)

    def alive(self, patience: float = STALLED) -> bool:
        """Whether the loop turns: its last round is not `patience` seconds old."""
        return time.monotonic() - self._last_round < patience

    def stop(self) -> None:
        """End `run` after the present round. To be sent through the mailbox."""
        self._stopping = True

    # -- for the loop's own thread ------------------------------------------------------------------------------------

    def gateways(self) -> tuple[GatewayRuntime, ...]:
        """The gateways, in the order of the config."""
        return self._order

    def gateway(self, name: str) -> GatewayRuntime | None:
        """A gateway by its name."""
        return self._gateways.get(name)

    def arrange(self, gateways: Iterable[GatewayRuntime]) -> None:
        """These gateways from now on, in this order; those that are new begin."""
        before = self._gateways
        self._order = tuple(gateways)
        for name in before.keys() - {gateway.policy.name for gateway in self._order}:
            self._mailbox.forget(name)
        self._gateways = {gateway.policy.name: gateway for gateway in self._order}
        self._soonest = Due(-inf, None)
        for gateway in self._order:
            if before.get(gateway.policy.name) is not gateway:
                self.step(gateway, Started())

    def step(self, gateway: GatewayRuntime, event: Event, now: Now | None = None) -> tuple[Record, ...]:
        """One decision, now or at the time of the event. A defect of ours costs that decision, not the daemon.

        Returns what happened.
        """
        began = time.perf_counter()
        real = self._clock.now()
        at = real if now is None else now
        happened: tuple[Record, ...] = ()
        try:
            happened = gateway.step(event, at, max(0.0, real.mono - at.mono))
        except Exception:
            log.exception("%s: a decision failed on %s", gateway.policy.name, type(event).__name__)
        self._soonest = self._soonest.or_earlier(gateway.due)
        self.decisions = self.decisions.with_value(time.perf_counter() - began)
        return happened

    def catch_up(self, gateway: GatewayRuntime) -> None:
        """Give a gateway the events that already wait for it, before it is asked for something."""
        for envelope in self._mailbox.taken(gateway.policy.name):
            self.step(gateway, envelope.event, envelope.at)

    def run(self, after_round: Callable[[Now], None]) -> None:
        """Run until stopped. `after_round` is called at the end of each round."""
        while not self._stopping:
            self._take(self._patience())
            now = self._poll()
            self._last_round = time.monotonic()
            self._act(partial(after_round, now), "what follows a round")

    def end(self) -> None:
        """Every gateway is told that the daemon ends."""
        for gateway in self._order:
            self.step(gateway, ShutdownAsked())

    def _patience(self) -> float:
        now = self._clock.now()
        patience = min(self._longest, self._soonest.mono - now.mono)
        if self._soonest.wall is not None:
            patience = min(patience, (self._soonest.wall - now.wall).total_seconds())
        return max(0.0, patience)

    def _take(self, patience: float) -> None:
        item = self._mailbox.get(patience)
        slept = self._suspends.slept()
        if slept:
            self._tell_of_sleep(slept, item)
            item = None if isinstance(item, Envelope) else item
        for left in reversed(range(BATCH)):
            match item:
                case None:
                    return
                case Envelope():
                    gateway = self._gateways.get(item.gateway)
                    if gateway is not None:
                        self.step(gateway, item.event, item.at)
                case Task():
                    self._act(item.act, "a task of the daemon")
                case _:
                    assert_never(item)
            item = self._mailbox.get(0.0) if left else None

    def _tell_of_sleep(self, slept: float, taken: Envelope | Task | None) -> None:
        """The machine was suspended. `taken`: what was taken from the mailbox and not yet heard."""
        now = self._clock.now()
        for gateway in self._order:
            waiting = self._mailbox.taken(gateway.policy.name)
            if isinstance(taken, Envelope) and taken.gateway == gateway.policy.name:
                waiting.insert(0, taken)
            asleep = (_passed_asleep(envelope.at, now) for envelope in waiting)
            before = sum(seconds > slept / 2 for seconds in asleep)
            for envelope in waiting[:before]:
                self.step(gateway, envelope.event, envelope.at)
            self.step(gateway, Slept(slept), now)
            for envelope in waiting[before:]:
                self.step(gateway, envelope.event, envelope.at)

    def _act(self, act: Callable[[], None], what: str) -> None:
        try:
            act()
        except Exception:
            log.exception("%s failed", what)

    def _poll(self) -> Now:
        now = self._clock.now()
        if not self._soonest.has_come(now):
            return now
        due = [gateway for gateway in self._order if gateway.due.has_come(now)]
        for gateway in due:
            if not self._mailbox.waiting(gateway.policy.name):
                self.step(gateway, Ticked(), now)
        self._soonest = soonest_of([gateway.due for gateway in self._order])
        return now


def _passed_asleep(earlier: Now, later: Now) -> float:
    """Seconds between two instants in which the monotonic clock stood still."""
    return (later.wall - earlier.wall).total_seconds() - (later.mono - earlier.mono)
