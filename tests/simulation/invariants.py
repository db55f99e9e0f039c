"""What must hold after every step, whatever happened. One `Judge` for each process of the daemon.

The promises, by the words under which they are broken:

- `a phase has a deadline`: every phase but `stopped` ends by itself, in time, and the loop never spins.
- `report follows events`: phase and layers are those that the ledger derives from events and actions.
- `up means every layer`: and each status word is the first of the contract's table that applies.
- `a wait within its cap`: each delay between attempts is the one that the contract's section 6 allows.
- `no retry storm`: attempts in an hour are bounded.
- `planned is explained`: at every moment of a planned outage an active window explains its lowest broken layer; one
  that turned had a moment that none explained.
- `an outage by its rules`: its cause is the lowest layer broken at its first moment; it goes on only after a gap
  shorter than `outage_merge`, with the same cause and the same word on planned, for ten times that, and never across
  a suspend.
- `counted as it was`: a loss as planned or not, an attempt by the reason of its failure.
- `counters never go back`, `the books balance`, `restarts counted once`, and a blip as none.
- `proven by its own port`: a login is proven only if the port of the last session was seen closed since.
- `the gate is open for nothing`, and `every reason ends`: `tests/simulation/gatekeeping.py`.
- `a login asked for`: only after the grace, and with a token that had expired at the loss.
"""

import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from supervisor.core.calendar import tokens
from supervisor.core.calendar.windows import RESTARTS, Kind, Occurrence
from supervisor.core.model.actions import Action, Connect
from supervisor.core.model.counters import Counters, Histogram
from supervisor.core.model.events import Event, LoginConfirmed, Reloaded, Slept
from supervisor.core.model.layers import Layer
from supervisor.core.model.policy import Policy, Reauth
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import Failure, Phase, Planning, RestartResult
from supervisor.core.parts import outages
from supervisor.core.step.state import State
from tests.simulation.gatekeeping import GateBook
from tests.simulation.ledger import Ledger
from tests.simulation.planning import LOW, PATIENCE, Openings, RestartBook
from tests.simulation.violation import Violation, holds

TINY = 1e-6
HOUR = 3600.0
GHOST_FOR, GHOST_WAITS, RIVAL_WAITS = 60.0, (1.0, 2.0), (10.0, 20.0, 40.0, 60.0)
EARLY, FLOOR = 60.0, 0.05
MUTE_LIMIT, MUTE_CAP = 10, 30.0
ACCOUNT_WAIT = 60.0
WALL_JUMP = 2.0
LONGEST = 10.0
REASONS = {
    "refused": Failure.REFUSED,
    "closed": Failure.CLOSED,
    "timeout": Failure.TIMEOUT,
    "mute": Failure.HANDSHAKE_TIMEOUT,
    "in_use": Failure.CLIENT_ID_IN_USE,
    "mismatch": Failure.ACCOUNT_MISMATCH,
}
COUNTERS = tuple(spec.name for spec in fields(Counters))


