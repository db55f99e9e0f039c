"""Bars of a span: open, high, low, close, volume, from the same prices as quotes and fills. Pure.

Rules
- A bar belongs to the interval in which it begins; intervals of less than a day count from the session's opening.
- The close of a bar is the open of the next one of its session.
- What is not traded (MIDPOINT, BID, ASK, BID_ASK, volatilities) has no volume: -1, as a gateway says it.
"""

from collections.abc import Iterator
from datetime import date

from supervisor.frozen import dataclass
from supervisor.simulator.state.hours import TradingDay, between
from supervisor.simulator.state.instruments import Instrument
from supervisor.simulator.state.prices import Prices, Quote, chance, to_tick

DAY, WEEK, MONTH = 86400, 604800, 2592000
SIZES: dict[str, int] = {
    "1 secs": 1, "5 secs": 5, "10 secs": 10, "15 secs": 15, "30 secs": 30,
    "1 min": 60, "2 mins": 120, "3 mins": 180, "5 mins": 300, "10 mins": 600, "15 mins": 900, "20 mins": 1200,
    "30 mins": 1800, "1 hour": 3600, "2 hours": 7200, "3 hours": 10800, "4 hours": 14400, "8 hours": 28800,
    "1 day": DAY, "1 week": WEEK, "1 month": MONTH,
}  # fmt: skip
"""The legal bar sizes, in seconds; those from a day on follow the calendar."""
SPELLED = {"1 sec": "1 secs", "1 mins": "1 min", "1 hours": "1 hour", "1D": "1 day", "1W": "1 week", "1M": "1 month"}
"""Other spellings that a gateway takes."""
TRADED = frozenset({"TRADES", "ADJUSTED_LAST"})
KINDS = (*sorted(TRADED), "MIDPOINT", "BID", "ASK", "BID_ASK", "HISTORICAL_VOLATILITY", "OPTION_IMPLIED_VOLATILITY")
_LOOKS = 4
"""How often the price is looked at within a bar, beside its ends."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; `start` is Unix seconds, `day` the trading day for bars of a day or more."""

    start: float
    day: date | None
    open: float
    high: float
    low: float
    close: float
    volume: int
    average: float
    count: int


def bars(
    prices: Prices, row: Instrument, start: float, end: float, size: int, what: str, regular: bool
) -> Iterator[Bar]:
    """Every bar that begins in the span; the last may be unfinished."""
    if size < DAY:
        for session in between(row.hours, start, end, regular):
            first = session.start
            skipped = max(0, int((start - first + size - 1) // size))
            at = first + skipped * size
            while at < min(session.end, end):
                yield bar(prices, row, at, min(at + size, session.end, end), what)
                at += size
        return
    held: list[TradingDay] = []
    for session in between(row.hours, start, end, regular):
        if held and _period(session.day, size) != _period(held[0].day, size):
            yield _joined(prices, row, held, end, what)
            held = []
        held.append(session)
    if held:
        yield _joined(prices, row, held, end, what)


def _period(day: date, size: int) -> object:
    match size:
        case 604800:
            return day.isocalendar()[:2]
        case 2592000:
            return day.year, day.month
        case _:
            return day


def _joined(prices: Prices, row: Instrument, held: list[TradingDay], end: float, what: str) -> Bar:
    whole = bar(prices, row, held[0].start, min(held[-1].end, end), what)
    return Bar(
        whole.start, held[-1].day, whole.open, whole.high, whole.low, whole.close, whole.volume, whole.average,
        whole.count,
    )  # fmt: skip


def bar(prices: Prices, row: Instrument, start: float, end: float, what: str) -> Bar:
    """One bar of this span."""
    steps = [start + (end - start) * step / (_LOOKS + 1) for step in range(_LOOKS + 2)]
    if what in ("HISTORICAL_VOLATILITY", "OPTION_IMPLIED_VOLATILITY"):
        seen = [row.volatility * (0.95 + 0.1 * chance(row.con_id, int(at))) for at in steps]
        return Bar(start, None, seen[0], max(seen), min(seen), seen[-1], -1, -1.0, -1)
    quotes = [prices.quote(row, at) for at in steps]
    if what == "BID_ASK":
        bids, asks = [quote.bid for quote in quotes], [quote.ask for quote in quotes]
        return Bar(
            start, None, to_tick(sum(bids) / len(bids), row.min_tick), max(asks), min(bids),
            to_tick(sum(asks) / len(asks), row.min_tick), -1, -1.0, -1,
        )  # fmt: skip
    seen = [_seen(quote, what) for quote in quotes]
    if what not in TRADED:
        return Bar(start, None, seen[0], max(seen), min(seen), seen[-1], -1, -1.0, -1)
    trades = 1 + int((end - start) * (0.5 + chance(row.con_id, int(start))))
    average = round(sum(seen) / len(seen), 6)
    return Bar(start, None, seen[0], max(seen), min(seen), seen[-1], trades * 100, average, trades)


def _seen(quote: Quote, what: str) -> float:
    match what:
        case "BID":
            return quote.bid
        case "ASK":
            return quote.ask
        case "MIDPOINT":
            return round(quote.middle, 8)
        case _:
            return quote.last
