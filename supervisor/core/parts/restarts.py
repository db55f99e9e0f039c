"""Scheduled restarts of the gateway: did each come, and did the gateway come back in time?

- A restart window is judged once, if the session was ready when it opened and was watched throughout.
- What a loss was is told by what the port did until the next session: `Away`. A blip is no restart: it is counted as
  such, and the window goes on being watched.
- The first loss in it that is no blip decides: ready again before its end is `in_time`, else `overdue`, whatever was
  seen; no such loss is `not_seen`.
- Of the two windows of a local time that occurs twice one restart is expected: `not_seen` is told once, after the
  second.
- The gateway gives no notice before a restart; a loss within the window, and a closed port, are all there is to see.
- A restart that moved (IBC's command RESTART keeps its minute for good) shows as a short unplanned loss on a full
  minute and then as `not_seen`. That is reported, and nothing is re-planned.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime, timedelta
from enum import Enum

from supervisor.core.calendar.clock import Now
from supervisor.core.calendar.windows import RESTARTS, Occurrence, Window, renewed
from supervisor.core.model.counters import added
from supervisor.core.model.vocabulary import Failure, PortEvidence, RestartResult
from supervisor.frozen import dataclass, replace

UNCLEAR_FROM = 10.0
"""Seconds away from which a loss may have been a restart though the port was never seen closed."""
STRAY_SECONDS = (10.0, 180.0)
"""How long a restart takes, from the loss to the next ready."""
MINUTE_SLACK = timedelta(seconds=5)
STRAY_KEPT = timedelta(hours=25)
"""A moved restart is followed by the window it left within a day, and an hour of summer time."""


class Away(Enum):
    """What a loss was, as far as it can be told from outside."""

    RESTART = "restart"
    """The port refused, or closed before the handshake: the process went and came."""
    UNCLEAR = "unclear"
    """Away for `UNCLEAR_FROM` or longer and nothing but silence seen, or not back at the end of the window."""
    BLIP = "blip"
    """All else: the process was there."""


@dataclass(frozen=True, slots=True)
class Absence:
    """No session since a loss, and what the port was seen doing since."""

    lost_at: Now
    in_window: bool
    """A restart window was open at the loss."""
    stray: bool
    """Unplanned, outside the windows and on a full minute: perhaps a restart that moved."""
    closed: bool = False
    """The port refused, or closed before the handshake."""
    silent: bool = True
    """Every failed attempt was a TCP timeout, or mute."""
    overran: bool = False
    """A window that it began in is over."""


_VAGUE = frozenset({Failure.TIMEOUT, Failure.HANDSHAKE_TIMEOUT})


@dataclass(frozen=True, slots=True)
class Watch:
    """One open restart window."""

    occurrence: Occurrence
    armed: bool
    """It will be judged: the session was ready when it opened, and nothing was missed since."""
    absent: bool = False
    """The session was lost in it, and is not back."""
    lost_at: datetime | None = None
    """The first loss in it that is known to be no blip."""
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
    absence: Absence | None = None
    """None with a session, and while it is not known when and how the last one was lost."""
    blips: int = 0
    stray: datetime | None = None
    """An unplanned loss on a full minute that lasted as long as a restart, and was no blip."""


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
            restarts, watch = _overrun(restarts, watch)
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


def saw(restarts: Restarts, occurrence: Occurrence) -> bool:
    """Whether this restart came: a loss in its window is known to be no blip."""
    return any(watch.lost_at is not None and watch.occurrence == occurrence for watch in restarts.watches)


def session_lost(restarts: Restarts, now: Now, *, planned: bool) -> Restarts:
    """The session was lost. `planned`: an active window explains it."""
    in_window = bool(restarts.watches)
    past = timedelta(seconds=now.wall.second, microseconds=now.wall.microsecond)
    on_minute = min(past, timedelta(minutes=1) - past) <= MINUTE_SLACK
    return replace(
        restarts,
        watches=tuple(replace(watch, absent=True) for watch in restarts.watches),
        pending=in_window,
        absence=Absence(now, in_window, stray=on_minute and not planned and not in_window),
    )


def attempt_failed(restarts: Restarts, failure: Failure, evidence: PortEvidence) -> Restarts:
    """An attempt failed at the address of the session that was lost; `evidence` is what it said of the port."""
    absence = restarts.absence
    if absence is None:
        return restarts
    if evidence is PortEvidence.CLOSED:
        return _decided(replace(restarts, absence=replace(absence, closed=True)))
    return restarts if failure in _VAGUE else replace(restarts, absence=replace(absence, silent=False))


def what_it_was(restarts: Restarts, now: Now) -> Away | None:
    """What the loss was, if a session is ready now; None without one that is known of."""
    absence = restarts.absence
    if absence is None:
        return None
    if absence.closed:
        return Away.RESTART
    silent = absence.silent and now.mono - absence.lost_at.mono >= UNCLEAR_FROM
    return Away.UNCLEAR if silent or absence.overran else Away.BLIP


def session_ready(restarts: Restarts, now: Now) -> tuple[Restarts, tuple[Judgement, ...]]:
    """A session is ready."""
    absence, away = restarts.absence, what_it_was(restarts, now)
    blips, stray = restarts.blips, restarts.stray
    if away is Away.BLIP:
        blips += absence is not None and absence.in_window
    elif absence is not None:
        restarts = _decided(restarts)
        shortest, longest = STRAY_SECONDS
        if absence.stray and shortest <= now.mono - absence.lost_at.mono <= longest:
            stray = absence.lost_at.wall
    judgements = []
    watches = []
    for watch in restarts.watches:
        if watch.armed and watch.lost_at and not watch.judged:
            judgements.append(Judgement(watch.occurrence, RestartResult.IN_TIME))
            watch = replace(watch, judged=True)
        watches.append(replace(watch, absent=False))
    counts = added(restarts.counts, RestartResult.IN_TIME, len(judgements)) if judgements else restarts.counts
    back = replace(restarts, watches=tuple(watches), counts=counts, pending=False, absence=None)
    return replace(back, blips=blips, stray=stray), tuple(judgements)


def rearranged(restarts: Restarts, windows: Iterable[Window]) -> Restarts:
    """The windows are others from now on: the watch over an instant that is still one goes on."""
    windows = tuple(windows)
    again = ((watch, renewed(windows, watch.occurrence)) for watch in restarts.watches)
    kept = tuple(replace(watch, occurrence=occurrence) for watch, occurrence in again if occurrence is not None)
    return replace(restarts, watches=kept)


def disarmed(restarts: Restarts) -> Restarts:
    """Something was not watched: the windows now open are not judged, nor is a loss whose end may have been missed."""
    watches = tuple(replace(watch, armed=False, absent=False) for watch in restarts.watches)
    return replace(restarts, watches=watches, absence=None)


def moved_to(restarts: Restarts, wall: datetime) -> tuple[Restarts, datetime | None]:
    """After `not_seen`: the full minute to which the restart may have moved, told once."""
    stray = restarts.stray
    if stray is None or wall - stray > STRAY_KEPT:
        return replace(restarts, stray=None), None
    minute = (stray + timedelta(seconds=30)).replace(second=0, microsecond=0)
    return replace(restarts, stray=None), minute


def _decided(restarts: Restarts) -> Restarts:
    """The loss is no blip: it decides the windows that it happened in and that no earlier loss has decided."""
    absence = restarts.absence
    lost_in = [watch for watch in restarts.watches if watch.absent]
    if absence is None or not lost_in or any(watch.lost_at for watch in lost_in):
        return restarts
    wall = absence.lost_at.wall
    watches = tuple(replace(watch, lost_at=wall) if watch.absent else watch for watch in restarts.watches)
    offset = (wall - lost_in[0].occurrence.at).total_seconds()
    return replace(restarts, watches=watches, last=wall, offset=offset)


def _overrun(restarts: Restarts, watch: Watch) -> tuple[Restarts, Watch]:
    """A window is over: a loss in it that lasts is no blip, whatever was seen."""
    absence = restarts.absence
    if absence is None or not watch.absent:
        return restarts, watch
    restarts = _decided(replace(restarts, absence=replace(absence, overran=True)))
    return restarts, watch if watch.lost_at is not None else replace(watch, lost_at=absence.lost_at.wall)


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
