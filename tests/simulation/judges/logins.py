"""Restarts and logins.

- `restarts counted once`, and a blip as none.
- `proven by its own port`: a login is proven only if the port of the last session was seen closed since.
- `a login asked for`: only after the grace, and with a token that had expired at the loss.
"""

from collections.abc import Iterable

from supervisor.core.calendar import tokens
from supervisor.core.calendar.windows import RESTARTS
from supervisor.core.model.events import Event, LoginConfirmed, Reloaded, Slept
from supervisor.core.model.policy import Reauth
from supervisor.core.model.vocabulary import RestartResult
from supervisor.core.step.state import State
from tests.simulation.judges.books import grew
from tests.simulation.judges.case import Case
from tests.simulation.judges.planning import RestartBook
from tests.simulation.judges.violation import Violation, holds

TINY = 1e-6
WALL_JUMP = 2.0


class Logins:
    """Of one process."""

    def __init__(self, case: Case, state: State) -> None:
        self.case = case
        self._book = RestartBook(case.openings.active(state.at.wall))
        self._repeated = False

    def repeats(self) -> None:
        """A window has opened twice in its night: what it counts is not judged by itself."""
        self._repeated = True

    def step(self, before: State, event: Event, after: State, *, was_ready: bool) -> None:
        """Raises Violation for the first promise that does not hold."""
        self._restarts(before, event, after, was_ready=was_ready)
        if after.login.proven_at != before.login.proven_at:
            self._proven(event, after)
        if after.login.required and not before.login.required:
            self._login(after)

    def _restarts(self, before: State, event: Event, after: State, *, was_ready: bool) -> None:
        book, ledger = self._book, self.case.ledger
        passed = after.at.mono - before.at.mono
        steady = abs((after.at.wall - before.at.wall).total_seconds() - passed) <= WALL_JUMP
        book.turned(
            self.case.openings.active(after.at.wall), before.at.wall, after.at.wall, ready=was_ready, steady=steady
        )
        if ledger.ended == "lost":
            book.lost(after.at.mono)
        if ledger.ended == "failed" and ledger.port == ledger.home:
            book.failed(closed=ledger.closed, silent=ledger.failure in ("timeout", "mute"))
        anew = isinstance(event, Reloaded) and not self.case.policy.same_session(event.before)
        if isinstance(event, Slept) or anew or ledger.stopped:
            book.unwatched()
        if ledger.ready and not was_ready:
            book.ready(after.at.mono)
        told, due = after.restarts.blips, book.blips
        holds(told == due, "restarts counted once", lambda: f"blips {told}, {due} due")
        counts = after.restarts.counts
        if counts is before.restarts.counts:
            return
        grew("restarts", before.restarts.counts, counts)
        seen = (RestartResult.IN_TIME, RestartResult.OVERDUE)
        checked: Iterable[RestartResult] = seen if self._repeated else RestartResult
        for result in checked:
            due, told = book.counts.get(result, 0), counts.get(result, 0)
            if told != due:
                raise Violation("restarts counted once", f"{result} {told}, {due} due")

    def _login(self, after: State) -> None:
        promise, ledger, now = "a login asked for", self.case.ledger, after.at
        windows = [window for window in self.case.policy.windows if window.kind in RESTARTS]
        holds(bool(windows), promise, "without any restart")
        holds(not ledger.ready, promise, "with a session")
        times = 2 if self.case.policy.reauth is Reauth.AUTOMATIC else 1
        grace = min(window.grace for window in windows).total_seconds() * times
        if ledger.unready_since is not None:
            away = now.mono - ledger.unready_since
            holds(away > grace - TINY, promise, lambda: f"{away:.0f} s after the loss, grace {grace:.0f} s")
        holds(ledger.failure in ("refused", "closed", "mute"), promise, lambda: f"on the evidence of {ledger.failure}")
        lost_at, proven = after.login.lost_at, after.login.proven_at
        expired = tokens.last_expiry(now.wall).at if proven is None else tokens.next_expiry(proven).at
        holds(ledger.port == ledger.home, promise, lambda: f"on the evidence of port {ledger.port}")
        near = self.case.openings.active(lost_at.wall) if lost_at is not None else []
        asked = any(each.window.kind in RESTARTS and each.at >= expired for each in near)
        after_it = lost_at is not None and (lost_at.wall >= expired or asked)
        holds(after_it, promise, lambda: f"lost {lost_at}, expired {expired}")

    def _proven(self, event: Event, after: State) -> None:
        """A login is known to be done: the operator said so, it is assumed, or the port was seen closed."""
        login = after.login
        fair = (
            login.proven_at is None or login.assumed or isinstance(event, LoginConfirmed) or self.case.ledger.was_gone
        )
        holds(fair, "proven by its own port", lambda: f"{login}: {self.case.ledger.brief()}")
