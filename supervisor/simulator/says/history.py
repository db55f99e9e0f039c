"""What a gateway says of the past: bars, their updates, schedules, ticks, histograms, the first moment."""

from collections.abc import Sequence

from supervisor.simulator.state.bars import Bar
from supervisor.simulator.state.prices import Quote
from supervisor.simulator.wire.frames import Field
from supervisor.simulator.wire.ids import Answer
from supervisor.simulator.wire.message import Fields, Message
from supervisor.simulator.wire.protobuf import Pairs, protobuf

Dated = tuple[str, Bar]
"""A bar with its date as the request wants it written."""
Moment = tuple[int, Quote]
"""Unix seconds and the quote of then."""


def _bar_fields(date: str, bar: Bar) -> tuple[Field, ...]:
    return date, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.average, bar.count


def _bar_proto(date: str, bar: Bar) -> bytes:
    prices = (2, bar.open), (3, bar.high), (4, bar.low), (5, bar.close)
    return protobuf((1, date), *prices, (6, str(bar.volume)), (7, str(bar.average)), (8, bar.count))


def bars(request: int, start: str, end: str, found: Sequence[Dated]) -> list[Message]:
    """Historical bars; the second message, their start and end, is for server versions from 196 on."""

    def fields(version: int) -> Fields:
        rows = [field for date, bar in found for field in _bar_fields(date, bar)]
        return [request, *([start, end] if version < 196 else []), len(found), *rows]

    def proto() -> Pairs:
        return (1, request), *((2, _bar_proto(date, bar)) for date, bar in found)

    return [
        Message(Answer.HISTORY, fields, proto),
        Message(Answer.HISTORY_END, (request, start, end), lambda: ((1, request), (2, start), (3, end)), 196),
    ]


def update(request: int, date: str, bar: Bar) -> Message:
    """The last bar of a history that is kept up to date, as it is now."""
    return Message(
        Answer.HISTORY_UPDATE,
        (request, bar.count, date, bar.open, bar.close, bar.high, bar.low, bar.average, bar.volume),
        lambda: ((1, request), (2, _bar_proto(date, bar))),
    )


def schedule(request: int, start: str, end: str, zone: str, sessions: Sequence[tuple[str, str, str]]) -> Message:
    """Trading sessions: start, end, and the trading day of each."""
    return Message(
        Answer.HISTORICAL_SCHEDULE,
        (request, start, end, zone, len(sessions), *(part for each in sessions for part in each)),
        lambda: (
            (1, request),
            (2, start),
            (3, end),
            (4, zone),
            *((5, protobuf((1, first), (2, last), (3, day))) for first, last, day in sessions),
        ),
    )


def ticks(request: int, what: str, exchange: str, found: Sequence[Moment]) -> Message:
    """Historical ticks: TRADES, BID_ASK or MIDPOINT."""
    fields: list[Field] = [request, len(found)]
    match what:
        case "TRADES":
            for at, quote in found:
                fields += [at, 0, quote.last, quote.last_size, exchange, ""]
            rows = [protobuf((1, at), (3, quote.last), (4, str(quote.last_size)), (5, exchange)) for at, quote in found]
            answer = Answer.HISTORICAL_TICKS_LAST
        case "BID_ASK":
            for at, quote in found:
                fields += [at, 0, quote.bid, quote.ask, quote.bid_size, quote.ask_size]
            rows = [
                protobuf((1, at), (3, quote.bid), (4, quote.ask), (5, str(quote.bid_size)), (6, str(quote.ask_size)))
                for at, quote in found
            ]
            answer = Answer.HISTORICAL_TICKS_BID_ASK
        case _:
            for at, quote in found:
                fields += [at, 0, round(quote.middle, 8), 0]
            rows = [protobuf((1, at), (2, round(quote.middle, 8)), (3, "0")) for at, quote in found]
            answer = Answer.HISTORICAL_TICKS
    return Message(answer, [*fields, 1], lambda: ((1, request), *((2, row) for row in rows), (3, True)))


def head_timestamp(request: int, date: str) -> Message:
    """The first moment of which there is history."""
    return Message(Answer.HEAD_TIMESTAMP, (request, date), lambda: ((1, request), (2, date)))


def histogram(request: int, found: Sequence[tuple[float, int]]) -> Message:
    """Prices, and how much was traded at each."""
    return Message(
        Answer.HISTOGRAM,
        (request, len(found), *(part for each in found for part in each)),
        lambda: ((1, request), *((2, protobuf((1, price), (2, str(size)))) for price, size in found)),
    )
