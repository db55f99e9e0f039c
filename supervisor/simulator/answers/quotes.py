"""Answers about the market as it is: quotes, snapshots, depth, tick by tick, realtime bars; and their streams.

Rules
- A subscription is told its data type, its grid and everything that is known; then whatever has changed, four times a
  second. A snapshot is told once and ended.
- An index has no sides, a currency no last trade; a delayed price cannot be executed automatically (mask 0).
- A stream says nothing while its farm is broken, IBKR is lost, another session has the live data, or `no_quotes` lasts.
"""

from collections.abc import Callable, Iterator
from dataclasses import field

from supervisor.frozen import dataclass
from supervisor.simulator.answers import history
from supervisor.simulator.answers.contracts import BBO_EXCHANGE
from supervisor.simulator.answers.desk import (
    NOT_DONE,
    Desk,
    Handlers,
    Messages,
    Moment,
    StreamKind,
    find_for_depth,
    find_one,
)
from supervisor.simulator.answers.general import DELAYED, DELAYED_FROZEN, FROZEN, LIVE
from supervisor.simulator.behaviour.faults import Fault
from supervisor.simulator.says import quotes as says
from supervisor.simulator.says import session
from supervisor.simulator.state import hours
from supervisor.simulator.state.bars import bar
from supervisor.simulator.state.instruments import Instrument
from supervisor.simulator.state.prices import STEP, Quote
from supervisor.simulator.wire.ids import Answer, Ask
from supervisor.simulator.wire.message import Message
from supervisor.simulator.wire.requests import Request

MOST_TICKERS = 100
COMPETING = (10197, "No market data during competing live session")
REALTIME_BAR = 5.0


@dataclass(frozen=True, slots=True)
class _Ticks:
    """The numbers of the ticks of one data type."""

    bid: int
    ask: int
    last: int
    bid_size: int
    ask_size: int
    last_size: int
    high: int
    low: int
    volume: int
    close: int
    open: int
    model: int
    mask: int


_REALTIME = _Ticks(1, 2, 4, 0, 3, 5, 6, 7, 8, 9, 14, 13, says.AUTO_EXECUTE)
_LATE = _Ticks(66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 83, 0)
TICKS = {LIVE: _REALTIME, FROZEN: _REALTIME, DELAYED: _LATE, DELAYED_FROZEN: _LATE}


def halted(farm: str, kind: int, now: Moment) -> bool:
    """Whether a stream of this farm and data type has nothing to say now."""
    return (
        Fault.UPSTREAM_LOST in now.behaviour
        or Fault.NO_QUOTES in now.behaviour
        or now.behaviour.broken(farm)
        or (Fault.COMPETING_SESSION in now.behaviour and kind in (LIVE, FROZEN))
    )


@dataclass(slots=True)
class Quotes:
    """One subscription of market data."""

    request: int
    row: Instrument
    kind: int
    farm: str
    last: Quote | None = None
    step: int = -1

    def begin(self, now: Moment) -> Messages:
        """Everything that is known."""
        if halted(self.farm, self.kind, now):
            return []
        ticks, request = TICKS[self.kind], self.request
        said: Messages = [
            says.market_data_type(request, self.kind),
            says.parameters(request, self.row.min_tick, BBO_EXCHANGE),
            *self.pulse(now),
        ]
        highest, lowest, opening, closing = _day(self.row, now)
        for tick, value in ((ticks.high, highest), (ticks.low, lowest), (ticks.close, closing), (ticks.open, opening)):
            said.append(says.price(request, tick, value, 0, 0))
        return said

    def pulse(self, now: Moment) -> Messages:
        """What has changed."""
        step = int(now.wall / STEP)
        if step == self.step or halted(self.farm, self.kind, now):
            return []
        self.step = step
        quote, before = now.world.prices.quote(self.row, now.wall), self.last
        self.last = quote
        return list(self._changes(quote, before, now))

    def _changes(self, quote: Quote, before: Quote | None, now: Moment) -> Iterator[Message]:
        ticks, kind = TICKS[self.kind], self.row.sec_type
        if kind != "IND":
            was = None if before is None else (before.bid, before.bid_size)
            yield from self._side(ticks.bid, ticks.bid_size, (quote.bid, quote.bid_size), was, ticks.mask)
            was = None if before is None else (before.ask, before.ask_size)
            yield from self._side(ticks.ask, ticks.ask_size, (quote.ask, quote.ask_size), was, ticks.mask)
        if kind != "CASH":
            was = None if before is None else (before.last, before.last_size)
            size = 0 if kind == "IND" else quote.last_size
            yield from self._side(ticks.last, ticks.last_size, (quote.last, size), was, 0)
        if kind not in ("CASH", "IND") and (before is None or quote.volume != before.volume):
            yield says.size(self.request, ticks.volume, quote.volume)
        if kind == "OPT" and (before is None or quote.last != before.last):
            yield says.option(self.request, ticks.model, now.world.prices.greeks(self.row, now.wall))

    def _side(
        self, tick: int, size_tick: int, now: tuple[float, int], was: tuple[float, int] | None, mask: int
    ) -> Iterator[Message]:
        if was is None or now[0] != was[0]:
            yield says.price(self.request, tick, now[0], now[1], mask)
        elif now[1] != was[1]:
            yield says.size(self.request, size_tick, now[1])


