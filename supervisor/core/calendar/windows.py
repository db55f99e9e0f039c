"""Maintenance windows as data: when they are open and what they explain.

- A window opens `lead` before the instant its rule names and closes `length + grace` after it. It is active from its
  start (inclusive) to `planned_until` (exclusive). Lead, length and grace are elapsed time, also across a DST change.
- Each instant of the rule is an `Occurrence` of its own; a time that occurs twice gives two.
- A window explains broken layers, or it does not: `Explains`. The five minutes that a daily server reset explains of
  a layer below `upstream` are counted by whoever keeps the outage.
- Everything here is a pure function of the windows and an instant. Instants go in as any aware datetime and come out
  in UTC; a naive one raises ValueError. Who asks often asks a `Calendar` (supervisor/core/calendar/lookup.py) instead.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from enum import Enum, StrEnum

from supervisor.core.calendar.rules import Daily, Moment, Once, Rule, Weekly, utc
from supervisor.frozen import dataclass

ZERO = timedelta(0)
RESTART_LEAD = timedelta(seconds=30)
RESTART_GRACE = timedelta(minutes=5)
RESET_LEAD = timedelta(minutes=5)
RESET_GRACE = timedelta(minutes=15)


class WindowKind(StrEnum):
    """What a window is for. Except for `custom`, the value is also the name that users see."""

    DAILY_RESTART = "daily_restart"
    WEEKLY_RESTART = "weekly_restart"
    SERVER_RESET = "server_reset"
    MAINTENANCE = "maintenance"
    CUSTOM = "custom"


RESTARTS = frozenset({WindowKind.DAILY_RESTART, WindowKind.WEEKLY_RESTART})


class Explains(Enum):
    """Which broken layers an active window makes planned."""

    EVERY_LAYER = "every layer"
    UPSTREAM_FARMS = "upstream and farms"
    """The daily server reset: `upstream` and `farms`; a lower layer for at most 5 min at a stretch."""


@dataclass(frozen=True, slots=True)
class Window:
    """One window of a gateway. Several may carry one name: the resets of several regions are all `server_reset`.

    Raises ValueError for a negative duration, for a window that would never be open, and for a name that does not fit
    the kind.
    """

    name: str
    kind: WindowKind
    rule: Rule
    lead: timedelta
    length: timedelta
    grace: timedelta
    explains: Explains = Explains.EVERY_LAYER

    def __post_init__(self) -> None:
        if min(self.lead, self.length, self.grace) < ZERO:
            raise ValueError(f"window {self.name}: lead, length and grace are not negative")
        if self.lead + self.length + self.grace == ZERO:
            raise ValueError(f"window {self.name}: lead, length and grace are all 0, it would never be open")
        if self.kind is not WindowKind.CUSTOM and self.name != self.kind:
            raise ValueError(f"a window of kind {self.kind} is named {self.kind}, not {self.name}")
        if self.kind is WindowKind.CUSTOM and (not self.name or self.name in {*WindowKind} - {WindowKind.CUSTOM}):
            raise ValueError(f"a window of your own cannot be named {self.name!r}")

    def occurrence(self, moment: Moment) -> Occurrence:
        """The occurrence of this window whose rule names `moment`."""
        end = moment.at + self.length
        return Occurrence(self, moment.at, moment.at - self.lead, end, end + self.grace, moment.repetition)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One opening of a window; all instants in UTC.

    `at` is the instant the rule names: the restart itself, the first moment of a reset. `end` is `at` + length,
    `planned_until` is `end` + grace. `repetition` is 1 and 2 for the two openings of a local time that occurs twice,
    else 0.
    """

    window: Window
    at: datetime
    start: datetime
    end: datetime
    planned_until: datetime
    repetition: int = 0

    def contains(self, instant: datetime) -> bool:
        """Whether the window is active at this instant."""
        return self.start <= instant < self.planned_until


def daily_restart(at: time, zone: str, lead: timedelta = RESTART_LEAD, grace: timedelta = RESTART_GRACE) -> Window:
    """The gateway's auto-restart, set under Lock and Exit, in the gateway's own zone."""
    return Window(WindowKind.DAILY_RESTART.value, WindowKind.DAILY_RESTART, Daily(at, zone), lead, ZERO, grace)


