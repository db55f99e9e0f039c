"""Answers about the past: bars that obey the request, schedules, ticks, histograms, the first moment.

Rules
- The span follows from end and duration, in the trading hours of the instrument; the bars from bar size and what to
  show.
- A request that a gateway would refuse is refused: a bar size that does not exist (321), what an instrument does not
  have (162), a span of more bars than are given out (162).
- A history that is kept up to date sends its last bar again every second, and is dead for good (10182) once its farm
  or IBKR was lost.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from supervisor.simulator.answers.desk import Desk, Handlers, Messages, Moment, StreamKind, find_one, silent
from supervisor.simulator.behaviour.faults import Fault
from supervisor.simulator.says import history as says
from supervisor.simulator.state import hours, spans
from supervisor.simulator.state.bars import DAY, KINDS, TRADED, Bar, bars
from supervisor.simulator.state.instruments import Instrument
from supervisor.simulator.wire.ids import Ask
from supervisor.simulator.wire.message import Message
from supervisor.simulator.wire.requests import Request

FARM = "ushmds"
MOST_BARS = 20_000
SERVICE = "Historical Market Data Service error message:"
VALIDATING = "Error validating request.-'bU' : cause - "
LIVE_UPDATES_DEAD = (10182, "Failed to request live updates (disconnected).")
_YEARS = 10 * 365 * DAY


@dataclass(slots=True)
class KeptHistory:
    """A history that is kept up to date."""

    request: int
    row: Instrument
    size: int
    what: str
    regular: bool
    form: int
    farm: str
    due: float

    def pulse(self, now: Moment) -> Messages:
        """The last bar as it is now."""
        if now.mono < self.due or Fault.UPSTREAM_LOST in now.behaviour or now.behaviour.broken(FARM):
            return []
        self.due = now.mono + 1.0
        begun = now.wall - (now.wall % self.size if self.size < DAY else DAY)
        found = list(bars(now.world.prices, self.row, begun, now.wall, self.size, self.what, self.regular))
        return [says.update(self.request, date_text(found[-1], self.row, self.form), found[-1])] if found else []


def date_text(made: Bar, row: Instrument, form: int) -> str:
    """A bar's date: the day for bars of a day and more, else a time in the instrument's zone or Unix seconds (2)."""
    if made.day is not None:
        return f"{made.day:%Y%m%d}"
    return str(int(made.start)) if form == 2 else clock_text(made.start, row)


def clock_text(instant: float, row: Instrument) -> str:
    """A time in the instrument's zone."""
    zone = row.hours.timezone
    return f"{datetime.fromtimestamp(instant, ZoneInfo(zone)):%Y%m%d %H:%M:%S} {zone}"


def ticks_before(number: int, row: Instrument, what: str, count: int, now: Moment) -> Message:
    """The last so many ticks until now, one a second."""
    last = int(now.wall)
    found = [(at, now.world.prices.quote(row, at)) for at in range(last - count, last)]
    return says.ticks(number, what, row.primary_exchange or row.exchange, found)


def _unavailable(number: int, now: Moment) -> Messages | None:
    """What is said while there is no history at all."""
    if Fault.COMPETING_SESSION in now.behaviour:
        text = f"{SERVICE}Trading TWS session is connected from a different IP address"
        return [now.notice(number, 162, text)]
    if now.behaviour.broken(FARM):
        text = "HMDS server disconnect occurred.  Attempting reconnection..."
        return [now.notice(number, 165, f"Historical Market Data Service query message:{text}")]
    return [] if Fault.UPSTREAM_LOST in now.behaviour else None


def _bars(request: Request, desk: Desk, now: Moment) -> Messages:
    number, row = request.integer(0, 1), find_one(request, now, 1, request.integer(0, 1))
    if isinstance(row, Message):
        return [row]
    unavailable = _unavailable(number, now)
    if unavailable is not None:
        return unavailable
    if (StreamKind.HISTORY, number) in desk.streams:
        text = "Error processing request.-'bI' : cause - Duplicate ticker ID for API historical data query"
        return [now.notice(number, 322, text)]
    ending, sizing, duration = request.string(14, 3), request.string(15, 4), request.string(16, 5)
    regular, what, form = request.flag(17, 6), request.string(18, 7), request.integer(19, 8)
    keep = request.flag(20, 9)
    if keep and ending.strip():
        return [now.notice(number, 321, f"{VALIDATING}End Date/Time is not supported with keepUpToDate")]
    try:
        size = spans.bar_size(sizing)
        end = min(spans.instant(ending, row.hours.timezone, now.wall), now.wall)
        start = spans.start(duration, end, row.hours, regular)
    except ValueError as error:
        return [now.notice(number, 321, VALIDATING + str(error))]
    if what == "SCHEDULE":
        return [_schedule(number, row, start, end, regular)]
    if what not in KINDS:
        legal = ", ".join((*KINDS, "SCHEDULE"))
        return [now.notice(number, 321, f"{VALIDATING}{what} is no data of the simulated gateway; known are {legal}")]
    if row.sec_type == "CASH" and what in TRADED:
        return [now.notice(number, 162, f"{SERVICE}No historical market data for {row.symbol}/CASH@IDEALPRO Last")]
    if size < DAY and (end - start) / size > MOST_BARS:
        return [now.notice(number, 162, f"{SERVICE}Time length exceed max.")]
    found = [
        (date_text(made, row, form), made) for made in bars(now.world.prices, row, start, end, size, what, regular)
    ]
    if not found:
        text = f"{SERVICE}HMDS query returned no data: {row.symbol}@{row.exchange} {what}"
        return [now.notice(number, 162, text)]
    if keep:
        desk.streams[StreamKind.HISTORY, number] = KeptHistory(
            number, row, size, what, regular, form, FARM, now.mono + 1.0
        )
    return says.bars(number, clock_text(start, row), clock_text(end, row), found)


