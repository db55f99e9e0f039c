"""Bytes that a gateway should never send, and unusual amounts of good ones. Pure.

Each kind breaks some client somewhere: it hangs for ever, loses data or dies with an exception (measured with the
`ibapi` versions 9.81 to 10.46).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from supervisor.simulator.market import BARS, HISTORY_END, HISTORY_START
from supervisor.simulator.messages import FIRST_RAW_ID, Answer, Dialect
from supervisor.simulator.wire import frame, raw_id

READ_SIZE = 4096
"""The size of a client's read; an answer of exactly so many bytes is lost by plain `ibapi`."""

_FARM = (2104, "Market data farm connection is OK:usfarm")
_PADDING = 2130  # a warning about orders, which says nothing about the connection
_UNKNOWN_ID = 190


def _no_nul(dialect: Dialect) -> bytes:
    return frame(b"49" if dialect.version < FIRST_RAW_ID else raw_id(Answer.CURRENT_TIME) + b"1")


def _decimal(dialect: Dialect) -> bytes:
    ends = (HISTORY_START, HISTORY_END) if dialect.version < 196 else ()
    bar = BARS[0]
    prices = bar.open, bar.high, bar.low, bar.close
    return dialect.text(Answer.HISTORY, 1, *ends, 1, bar.date, *prices, "1200.5", bar.average, bar.count)


_GARBAGE: Mapping[str, Callable[[Dialect], bytes]] = MappingProxyType(
    {
        "length_prefix": lambda _: b"\x7f\xff\xff\xff",
        "http": lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n",
        "zero_length": lambda _: frame(b""),
        "non_numeric": lambda dialect: dialect.text(Answer.CURRENT_TIME, 1, "abc"),
        "truncated": lambda dialect: dialect.text(Answer.TICK_PRICE, 6),
        "unknown_id": lambda dialect: dialect.text(_UNKNOWN_ID, 1),
        "no_nul": _no_nul,
        "bad_protobuf": lambda _: frame(raw_id(Answer.ERROR + 200) + b"\xff\xff\xff"),
        "decimal": _decimal,
    }
)


def garbage(mode: str, dialect: Dialect) -> bytes:
    """The bad bytes of this kind for a session; the kinds are those of the word `garbage`."""
    return _GARBAGE[mode](dialect)


def oversize(size: int, dialect: Dialect, millis: int) -> bytes:
    """One well-formed notice whose payload has at least `size` bytes."""
    return dialect.error(-1, _FARM[0], "x" * size, millis)


def exact_read(dialect: Dialect, millis: int) -> tuple[bytes, int]:
    """Whole notices that together are exactly `READ_SIZE` bytes, and their number."""
    farm = dialect.error(-1, *_FARM, millis)
    for count in range(READ_SIZE // len(farm) - 1, 0, -1):
        rest = READ_SIZE - count * len(farm)
        for length in range(rest):
            padding = dialect.error(-1, _PADDING, "." * length, millis)
            if len(padding) == rest:
                return farm * count + padding, count + 1
            if len(padding) > rest:
                break
    raise AssertionError("some length always fits")
