"""The gate, judged by an account of its own.

- `the gate is open for nothing`: never while a layer of its reasons is broken, before anything is known, while the
  gateway is suspect or settling, from `before_restart` until that restart was seen and is over, nor within `quiet` of
  any of these.
- `every reason ends`: it is not closed for longer than its reasons and `quiet`, and what ends them wakes the loop.
- `the epoch grows`: across processes, too.
"""

from datetime import datetime, timedelta
from math import inf

from supervisor.core.calendar.windows import RESTARTS, Occurrence
from supervisor.core.codes.farm_kinds import FarmKind
from supervisor.core.model.gate import GateFarms
from supervisor.core.model.layers import Layer
from supervisor.core.model.policy import Policy
from supervisor.core.parts.farms import is_required
from supervisor.core.step.state import State
from tests.simulation.judges.ledger import Ledger
from tests.simulation.judges.planning import UNCLEAR_FROM, Openings
from tests.simulation.judges.violation import holds

TINY = 1e-6
COMPETING = 300.0
OPEN, ENDS, GROWS = "the gate is open for nothing", "every reason ends", "the epoch grows"


class Quiet:
    """Seconds since a reason held. One that is over at a step held until then."""

    def __init__(self) -> None:
        self._since = -inf
        self._holding = True

    def quiet(self, now: float, holding: bool) -> float:
        if holding or self._holding:
            self._since = now
        self._holding = holding
        return now - self._since


class GateBook:
    """Of one process."""

    def __init__(self, state: State) -> None:
        self._epoch = state.gate.epoch
        self._sure, self._perhaps = Quiet(), Quiet()
        """Since the last reason that must close it, and since the last that may: a restart that was seen may not count,
        if something of it was not watched."""
        self._lost: tuple[datetime, float] | None = None
        """The last loss of a session, on both clocks."""
        self._restarts: list[tuple[datetime, datetime]] = []
        """Losses that were no blips, each with the return."""
        self._was_ready = False

    def step(self, after: State, ledger: Ledger, policy: Policy, openings: Openings, *, dead: bool) -> None:
        """`dead`: the canary is. Raises Violation for the first promise that does not hold."""
        now, gate = after.at, after.gate
        self._follow(after, ledger)
        near = self._near(now.wall, policy, openings)
        reason = "a dead canary" if dead else self._reason(after, ledger, policy)
        reason = reason or ("a restart" if self._awaited(near, ledger) else "")
        surely = self._sure.quiet(now.mono, bool(reason))
        perhaps = self._perhaps.quiet(now.mono, bool(reason or near))
        wanted = policy.gate.quiet
        if gate.open:
            holds(not reason, OPEN, lambda: f"open with {reason}")
            holds(surely >= wanted - TINY, OPEN, lambda: f"open after {surely} s of quiet")
        elif not reason and not near:
            holds(perhaps < wanted + TINY, ENDS, lambda: f"closed for {gate.reasons}, {perhaps} s after them")
            wake, due = after.wake.mono, now.mono + wanted - perhaps + TINY
            holds(wake is not None and wake <= due, ENDS, lambda: f"woken at {wake}, quiet until {due}")
        holds(gate.epoch >= self._epoch, GROWS, lambda: f"{gate.epoch} after {self._epoch}")
        self._epoch = gate.epoch

    def _follow(self, after: State, ledger: Ledger) -> None:
        if self._was_ready and not ledger.ready:
            self._lost = (after.at.wall, after.at.mono)
        elif ledger.ready and not self._was_ready and self._lost is not None:
            wall, mono = self._lost
            if ledger.was_gone or after.at.mono - mono >= UNCLEAR_FROM:
                self._restarts = [*self._restarts[-3:], (wall, after.at.wall)]
        self._was_ready = ledger.ready

    def _reason(self, after: State, ledger: Ledger, policy: Policy) -> str:
        """A reason of the moment that must close it."""
        if ledger.stopped or not after.tried:
            return "nothing known"
        broken = ledger.lowest_broken()
        if broken is not None and (broken is not Layer.FARMS or _counts(ledger, policy)):
            return broken.value
        if after.heartbeat.suspect:
            return "a suspicion"
        if after.upstream.settling_until is not None:
            return "answers that settle"
        heard = after.competing_at
        return "a competing session" if heard is not None and after.at.mono - heard < COMPETING else ""

    def _near(self, wall: datetime, policy: Policy, openings: Openings) -> list[Occurrence]:
        lead = timedelta(seconds=policy.gate.before_restart)
        found = openings.between(wall - timedelta(hours=1), wall + lead)
        return [each for each in found if each.window.kind in RESTARTS and each.at - lead <= wall < each.planned_until]

    def _awaited(self, near: list[Occurrence], ledger: Ledger) -> bool:
        """Whether one of these has not been seen, or is not over."""
        return any(not ledger.ready or not any(each.start <= lost for lost, _ in self._restarts) for each in near)


def _counts(ledger: Ledger, policy: Policy) -> bool:
    farms = policy.gate.farms
    if farms is GateFarms.IGNORE:
        return False
    kinds = {FarmKind.MARKET_DATA} if farms is GateFarms.MARKET_DATA else {*FarmKind}
    return any(key[0] in kinds and is_required(key, policy) for key in ledger.broken)
