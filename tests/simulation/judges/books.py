"""Counters and outages.

- `planned is explained`: at every moment of a planned outage an active window explains its lowest broken layer; one
  that turned had a moment that none explained.
- `an outage by its rules`: its cause is the lowest layer broken at its first moment; it goes on only after a gap
  shorter than `outage_merge`, with the same cause and the same word on planned, for ten times that, and never across
  a suspend.
- `counted as it was`: a loss as planned or not, an attempt by the reason of its failure.
- `counters never go back`, `the books balance`.
"""

import math
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from supervisor.core.model.counters import Counters, Histogram
from supervisor.core.model.events import Event, Slept
from supervisor.core.model.layers import Layer
from supervisor.core.model.vocabulary import Failure, Phase, Planning
from supervisor.core.parts import outages
from supervisor.core.step.state import State
from tests.simulation.judges.case import Case
from tests.simulation.judges.planning import LOW, PATIENCE
from tests.simulation.judges.violation import Violation, holds

TINY = 1e-6
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


class Books:
    """Of one process."""

    def __init__(self, case: Case, state: State) -> None:
        self.case = case
        self._observed = self._broken = 0.0
        self._low_since: float | None = state.low_since
        self._first_end: tuple[datetime, float] | None = None

    def step(self, before: State, event: Event, after: State) -> None:
        """Raises Violation for the first promise that does not hold."""
        if self.case.ledger.ended:
            self._counted(before, after)
        if isinstance(event, Slept) and self._low_since is not None:
            self._low_since -= event.seconds
        self._planned(before, after)
        if after.counters is not before.counters or after.farms is not before.farms:
            self._counters(before, after)
        if after.outages is not before.outages:
            self._books(before, after)
            self._outage(before, event, after)

    def account(self, before: State, passed: float) -> None:
        """Time has passed."""
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
        grew("outage seconds", old.seconds, totals.seconds)
        grew("outages", old.counts, totals.counts)
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
            books.observing is (self.case.ledger.tried and not stopped),
            "the books balance",
            lambda: f"observing {self.case.ledger.brief()}",
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
            merge = self.case.policy.timing.outage_merge
            same = new.layer is broken and new.planning is old.planning
            first = self._first_end[1] if self._first_end is not None else old.ended.mono
            fits = same and now.mono - old.ended.mono < merge and now.mono - first < LONGEST * merge
            holds(fits, promise, f"{broken} at {now.mono}: {old} went on")

    def _counted(self, before: State, after: State) -> None:
        """What ended in this step, in the counters."""
        old, new, ledger = before.counters, after.counters, self.case.ledger
        if ledger.ended == "failed":
            reason = REASONS.get(ledger.failure)
            if reason is not None:
                grew = new.failures.get(reason, 0) - old.failures.get(reason, 0)
                holds(grew == 1, "counted as it was", f"{ledger.failure}: {reason} grew by {grew}")
            return
        low_since = self._low_since
        low_for = after.at.mono - low_since if low_since is not None else None
        planned = self.case.openings.explains(Layer.SESSION, after.at.wall, low_for)
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
                grew(name, was, now)
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
        mismatch = self.case.ledger.failure == "mismatch" and not self.case.ledger.ready
        low_for = now.mono - self._low_since if self._low_since is not None else None
        explained = not mismatch and self.case.openings.explains(broken, now.wall, low_for)
        promise = "planned is explained"
        if outage.planning is Planning.PLANNED:
            holds(explained, promise, lambda: f"{broken} at {now.wall} by no window: {outage}")
            patience = self._low_since + PATIENCE - now.mono if self._low_since is not None else 0.0
            if patience > 0 and not self.case.openings.explains(broken, now.wall, PATIENCE):
                worn_at = now.mono + patience
                slept = after.wake.mono is None or after.wake.mono > worn_at + TINY
                holds(not slept, promise, lambda: f"the end of patience at {worn_at} is slept through")
        elif (old is None or old.planning is Planning.PLANNED) and explained:
            # It has turned, or began so: some moment since the last step, or of an earlier process, was unexplained.
            edges = self.case.openings.edges(before.at.wall, now.wall)
            worn = low_before is not None and low_before + PATIENCE <= now.mono
            new = outage.began == now.wall
            holds(
                not new and (worn or any(edges) or old is None or old.ended is not None),
                promise,
                lambda: f"turned, though explained: {outage}",
            )


def grew(name: str, old: Mapping[Any, float], new: Mapping[Any, float]) -> None:
    """Raises Violation if one of these is less than it was."""
    if old is not new:
        for key, value in old.items():
            if new.get(key, -1) < value:
                raise Violation("counters never go back", f"{name} {key}: {value} -> {new.get(key)}")


def _histogram_grew(old: Histogram, new: Histogram) -> None:
    if old is not new:
        pairs = zip(old.counts, new.counts, strict=bool(old.counts))
        holds(all(was <= now for was, now in pairs) and old.total <= new.total, "counters never go back", new)
