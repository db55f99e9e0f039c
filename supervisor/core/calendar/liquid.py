"""The hours in which a contract trades, as IBKR writes them: `20261127:0930-20261127:1600;20261128:CLOSED`.

- They are on the clock of the contract's zone, whose name may be an old one (`US/Eastern`, `MET`).
- The short form `20261127:0930-1600,1615-1700` of older gateways is read too.
"""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Span = tuple[datetime, datetime]
_LONG = re.compile(r"(\d{8}):(\d{4})-(\d{8}):(\d{4})")
_SHORT = re.compile(r"(\d{4})-(\d{4})")


def spans_of(text: str, zone: str) -> tuple[Span, ...] | None:
    """When it trades, in UTC, in order; None if the zone or the text says nothing. Days that are closed have none."""
    try:
        here = ZoneInfo(zone.partition(" (")[0].strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    found: list[Span] = []
    closed = False
    for day in text.split(";"):
        closed = closed or day.strip().upper().endswith("CLOSED")
        date, _, rest = day.strip().partition(":")
        for part in rest.split(",") if date.isdecimal() else ():
            span = _span(date, part, f"{date}:{part}", here)
            if span is not None:
                found.append(span)
    return tuple(sorted(found)) if found or closed else None


def _span(date: str, part: str, whole: str, zone: ZoneInfo) -> Span | None:
    long = _LONG.fullmatch(whole) or _LONG.fullmatch(part)
    short = _SHORT.fullmatch(part)
    try:
        if long is not None:
            return _at(long[1], long[2], zone), _at(long[3], long[4], zone)
        if short is not None:
            begin, end = _at(date, short[1], zone), _at(date, short[2], zone)
            return begin if begin < end else begin - timedelta(days=1), end
    except (ValueError, OverflowError):
        pass
    return None


def _at(date: str, time: str, zone: ZoneInfo) -> datetime:
    return datetime.strptime(date + time, "%Y%m%d%H%M").replace(tzinfo=zone).astimezone(UTC)


def span_at(spans: tuple[Span, ...], wall: datetime) -> Span | None:
    """The hours that contain this instant; None while it is closed."""
    return next((span for span in spans if span[0] <= wall < span[1]), None)


def next_edge(spans: tuple[Span, ...], wall: datetime) -> datetime | None:
    """The next opening or closing later than this instant."""
    return min((edge for span in spans for edge in span if edge > wall), default=None)
