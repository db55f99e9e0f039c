"""Bytes of the API's wire: frames and text fields. Pure; knows no message.

Rules
- A frame is a 4-byte big-endian length and that many bytes of payload, in both directions. The client's very first
  bytes, `API` and a zero byte, are no frame.
- A text payload is a sequence of fields, each ended by a zero byte.
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


class WireError(ValueError):
    """Bytes that are not what the protocol allows at this place."""


def frame(payload: bytes) -> bytes:
    """One frame around a payload."""
    return struct.pack(">I", len(payload)) + payload


def text_fields(*fields: Field) -> bytes:
    """A text payload of these fields; True is written as 1. Lone surrogates become the raw bytes they stand for."""
    return "".join(f"{int(field) if field is True or field is False else field}\0" for field in fields).encode(
        "utf-8", "surrogateescape"
    )


def split_text(payload: bytes) -> list[str]:
    """The fields of a text payload; what follows the last zero byte is no field."""
    return [field.decode("utf-8", "surrogateescape") for field in payload.split(b"\0")[:-1]]


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


def raw_id(number: int) -> bytes:
    """A message id as server versions from 201 on write it: 4 bytes, big-endian."""
    return struct.pack(">i", number)