def _schedule(number: int, row: Instrument, start: float, end: float, regular: bool) -> Message:
    zone = ZoneInfo(row.hours.timezone)

    def text(instant: float) -> str:
        return f"{datetime.fromtimestamp(instant, zone):%Y%m%d-%H:%M:%S}"

    found = [
        (text(each.start), text(each.end), f"{each.day:%Y%m%d}")
        for each in hours.between(row.hours, start, end, regular)
    ]
    begun, ended = (found[0][0], found[-1][1]) if found else (text(start), text(end))
    return says.schedule(number, begun, ended, row.hours.timezone, found)


def _ticks(request: Request, _: Desk, now: Moment) -> Messages:
    number, row = request.integer(0, 1), find_one(request, now, 1, request.integer(0, 1))
    if isinstance(row, Message):
        return [row]
    unavailable = _unavailable(number, now)
    if unavailable is not None:
        return unavailable
    start, end = request.string(14, 3), request.string(15, 4)
    count, what = request.integer(16, 5), request.string(17, 6)
    if what not in ("TRADES", "BID_ASK", "MIDPOINT") or not 1 <= count <= 1000 or bool(start) == bool(end):
        text = f"{VALIDATING}give one of start and end, 1 to 1000 ticks, and TRADES, BID_ASK or MIDPOINT"
        return [now.notice(number, 321, text)]
    try:
        at = int(spans.instant(start or end, row.hours.timezone, now.wall))
    except ValueError as error:
        return [now.notice(number, 321, VALIDATING + str(error))]
    seconds = range(at, at + count) if start else range(at - count, at)
    found = [(second, now.world.prices.quote(row, second)) for second in seconds if second <= now.wall]
    return [says.ticks(number, what, row.primary_exchange or row.exchange, found)]


def _head(request: Request, _: Desk, now: Moment) -> Messages:
    number, row = request.integer(0, 1), find_one(request, now, 1, request.integer(0, 1))
    if isinstance(row, Message):
        return [row]
    unavailable = _unavailable(number, now)
    if unavailable is not None:
        return unavailable
    first = datetime.fromtimestamp(now.wall - _YEARS, UTC)
    form = request.integer(16, 5)
    return [says.head_timestamp(number, str(int(first.timestamp())) if form == 2 else f"{first:%Y%m%d-%H:%M:%S}")]


def _histogram(request: Request, _: Desk, now: Moment) -> Messages:
    number, row = request.integer(0, 1), find_one(request, now, 1, request.integer(0, 1))
    if isinstance(row, Message):
        return [row]
    unavailable = _unavailable(number, now)
    if unavailable is not None:
        return unavailable
    counted: dict[float, int] = {}
    for second in range(int(now.wall) - 3600, int(now.wall), 10):
        quote = now.world.prices.quote(row, second)
        counted[quote.last] = counted.get(quote.last, 0) + quote.last_size
    return [says.histogram(number, sorted(counted.items()))]


def _cancel(request: Request, desk: Desk, now: Moment) -> Messages:
    number = request.integer(1, 1)
    if desk.end(StreamKind.HISTORY, number):
        return [now.notice(number, 162, f"{SERVICE}API historical data query cancelled: {number}")]
    return [now.notice(number, 366, f"No historical data query found for ticker id:{number}")]


HANDLERS: Handlers = {
    Ask.HISTORY: _bars,
    Ask.CANCEL_HISTORY: _cancel,
    Ask.HISTORICAL_TICKS: _ticks,
    Ask.CANCEL_HISTORICAL_TICKS: silent,
    Ask.HEAD_TIMESTAMP: _head,
    Ask.CANCEL_HEAD_TIMESTAMP: silent,
    Ask.HISTOGRAM: _histogram,
    Ask.CANCEL_HISTOGRAM: silent,
}
