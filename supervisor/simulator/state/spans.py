"""Durations, dates and bar sizes of history requests, as clients write them. Pure.

A text that says nothing usable raises `ValueError` with what is wrong, in a gateway's manner.
"""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from supervisor.simulator.state import hours
from supervisor.simulator.state.bars import SIZES, SPELLED
from supervisor.simulator.state.hours import Hours

_DURATION = re.compile(r"(\d{1,6}) ?([SDWMY])")
_DATE = re.compile(r"(\d{8})(?:[ -]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?(?: (\S.*))?")


def bar_size(text: str) -> int:
    """The seconds of a legal bar size."""
    size = SIZES.get(SPELLED.get(text, text))
    if size is None:
        raise ValueError(f"Historical data bar size setting is invalid. Legal ones are: {', '.join(SIZES)}")
    return size


def instant(text: str, zone: str, now: float) -> float:
    """The moment of `20261127 15:30:00 US/Eastern`, or in UTC with a dash; in `zone` if none is named; empty: now."""
    if not text.strip():
        return now
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"The date, time, or time-zone entered is invalid: {text}")
    day, hour, minute, second, named = match.groups()
    utc = "-" in text[:9] and named is None
    try:
        parsed = datetime.strptime(f"{day} {hour or 0}:{minute or 0}:{second or 0} +0000", "%Y%m%d %H:%M:%S %z")
        return parsed.replace(tzinfo=UTC if utc else ZoneInfo(named or zone)).timestamp()
    except (ValueError, KeyError, OSError):
        raise ValueError(f"The date, time, or time-zone entered is invalid: {text}") from None


def start(duration: str, end: float, trading: Hours, regular: bool) -> float:
    """When a duration that ends there begins: seconds and days count in trading time, the others in the calendar."""
    match = _DURATION.fullmatch(duration.strip())
    if match is None or not int(match[1]):
        raise ValueError(
            f"Historical data query duration {duration!r} is invalid: write an integer and S, D, W, M or Y"
        )
    count, unit = int(match[1]), match[2]
    if unit in "SD":
        left = float(count)
        for session in hours.backwards(trading, end, regular):
            if unit == "D":
                left -= 1
                if not left:
                    return session.start
            else:
                length = min(session.end, end) - session.start
                if length >= left:
                    return min(session.end, end) - left
                left -= length
    day = datetime.fromtimestamp(end, ZoneInfo(trading.timezone))
    days = {"D": 1, "S": 0, "W": 7, "M": 30.4375, "Y": 365.25}[unit] * count
    return (day - timedelta(days=min(days, 21900))).timestamp()
