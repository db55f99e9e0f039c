"""What is coming: the openings of all gateways' windows, the weekly logins, the changes of the clocks.

- Pure listings over a span of time, in the order of their instants; nothing here knows how they are shown.
- A window that is still open when the span begins is listed too: it is what happens then.
- A weekly login falls due at the first restart, daily or weekly, at or after the tokens' expiry. What the listing says
  is the rule; whether a login was already done is known to the daemon alone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial

from supervisor.core.calendar.rules import Daily, Weekly, utc, zone_of
from supervisor.core.calendar.tokens import next_expiry
from supervisor.core.calendar.windows import RESTARTS, Occurrence, Window, WindowKind, first_at, occurrences
from supervisor.frozen import dataclass

Gateways = Sequence[tuple[str, Sequence[Window]]]
"""Names of gateways and their windows."""

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Row:
    """One opening of a window of one gateway."""

    gateway: str
    occurrence: Occurrence


@dataclass(frozen=True, slots=True)
class LoginDue:
    """The weekly login of one gateway: its token ends at `expiry`, the restart `at` needs a new one."""

    gateway: str
    expiry: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A zone's clocks go from one offset to another; `at` is the first instant of the new offset, in UTC."""

    zone: str
    at: datetime
    before: timedelta
    after: timedelta


def rows(gateways: Gateways, from_: datetime, until: datetime) -> list[Row]:
    """The openings with `at` in [from_, until) and those open at `from_`, sorted by `at`, then gateway and window.

    Two windows of one name that open at the same instants are listed once: published resets may say one thing twice.
    """
    from_, until = utc(from_), utc(until)
    found = {
        (name, occurrence.window.name, occurrence.start, occurrence.planned_until): Row(name, occurrence)
        for name, windows in gateways
        for occurrence in occurrences(windows, from_ - timedelta.resolution, until)
        if occurrence.at < until and (occurrence.at >= from_ or occurrence.contains(from_))
    }
    return sorted(found.values(), key=lambda row: (row.occurrence.at, row.gateway, row.occurrence.window.name))


def logins_due(gateways: Gateways, from_: datetime, until: datetime) -> list[LoginDue]:
    """The weekly logins that fall due in [from_, until), sorted by `at`, then gateway."""
    from_, until = utc(from_), utc(until)
    found = []
    for name, windows in gateways:
        restarts = [window for window in windows if window.kind in RESTARTS]
        for expiry in _expiries(from_ - 8 * _DAY, until):
            due = first_at(restarts, expiry)
            if due is not None and from_ <= due.at < until:
                found.append(LoginDue(name, expiry, due.at))
    return sorted(found, key=lambda login: (login.at, login.gateway))


def gateway_zone(windows: Iterable[Window]) -> str | None:
    """The zone of the gateway's own clock: that of its daily restart, else of its weekly one, else unknown."""
    for kind in (WindowKind.DAILY_RESTART, WindowKind.WEEKLY_RESTART):
        for window in windows:
            if window.kind is kind and isinstance(window.rule, Daily | Weekly):
                return window.rule.zone
    return None


def clock_changes(zones: Iterable[str], from_: datetime, until: datetime) -> list[ClockChange]:
    """The changes of these zones' offsets in [from_, until), sorted by their instants."""
    from_, until = utc(from_), utc(until)
    found = [change for zone in dict.fromkeys(zones) for change in _changes(zone, from_, until)]
    return sorted(found, key=lambda change: (change.at, change.zone))


def _expiries(from_: datetime, until: datetime) -> Iterator[datetime]:
    """The ends of tokens later than `from_` and before `until`."""
    expiry = next_expiry(from_).at
    while expiry < until:
        yield expiry
        expiry = next_expiry(expiry).at


def _changes(name: str, from_: datetime, until: datetime) -> Iterator[ClockChange]:
    zone = zone_of(name)
    # zoneinfo does not tell its transitions: they are searched for, by days and then by halving to the second.
    low = from_.replace(microsecond=0) - _SECOND
    while low < until:
        high = low + _DAY
        before, after = _offset(zone, low), _offset(zone, high)
        if before != after:
            changed = partial(_has_offset, zone, after, low)
            change = low + bisect_left(range(_DAY // _SECOND), True, key=changed) * _SECOND
            if from_ <= change < until:
                yield ClockChange(name, change, before, after)
        low = high


def _has_offset(zone: tzinfo, offset: timedelta, origin: datetime, seconds: int) -> bool:
    return _offset(zone, origin + seconds * _SECOND) == offset


def _offset(zone: tzinfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).replace(tzinfo=UTC) - instant
