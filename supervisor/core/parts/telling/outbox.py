"""What waits for one target of messages, when it goes, and what becomes of it.

- At most one message a minute: what comes meanwhile waits, and goes as one. The first waits a few seconds too, so that
  a storm of a hundred gateways is one message.
- What fails is tried again with backoff, together with what came since. It is never given up; but only so many wait,
  and then the oldest go.
- What may have been taken, though nobody said so, is sent again and marked.
- In quiet hours everything waits.
- A restart of the daemon, or a reload, does not begin the minute anew.
"""

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from supervisor.core.calendar.clock import Now
from supervisor.core.calendar.rules import zone_of
from supervisor.core.model.pages import Severity
from supervisor.core.parts.telling.notify import RANK
from supervisor.frozen import dataclass, replace

WAITING_AT_MOST = 1000


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a target hears something, in seconds."""

    gather: float = 3.0
    """The first message waits so long for others."""
    apart: float = 60.0
    """From one message to the next, at least."""
    retry: float = 5.0
    """From the first failure to the next attempt; it doubles,"""
    retry_most: float = 600.0
    """up to this."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of each day in which nothing is sent. `begins` after `ends` is over midnight."""

    begins: time
    ends: time
    zone: str

    def until(self, at: datetime) -> datetime | None:
        """The end of the quiet hours that last at this instant; None if none do."""
        zone = zone_of(self.zone)
        local = at.astimezone(zone)
        clock = local.time().replace(tzinfo=None)
        over_midnight = self.begins >= self.ends
        late = clock >= self.begins
        if not (late or clock < self.ends if over_midnight else self.begins <= clock < self.ends):
            return None
        day = local.date() + timedelta(days=1) if over_midnight and late else local.date()
        return datetime.combine(day, self.ends, zone).astimezone(at.tzinfo)


USUAL = Pace()


@dataclass(frozen=True, slots=True)
class Rules:
    """What a target wants to hear, and when."""

    name: str
    min_severity: Severity = Severity.WARNING
    gateways: frozenset[str] | None = None
    """None: all of them, and the supervisor itself, of which every target hears."""
    quiet: Quiet | None = None
    pace: Pace = USUAL

    def want(self, gateway: str, severity: Severity) -> bool:
        """Whether a message about this gateway is for this target; `gateway` is empty for the supervisor itself."""
        mine = self.gateways is None or not gateway or gateway in self.gateways
        return mine and RANK[severity] >= RANK[self.min_severity]


@dataclass(frozen=True, slots=True)
class Item:
    """One message that waits, by its key."""

    key: str
    again: bool = False
    """It may have been taken already."""


@dataclass(frozen=True, slots=True)
class Outbox:
    """What waits for one target. Monotonic seconds."""

    waiting: tuple[Item, ...] = ()
    flying: tuple[Item, ...] = ()
    """Being sent at this moment."""
    not_before: float = 0.0
    failures: int = 0
    """In a row."""

    @property
    def retrying(self) -> int:
        """How many of those that wait were tried before."""
        return len(self.waiting) if self.failures else 0


EMPTY = Outbox()


def begun(said: datetime | None, pace: Pace, now: Now) -> Outbox:
    """An empty one, of a target that was last told something at `said`, by a wall clock; None: never."""
    if said is None:
        return EMPTY
    since = max(0.0, (now.wall - said).total_seconds())  # a clock that was set back costs no more than the usual pause
    return replace(EMPTY, not_before=now.mono + max(0.0, pace.apart - since))


def added(outbox: Outbox, items: Iterable[Item], pace: Pace, now: Now) -> tuple[Outbox, tuple[Item, ...]]:
    """More to be sent, and what is left out because too much waits: the oldest."""
    waiting = (*outbox.waiting, *items)
    not_before = (
        outbox.not_before if outbox.waiting or outbox.flying else max(outbox.not_before, now.mono + pace.gather)
    )
    left_out = max(0, len(waiting) - WAITING_AT_MOST)
    return replace(outbox, waiting=waiting[left_out:], not_before=not_before), waiting[:left_out]


def wait(outbox: Outbox, rules: Rules, now: Now) -> float | None:
    """Seconds until something may be sent; 0 if it may now, None if nothing waits."""
    if not outbox.waiting or outbox.flying:
        return None
    seconds = max(0.0, outbox.not_before - now.mono)
    until = rules.quiet.until(now.wall) if rules.quiet is not None else None
    return seconds if until is None else max(seconds, (until - now.wall).total_seconds(), 0.05)


def taken(outbox: Outbox) -> Outbox:
    """All that waits is being sent, as one message."""
    return replace(outbox, waiting=(), flying=outbox.waiting)


def sent(outbox: Outbox, pace: Pace, now: Now) -> Outbox:
    """It was taken."""
    return replace(outbox, flying=(), failures=0, not_before=now.mono + pace.apart)


def failed(outbox: Outbox, pace: Pace, now: Now, *, doubt: bool) -> Outbox:
    """It was not taken; or nobody knows: `doubt`."""
    back = tuple(replace(item, again=item.again or doubt) for item in outbox.flying)
    failures = outbox.failures + 1
    pause = min(pace.retry_most, pace.retry * 2.0 ** min(failures - 1, 20))
    if doubt:
        pause = max(pause, pace.apart)  # it may have been a message of this minute
    return Outbox((*back, *outbox.waiting), (), now.mono + pause, failures)