def _day(row: Instrument, now: Moment) -> tuple[float, float, float, float]:
    """The highest, the lowest and the first price of the latest session, and the last one of the session before."""
    latest, before = (each for _, each in zip(range(2), hours.backwards(row.hours, now.wall, False), strict=False))
    today = bar(now.world.prices, row, latest.start, min(latest.end, now.wall), "TRADES")
    return today.high, today.low, today.open, now.world.prices.quote(row, before.end).last


@dataclass(slots=True)
class Depth:
    """One subscription of market depth: both sides of the book, `rows` deep."""

    request: int
    row: Instrument
    rows: int
    smart: bool
    farm: str
    told: dict[tuple[int, int], tuple[float, int]] = field(default_factory=dict)

    def pulse(self, now: Moment) -> Messages:
        """The rows that have changed."""
        if halted(self.farm, LIVE, now):
            return []
        quote, tick = now.world.prices.quote(self.row, now.wall), float(self.row.min_tick)
        venues = [venue for venue in self.row.venues.split(",") if venue != "SMART"] or [self.row.exchange]
        said: Messages = []
        for side, best, size in ((0, quote.ask, quote.ask_size), (1, quote.bid, quote.bid_size)):
            for place in range(self.rows):
                price = round(best + place * tick * (1 if side == 0 else -1), 8)
                level = price, size + 100 * place
                if self.told.get((side, place)) == level:
                    continue
                operation = 1 if (side, place) in self.told else 0
                self.told[side, place] = level
                if self.smart:
                    maker = venues[place % len(venues)]
                    said.append(says.depth_l2(self.request, place, maker, operation, side, *level))
                else:
                    said.append(says.depth(self.request, place, operation, side, *level))
        return said


@dataclass(slots=True)
class TickByTick:
    """One subscription tick by tick."""

    request: int
    row: Instrument
    kind: str
    farm: str
    last: Quote | None = None

    def pulse(self, now: Moment) -> Messages:
        """The next tick."""
        if halted(self.farm, LIVE, now):
            return []
        quote, before = now.world.prices.quote(self.row, now.wall), self.last
        if quote == before:
            return []
        self.last = quote
        at = int(now.clock)
        match self.kind:
            case "BidAsk":
                return [says.bid_ask_tick(self.request, at, quote)]
            case "MidPoint":
                return [says.middle_tick(self.request, at, round(quote.middle, 8))]
            case _:
                venue = self.row.primary_exchange or self.row.exchange
                return [says.last_tick(self.request, self.kind == "AllLast", at, quote, venue)]


@dataclass(slots=True)
class RealtimeBars:
    """One subscription of bars of five seconds."""

    request: int
    row: Instrument
    what: str
    farm: str
    due: float

    def pulse(self, now: Moment) -> Messages:
        """The bars that have ended."""
        said: Messages = []
        while self.due <= now.wall:
            begun = self.due - REALTIME_BAR
            self.due += REALTIME_BAR
            if not halted(self.farm, LIVE, now):
                made = bar(now.world.prices, self.row, begun, begun + REALTIME_BAR, self.what)
                said.append(says.realtime_bar(self.request, made))
        return said


def _tickers(desk: Desk) -> int:
    return sum(kind is StreamKind.QUOTES for kind, _ in desk.streams)


def _quotes(request: Request, desk: Desk, now: Moment) -> Messages:
    number, row = request.integer(1, 1), find_one(request, now, 2, request.integer(1, 1))
    if isinstance(row, Message):
        return [row]
    if (StreamKind.QUOTES, number) in desk.streams:
        return [now.notice(number, 102, "Duplicate ticker ID for API market data.")]
    if _tickers(desk) >= MOST_TICKERS:
        return [now.notice(number, 101, "Max number of tickers has been reached")]
    kind = desk.market_data_type
    if Fault.COMPETING_SESSION in now.behaviour and kind in (LIVE, FROZEN):
        return [now.notice(number, *COMPETING)]
    generic, snapshot = request.string(15, 3), request.flag(16, 4)
    said: Messages = []
    if generic:
        text = f"Part of requested market data is not subscribed. {NOT_DONE} the generic ticks {generic}"
        said.append(now.notice(number, 10090, text))
    stream = Quotes(number, row, kind, row.farm)
    said += stream.begin(now)
    if snapshot:
        return [*said, session.end(Answer.SNAPSHOT_END, number)]
    desk.streams[StreamKind.QUOTES, number] = stream
    return said


