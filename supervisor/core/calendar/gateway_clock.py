"""The gateway's own clock, as its handshake tells it, and the zone in which it will restart.

`20260405 23:49:26 Central European Standard Time` was captured at 21:49:26 UTC: the wall clock is the zone's local
time, summer time included, while the name may lie (docs/facts/ibapi.md). So only the offset counts, never the name.
"""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_WALL = re.compile(r"\s*(\d{4})(\d\d)(\d\d)[ -]+(\d\d):(\d\d):(\d\d)", re.ASCII)
_QUARTER = timedelta(minutes=15)
_WEST, _EAST = timedelta(hours=-12), timedelta(hours=14)


def offset_of(clock: str, wall: datetime) -> timedelta | None:
    """The gateway's offset from UTC, to a quarter of an hour; None if `clock` is no time.

    It may lie outside what a zone can have: then the clock is wrong, see `is_zone`.
    """
    exact = ahead_of_utc(clock, wall)
    return None if exact is None else round(exact / _QUARTER) * _QUARTER


def ahead_of_utc(clock: str, wall: datetime) -> timedelta | None:
    """What the gateway's clock shows minus UTC, to a second: zone and error together. None if `clock` is no time.

    Its midnight is where this clock turns, however wrong it is.
    """
    found = _WALL.match(clock)
    if found is None:
        return None
    try:
        told = datetime(*(int(part) for part in found.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        return None
    return told - wall


def is_zone(offset: timedelta) -> bool:
    """Whether any zone on Earth has this offset; otherwise the clock is wrong."""
    return _WEST <= offset <= _EAST


def offset_in(zone: str, wall: datetime) -> timedelta:
    """The offset of a zone of the tz database at this instant."""
    return wall.astimezone(ZoneInfo(zone)).utcoffset() or timedelta(0)


def likely_ahead(told: timedelta | None, zone: str | None, local: datetime) -> timedelta:
    """What the gateway's clock shows minus UTC: as it told, else by the configured zone, else as the machine's own.

    `local` is now, in the machine's zone.
    """
    if told is not None:
        return told
    return offset_in(zone, local) if zone is not None else local.utcoffset() or timedelta(0)


def offset_text(offset: timedelta) -> str:
    """`UTC-5`, `UTC+05:30`."""
    minutes = round(offset.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")
