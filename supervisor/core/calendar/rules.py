"""Rules that say when something happens on the clock of a zone, and the instants in UTC they mean.

- A rule is data: a time of day and the name of a zone of the tz database. Its instants are computed, never stored.
- A local time that does not exist (a jump forward) happens later by the length of the jump: 02:30 in New York on
  2027-03-14 is 03:30 EDT, 07:30Z. That is what `fold=0` gives.
- A local time that occurs twice (a jump back) happens twice. `Moment.repetition` tells the two apart.
- The day of a rule is the day on the wall of its zone, also where the jump moves the instant into the next one.
- Instants come in order, each once, as aware datetimes whose tzinfo is `datetime.UTC`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from supervisor.frozen import dataclass

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(7)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EVERY_DAY = tuple(range(7))

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?", re.ASCII)
_DAY = timedelta(days=1)
# The instant of a local day lies at most a jump after that day's last moment. The largest jumps of the tz database
# are the whole days that islands skipped at the date line.
_LARGEST_JUMP = timedelta(days=1)


def utc(instant: datetime) -> datetime:
    """The same instant with `datetime.UTC` as its zone. Raises ValueError for a naive datetime."""
    if instant.tzinfo is UTC:
        return instant
    if instant.utcoffset() is None:
        raise ValueError(f"an instant needs a zone: {instant.isoformat()}")
    return instant.astimezone(UTC)


@cache
def zone_of(name: str) -> ZoneInfo:
    """The zone of the tz database with this name. Raises ValueError if there is none.

    A zone is read once: `ZoneInfo` keeps the last eight, and reading one again fails when no file can be opened.
    """
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # a folder ("America") is an OSError, a bad path a ValueError
        raise ValueError(f"no time zone of the tz database is named {name!r}") from None


def weekday_of(name: str) -> int:
    """0 for Monday to 6 for Sunday, from an English name or its first three letters in any case, else ValueError."""
    word = name.strip().lower()
    for number, day in enumerate(WEEKDAYS):
        if word in (day, day[:3]):
            return number
    raise ValueError(f"not a day of the week: {name!r}")


def clock_time(text: str) -> time:
    """A time of day from `HH:MM` or `HH:MM:SS`, else ValueError."""
    if _CLOCK.fullmatch(text.strip()) is None:
        raise ValueError(f"not a time of day like 23:45: {text!r}")
    return time.fromisoformat(text.strip())


def weekly_time(text: str) -> tuple[int, time]:
    """Weekday and time of day from text such as `Sat 04:00`, else ValueError."""
    day, _, clock = text.strip().partition(" ")
    return weekday_of(day), clock_time(clock)


class Moment(NamedTuple):
    """One instant of a rule.

    `repetition` is 0 where the local time occurs once, 1 and 2 for the first and second time it is on the wall.
    """

    at: datetime
    repetition: int


class Rule(Protocol):
    """What every rule can do: tell its moments in order."""

    def moments(self, from_: datetime) -> Iterator[Moment]:
        """The moments at or after `from_` (UTC), in order; without end for a rule that recurs."""
        ...


@dataclass(frozen=True, slots=True)
class Daily:
    """At `time` on the wall of `zone`, every day or on the given `days` (0 is Monday) of that zone."""

    time: time
    zone: str
    days: tuple[int, ...] = EVERY_DAY

    def __post_init__(self) -> None:
        _check_local(self.time, self.zone)
        if not self.days or not set(self.days) <= set(EVERY_DAY):
            raise ValueError(f"days are numbers from 0 (Monday) to 6, at least one: {self.days}")

    def moments(self, from_: datetime) -> Iterator[Moment]:
        """The moments at or after `from_`, without end."""
        return _local_moments(self.time, self.zone, self.days, from_)


@dataclass(frozen=True, slots=True)
class Weekly:
    """At `time` on the wall of `zone`, once a week on `weekday` (0 is Monday)."""

    weekday: int
    time: time
    zone: str

    def __post_init__(self) -> None:
        _check_local(self.time, self.zone)
        if self.weekday not in EVERY_DAY:
            raise ValueError(f"a weekday is a number from 0 (Monday) to 6: {self.weekday}")

    def moments(self, from_: datetime) -> Iterator[Moment]:
        """The moments at or after `from_`, without end."""
        return _local_moments(self.time, self.zone, (self.weekday,), from_)


@dataclass(frozen=True, slots=True)
class Once:
    """At one instant, kept in UTC. Raises ValueError for a naive one."""

    at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", utc(self.at))

    def moments(self, from_: datetime) -> Iterator[Moment]:
        """The one moment, if it is at or after `from_`."""
        if self.at >= from_:
            yield Moment(self.at, 0)


def _check_local(at: time, zone: str) -> None:
    zone_of(zone)
    if at.tzinfo is not None:
        raise ValueError(f"the time of a rule is read in the rule's zone and has none of its own: {at.isoformat()}")


def _local_moments(at: time, zone_name: str, days: tuple[int, ...], from_: datetime) -> Iterator[Moment]:
    zone = zone_of(zone_name)
    day = from_.astimezone(zone).date() - _LARGEST_JUMP
    last = from_ - timedelta.resolution
    while True:
        if day.weekday() in days:
            for moment in _on_day(day, at, zone):
                if moment.at > last:  # also drops the day that a date line skipped: it is the next day's instant
                    last = moment.at
                    yield moment
        day += _DAY


def _on_day(day: date, at: time, zone: ZoneInfo) -> tuple[Moment, ...]:
    local = datetime.combine(day, at.replace(fold=0), zone)
    first, second = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
    if first < second:
        return Moment(first, 1), Moment(second, 2)
    return (Moment(first, 0),)  # equal, or a time that does not exist, for which fold=1 would be too early
