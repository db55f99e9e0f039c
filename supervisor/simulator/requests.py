"""What clients ask: the hello and every later request, decoded. Pure.

Rules
- Below server version 201 a request's id is its first text field; from 201 on it is 4 raw bytes, and an id over 200
  means a protobuf body of the message 200 lower. Which of the two a client sends is its own affair: both are always
  understood.
- A request answers questions about itself by position: the field's place in the text and its number in the protobuf. An
  absent or empty number is 0, an absent text is empty.
- A number that is none raises `WireError`.
"""

import re
import struct
from dataclasses import dataclass
from enum import IntEnum

from supervisor.simulator.messages import FIRST_RAW_ID, PROTOBUF_OFFSET
from supervisor.simulator.wire import WireError, split_protobuf, split_text

API_PREFIX = b"API\0"
"""The client's first bytes; they are in no frame."""

_VERSIONS = re.compile(r"v(\d{1,9})(?:\.\.(\d{1,9}))?(?: .*)?", re.DOTALL)


class Ask(IntEnum):
    """Message ids of clients, as far as the simulated gateway answers them."""

    MARKET_DATA = 1
    OPEN_ORDERS = 5
    ACCOUNT_UPDATES = 6
    EXECUTIONS = 7
    IDS = 8
    CONTRACT = 9
    AUTO_OPEN_ORDERS = 15
    ALL_OPEN_ORDERS = 16
    MANAGED_ACCOUNTS = 17
    HISTORY = 20
    CURRENT_TIME = 49
    MARKET_DATA_TYPE = 59
    POSITIONS = 61
    ACCOUNT_SUMMARY = 62
    START_API = 71
    POSITIONS_MULTI = 74
    ACCOUNT_MULTI = 76
    COMPLETED_ORDERS = 99
    CURRENT_TIME_MILLIS = 105


def read_hello(payload: bytes) -> int:
    """The highest server version that the client understands; connect options after a space are read over."""
    match = _VERSIONS.fullmatch(payload.decode("utf-8", "replace"))
    if match is None:
        raise WireError("a hello without versions")
    return int(match[2] or match[1])


@dataclass(frozen=True, slots=True)
class Contract:
    """The contract a request names; what it leaves open is 0 or empty."""

    con_id: int
    symbol: str
    sec_type: str
    currency: str


class Request:
    """One request: `number` is its message id, the same for text and protobuf."""

    def __init__(self, number: int, text: list[str] | None, proto: dict[int, list[int | bytes]] | None) -> None:
        self.number = number
        self._text = text
        self._proto = proto or {}

    def integer(self, place: int, field: int) -> int:
        """A number: text field `place` (counted after the id, from 0), or protobuf field `field`."""
        if self._text is None:
            return _integer(self._proto, field)
        found = self._place(place)
        try:
            return int(found or "0")
        except ValueError:
            raise WireError(f"field {place} of request {self.number} is {found!r}, not a number") from None

    def string(self, place: int, field: int) -> str:
        """A text, found as by `integer`."""
        return _string(self._proto, field) if self._text is None else self._place(place)

    def contract(self, place: int, field: int) -> Contract:
        """The contract whose id is at `place`, or the protobuf message `field`."""
        if self._text is not None:
            # conId, symbol, type, date, strike, right, multiplier, exchange, primary exchange, currency
            return Contract(
                self.integer(place, 0), self._place(place + 1), self._place(place + 2), self._place(place + 9)
            )
        inner = self._proto.get(field, [b""])[-1]
        fields = split_protobuf(inner) if isinstance(inner, bytes) else {}
        return Contract(_integer(fields, 1), _string(fields, 2), _string(fields, 3), _string(fields, 10))

    def _place(self, place: int) -> str:
        return self._text[place] if self._text is not None and place < len(self._text) else ""


def read_request(version: int, payload: bytes) -> Request:
    """The request in a payload of a session with this negotiated server version."""
    if version < FIRST_RAW_ID:
        fields = split_text(payload)
        if not fields or not re.fullmatch(r"-?\d{1,9}", fields[0]):
            raise WireError("a request without a message id")
        return Request(int(fields[0]), fields[1:], None)
    if len(payload) < 4:
        raise WireError("a request without a message id")
    (number,) = struct.unpack_from(">i", payload)
    if number > PROTOBUF_OFFSET:
        return Request(number - PROTOBUF_OFFSET, None, split_protobuf(payload[4:]))
    return Request(number, split_text(payload[4:]), None)


def _integer(fields: dict[int, list[int | bytes]], number: int) -> int:
    value = fields.get(number, [0])[-1]
    if isinstance(value, bytes):
        raise WireError(f"protobuf field {number} is no number")
    return value


def _string(fields: dict[int, list[int | bytes]], number: int) -> str:
    value = fields.get(number, [b""])[-1]
    if isinstance(value, int):
        raise WireError(f"protobuf field {number} is no text")
    return value.decode("utf-8", "surrogateescape")
