"""Outages: which seconds were one, of which layer, and whether it was planned.

- An outage lasts while any layer is down. It belongs to the lowest layer broken at its first moment, and stays so.
- It is planned as long as at every moment since it began an active window explains the lowest layer then broken. The
  first unexplained moment makes all of it unplanned, for good: a hang at 23:40 is no maintenance at 23:45.
- Counters never go back: the seconds of a still planned outage are held, and booked when it closes, or whole as
  unplanned when it turns.
- An outage that ended may be continued for `outage_merge` seconds; until then it is not closed and not counted. The
  gaps are not its seconds. Each continuation is a flap, and counted as one.
- It is continued only for `LONGEST_MERGE` times that, from its first end on: a gateway that comes and goes all day has
  many outages, not one.
- Nothing is continued across a time that nobody saw: a suspend, or another process.
- Nothing is observed before the first attempt has failed or its session's first heartbeat was answered, nor while
  stopped or asleep.
- The invariant, which `balanced` checks: planned + unplanned + held = observed time in which not every layer was up.
"""

import math

from supervisor.core.calendar.clock import Now
from supervisor.core.calendar.windows import Explains, Occurrence
from supervisor.core.model.cause import Cause
from supervisor.core.model.counters import RECOVERY_BOUNDS, Histogram, added
from supervisor.core.model.facts import OpenOutage
from supervisor.core.model.layers import BELOW_UPSTREAM, Layer
from supervisor.core.model.records import OutageClosed
from supervisor.core.model.snapshot import Outage, OutageTotals
from supervisor.core.model.vocabulary import Planning
from supervisor.frozen import dataclass, replace

LONGEST_MERGE = 10.0
"""Times `outage_merge`, from the first end of an outage: from then on the next one is another."""

RESET_PATIENCE = 300.0
"""Seconds at a stretch for which a daily server reset explains a layer below `upstream`."""


@dataclass(frozen=True, slots=True)
class Outages:
    """The outages of one gateway."""

    observing: bool = False
    current: Outage | None = None
    inherited: OpenOutage | None = None
    """Left open by an earlier process; it goes on, or ends, with the first observation. One that had ended is over."""
    last: OutageClosed | None = None
    """The last one that closed."""
    totals: OutageTotals = OutageTotals()
    broken_seconds: float = 0.0
    """Observed time in which not every layer was up."""


def elapsed(outages: Outages, broken: bool, seconds: float) -> Outages:
    """Time has passed in which nothing changed."""
    if not outages.observing or not seconds:
        return outages
    outage, totals = outages.current, outages.totals
    observed = totals.observed + seconds
    if not broken or outage is None:
        return replace(outages, totals=replace(totals, observed=observed))
    longer = replace(outage, seconds=outage.seconds + seconds)
    booked = totals.seconds
    if outage.planning is Planning.PLANNED:
        longer = replace(longer, held=outage.held + seconds)
    else:
        booked = added(booked, (outage.layer, Planning.UNPLANNED), seconds)
    return replace(
        outages,
        current=longer,
        totals=replace(totals, observed=observed, seconds=booked),
        broken_seconds=outages.broken_seconds + seconds,
    )


def judgeable(outages: Outages) -> bool:
    """Whether an outage is observed that an unexplained moment would turn."""
    outage = outages.current
    return outages.observing and outage is not None and outage.planning is Planning.PLANNED and outage.ended is None


def judged(outages: Outages, explained: bool) -> Outages:
    """The outage under way was, or was not, explained at some moment."""
    outage = outages.current
    if explained or outage is None or not judgeable(outages):
        return outages
    booked = added(outages.totals.seconds, (outage.layer, Planning.UNPLANNED), outage.held)
    return replace(
        outages,
        current=replace(outage, planning=Planning.UNPLANNED, held=0.0),
        totals=replace(outages.totals, seconds=booked),
    )


def observed(outages: Outages, broken: Layer | None, planning: Planning, now: Now, merge: float) -> Outages:
    """How things stand now: the lowest layer broken, and whether a window explains it."""
    if outages.inherited is not None:
        outages = _taken_over(outages, outages.inherited, broken, now)
    if outages.current is not None and outages.current.ended is not None:
        outages = settled(outages, now, merge)
    if not outages.observing:
        return outages
    outage = outages.current
    if broken is None:
        if outage is None or outage.ended is not None:
            return outages
        until = outage.continued_until
        until = now.mono + LONGEST_MERGE * merge if until is None else until
        ended = replace(outages, current=replace(outage, ended=now, continued_until=until))
        return settled(ended, now, merge)
    if outage is not None:
        if outage.ended is None:
            return judged(outages, planning is Planning.PLANNED)
        if outage.layer is broken and outage.planning is planning:
            flaps = added(outages.totals.flaps, (broken, planning), 1)
            again = replace(outage, ended=None, flaps=outage.flaps + 1)
            return replace(outages, current=again, totals=replace(outages.totals, flaps=flaps))
        outages = closed(outages, now)
    return replace(outages, current=Outage(now.wall, broken, planning))


