"""Bytes that a gateway should never send, and unusual amounts of good ones. Pure.

Each kind breaks some client somewhere: it hangs for ever, loses data or dies with an exception (measured with the
`ibapi` versions 9.81 to 10.46).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from supervisor.simulator.says import session
from supervisor.simulator.wire.frames import frame, raw_id
from supervisor.simulator.wire.ids import FIRST_RAW_ID, PROTOBUF_OFFSET, Answer
from supervisor.simulator.wire.message import encode, text_frame

READ_SIZE = 4096
"""The size of a client's read; an answer of exactly so many bytes is lost by plain `ibapi`."""

_FARM = (2104, "Market data farm connection is OK:usfarm")
_PADDING = 2130  # a warning about orders, which says nothing about the connection
_UNKNOWN_ID = 190


def _no_nul(version: int) -> bytes:
    return frame(b"49" if version < FIRST_RAW_ID else raw_id(Answer.CURRENT_TIME) + b"1")


def _decimal(version: int) -> bytes:
    date = "20240102 09:30:00 US/Eastern"
    ends = (date, date) if version < 196 else ()
    return text_frame(version, Answer.HISTORY, 1, *ends, 1, date, 10.0, 11.0, 9.5, 10.5, "1200.5", 10.25, 42)


def _notice(version: int, code: int, text: str, millis: int) -> bytes:
    return encode(session.error(-1, code, text, millis), version)


_GARBAGE: Mapping[str, Callable[[int], bytes]] = MappingProxyType(
    {
        "length_prefix": lambda _: b"\x7f\xff\xff\xff",
        "http": lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n",
        "zero_length": lambda _: frame(b""),
        "non_numeric": lambda version: text_frame(version, Answer.CURRENT_TIME, 1, "abc"),
        "truncated": lambda version: text_frame(version, Answer.TICK_PRICE, 6),
        "unknown_id": lambda version: text_frame(version, _UNKNOWN_ID, 1),
        "no_nul": _no_nul,
        "bad_protobuf": lambda _: frame(raw_id(Answer.ERROR + PROTOBUF_OFFSET) + b"\xff\xff\xff"),
        "decimal": _decimal,
    }
)


def garbage(mode: str, version: int) -> bytes:
    """The bad bytes of this kind for a session; the kinds are those of the word `garbage`."""
    return _GARBAGE[mode](version)


def oversize(size: int, version: int, millis: int) -> bytes:
    """One well-formed notice whose payload has at least `size` bytes."""
    return _notice(version, _FARM[0], "x" * size, millis)


def exact_read(version: int, millis: int) -> tuple[bytes, int]:
    """Whole notices that together are exactly `READ_SIZE` bytes, and their number."""
    farm = _notice(version, *_FARM, millis)
    for count in range(READ_SIZE // len(farm) - 1, 0, -1):
        rest = READ_SIZE - count * len(farm)
        for length in range(rest):
            padding = _notice(version, _PADDING, "." * length, millis)
            if len(padding) == rest:
                return farm * count + padding, count + 1
            if len(padding) > rest:
                break
    raise AssertionError("some length always fits")
