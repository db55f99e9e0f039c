"""When IBKR's login tokens expire: each Sunday at 01:00 in New York (docs/facts/ib.md).

- The running session is not cut then; the next restart finds the token void.
- On the fall-back Sunday 01:00 occurs twice: the token is expired from the first, and a login counts as proven only
  from the second on.
- Answers are cached by week: a year of simulation asks a million times.
"""

from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from supervisor.core.calendar.rules import SUNDAY, Weekly, utc

EXPIRY = Weekly(SUNDAY, time(1, 0), "America/New_York")
_WEEK = timedelta(days=7)
_EPOCH = datetime.fromisoformat("1970-01-04T00:00:00+00:00")  # a Sunday; 01:00 in New York is 05:00 or 06:00 UTC


class Expiry(NamedTuple):
    """One Sunday."""

    at: datetime
    """The token is void from here on."""
    proof_from: datetime
    """A session that becomes ready from here on was logged in after it."""


def last_expiry(wall: datetime) -> Expiry:
    """The last one at or before this instant."""
    sunday = _sunday(wall)
    this = _of_week(sunday)
    return this if this.at <= wall else _of_week(sunday - _WEEK)


def next_expiry(wall: datetime) -> Expiry:
    """The first one later than this instant."""
    sunday = _sunday(wall)
    this = _of_week(sunday)
    return this if this.at > wall else _of_week(sunday + _WEEK)


def _sunday(wall: datetime) -> datetime:
    wall = utc(wall)
    return wall - (wall - _EPOCH) % _WEEK


@lru_cache(maxsize=64)
def _of_week(sunday: datetime) -> Expiry:
    moments = EXPIRY.moments(sunday)
    first = next(moments)
    return Expiry(first.at, next(moments).at if first.repetition == 1 else first.at)