def weekly_restart(
    weekday: int, at: time, zone: str, lead: timedelta = RESTART_LEAD, grace: timedelta = RESTART_GRACE
) -> Window:
    """The hour somebody chose for the weekly login; `weekday` 0 is Monday."""
    return Window(
        WindowKind.WEEKLY_RESTART.value, WindowKind.WEEKLY_RESTART, Weekly(weekday, at, zone), lead, ZERO, grace
    )


def server_reset(rule: Rule, length: timedelta, explains: Explains) -> Window:
    """One span of IBKR's published reset table."""
    return Window(
        WindowKind.SERVER_RESET.value, WindowKind.SERVER_RESET, rule, RESET_LEAD, length, RESET_GRACE, explains
    )


def maintenance(start: datetime, length: timedelta) -> Window:
    """The window an operator opens from the command line."""
    return Window(WindowKind.MAINTENANCE.value, WindowKind.MAINTENANCE, Once(start), ZERO, length, ZERO)


def custom(name: str, rule: Rule, length: timedelta, grace: timedelta = ZERO) -> Window:
    """A window of the operator's own, from the config."""
    return Window(name, WindowKind.CUSTOM, rule, ZERO, length, grace)


def occurrences(windows: Iterable[Window], from_: datetime, until: datetime) -> Iterator[Occurrence]:
    """The occurrences that are active at some moment of [from_, until), in the order of their starts."""
    from_, until = utc(from_), utc(until)
    return heapq.merge(*(_occurrences(window, from_, until) for window in windows), key=_by_start)


def active(windows: Iterable[Window], instant: datetime) -> tuple[Occurrence, ...]:
    """The occurrences active at this instant, the one that began first in front."""
    return tuple(occurrences(windows, instant, utc(instant) + timedelta.resolution))


def first_at(windows: Iterable[Window], instant: datetime) -> Occurrence | None:
    """The occurrence with the earliest `at` at or after this instant: of restart windows, the next restart itself."""
    instant = utc(instant)
    firsts = (window.occurrence(moment) for window in windows for moment in _first(window.rule, instant))
    return min(firsts, key=_by_at, default=None)


def renewed(windows: Iterable[Window], occurrence: Occurrence) -> Occurrence | None:
    """The occurrence of the same kind at the same instant among other windows: its lead and grace may have changed."""
    at, kind = occurrence.at, occurrence.window.kind
    around = occurrences((window for window in windows if window.kind is kind), at, at + timedelta.resolution)
    return next((found for found in around if found.at == at), None)


def next_opening(window: Window, instant: datetime) -> Occurrence | None:
    """The first occurrence that starts later than this instant; None if there is no more."""
    for moment in _first(window.rule, utc(instant) + window.lead + timedelta.resolution):
        return window.occurrence(moment)
    return None


def next_start(window: Window, instant: datetime) -> datetime | None:
    """The first start later than this instant; None if there is no more."""
    opening = next_opening(window, instant)
    return None if opening is None else opening.start


def next_edge(windows: Iterable[Window], instant: datetime) -> datetime | None:
    """The first instant later than this one at which a window opens or closes; None if there is no more."""
    instant = utc(instant)
    edges = [edge for window in windows for edge in (next_start(window, instant), _next_close(window, instant)) if edge]
    return min(edges, default=None)


def _next_close(window: Window, instant: datetime) -> datetime | None:
    tail = window.length + window.grace
    for moment in _first(window.rule, instant - tail + timedelta.resolution):
        return moment.at + tail
    return None


def _first(rule: Rule, from_: datetime) -> Iterator[Moment]:
    for moment in rule.moments(from_):
        yield moment
        return


def _occurrences(window: Window, from_: datetime, until: datetime) -> Iterator[Occurrence]:
    for moment in window.rule.moments(from_ - window.length - window.grace + timedelta.resolution):
        if moment.at - window.lead >= until:
            return
        yield window.occurrence(moment)


def _by_start(occurrence: Occurrence) -> tuple[datetime, datetime, str]:
    return occurrence.start, occurrence.at, occurrence.window.name


def _by_at(occurrence: Occurrence) -> tuple[datetime, str]:
    return occurrence.at, occurrence.window.name
