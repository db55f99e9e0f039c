"""Bytes of the API's wire: frames, text fields, protobuf varints. Pure; knows no message.

Rules
- A frame is a 4-byte big-endian length and that many bytes of payload, in both directions. The client's very first
  bytes, `API` and a zero byte, are no frame.
- A text payload is a sequence of fields, each ended by a zero byte.
- A protobuf payload is proto3 written by hand: only varints, doubles and length-delimited fields occur in this
  protocol.
- What cannot be decoded raises `WireError`; nothing else is raised.

The protocol is described in the documentation of IBKR's API clients and was checked against captured bytes
(tests/simulator/test_captured.py).
"""

import struct
from collections.abc import Iterator

MAX_FRAME = 0xFFFFFF
"""The longest payload a client accepts, in bytes."""

Field = int | float | str | bool
"""A value of a text field."""

Scalar = int | float | str | bytes | bool | None
"""A value of a protobuf field; bytes are a message inside a message; None leaves the field out."""

_VARINT, _DOUBLE, _DELIMITED, _FIXED32 = 0, 1, 2, 5
_UINT64 = (1 << 64) - 1


class WireError(ValueError):
    """Bytes that are not what the protocol allows at this place."""


def frame(payload: bytes) -> bytes:
    """One frame around a payload."""
    return struct.pack(">I", len(payload)) + payload


def text_fields(*fields: Field) -> bytes:
    """A text payload of these fields; True is written as 1. Lone surrogates become the raw bytes they stand for."""
    return b"".join(_text(field).encode("utf-8", "surrogateescape") + b"\0" for field in fields)


def split_text(payload: bytes) -> list[str]:
    """The fields of a text payload; what follows the last zero byte is no field."""
    return [field.decode("utf-8", "surrogateescape") for field in payload.split(b"\0")[:-1]]


def _text(field: Field) -> str:
    return str(int(field)) if isinstance(field, bool) else str(field)


class FrameReader:
    """Cuts the incoming stream into payloads, however TCP cut it.

    `feed` keeps what is not whole yet; a length over `MAX_FRAME` is a `WireError`.
    """

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> None:
        """Add received bytes."""
        self._pending += data

    def take(self, count: int) -> bytes | None:
        """The next `count` raw bytes, or None while they have not all come (the hello's `API` is read so)."""
        if len(self._pending) < count:
            return None
        taken = bytes(self._pending[:count])
        del self._pending[:count]
        return taken

    def payloads(self) -> Iterator[bytes]:
        """Each payload that is whole by now."""
        while (payload := self.payload()) is not None:
            yield payload

    def payload(self) -> bytes | None:
        """The next payload, or None while it is not whole."""
        if len(self._pending) < 4:
            return None
        (length,) = struct.unpack_from(">I", self._pending)
        if length > MAX_FRAME:
            raise WireError(f"a frame of {length} bytes")
        if len(self._pending) < 4 + length:
            return None
        self.take(4)
        return self.take(length)


def varint(number: int) -> bytes:
    """A protobuf varint; a negative number takes ten bytes, as in two's complement of 64 bits."""
    rest = number & _UINT64
    out = bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def protobuf(*fields: tuple[int, Scalar]) -> bytes:
    """A protobuf message of (field number, value) pairs, in the order given."""
    return b"".join(_protobuf_field(number, value) for number, value in fields if value is not None)


def _protobuf_field(number: int, value: Scalar) -> bytes:
    if isinstance(value, float):
        return varint(number << 3 | _DOUBLE) + struct.pack("<d", value)
    if isinstance(value, int):
        return varint(number << 3 | _VARINT) + varint(value)
    raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value or b""
    return varint(number << 3 | _DELIMITED) + varint(len(raw)) + raw


def split_protobuf(payload: bytes) -> dict[int, list[int | bytes]]:
    """The fields of a protobuf message by number: varints as signed 64-bit integers, all else as raw bytes."""
    fields: dict[int, list[int | bytes]] = {}
    at = 0
    while at < len(payload):
        key, at = _read_varint(payload, at)
        kind = key & 7
        value: int | bytes
        if kind == _VARINT:
            unsigned, at = _read_varint(payload, at)
            value = unsigned - (1 << 64) if unsigned >> 63 else unsigned
        else:
            if kind == _DELIMITED:
                length, at = _read_varint(payload, at)
            elif kind in (_DOUBLE, _FIXED32):
                length = 8 if kind == _DOUBLE else 4
            else:
                raise WireError(f"protobuf wire type {kind}")
            if at + length > len(payload):
                raise WireError("a protobuf field longer than its message")
            value, at = payload[at : at + length], at + length
        fields.setdefault(key >> 3, []).append(value)
    return fields


def _read_varint(payload: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while at < len(payload) and shift < 64:
        byte = payload[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number & _UINT64, at
    raise WireError("a varint without an end")


def raw_id(number: int) -> bytes:
    """A message id as server versions from 201 on write it: 4 bytes, big-endian."""
    return struct.pack(">i", number)
