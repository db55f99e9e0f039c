"""A period of history cut into the days of a time zone: how available a gateway was on each.

- A day is what the wall calendar of the zone calls one: 23 or 25 hours where clocks change. The first and the last are
  as much of their day as lies in the period.
- An outage over midnight counts with its part of each day, and as one outage on each.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from supervisor.frozen import dataclass, replace
from supervisor.observe.journal.history import History, Totals, totals_of


@dataclass(frozen=True, slots=True)
class Day:
    """One day of one gateway."""

    day: date
    start: datetime
    end: datetime
    totals: Totals


def days_of(history: History, gateway: str, zone: tzinfo) -> tuple[Day, ...]:
    """The days of a gateway in this zone, the oldest first."""
    outages = [outage for outage in history.outages if outage.gateway == gateway]
    watched = history.watched[gateway]
    found = []
    for day, start, end in _cut(history.since, history.until, zone):
        mine = [o for o in outages if o.began < end and (o.ended is None or o.ended > start)]
        if end < history.until:  # what goes on has gone on at least until then
            mine = [o if o.ended is not None else replace(o, ended=history.until) for o in mine]
        seen = [(max(start, began), min(end, until)) for began, until in watched if began < end and until > start]
        found.append(Day(day, start, end, totals_of(gateway, mine, seen, start, end)))
    return tuple(found)


def _cut(since: datetime, until: datetime, zone: tzinfo) -> Iterator[tuple[date, datetime, datetime]]:
    start, day = since, since.astimezone(zone).date()
    while start < until:
        following = day + timedelta(days=1)
        end = min(until, datetime.combine(following, time(), zone).astimezone(UTC))
        if end > start:  # islands have skipped whole days at the date line
            yield day, start, end
        start, day = max(start, end), following