def caused(outages: Outages, cause: Cause | None) -> Outages:
    """The likely cause is known: the first one stays with the outage."""
    outage = outages.current
    if cause is None or outage is None or outage.cause is not None or outage.ended is not None:
        return outages
    return replace(outages, current=replace(outage, cause=cause))


def settled(outages: Outages, now: Now, merge: float) -> Outages:
    """An outage that nothing can continue any more is closed."""
    due = closes_at(outages, merge)
    return closed(outages, now) if due is not None and now.mono >= due else outages


def slept(outages: Outages, now: Now) -> Outages:
    """The machine was asleep: an outage that had ended is over, one that has not goes on."""
    return closed(outages, now) if outages.current is not None and outages.current.ended is not None else outages


def paused(outages: Outages, now: Now) -> Outages:
    """Nothing is observed from here on; an open outage closes as it stands, one of an earlier process too."""
    left = outages.inherited
    if left is not None:
        outages = replace(outages, current=_reopened(left, _ended(left, now)), inherited=None)
    return replace(closed(outages, now), observing=False)


def begin_observing(outages: Outages) -> Outages:
    """The first attempt has ended, one way or the other: from now on time counts."""
    return outages if outages.observing else replace(outages, observing=True)


def unwatched(outages: Outages) -> Outages:
    """Nothing is observed until the next attempt has ended; an open outage stays open."""
    return replace(outages, observing=False)


def left(outages: Outages, now: Now) -> Outages:
    """The process ends: an outage that has not ended stays open, one that has is over."""
    if outages.current is not None and outages.current.ended is not None:
        outages = closed(outages, now)
    return unwatched(outages)


def closed(outages: Outages, now: Now) -> Outages:
    """The outage is over for good: count it, and book what was held. Its recovery is measured if it did recover."""
    outage, totals = outages.current, outages.totals
    if outage is None:
        return outages
    key = (outage.layer, outage.planning)
    recovery = totals.recovery
    if outage.ended is not None:
        histogram = recovery.get(outage.planning, Histogram(RECOVERY_BOUNDS))
        recovery = {**recovery, outage.planning: histogram.with_value(outage.seconds)}
    return replace(
        outages,
        current=None,
        last=OutageClosed(
            outage.began,
            outage.ended.wall if outage.ended is not None else now.wall,
            outage.layer,
            outage.planning,
            outage.seconds,
            outage.ended is not None,
            outage.cause,
            outage.flaps,
        ),
        totals=replace(
            totals,
            counts=added(totals.counts, key, 1),
            seconds=added(totals.seconds, key, outage.held) if outage.held else totals.seconds,
            recovery=recovery,
        ),
    )


def closes_at(outages: Outages, merge: float) -> float | None:
    """The moment after which nothing can continue an ended outage."""
    outage = outages.current
    ended = None if outage is None else outage.ended
    until = None if outage is None else outage.continued_until
    return None if ended is None else min(ended.mono + merge, math.inf if until is None else until)


def left_open(outages: Outages, *, exactly: bool = False) -> OpenOutage | None:
    """What the next process must know. Seconds are told in steps of ten: not every second need be written to disk.

    An outage that has ended is told too until it closes, or a crash in the gap would lose it.
    """
    outage = outages.current
    if outage is None:
        return outages.inherited
    ended = outage.ended.wall if outage.ended is not None else None
    seconds = outage.seconds if exactly or ended is not None else math.floor(outage.seconds / 10) * 10.0
    planned = outage.planning is Planning.PLANNED
    return OpenOutage(outage.began, outage.layer.value, planned, seconds, ended, outage.cause, outage.flaps)


def balanced(outages: Outages) -> bool:
    """The invariant."""
    held = outages.current.held if outages.current is not None else 0.0
    booked = sum(outages.totals.seconds.values()) + held
    return math.isclose(booked, outages.broken_seconds, rel_tol=1e-9, abs_tol=1e-6)


def _taken_over(outages: Outages, left: OpenOutage, broken: Layer | None, now: Now) -> Outages:
    """With the first observation an outage of an earlier process goes on, or ends.

    One that had ended is closed at once: what comes after a time that nobody saw is another one.
    """
    if left.ended is not None:
        return closed(replace(outages, current=_reopened(left, _ended(left, now)), inherited=None), now)
    if not outages.observing:
        return outages
    return replace(outages, current=_reopened(left, now if broken is None else None), inherited=None)


def _ended(left: OpenOutage, now: Now) -> Now | None:
    return Now(now.mono, left.ended) if left.ended is not None else None


def _reopened(left: OpenOutage, ended: Now | None) -> Outage:
    return Outage(
        left.began,
        Layer(left.cause),
        Planning.of(left.planned),
        left.seconds,
        ended=ended,
        cause=left.why,
        flaps=left.flaps,
    )


def explains(active: tuple[Occurrence, ...], layer: Layer, low_since: float | None, now: float) -> bool:
    """Whether one of the active windows explains this layer as the lowest one broken.

    `low_since`: when a layer below `upstream` broke, in monotonic seconds like `now`.
    """
    if not active:
        return False
    patient = layer not in BELOW_UPSTREAM or low_since is None or now < low_since + RESET_PATIENCE
    return patient or any(occurrence.window.explains is Explains.EVERY_LAYER for occurrence in active)
