"""Attempts to connect: each wait, and their number.

- `a wait within its cap`: each delay between attempts is the one that the contract allows, and is kept.
- `no retry storm`: attempts in an hour are bounded.
"""

from collections import deque
from datetime import datetime

from supervisor.core.model.actions import Action, Connect
from supervisor.core.model.events import Event, Reloaded
from supervisor.core.model.vocabulary import Phase
from supervisor.core.step.state import State
from tests.simulation.judges.case import Case
from tests.simulation.judges.ledger import Ledger
from tests.simulation.judges.violation import holds

TINY = 1e-6
HOUR = 3600.0
GHOST_FOR, GHOST_WAITS, RIVAL_WAITS = 60.0, (1.0, 2.0), (10.0, 20.0, 40.0, 60.0)
EARLY, FLOOR = 60.0, 0.05
MUTE_LIMIT, MUTE_CAP = 10, 30.0
ACCOUNT_WAIT = 60.0


class Attempts:
    """Of one process."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._attempts: deque[float] = deque()
        self._leave_to_hurry: deque[float] = deque()

    def step(self, before: State, event: Event, after: State, actions: tuple[Action, ...]) -> None:
        """Raises Violation for the first promise that does not hold."""
        now = after.at
        if before.session.phase is Phase.BACKOFF:
            self._keeps_waiting(before, event, after)
        if self.case.ledger.ended:
            self._wait(after, actions)
        for action in actions:
            if isinstance(action, Connect):
                self._attempt(now.mono, now.wall)

    def _wait(self, after: State, actions: tuple[Action, ...]) -> None:
        """A session or an attempt ended in this step: is the next attempt due when it should be?"""
        ledger, now = self.case.ledger, after.at.mono
        if ledger.stopped:
            return
        at_once = any(isinstance(action, Connect) for action in actions)
        deadline = after.session.deadline
        wait = 0.0 if at_once or deadline is None else deadline - now
        least, most = self._allowed(ledger, after)
        holds(
            least - TINY <= wait <= most + TINY,
            "a wait within its cap",
            lambda: f"{wait:.3f} s after {ledger.failure or 'a loss'}, {least:g} to {most:g} allowed",
        )

    def _keeps_waiting(self, before: State, event: Event, after: State) -> None:
        """A wait ends when it was to end; only a change of what is connected to cuts it short."""
        due, phase = before.session.deadline, after.session.phase
        anew = isinstance(event, Reloaded) and not self.case.policy.same_session(event.before)
        if due is None or anew or phase is Phase.STOPPED:
            return
        kept = after.session.deadline == due if phase is Phase.BACKOFF else after.at.mono >= due - TINY
        holds(kept, "a wait within its cap", lambda: f"{phase} at {after.at.mono}, the wait was to end at {due}")

    def _allowed(self, ledger: Ledger, after: State) -> tuple[float, float]:
        timing, now, failure = self.case.policy.timing, after.at.mono, ledger.failure
        if ledger.ended == "lost" and ledger.lasted >= timing.stable_after:
            return 0.0, 0.0
        if ledger.ended == "failed":
            if failure == "in_use":
                return self._ladder(ledger, now)
            ledger.conflicts = 0
            if failure == "mismatch":
                return ACCOUNT_WAIT, ACCOUNT_WAIT
            if ledger.closed and self.case.openings.restarting(after.at.wall):
                return timing.restart_retry, timing.restart_retry
        early = timing.retry_max_early if ledger.is_early(now) else timing.retry_max
        cap = MUTE_CAP if ledger.mutes >= MUTE_LIMIT else early
        step = timing.retry_initial * 2.0 ** min(ledger.debt, 40)
        ledger.debt += 1
        return min(FLOOR, cap), max(FLOOR, min(step, cap))

    def _ladder(self, ledger: Ledger, now: float) -> tuple[float, float]:
        ended = ledger.ended_at.get(ledger.client_id)
        ghostly = ended is not None and now - ended < GHOST_FOR
        ledger.conflicts = ledger.conflicts if ghostly is ledger.ghostly else 0
        waits = GHOST_WAITS if ghostly else RIVAL_WAITS
        wait = waits[min(ledger.conflicts, len(waits) - 1)]
        ledger.conflicts, ledger.ghostly = ledger.conflicts + 1, ghostly
        return wait, wait

    def _attempt(self, mono: float, wall: datetime) -> None:
        """Bounded: what full jitter makes of the caps, and more only after losses and in restart windows."""
        timing, times, hurried = self.case.policy.timing, self._attempts, self._leave_to_hurry
        times.append(mono)
        if self.case.ledger.ended == "lost" or self.case.openings.restarting(wall):
            hurried.append(mono)
        for queue in (times, hurried):
            while queue and queue[0] < mono - HOUR:
                queue.popleft()
        usual = 3.0 * HOUR / timing.retry_max + 3.0 * EARLY / timing.retry_max_early + 30
        most = usual + len(hurried) * (1 + 3.0 * EARLY / timing.retry_max_early)
        holds(
            len(times) <= min(most, HOUR / FLOOR),
            "no retry storm",
            lambda: f"{len(times)} in an hour, {most:.0f} allowed",
        )
