"""Protobuf by hand: proto3 messages of varints, doubles and length-delimited fields, which is all this protocol has.

What cannot be decoded raises `WireError`. Pure.
"""

import struct

from supervisor.simulator.wire.frames import WireError

Scalar = int | float | str | bytes | bool | None
"""A value of a protobuf field; bytes are a message inside a message; None leaves the field out."""

Pairs = tuple[tuple[int, Scalar], ...]
"""Field numbers with their values, in the order of the wire."""

_VARINT, _DOUBLE, _DELIMITED, _FIXED32 = 0, 1, 2, 5
_UINT64 = (1 << 64) - 1


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


def double(raw: int | bytes) -> float:
    """The double in a raw 8-byte field; raises `WireError` for anything else."""
    if isinstance(raw, int) or len(raw) != 8:
        raise WireError("a protobuf field is no double")
    (value,) = struct.unpack("<d", raw)
    return float(value)
