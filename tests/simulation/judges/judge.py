"""What must hold after every step, whatever happened. One `Judge` for each process of the daemon.

The promises, by the words under which they are broken:

- `a phase has a deadline`: every phase but `stopped` ends by itself, in time, and the loop never spins.
- `report follows events`: phase and layers are those that the ledger derives from events and actions.
- `up means every layer`: and each status word is the first of the contract's table that applies.
- Waits and attempts: `attempts`. Outages and counters: `books`. Restarts and logins: `logins`. The gate: `gatekeeping`.
"""

from supervisor.core.calendar.windows import Occurrence, WindowKind
from supervisor.core.model.actions import Action
from supervisor.core.model.events import Event
from supervisor.core.model.policy import Policy
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import Phase, Planning
from supervisor.core.step.state import State
from tests.simulation.judges.attempts import ACCOUNT_WAIT, Attempts
from tests.simulation.judges.books import Books
from tests.simulation.judges.canaries import CanaryBook
from tests.simulation.judges.case import Case
from tests.simulation.judges.gatekeeping import GateBook
from tests.simulation.judges.ledger import Ledger
from tests.simulation.judges.logins import Logins
from tests.simulation.judges.planning import Openings
from tests.simulation.judges.violation import Violation, holds
from tests.simulation.world.market import Market

TINY = 1e-6


class Judge:
    """Looks at every step of one process."""

    def __init__(self, policy: Policy, state: State, openings: Openings, market: Market) -> None:
        stopped = state.session.phase is Phase.STOPPED
        self.ledger = Ledger(policy, state.known, state.upstream.up, stopped=stopped)
        self.ledger.home, self.ledger.gone = state.login.address[1], state.login.port_closed
        self.ledger.ended_at = {client_id: ended.mono for client_id, ended in state.session.ended.items()}
        self.case = Case(policy, openings, self.ledger)
        self.policy_is(policy, openings)
        self._gate = GateBook(state)
        self._attempts = Attempts(self.case)
        self._books = Books(self.case, state)
        self._logins = Logins(self.case, state)
        self._canary = CanaryBook(policy.canary, market) if policy.canary is not None else None
        self._active: list[Occurrence] | None = None

    def policy_is(self, policy: Policy, openings: Openings) -> None:
        """A reload."""
        self.case.policy, self.case.openings = policy, openings
        self.ledger.policy = policy
        timing = policy.timing
        self._longest = {
            Phase.CONNECTING: max(timing.connect_timeout, timing.handshake_timeout),
            Phase.HANDSHAKING: timing.session_timeout,
            Phase.READY: max(timing.heartbeat_interval, timing.heartbeat_timeout),
            Phase.BACKOFF: max(ACCOUNT_WAIT, timing.retry_max),
        }

    def step(self, before: State, event: Event, after: State, actions: tuple[Action, ...], late: float = 0.0) -> None:
        """Raises Violation for the first promise that does not hold."""
        now, ledger, openings = after.at, self.ledger, self.case.openings
        self._books.account(before, now.mono - before.at.mono)
        openings.passed(now.wall)
        active = openings.active(now.wall)
        was_ready = ledger.ready
        if active is not self._active:
            self._active = active
            if any(occurrence.repetition for occurrence in active):
                self._logins.repeats()
            ledger.resetting = any(occurrence.window.kind is WindowKind.SERVER_RESET for occurrence in active)
        ledger.follow(before, event, actions, now, late)
        self._phase(after)
        due = ledger.lowest_broken()
        if after.broken is not due:
            raise Violation("report follows events", f"{after.broken} broken, {due} due, {ledger.brief()}")
        self._status(after)
        canary = self._canary
        if canary is not None:
            canary.step(before, event, after, actions, ledger)
        dead = canary is not None and canary.dead
        self._gate.step(after, ledger, self.case.policy, openings, dead=dead)
        self._attempts.step(before, event, after, actions)
        self._books.step(before, event, after)
        self._logins.step(before, event, after, was_ready=was_ready)

    # -- phases and status --------------------------------------------------------------------------------------------

    def _phase(self, after: State) -> None:
        live, now, wake, promise = after.session, after.at, after.wake, "a phase has a deadline"
        if live.phase is not self.ledger.phase():
            raise Violation("report follows events", f"phase {live.phase}, {self.ledger.brief()}")
        if live.phase is Phase.STOPPED:
            until = after.operator.pause.until if after.operator.pause is not None else None
            holds(until is None or now.wall < until, promise, f"paused until {until}")
            return
        if (
            wake.mono is None
            or not now.mono < wake.mono <= max(now.mono, self.ledger.acted_at) + self._longest[live.phase] + TINY
        ):
            raise Violation(promise, f"{live.phase}: woken at {wake.mono}, now {now.mono}")
        edge = self.case.openings.next_edge(now.wall)
        if wake.wall is None:
            holds(edge is None, promise, f"the edge of a window at {edge} is slept through")
        elif wake.wall <= now.wall or (edge is not None and wake.wall > edge):
            raise Violation(promise, f"woken at {wake.wall}, now {now.wall}, the next edge of a window at {edge}")
        if live.phase is not Phase.READY:
            holds(live.deadline is not None, promise, live.phase)
        elif not after.heartbeat.pings:
            holds(after.heartbeat.next_ping is not None, promise, "no heartbeat is due")

    def _status(self, after: State) -> None:
        status, outage = after.status, after.outages.current
        current = outage if after.outages.observing and outage is not None and outage.ended is None else None
        if after.session.phase is Phase.STOPPED:
            due = Status.STOPPED
        elif self.ledger.lowest_broken() is None:
            due = Status.UP
        elif after.login.required:
            due = Status.REAUTH_REQUIRED
        elif current is not None and current.planning is Planning.PLANNED:
            due = Status.MAINTENANCE
        else:
            due = Status.DEGRADED if self.ledger.ready else Status.DOWN
        if status is not due:
            raise Violation("up means every layer", f"{status}, {due} due")
