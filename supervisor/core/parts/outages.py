"""The books: which seconds were an outage, of what, and whether it was planned.

- An outage lasts while any layer is down. Its cause is the lowest layer broken at its first moment, and stays.
- It is planned as long as at every moment since it began an active window explains the lowest layer then broken. The
  first unexplained moment makes the whole of it unplanned, for good: a hang at 23:40 is no maintenance at 23:45.
- Counters never go back: the seconds of a still planned outage are held, and booked when it closes, or whole as
  unplanned when it turns.
- An outage that ended may be continued for `outage_merge` seconds; until then it is not closed, not counted. The gaps
  are not its seconds.
- Nothing is observed before the first attempt has failed or its session's first heartbeat was answered, nor while
  stopped or asleep.
- The invariant, which `balanced` checks: planned + unplanned + held = observed time in which not every layer was up.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from supervisor.core.calendar.clock import Now
from supervisor.core.model.counters import RECOVERY_BOUNDS, Histogram, added
from supervisor.core.model.facts import OpenOutage
from supervisor.core.model.layers import Layer


@dataclass(frozen=True, slots=True)
class Outage:
    """One outage that has not closed."""

    began: datetime
    cause: Layer
    planned: bool
    seconds: float = 0.0
    """Observed, gaps excluded; those of earlier processes too."""
    held: float = 0.0
    """Of this process, not yet booked because it is still planned."""
    ended: Now | None = None
    """Every layer is up again since; it may still be continued."""


@dataclass(frozen=True, slots=True)
class Closed:
    """One outage that is over for good."""

    began: datetime
    ended: datetime
    """When every layer was up again; of a paused one, when it was paused."""
    cause: Layer
    planned: bool
    seconds: float
    """Observed, gaps excluded; those of earlier processes too."""
    recovered: bool
    """It ended with every layer up, not with a pause."""


@dataclass(frozen=True, slots=True)
class Outages:
    """The books of one gateway."""

    observing: bool = False
    current: Outage | None = None
    inherited: OpenOutage | None = None
    """Left open by an earlier process; it goes on, or ends, with the first observation. One that had ended is over."""
    last: Closed | None = None
    """The last one that closed."""
    seconds: Mapping[tuple[Layer, bool], float] = field(default_factory=dict)
    """Booked, by cause and planned."""
    counts: Mapping[tuple[Layer, bool], int] = field(default_factory=dict)
    observed: float = 0.0
    broken_seconds: float = 0.0
    """Observed time in which not every layer was up."""
    recovery: Mapping[bool, Histogram] = field(default_factory=dict)
    """By planned: the seconds of the outages that closed."""


def elapsed(books: Outages, broken: bool, seconds: float) -> Outages:
    """Time has passed in which nothing changed."""
    if not books.observing or not seconds:
        return books
    outage = books.current
    if not broken or outage is None:
        return replace(books, observed=books.observed + seconds)
    books = replace(books, observed=books.observed + seconds, broken_seconds=books.broken_seconds + seconds)
    longer = replace(outage, seconds=outage.seconds + seconds)
    if outage.planned:
        return replace(books, current=replace(longer, held=outage.held + seconds))
    return replace(books, current=longer, seconds=added(books.seconds, (outage.cause, False), seconds))


def judgeable(books: Outages) -> bool:
    """Whether an outage is observed that an unexplained moment would turn."""
    outage = books.current
    return books.observing and outage is not None and outage.planned and outage.ended is None


def judged(books: Outages, explained: bool) -> Outages:
    """The outage under way was, or was not, explained at some moment."""
    outage = books.current
    if explained or outage is None or not judgeable(books):
        return books
    return replace(
        books,
        current=replace(outage, planned=False, held=0.0),
        seconds=added(books.seconds, (outage.cause, False), outage.held),
    )


def observed(books: Outages, broken: Layer | None, explained: bool, now: Now, merge: float) -> Outages:
    """How things stand now: the lowest layer broken, and whether a window explains it."""
    books = settled(_taken_over(books, broken, now), now, merge)
    if not books.observing:
        return books
    outage = books.current
    if broken is None:
        if outage is None or outage.ended is not None:
            return books
        return replace(books, current=replace(outage, ended=now))
    if outage is not None:
        if outage.ended is None:
            return judged(books, explained)
        if outage.cause is broken and outage.planned is explained:
            return replace(books, current=replace(outage, ended=None))
        books = closed(books, now)
    return replace(books, current=Outage(now.wall, broken, explained))


def settled(books: Outages, now: Now, merge: float) -> Outages:
    """An outage that nothing can continue any more is closed."""
    due = closes_at(books, merge)
    return closed(books, now) if due is not None and now.mono >= due else books


def paused(books: Outages, now: Now) -> Outages:
    """Nothing is observed from here on; an open outage closes as it stands, one of an earlier process too."""
    left = books.inherited
    if left is not None:
        books = replace(books, current=_reopened(left, _ended(left, now)), inherited=None)
    return replace(closed(books, now), observing=False)


def unwatched(books: Outages) -> Outages:
    """Nothing is observed until the next attempt tells; an open outage stays open."""
    return replace(books, observing=False)


def left(books: Outages, now: Now) -> Outages:
    """The process ends: an outage that has not ended stays open, one that has is over."""
    if books.current is not None and books.current.ended is not None:
        books = closed(books, now)
    return unwatched(books)


def closed(books: Outages, now: Now) -> Outages:
    """The outage is over for good.

    Count it, book what was held; its recovery is told if it did recover.
    """
    outage = books.current
    if outage is None:
        return books
    key = (outage.cause, outage.planned)
    recovery = books.recovery
    if outage.ended is not None:
        histogram = recovery.get(outage.planned, Histogram(RECOVERY_BOUNDS))
        recovery = {**recovery, outage.planned: histogram.with_value(outage.seconds)}
    return replace(
        books,
        current=None,
        last=Closed(
            outage.began,
            outage.ended.wall if outage.ended is not None else now.wall,
            outage.cause,
            outage.planned,
            outage.seconds,
            outage.ended is not None,
        ),
        counts=added(books.counts, key, 1),
        seconds=added(books.seconds, key, outage.held) if outage.held else books.seconds,
        recovery=recovery,
    )


def closes_at(books: Outages, merge: float) -> float | None:
    """The moment after which nothing can continue an ended outage."""
    outage = books.current
    return outage.ended.mono + merge if outage is not None and outage.ended is not None else None


def left_open(books: Outages, *, exactly: bool = False) -> OpenOutage | None:
    """What the next process must know. Its seconds are told in steps of ten, lest each second be written down.

    An outage that has ended is told too until it closes, or a crash in the gap would lose it.
    """
    outage = books.current
    if outage is None:
        return books.inherited
    ended = outage.ended.wall if outage.ended is not None else None
    seconds = outage.seconds if exactly or ended is not None else math.floor(outage.seconds / 10) * 10.0
    return OpenOutage(outage.began, outage.cause.value, outage.planned, seconds, ended)


def balanced(books: Outages) -> bool:
    """The invariant of the books."""
    held = books.current.held if books.current is not None else 0.0
    return math.isclose(sum(books.seconds.values()) + held, books.broken_seconds, rel_tol=1e-9, abs_tol=1e-6)


def _taken_over(books: Outages, broken: Layer | None, now: Now) -> Outages:
    """With the first observation an outage of an earlier process goes on, or ends.

    One that had ended is closed at once: what comes after a time that nobody saw is another one.
    """
    left = books.inherited
    if left is not None and left.ended is not None:
        return closed(replace(books, current=_reopened(left, _ended(left, now)), inherited=None), now)
    if left is None or not books.observing:
        return books
    return replace(books, current=_reopened(left, now if broken is None else None), inherited=None)


def _ended(left: OpenOutage, now: Now) -> Now | None:
    return Now(now.mono, left.ended) if left.ended is not None else None


def _reopened(left: OpenOutage, ended: Now | None) -> Outage:
    return Outage(left.began, Layer(left.cause), left.planned, left.seconds, ended=ended)
