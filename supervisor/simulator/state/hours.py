"""When an instrument trades: sessions of a trading day, by kind of market. Pure.

Rules
- Weekends are known, holidays are not.
- A trading day is named by the date on which it ends; a future's begins the evening before.
- Instants are Unix seconds.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from supervisor.frozen import dataclass

Minutes = tuple[int, int]
"""Opening and closing in minutes from midnight of the trading day; negative is the evening before."""


@dataclass(frozen=True, slots=True)
class Hours:
    """A market's zone, its regular and its whole hours, and whether it rests at weekends."""

    timezone: str
    regular: Minutes
    whole: Minutes
    weekends: bool = False


@dataclass(frozen=True, slots=True)
class TradingDay:
    """One trading day: its date, and from when to when, in Unix seconds."""

    day: date
    start: float
    end: float


STOCK = Hours("US/Eastern", (570, 960), (240, 1200))
OPTION = Hours("US/Eastern", (570, 960), (570, 960))
INDEX = Hours("US/Central", (510, 900), (510, 900))
FUTURE = Hours("US/Central", (510, 960), (-420, 960))
FOREX = Hours("US/Eastern", (-405, 1020), (-405, 1020))
CRYPTO = Hours("US/Eastern", (0, 1440), (0, 1440), weekends=True)


def day_of(hours: Hours, instant: float) -> date:
    """The date at an instant in the market's zone."""
    return datetime.fromtimestamp(instant, ZoneInfo(hours.timezone)).date()


@lru_cache(maxsize=4096)
def session(hours: Hours, day: date, regular: bool) -> TradingDay | None:
    """The session of a date; None if there is none."""
    if day.weekday() > 4 and not hours.weekends:
        return None
    opening, closing = hours.regular if regular else hours.whole
    return TradingDay(day, _instant(hours, day, opening), _instant(hours, day, closing))


def _instant(hours: Hours, day: date, minutes: int) -> float:
    local = datetime.combine(day, time()) + timedelta(minutes=minutes)
    return local.replace(tzinfo=ZoneInfo(hours.timezone)).astimezone(UTC).timestamp()


def backwards(hours: Hours, instant: float, regular: bool) -> Iterator[TradingDay]:
    """Every session that began before an instant, the latest first, for 60 years."""
    day = day_of(hours, instant) + timedelta(days=1)
    for _ in range(60 * 366):
        found = session(hours, day, regular)
        if found is not None and found.start < instant:
            yield found
        day -= timedelta(days=1)


def between(hours: Hours, start: float, end: float, regular: bool) -> Iterator[TradingDay]:
    """Every session that overlaps a span, the earliest first."""
    day, last = day_of(hours, start) - timedelta(days=1), day_of(hours, end) + timedelta(days=1)
    while day <= last:
        found = session(hours, day, regular)
        if found is not None and found.start < end and found.end > start:
            yield found
        day += timedelta(days=1)


def told(hours: Hours, instant: float, regular: bool) -> str:
    """Six days of hours as contract details tell them: `20261127:0930-20261127:1600;20261128:CLOSED`."""
    first, days = day_of(hours, instant), []
    zone = ZoneInfo(hours.timezone)
    for offset in range(6):
        day = first + timedelta(days=offset)
        found = session(hours, day, regular)
        if found is None:
            days.append(f"{day:%Y%m%d}:CLOSED")
        else:
            opening, closing = (datetime.fromtimestamp(at, zone) for at in (found.start, found.end))
            days.append(f"{opening:%Y%m%d:%H%M}-{closing:%Y%m%d:%H%M}")
    return ";".join(days)
