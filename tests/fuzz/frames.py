"""Noise to messages: bytes of a fuzzer, read as instructions for the frames that a peer sends.

Most frames that are noise alone end a session at their first field. So a few bytes say: the message with this id, with
these fields, each of them plausible, extreme or absurd; cut short, or with another length announced. Any bytes mean
something, and the same bytes always the same.
"""

import struct
from collections.abc import Iterator

from ibapi.message import IN

IDS = tuple(sorted({value for name, value in vars(IN).items() if name.isupper() and isinstance(value, int)}))
"""Every message that `ibapi` knows."""
VERSIONS = (100, 101, 151, 157, 176, 187, 194, 200, 201, 203, 222)
"""What a server may call itself."""
FIELDS = (
    b"", b"0", b"1", b"-1", b"2", b"3", b"6", b"9", b"11", b"100", b"157", b"1100", b"1101", b"1102", b"1300", b"2103",
    b"2104", b"2105", b"2110", b"2157", b"2172", b"10197", b"326", b"504", b"1767632400", b"1767632400000",
    b"2147483647", b"2147483648", b"-2147483649", b"9223372036854775808", b"9" * 400, b"1e308", b"1e309", b"nan",
    b"inf", b"-0.0", b"1.5", b"1_000", b" 1 ", b"+1", b"0x10", "\u0663".encode(), b"abc", b"true", b"\xff\xfe",
    b"\xed\xa0\x80", b"\xc3", b"\x00", b"%s%n{}", b"DU1234567", b"DU1,DU2,,U3", b",", b"usfarm",
    b"Market data farm connection is broken:usfarm",
    b"Connectivity has been restored - data maintained. All data farms are connected: a; b; c.",
    b"Socket port has been reset and this connection is being dropped. Please reconnect on the new port - 4003",
    b"20260105 12:00:00 EST", b"EUR", b"CASH", b"x" * 5000, b"\n\r\t\x1b[31m", "é市\U0001f600".encode(),
)  # fmt: skip
PLAIN = (b"1", b"0", b"2", b"3", b"-1", b"7", b"100", b"1767632400")
"""Fields that can be decoded whatever they stand for."""
ENOUGH = 64
"""Fields that no message has more of, but for those with lists."""
MOST = 400
"""Frames of one session."""


class Noise:
    """Bytes, taken one after the other; after the last one zeros."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def byte(self) -> int:
        """The next one."""
        self._at += 1
        return self._data[self._at - 1] if self._at <= len(self._data) else 0

    def bytes(self, count: int) -> bytes:
        """The next ones, as many as there are."""
        found = self._data[self._at : self._at + count]
        self._at += count
        return found


def session_of(data: bytes) -> tuple[bytes, list[bytes]]:
    """A server's hello and what it sends after it, each piece with its length before it."""
    noise = Noise(data)
    first = noise.byte()
    version = VERSIONS[first % len(VERSIONS)]
    hello = str(version).encode() + b"\x0020260105 12:00:00 EST\x00"
    if first >= 250:
        hello = noise.bytes(noise.byte() % 40)
    return _framed(hello), list(_frames(noise, version))


def _frames(noise: Noise, version: int) -> Iterator[bytes]:
    for _ in range(MOST):
        if not noise:
            return
        yield _frame(noise, version)


def _frame(noise: Noise, version: int) -> bytes:
    kind = noise.byte()
    if kind < 2:
        return _framed(noise.bytes(noise.byte() % 64))  # noise alone
    if kind < 3:
        return struct.pack(">I", noise.byte() << (noise.byte() % 25)) + noise.bytes(
            noise.byte()
        )  # any length announced
    message = IDS[kind % len(IDS)] if kind < 246 else noise.byte()
    count = noise.byte()
    fields = b"".join(_field(noise) for _ in range(count % 16)) + b"1\0" * (0 if count >= 248 else ENOUGH)
    if version >= 201:
        return _framed(struct.pack(">I", message + (200 if count >= 240 else 0)) + fields)
    payload = str(message).encode() + b"\0" + fields
    return _framed(payload[: -1 - noise.byte() % 3] if count >= 250 else payload)


def _field(noise: Noise) -> bytes:
    pick = noise.byte()
    if pick < 253:
        return PLAIN[pick % len(PLAIN)] + b"\0"
    if pick < 255:
        return FIELDS[noise.byte() % len(FIELDS)] + b"\0"
    return noise.bytes(pick % 16) + b"\0"


def _framed(payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + payload