def _depth(request: Request, desk: Desk, now: Moment) -> Messages:
    number, row = request.integer(1, 1), find_for_depth(request, desk, now)
    if isinstance(row, Message):
        return [row]
    if not row.trades:
        text = "Deep market data is not supported for this combination of security type/exchange"
        return [now.notice(number, 10092, text)]
    after = 14 if desk.version >= 149 else 13
    rows = max(1, min(request.integer(after, 3), 20))
    stream = Depth(number, row, rows, desk.version >= 146 and request.flag(after + 1, 4), row.farm)
    desk.streams[StreamKind.DEPTH, number] = stream
    return stream.pulse(now)


def _tick_by_tick(request: Request, desk: Desk, now: Moment) -> Messages:
    number, row = request.integer(0, 1), find_one(request, now, 1, request.integer(0, 1))
    if isinstance(row, Message):
        return [row]
    kind, wanted = request.string(13, 3), request.integer(14, 4)
    if kind not in ("Last", "AllLast", "BidAsk", "MidPoint"):
        return [now.notice(number, 10189, f"Failed to request tick-by-tick data.{kind!r} is no kind of tick")]
    if Fault.COMPETING_SESSION in now.behaviour:
        text = "Failed to request tick-by-tick data.Trading TWS session is connected from a different IP address"
        return [now.notice(number, 10189, text)]
    if (row.sec_type == "CASH" and "Last" in kind) or (row.sec_type == "IND" and "Last" not in kind):
        text = f"Failed to request tick-by-tick data.No market data permissions for {row.symbol} {kind}"
        return [now.notice(number, 10189, text)]
    stream = TickByTick(number, row, kind, row.farm)
    desk.streams[StreamKind.TICKS, number] = stream
    what = {"BidAsk": "BID_ASK", "MidPoint": "MIDPOINT"}.get(kind, "TRADES")
    before = [history.ticks_before(number, row, what, min(wanted, 1000), now)] if wanted > 0 else []
    return [*before, *stream.pulse(now)]


def _realtime_bars(request: Request, desk: Desk, now: Moment) -> Messages:
    number, row = request.integer(1, 1), find_one(request, now, 2, request.integer(1, 1))
    if isinstance(row, Message):
        return [row]
    what = request.string(15, 4)
    if what not in ("TRADES", "MIDPOINT", "BID", "ASK") or (what == "TRADES" and row.sec_type == "CASH"):
        return [now.notice(number, 420, f"Invalid real-time query.:{row.symbol} has no {what or 'such'} bars")]
    if Fault.COMPETING_SESSION in now.behaviour:
        text = "Invalid real-time query.:Trading TWS session is connected from a different IP address"
        return [now.notice(number, 420, text)]
    due = (now.wall // REALTIME_BAR + 1) * REALTIME_BAR
    desk.streams[StreamKind.REALTIME_BARS, number] = RealtimeBars(number, row, what, row.farm, due)
    return []


def _cancel(kind: StreamKind, place: int, code: int, text: str) -> Callable[[Request, Desk, Moment], Messages]:
    def cancel(request: Request, desk: Desk, now: Moment) -> Messages:
        number = request.integer(place, 1)
        return [] if desk.end(kind, number) else [now.notice(number, code, f"{text}{number}")]

    return cancel


HANDLERS: Handlers = {
    Ask.MARKET_DATA: _quotes,
    Ask.CANCEL_MARKET_DATA: _cancel(StreamKind.QUOTES, 1, 300, "Can't find EId with tickerId:"),
    Ask.DEPTH: _depth,
    Ask.CANCEL_DEPTH: _cancel(StreamKind.DEPTH, 1, 310, "Can't find the subscribed market depth with tickerId:"),
    Ask.TICK_BY_TICK: _tick_by_tick,
    Ask.CANCEL_TICK_BY_TICK: _cancel(StreamKind.TICKS, 0, 300, "Can't find EId with tickerId:"),
    Ask.REALTIME_BARS: _realtime_bars,
    Ask.CANCEL_REALTIME_BARS: _cancel(StreamKind.REALTIME_BARS, 1, 300, "Can't find EId with tickerId:"),
}
