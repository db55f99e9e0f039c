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
from functools import cached_property

from supervisor.frozen import dataclass
from supervisor.simulator.wire.frames import WireError, split_text
from supervisor.simulator.wire.ids import FIRST_RAW_ID, PROTOBUF_OFFSET
from supervisor.simulator.wire.protobuf import double, split_protobuf

API_PREFIX = b"API\0"
"""The client's first bytes; they are in no frame."""

_VERSIONS = re.compile(r"v(\d{1,9})(?:\.\.(\d{1,9}))?(?: .*)?", re.DOTALL)


def read_hello(payload: bytes) -> int:
    """The highest server version that the client understands; connect options after a space are read over."""
    match = _VERSIONS.fullmatch(payload.decode("utf-8", "replace"))
    if match is None:
        raise WireError("a hello without versions")
    return int(match[2] or match[1])


Value = int | bytes


@dataclass(frozen=True, slots=True)
class Contract:
    """The contract a request names; what it leaves open is 0 or empty."""

    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""
    expiry: str = ""
    strike: float = 0.0
    right: str = ""
    multiplier: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""


class Body:
    """Protobuf fields of a request, or of a message inside it."""

    def __init__(self, fields: dict[int, list[Value]]) -> None:
        self._fields = fields

    def __contains__(self, number: int) -> bool:
        return number in self._fields

    def integer(self, number: int) -> int:
        """A number; 0 if absent."""
        value = self._fields.get(number, [0])[-1]
        if isinstance(value, bytes):
            raise WireError(f"protobuf field {number} is no number")
        return value

    def string(self, number: int) -> str:
        """A text; empty if absent."""
        value = self._fields.get(number, [b""])[-1]
        if isinstance(value, int):
            raise WireError(f"protobuf field {number} is no text")
        return value.decode("utf-8", "surrogateescape")

    def decimal(self, number: int) -> float | None:
        """A double, or None if absent."""
        values = self._fields.get(number)
        return None if values is None else double(values[-1])

    def inner(self, number: int) -> "Body":
        """The message inside; empty if absent."""
        value = self._fields.get(number, [b""])[-1]
        if isinstance(value, int):
            raise WireError(f"protobuf field {number} is no message")
        return Body(split_protobuf(value))

    def count(self, number: int) -> int:
        """How often the field is there."""
        return len(self._fields.get(number, ()))

    def pairs(self, number: int) -> tuple[tuple[str, str], ...]:
        """The entries of a map of texts."""
        inner = (Body(split_protobuf(each)) for each in self._fields.get(number, ()) if isinstance(each, bytes))
        return tuple((entry.string(1), entry.string(2)) for entry in inner)

    def contract(self) -> Contract:
        """This body as a contract."""
        multiplier = self.decimal(7)
        return Contract(
            self.integer(1),
            self.string(2),
            self.string(3),
            self.string(4),
            self.decimal(5) or 0.0,
            self.string(6),
            "" if multiplier is None else f"{multiplier:g}",
            *(self.string(number) for number in (8, 9, 10, 11, 12)),
        )


class Request:
    """One request: `number` is its message id, the same for text and protobuf."""

    def __init__(self, number: int, text: list[str] | None, proto: dict[int, list[Value]] | None) -> None:
        self.number = number
        self.text = text
        """The text fields after the id; None if the body is protobuf."""
        self.body = Body(proto or {})

    def integer(self, place: int, field: int) -> int:
        """A number: text field `place` (counted after the id, from 0), or protobuf field `field`."""
        return self.body.integer(field) if self.text is None else self._whole(place)

    def string(self, place: int, field: int) -> str:
        """A text, found as by `integer`."""
        return self.body.string(field) if self.text is None else self._place(place)

    def decimal(self, place: int, field: int) -> float | None:
        """A number with a fraction, found as by `integer`; None if absent."""
        return self.body.decimal(field) if self.text is None else number(self._place(place))

    def flag(self, place: int, field: int) -> bool:
        """A yes or no, found as by `integer`."""
        return bool(self.body.integer(field)) if self.text is None else self._place(place).lower() in ("1", "true")

    def contract(self, place: int, field: int, *, primary: bool = True) -> Contract:
        """The contract whose id is at `place`, or the protobuf message `field`.

        `primary` says whether the text has a field for the primary exchange.
        """
        if self.text is None:
            return self.body.inner(field).contract()
        after = iter(range(place, place + 12))
        taken = [self._place(next(after)) for _ in range(8)]
        taken.append(self._place(next(after)) if primary else "")
        taken += [self._place(next(after)) for _ in range(3)]
        con_id, symbol, sec_type, expiry, strike, *rest = taken
        return Contract(whole(con_id, self.number, place), symbol, sec_type, expiry, number(strike) or 0.0, *rest)

    @cached_property
    def places(self) -> int:
        """How many text fields there are."""
        return 0 if self.text is None else len(self.text)

    def _whole(self, place: int) -> int:
        return whole(self._place(place), self.number, place)

    def _place(self, place: int) -> str:
        return self.text[place] if self.text is not None and place < len(self.text) else ""


def whole(found: str, request: int, place: int) -> int:
    """A whole number of a text field; an empty one is 0."""
    try:
        return int(found or "0")
    except ValueError:
        raise WireError(f"field {place} of request {request} is {found!r}, not a number") from None


_UNSET = 1e300
"""A double above it, or 2147483647 and above for a whole number, says that a field is not set."""


def number(found: str) -> float | None:
    """The number in a text field; None if it is empty or says that it is not set."""
    if not found:
        return None
    try:
        value = float(found)
    except ValueError:
        raise WireError(f"{found!r} is not a number") from None
    if value != value:
        raise WireError(f"{found!r} is not a number")
    return None if abs(value) > _UNSET else value


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
