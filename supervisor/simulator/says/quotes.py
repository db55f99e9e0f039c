"""What a gateway says of the market as it moves: ticks, depth, tick by tick, realtime bars."""

from supervisor.simulator.state.bars import Bar
from supervisor.simulator.state.options import Greeks
from supervisor.simulator.state.prices import Quote
from supervisor.simulator.wire.frames import Field
from supervisor.simulator.wire.ids import Answer
from supervisor.simulator.wire.message import Fields, Message
from supervisor.simulator.wire.protobuf import Pairs, protobuf

AUTO_EXECUTE = 1


def market_data_type(request: int, kind: int) -> Message:
    """1 live, 2 frozen, 3 delayed, 4 delayed and frozen."""
    return Message(Answer.MARKET_DATA_TYPE, (1, request, kind), lambda: ((1, request), (2, kind)))


def parameters(request: int, min_tick: str, exchange: str) -> Message:
    """The grid of prices, and the map of exchanges of a subscription."""
    return Message(
        Answer.TICK_PARAMETERS,
        (request, min_tick, exchange, 3),
        lambda: ((1, request), (2, min_tick), (3, exchange), (4, 3)),
    )


def price(request: int, tick: int, value: float, size: int, mask: int) -> Message:
    """A price with its size, and whether it can be executed automatically."""
    return Message(
        Answer.TICK_PRICE,
        (6, request, tick, value, size, mask),
        lambda: ((1, request), (2, tick), (3, value), (4, str(size)), (5, mask)),
    )


def size(request: int, tick: int, value: int) -> Message:
    """A size."""
    return Message(Answer.TICK_SIZE, (6, request, tick, value), lambda: ((1, request), (2, tick), (3, str(value))))


def string(request: int, tick: int, value: str) -> Message:
    """A tick that is a text."""
    return Message(Answer.TICK_STRING, (6, request, tick, value), lambda: ((1, request), (2, tick), (3, value)))


def option(request: int, tick: int, figures: Greeks) -> Message:
    """An option's computation: volatility, price, and how it moves."""
    told = (
        figures.volatility, figures.delta, figures.price, 0.0,
        figures.gamma, figures.vega, figures.theta, figures.underlying,
    )  # fmt: skip
    return Message(
        Answer.TICK_OPTION,
        lambda version: (request, tick, 1, *told) if version >= 156 else (6, request, tick, *told),
        lambda: ((1, request), (2, tick), (3, 1), *tuple((place, value) for place, value in enumerate(told, 4))),
    )


def depth(request: int, row: int, operation: int, side: int, value: float, lots: int) -> Message:
    """A row of one exchange's book; operation 0 insert, 1 update, 2 delete; side 0 ask, 1 bid."""
    return Message(
        Answer.DEPTH,
        (1, request, row, operation, side, value, lots),
        lambda: (
            (1, request),
            (2, protobuf((1, row), (2, operation), (3, side), (4, value), (5, str(lots)))),
        ),
    )


def depth_l2(request: int, row: int, maker: str, operation: int, side: int, value: float, lots: int) -> Message:
    """A row of the book of all exchanges, with whose it is."""

    def fields(version: int) -> Fields:
        told: list[Field] = [1, request, row, maker, operation, side, value, lots]
        return [*told, 1] if version >= 146 else told

    def proto() -> Pairs:
        inner = protobuf((1, row), (2, operation), (3, side), (4, value), (5, str(lots)), (6, maker), (7, True))
        return (1, request), (2, inner)

    return Message(Answer.DEPTH_L2, fields, proto)


def last_tick(request: int, every: bool, at: int, quote: Quote, exchange: str) -> Message:
    """A trade, tick by tick; `every` also means those that do not count for the last price."""
    kind = 2 if every else 1
    return Message(
        Answer.TICK_BY_TICK,
        (request, kind, at, quote.last, quote.last_size, 0, exchange, ""),
        lambda: (
            (1, request),
            (2, kind),
            (3, protobuf((1, at), (3, quote.last), (4, str(quote.last_size)), (5, exchange))),
        ),
    )


def bid_ask_tick(request: int, at: int, quote: Quote) -> Message:
    """A quote, tick by tick."""
    return Message(
        Answer.TICK_BY_TICK,
        (request, 3, at, quote.bid, quote.ask, quote.bid_size, quote.ask_size, 0),
        lambda: (
            (1, request),
            (2, 3),
            (
                4,
                protobuf((1, at), (3, quote.bid), (4, quote.ask), (5, str(quote.bid_size)), (6, str(quote.ask_size))),
            ),
        ),
    )


def middle_tick(request: int, at: int, middle: float) -> Message:
    """The middle, tick by tick."""
    return Message(
        Answer.TICK_BY_TICK,
        (request, 4, at, middle),
        lambda: ((1, request), (2, 4), (5, protobuf((1, at), (2, middle)))),
    )


def realtime_bar(request: int, bar: Bar) -> Message:
    """A bar of five seconds."""
    at = int(bar.start)
    return Message(
        Answer.REALTIME_BAR,
        (3, request, at, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.average, bar.count),
        lambda: (
            (1, request),
            (2, at),
            (3, bar.open),
            (4, bar.high),
            (5, bar.low),
            (6, bar.close),
            (7, str(bar.volume)),
            (8, str(bar.average)),
            (9, bar.count),
        ),
    )