class Judge:
    """Looks at every step of one process."""

    def __init__(self, policy: Policy, state: State, openings: Openings) -> None:
        stopped = state.session.phase is Phase.STOPPED
        self.ledger = Ledger(policy, state.known, state.upstream.up, stopped=stopped)
        self.ledger.home, self.ledger.gone = state.login.address[1], state.login.port_closed
        self.ledger.ended_at = {client_id: ended.mono for client_id, ended in state.session.ended.items()}
        self.policy_is(policy, openings)
        self._gate = GateBook(state)
        self._book = RestartBook(self.openings.active(state.at.wall))
        self._repeated = False
        self._active: list[Occurrence] | None = None
        self._observed = self._broken = 0.0
        self._low_since: float | None = state.low_since
        self._first_end: tuple[datetime, float] | None = None
        self._attempts: deque[float] = deque()
        self._leave_to_hurry: deque[float] = deque()

    def policy_is(self, policy: Policy, openings: Openings) -> None:
        """A reload."""
        self.policy, self.openings = policy, openings
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
        now, ledger = after.at, self.ledger
        passed = now.mono - before.at.mono
        self._account(before, passed)
        self.openings.passed(now.wall)
        active = self.openings.active(now.wall)
        was_ready = ledger.ready
        if active is not self._active:
            self._active = active
            self._repeated = self._repeated or any(occurrence.repetition for occurrence in active)
            ledger.resetting = any(occurrence.window.kind is Kind.SERVER_RESET for occurrence in active)
        ledger.follow(before, event, actions, now, late)
        self._phase(after)
        due = ledger.lowest_broken()
        if after.broken is not due:
            raise Violation("report follows events", f"{after.broken} broken, {due} due, {ledger.brief()}")
        self._status(after)
        self._gate.step(after, ledger, self.policy, self.openings)
        self._restarts(before, event, after, was_ready=was_ready)
        if before.session.phase is Phase.BACKOFF:
            self._keeps_waiting(before, event, after)
        if ledger.ended:
            self._wait(before, after, actions)
            self._counted(before, after)
        for action in actions:
            if isinstance(action, Connect):
                self._attempt(now.mono, now.wall)
        if isinstance(event, Slept) and self._low_since is not None:
            self._low_since -= event.seconds
        self._planned(before, after)
        if after.counters is not before.counters or after.farms is not before.farms:
            self._counters(before, after)
        if after.outages is not before.outages:
            self._books(before, after)
            self._outage(before, event, after)
        if after.login.proven_at != before.login.proven_at:
            self._proven(event, after)
        if after.login.required and not before.login.required:
            self._login(before, after)

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
        edge = self.openings.next_edge(now.wall)
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

    # -- attempts -----------------------------------------------------------------------------------------------------

    def _wait(self, before: State, after: State, actions: tuple[Action, ...]) -> None:
        """A session or an attempt ended in this step: is the next attempt due when it should be?"""
        ledger, now = self.ledger, after.at.mono
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
        anew = isinstance(event, Reloaded) and not self.policy.same_session(event.before)
        if due is None or anew or phase is Phase.STOPPED:
            return
        kept = after.session.deadline == due if phase is Phase.BACKOFF else after.at.mono >= due - TINY
        holds(kept, "a wait within its cap", lambda: f"{phase} at {after.at.mono}, the wait was to end at {due}")

    def _allowed(self, ledger: Ledger, after: State) -> tuple[float, float]:
        timing, now, failure = self.policy.timing, after.at.mono, ledger.failure
        if ledger.ended == "lost" and ledger.lasted >= timing.stable_after:
            return 0.0, 0.0
        if ledger.ended == "failed":
            if failure == "in_use":
                return self._ladder(ledger, now)
            ledger.conflicts = 0
            if failure == "mismatch":
                return ACCOUNT_WAIT, ACCOUNT_WAIT
            if ledger.closed and self.openings.restarting(after.at.wall):
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
        timing, times, hurried = self.policy.timing, self._attempts, self._leave_to_hurry
        times.append(mono)
        if self.ledger.ended == "lost" or self.openings.restarting(wall):
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

    # -- books --------------------------------------------------------------------------------------------------------

    def _account(self, before: State, passed: float) -> None:
        if before.outages.observing:
            self._observed += passed
            self._broken += passed if before.broken is not None else 0.0

    def _books(self, before: State, after: State) -> None:
        books, totals, old = after.outages, after.outages.totals, before.outages.totals
        holds(outages.balanced(books), "the books balance", books)
        same = math.isclose(totals.observed, self._observed, rel_tol=1e-9, abs_tol=1e-3)
        holds(same, "the books balance", lambda: f"observed {totals.observed}, {self._observed} due")
        same = math.isclose(books.broken_seconds, self._broken, rel_tol=1e-9, abs_tol=1e-3)
        holds(same, "the books balance", lambda: f"broken {books.broken_seconds}, {self._broken} due")
        _grew("outage seconds", old.seconds, totals.seconds)
        _grew("outages", old.counts, totals.counts)
        if totals.recovery is not old.recovery:
            for planning, histogram in old.recovery.items():
                _histogram_grew(histogram, totals.recovery[planning])
        stopped = after.session.phase is Phase.STOPPED
        if books.observing and not stopped:
            is_open = books.current is not None and books.current.ended is None
            holds(
                is_open is (after.broken is not None),
                "the books balance",
                lambda: f"{after.broken} broken: {books.current}",
            )
        holds(
            books.observing is (self.ledger.tried and not stopped),
            "the books balance",
            lambda: f"observing {self.ledger.brief()}",
        )

    def _outage(self, before: State, event: Event, after: State) -> None:
        """How the outage under way came to be, if it is another one than before."""
        now, promise = after.at, "an outage by its rules"
        old, new = before.outages.current, after.outages.current
        left = before.outages.inherited
        if left is not None and after.outages.inherited is None and after.session.phase is not Phase.STOPPED:
            if left.ended is None:
                holds(new is not None and new.began == left.began, promise, f"{left} became {new}")
                return
            holds(new is None or new.began != left.began, promise, f"{left} is over, and became {new}")
        broken = after.broken
        if isinstance(event, Slept) and old is not None and old.ended is not None:
            holds(new is None or new.began != old.began, promise, lambda: f"{old} went on across a suspend")
        if new is not None and new.ended is not None and (self._first_end is None or self._first_end[0] != new.began):
            self._first_end = (new.began, new.ended.mono)
        if new is None or new.ended is not None:
            return
        if old is None or new.began != old.began:
            fits = new.began == now.wall and new.layer is broken and new.seconds == 0.0
            holds(fits, promise, f"{broken} at {now.wall}: {new}")
        elif old.ended is not None:
            merge = self.policy.timing.outage_merge
            same = new.layer is broken and new.planning is old.planning
            first = self._first_end[1] if self._first_end is not None else old.ended.mono
            fits = same and now.mono - old.ended.mono < merge and now.mono - first < LONGEST * merge
            holds(fits, promise, f"{broken} at {now.mono}: {old} went on")

    def _counted(self, before: State, after: State) -> None:
        """What ended in this step, in the counters."""
        old, new, ledger = before.counters, after.counters, self.ledger
        if ledger.ended == "failed":
            reason = REASONS.get(ledger.failure)
            if reason is not None:
                grew = new.failures.get(reason, 0) - old.failures.get(reason, 0)
                holds(grew == 1, "counted as it was", f"{ledger.failure}: {reason} grew by {grew}")
            return
        low_since = self._low_since
        low_for = after.at.mono - low_since if low_since is not None else None
        planned = self.openings.explains(Layer.SESSION, after.at.wall, low_for)
        grew = sum(new.losses.values()) - sum(old.losses.values())
        holds(grew == 1, "counted as it was", f"a loss: {grew}")
        grew = sum(times - old.losses.get(key, 0) for key, times in new.losses.items() if key[1] is Planning.PLANNED)
        holds(grew == planned, "counted as it was", f"a loss, planned {planned}: {old.losses} -> {new.losses}")

    def _counters(self, before: State, after: State) -> None:
        old, new = before.counters, after.counters
        for name in COUNTERS:
            was, now = getattr(old, name), getattr(new, name)
            if was is now:
                continue
            if isinstance(was, Histogram):
                _histogram_grew(was, now)
            elif isinstance(was, Mapping):
                _grew(name, was, now)
            elif now < was:
                raise Violation("counters never go back", f"{name} {was} -> {now}")
        if after.farms.known is before.farms.known:
            return
        for key, farm in before.farms.known.items():
            later = after.farms.known[key]
            if later.breaks_planned < farm.breaks_planned or later.breaks_unplanned < farm.breaks_unplanned:
                raise Violation("counters never go back", f"{key}: {farm} -> {later}")

    def _planned(self, before: State, after: State) -> None:
        now, outage, old = after.at, after.outages.current, before.outages.current
        broken = after.broken if after.session.phase is not Phase.STOPPED else None
        low_before = self._low_since
        low = broken in LOW
        self._low_since = (self._low_since if self._low_since is not None else now.mono) if low else None
        if outage is None or outage.ended is not None or broken is None or not after.outages.observing:
            return
        mismatch = self.ledger.failure == "mismatch" and not self.ledger.ready
        low_for = now.mono - self._low_since if self._low_since is not None else None
        explained = not mismatch and self.openings.explains(broken, now.wall, low_for)
        promise = "planned is explained"
        if outage.planning is Planning.PLANNED:
            holds(explained, promise, lambda: f"{broken} at {now.wall} by no window: {outage}")
            patience = self._low_since + PATIENCE - now.mono if self._low_since is not None else 0.0
            if patience > 0 and not self.openings.explains(broken, now.wall, PATIENCE):
                worn_at = now.mono + patience
                slept = after.wake.mono is None or after.wake.mono > worn_at + TINY
                holds(not slept, promise, lambda: f"the end of patience at {worn_at} is slept through")
        elif (old is None or old.planning is Planning.PLANNED) and explained:
            # It has turned, or began so: some moment since the last step, or of an earlier process, was unexplained.
            edges = self.openings.edges(before.at.wall, now.wall)
            worn = low_before is not None and low_before + PATIENCE <= now.mono
            new = outage.began == now.wall
            holds(
                not new and (worn or any(edges) or old is None or old.ended is not None),
                promise,
                lambda: f"turned, though explained: {outage}",
            )

    def _restarts(self, before: State, event: Event, after: State, *, was_ready: bool) -> None:
        book, ledger = self._book, self.ledger
        passed = after.at.mono - before.at.mono
        steady = abs((after.at.wall - before.at.wall).total_seconds() - passed) <= WALL_JUMP
        book.turned(self.openings.active(after.at.wall), before.at.wall, after.at.wall, ready=was_ready, steady=steady)
        if ledger.ended == "lost":
            book.lost(after.at.mono)
        if ledger.ended == "failed" and ledger.port == ledger.home:
            book.failed(closed=ledger.closed, silent=ledger.failure in ("timeout", "mute"))
        anew = isinstance(event, Reloaded) and not self.policy.same_session(event.before)
        if isinstance(event, Slept) or anew or ledger.stopped:
            book.unwatched()
        if ledger.ready and not was_ready:
            book.ready(after.at.mono)
        told, due = after.restarts.blips, book.blips
        holds(told == due, "restarts counted once", lambda: f"blips {told}, {due} due")
        counts = after.restarts.counts
        if counts is before.restarts.counts:
            return
        _grew("restarts", before.restarts.counts, counts)
        seen = (RestartResult.IN_TIME, RestartResult.OVERDUE)
        checked: Iterable[RestartResult] = seen if self._repeated else RestartResult
        for result in checked:
            due, told = book.counts.get(result, 0), counts.get(result, 0)
            if told != due:
                raise Violation("restarts counted once", f"{result} {told}, {due} due")

    def _login(self, before: State, after: State) -> None:
        promise, ledger, now = "a login asked for", self.ledger, after.at
        windows = [window for window in self.policy.windows if window.kind in RESTARTS]
        holds(bool(windows), promise, "without any restart")
        holds(not ledger.ready, promise, "with a session")
        times = 2 if self.policy.reauth is Reauth.AUTOMATIC else 1
        grace = min(window.grace for window in windows).total_seconds() * times
        if ledger.unready_since is not None:
            away = now.mono - ledger.unready_since
            holds(away > grace - TINY, promise, lambda: f"{away:.0f} s after the loss, grace {grace:.0f} s")
        holds(ledger.failure in ("refused", "closed", "mute"), promise, lambda: f"on the evidence of {ledger.failure}")
        lost_at, proven = after.login.lost_at, after.login.proven_at
        expired = tokens.last_expiry(now.wall).at if proven is None else tokens.next_expiry(proven).at
        holds(ledger.port == ledger.home, promise, lambda: f"on the evidence of port {ledger.port}")
        near = self.openings.active(lost_at.wall) if lost_at is not None else []
        asked = any(each.window.kind in RESTARTS and each.at >= expired for each in near)
        after_it = lost_at is not None and (lost_at.wall >= expired or asked)
        holds(after_it, promise, lambda: f"lost {lost_at}, expired {expired}")

    def _proven(self, event: Event, after: State) -> None:
        """A login is known to be done: the operator said so, it is assumed, or the port was seen closed."""
        login = after.login
        fair = login.proven_at is None or login.assumed or isinstance(event, LoginConfirmed) or self.ledger.was_gone
        holds(fair, "proven by its own port", lambda: f"{login}: {self.ledger.brief()}")


def _grew(name: str, old: Mapping[Any, float], new: Mapping[Any, float]) -> None:
    if old is not new:
        for key, value in old.items():
            if new.get(key, -1) < value:
                raise Violation("counters never go back", f"{name} {key}: {value} -> {new.get(key)}")


def _histogram_grew(old: Histogram, new: Histogram) -> None:
    if old is not new:
        pairs = zip(old.counts, new.counts, strict=bool(old.counts))
        holds(all(was <= now for was, now in pairs) and old.total <= new.total, "counters never go back", new)
