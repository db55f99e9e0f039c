"""The deciding loop: one thread takes events from the mailbox and lets each gateway's machine decide.

- Only the wait for the mailbox blocks. It ends at the next deadline, and after `LOOK` seconds at the latest.
- Each round looks at both clocks. So windows and deadlines do not depend on a scheduler.
- A bug of ours costs one decision, or the work after one round. It does not stop the loop.
- While events of a gateway wait, its deadlines are judged at the time of those events. So an answer that came in time
  counts as in time, even if the loop is late.
- Snapshots are replaced by reference: `snapshots()` may be called from any thread.
"""

import logging
import time
from collections.abc import Callable, Iterable
from functools import partial

from supervisor.core.calendar.clock import Now
from supervisor.core.model.counters import Histogram
from supervisor.core.model.events import Event, ShutdownAsked, Slept, Started, Ticked
from supervisor.core.model.snapshot import Snapshot
from supervisor.runtime.clocks import Clock, SuspendWatch
from supervisor.runtime.gateway_runtime import Unit
from supervisor.runtime.mailbox import Letter, Mailbox, Order

log = logging.getLogger("supervisor.daemon")

LOOK = 1.0
"""Most seconds between two looks at the clocks."""
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
        self, mailbox: Mailbox, clock: Clock, look: float = LOOK, suspends: SuspendWatch | None = None
    ) -> None:
        self._mailbox = mailbox
        self._longest = min(look, LOOK)
        self._clock = clock
        self._units: dict[str, Unit] = {}
        self._order: tuple[Unit, ...] = ()
        self._stopping = False
        self._beat = time.monotonic()
        self._suspends = suspends if suspends is not None else SuspendWatch()
        self.decisions = Histogram(LOOP_BOUNDS)
        """Seconds that single decisions took."""

    # -- for everybody ------------------------------------------------------------------------------------------------

    def snapshots(self) -> tuple[Snapshot, ...]:
        """One of each gateway, in the order of the config."""
        return tuple(unit.snapshot for unit in self._order)

    def beating(self, patience: float = STALLED) -> bool:
        """Whether the loop turns: its last round is younger than `patience` seconds."""
        return time.monotonic() - self._beat < patience

    def stop(self) -> None:
        """End `run` after the present round. To be sent through the mailbox."""
        self._stopping = True

    # -- for the loop's own thread ------------------------------------------------------------------------------------

    def units(self) -> tuple[Unit, ...]:
        """The gateways, in the order of the config."""
        return self._order

    def unit(self, name: str) -> Unit | None:
        return self._units.get(name)

    def arrange(self, units: Iterable[Unit]) -> None:
        """Supervise these gateways from now on, in this order. New ones begin."""
        before = self._units
        self._order = tuple(units)
        for name in before.keys() - {unit.policy.name for unit in self._order}:
            self._mailbox.forget(name)
        self._units = {unit.policy.name: unit for unit in self._order}
        for unit in self._order:
            if before.get(unit.policy.name) is not unit:
                self.step(unit, Started())

    def step(self, unit: Unit, event: Event, now: Now | None = None) -> None:
        """One decision, now or at the time of the event. A bug of ours costs that decision and not the daemon."""
        began = time.perf_counter()
        try:
            unit.step(event, now if now is not None else self._clock.now())
        except Exception:
            log.exception("%s: a decision failed on %s", unit.policy.name, type(event).__name__)
        self.decisions = self.decisions.with_value(time.perf_counter() - began)

    def catch_up(self, unit: Unit) -> None:
        """Let a gateway take the events that already wait, before it is asked for something."""
        for letter in self._mailbox.taken(unit.policy.name):
            self.step(unit, letter.event, letter.at)

    def run(self, after_round: Callable[[Now], None]) -> None:
        """Turn until stopped. `after_round` is called at the end of each round."""
        while not self._stopping:
            self._take(self._patience())
            now = self._look()
            self._beat = time.monotonic()
            self._act(partial(after_round, now), "what follows a round")

    def end(self) -> None:
        """Tell every gateway that the daemon ends."""
        for unit in self._order:
            self.step(unit, ShutdownAsked())

    def _patience(self) -> float:
        now = self._clock.now()
        patience = self._longest
        for unit in self._order:
            wake = unit.wake
            if wake.mono is not None:
                patience = min(patience, wake.mono - now.mono)
            if wake.wall is not None:
                patience = min(patience, (wake.wall - now.wall).total_seconds())
        return max(0.0, patience)

    def _take(self, patience: float) -> None:
        for _ in range(BATCH):
            letter = self._mailbox.get(patience)
            patience = 0.0
            match letter:
                case None:
                    return
                case Letter():
                    unit = self._units.get(letter.gateway)
                    if unit is not None:
                        self.step(unit, letter.event, letter.at)
                case Order():
                    self._act(letter.act, "an order to the daemon")

    def _act(self, act: Callable[[], None], what: str) -> None:
        try:
            act()
        except Exception:
            log.exception("%s failed", what)

    def _look(self) -> Now:
        slept = self._suspends.slept()
        now = self._clock.now()
        for unit in self._order:
            if slept:
                self.catch_up(unit)
                self.step(unit, Slept(slept), now)
            elif unit.is_due(now) and not self._mailbox.waiting(unit.policy.name):
                self.step(unit, Ticked(), now)
        return now
