"""The canary, judged from what was sent and heard alone.

- `a dead stream is seen`: it is dead if and only if everything it needs has worked for `max_age`, and no data came for
  as long; and what time alone makes dead wakes the loop.
- `the canary closes the gate`: while it is dead, and by nothing but that.
- `one canary at a time`: one connection, with its own id, while the gateway is ready.
"""

from datetime import datetime

from supervisor.core.model.actions import Action
from supervisor.core.model.behind.canary import (
    CanaryClose,
    CanaryConnect,
    CanaryHoursAsk,
    CanaryPolicy,
    CanaryState,
    CanarySubscribe,
)
from supervisor.core.model.events import CanaryHeard, CanaryHours, CanaryTicked, Event, NoticeReceived, SessionClosed
from supervisor.core.model.gate import GateReason
from supervisor.core.model.vocabulary import OPEN, Phase
from supervisor.core.step.state import State
from tests.simulation.judges.ledger import Ledger
from tests.simulation.judges.violation import Violation, holds
from tests.simulation.world.market import Market

TINY = 1e-3
"""The core makes monotonic moments of instants on the wall clock, which have microseconds."""
SEEN, CLOSES, ONE = "a dead stream is seen", "the canary closes the gate", "one canary at a time"
ENDED = (10182, 10225)


class CanaryBook:
    """Of one process and one contract."""

    def __init__(self, policy: CanaryPolicy, market: Market) -> None:
        self.dead = False
        self._policy, self._market = policy, market
        self._sockets: set[int] = set()
        self._subscribed: float | None = None
        self._request = self._hours_request = 0
        self._hours = self._renew = self._was_ready = False
        self._ticked: float | None = None
        self._clear: float | None = None

    def step(self, before: State, event: Event, after: State, actions: tuple[Action, ...], ledger: Ledger) -> None:
        """Raises Violation for the first promise that does not hold."""
        canary, now = after.canary, after.at.mono
        self._hear(before, event, now)
        told = canary is not None and canary.streams[0].state is CanaryState.DEAD
        for action in actions:
            self._did(action, now, dead=told)
        up = ledger.ready and ledger.beats and ledger.upstream_up
        self._clear = (now if self._clear is None else self._clear) if up else None
        ready = canary is not None and canary.session.phase is Phase.READY
        if self._was_ready and not ready:
            self._over()
        self._was_ready = ready
        holds(ledger.ready or not self._sockets, ONE, lambda: f"{self._sockets} without a session")
        due_at = self._dead_at(after.at.wall, now) if ready else None
        if told and (due_at is None or now < due_at - TINY):
            raise Violation(SEEN, f"called dead, due at {due_at}, now {now}, data at {self._ticked}")
        if due_at is not None and not told:
            wake = after.wake.mono
            holds(now < due_at + TINY, SEEN, lambda: f"not called dead, due since {due_at}, now {now}")
            holds(wake is not None and wake <= due_at + TINY, SEEN, lambda: f"woken at {wake}, due at {due_at}")
        self.dead = told
        reasons = after.gate.reasons if after.gate.clear_from is None else ()
        holds((GateReason.CANARY in reasons) is told, CLOSES, lambda: f"dead: {told}, {after.gate}")

    def _dead_at(self, wall: datetime, now: float) -> float | None:
        """When the stream is dead if nothing comes; None while it cannot be judged."""
        opened = self._market.opened(wall)
        if opened is None or self._clear is None or self._subscribed is None or not self._hours:
            return None
        moments = [now - (wall - opened).total_seconds(), self._clear, self._subscribed]
        if self._ticked is not None:
            moments.append(self._ticked)
        return max(moments) + self._policy.max_age

    def _hear(self, before: State, event: Event, now: float) -> None:
        known = before.canary
        if known is None or known.session.phase not in OPEN:
            return
        if isinstance(event, CanaryHeard):
            said = event.event
            if isinstance(said, SessionClosed):
                self._sockets.discard(said.epoch)
            if isinstance(said, NoticeReceived) and said.epoch == known.session.epoch:
                ended = said.code in ENDED and said.request_id == self._request
                self._renew = self._renew or ended or said.code == 1101
        elif isinstance(event, CanaryTicked) and event.ticked:
            if event.epoch == known.session.epoch and event.request_id == self._request:
                self._ticked = now
        elif isinstance(event, CanaryHours) and event.request_id == self._hours_request:
            self._hours = self._hours or event.epoch == known.session.epoch

    def _did(self, action: Action, now: float, *, dead: bool) -> None:
        match action:
            case CanaryConnect():
                holds(not self._sockets, ONE, lambda: f"{action} while {self._sockets} are open")
                holds(action.client_id == self._policy.client_id, ONE, action)
                self._sockets.add(action.epoch)
            case CanaryClose():
                self._sockets.discard(action.epoch)
            case CanaryHoursAsk():
                self._hours_request = action.request_id
            case CanarySubscribe():
                again = dead and not self._renew and self._subscribed is not None
                self._subscribed = self._subscribed if again else now
                self._request, self._renew = action.request_id, False
            case _:
                pass

    def _over(self) -> None:
        self._subscribed, self._request, self._hours_request, self._renew = None, 0, 0, False
