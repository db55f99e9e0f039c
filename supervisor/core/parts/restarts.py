"""Scheduled restarts of the gateway: did each come, and did the gateway come back in time?

- A restart window is judged once, if the session was ready when it opened and was watched throughout.
- The first loss in it decides: ready again before its end is `in_time`, else `overdue`; no loss is `not_seen`.
- Of the two windows of a local time that occurs twice one restart is expected: `not_seen` is told once, after the
  second.
- The gateway gives no notice before a restart; a loss within the window is all there is to see.
- A restart that moved (IBC's command RESTART keeps its minute for good) shows as a short unplanned loss on a full
  minute and then as `not_seen`. That is reported, and nothing is re-planned.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from supervisor.core.calendar.clock import Now
from supervisor.core.calendar.windows import RESTARTS, Occurrence, Window, renewed
from supervisor.core.model.counters import added
from supervisor.core.model.vocabulary import RestartResult

STRAY_SECONDS = (10.0, 180.0)
"""How long a restart takes, from the loss to the next ready."""
MINUTE_SLACK = timedelta(seconds=5)
STRAY_KEPT = timedelta(hours=25)
"""A moved restart is followed by the window it left within a day, and an hour of summer time."""


@dataclass(frozen=True, slots=True)
class Watch:
    """One open restart window."""

    occurrence: Occurrence
    armed: bool
    """It will be judged: the session was ready when it opened, and nothing was missed since."""
    lost_at: datetime | None = None
    judged: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """A window was judged."""

    occurrence: Occurrence
    result: RestartResult


@dataclass(frozen=True, slots=True)
class Restarts:
    """What is known of the restarts of one gateway."""

    watches: tuple[Watch, ...] = ()
    counts: Mapping[RestartResult, int] = field(default_factory=dict)
    pending: bool = False
    """Lost in a restart window, and not ready since."""
    last: datetime | None = None
    """The last restart seen."""
    offset: float | None = None
    """Seconds from the configured instant to the one seen."""
    done: datetime | None = None
    """The latest instant whose window is over: a clock that is set back does not have it judged again."""
    unseen: Occurrence | None = None
    """The first window of a repeated time ended without a loss: the second decides."""
    spared: Occurrence | None = None
    """The first window of a repeated time saw its restart: the second expects none."""
    stray_from: Now | None = None
    """An unplanned loss on a full minute, not ready since."""
    stray: datetime | None = None
    """Such a loss that lasted as long as a restart."""


def opened(active: tuple[Occurrence, ...]) -> Restarts:
    """At the beginning: what is open already is not judged."""
    return Restarts(watches=tuple(Watch(each, armed=False) for each in active if each.window.kind in RESTARTS))


def windows_turned(
    restarts: Restarts, active: tuple[Occurrence, ...], before: datetime, wall: datetime, *, ready: bool, steady: bool
) -> tuple[Restarts, tuple[Judgement, ...]]:
    """Windows opened or closed between `before` and `wall`.

    `ready`: the session was ready until now. `steady`: nobody set the clock meanwhile, nor did the machine sleep;
    otherwise what begins or ends now was not watched throughout.
    """
    mine = tuple(occurrence for occurrence in active if occurrence.window.kind in RESTARTS)
    watched = {watch.occurrence for watch in restarts.watches}
    judgements: list[Judgement] = []
    kept: list[Watch] = []
    done = restarts.done
    for watch in restarts.watches:
        if watch.occurrence in mine:
            kept.append(watch)
        elif watch.occurrence.start <= wall:  # else the clock was set back, and it will open again
            restarts, result = _ended(restarts, watch if steady else replace(watch, armed=False))
            done = watch.occurrence.at if done is None else max(done, watch.occurrence.at)
            if result is not None:
                judgements.append(Judgement(watch.occurrence, result))
                restarts = replace(restarts, counts=added(restarts.counts, result, 1))
    for occurrence in mine:
        if occurrence not in watched:
            seen_opening = ready and steady and before < occurrence.start
            kept.append(Watch(occurrence, armed=seen_opening and (done is None or occurrence.at > done)))
    return replace(restarts, watches=tuple(kept), done=done), tuple(judgements)


def watches_over(restarts: Restarts, occurrence: Occurrence) -> bool:
    """Whether this window is being watched, so that its restart will be seen, or seen not to come."""
    return any(watch.armed and watch.occurrence == occurrence for watch in restarts.watches)


def session_lost(restarts: Restarts, now: Now, *, planned: bool) -> Restarts:
    """The session was lost. `planned`: an active window explains it."""
    if not restarts.watches:
        past = timedelta(seconds=now.wall.second, microseconds=now.wall.microsecond)
        on_minute = min(past, timedelta(minutes=1) - past) <= MINUTE_SLACK
        return replace(restarts, stray_from=now if on_minute and not planned else None)
    watches = tuple(watch if watch.lost_at else replace(watch, lost_at=now.wall) for watch in restarts.watches)
    first = not any(watch.lost_at for watch in restarts.watches)
    if not first:
        return replace(restarts, watches=watches, pending=True)
    offset = (now.wall - watches[0].occurrence.at).total_seconds()
    return replace(restarts, watches=watches, pending=True, last=now.wall, offset=offset, stray_from=None)


def session_ready(restarts: Restarts, now: Now) -> tuple[Restarts, tuple[Judgement, ...]]:
    """A session is ready."""
    judgements = []
    watches = []
    for watch in restarts.watches:
        if watch.armed and watch.lost_at and not watch.judged:
            judgements.append(Judgement(watch.occurrence, RestartResult.IN_TIME))
            watch = replace(watch, judged=True)
        watches.append(watch)
    counts = added(restarts.counts, RestartResult.IN_TIME, len(judgements)) if judgements else restarts.counts
    stray = restarts.stray
    if restarts.stray_from is not None:
        shortest, longest = STRAY_SECONDS
        if shortest <= now.mono - restarts.stray_from.mono <= longest:
            stray = restarts.stray_from.wall
    return (
        replace(restarts, watches=tuple(watches), counts=counts, pending=False, stray_from=None, stray=stray),
        tuple(judgements),
    )


def rearranged(restarts: Restarts, windows: Iterable[Window]) -> Restarts:
    """The windows are others from now on: the watch over an instant that is still one goes on."""
    windows = tuple(windows)
    again = ((watch, renewed(windows, watch.occurrence)) for watch in restarts.watches)
    kept = tuple(replace(watch, occurrence=occurrence) for watch, occurrence in again if occurrence is not None)
    return replace(restarts, watches=kept)


def disarmed(restarts: Restarts) -> Restarts:
    """Something was not watched: the windows now open are not judged."""
    return replace(restarts, watches=tuple(replace(watch, armed=False) for watch in restarts.watches), stray_from=None)


def moved_to(restarts: Restarts, wall: datetime) -> tuple[Restarts, datetime | None]:
    """After `not_seen`: the full minute to which the restart may have moved, told once."""
    stray = restarts.stray
    if stray is None or wall - stray > STRAY_KEPT:
        return replace(restarts, stray=None), None
    minute = (stray + timedelta(seconds=30)).replace(second=0, microsecond=0)
    return replace(restarts, stray=None), minute


def _ended(restarts: Restarts, watch: Watch) -> tuple[Restarts, RestartResult | None]:
    """A window is over: its result, or None if it has been judged or cannot be."""
    repetition = watch.occurrence.repetition
    if repetition == 1:
        if watch.lost_at is not None:
            restarts = replace(restarts, spared=watch.occurrence)
        elif watch.armed:
            return replace(restarts, unseen=watch.occurrence), None
    elif repetition == 2:
        first_unseen, first_seen = restarts.unseen, restarts.spared
        restarts = replace(restarts, unseen=None, spared=None)
        if watch.lost_at is None and (first_unseen is None or first_seen is not None):
            return restarts, None
    if not watch.armed or watch.judged:
        return restarts, None
    return restarts, RestartResult.NOT_SEEN if watch.lost_at is None else RestartResult.OVERDUE
