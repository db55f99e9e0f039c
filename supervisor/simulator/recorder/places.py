"""Where a message has its request id, both ways, and how another one is put there. Pure.

Rules
- Text: the place depends on the message and, where a version field was dropped, on the server version. Protobuf:
  field 1.
- A message that has no request id (the time, positions, account values) is left as it is.
"""

from supervisor.simulator.wire.frames import split_text, text_fields
from supervisor.simulator.wire.ids import FIRST_RAW_ID, PROTOBUF_OFFSET
from supervisor.simulator.wire.protobuf import varint

_ASKED_WITHOUT = frozenset(
    {5, 6, 8, 12, 13, 14, 15, 16, 17, 18, 24, 49, 58, 59, 61, 64, 65, 66, 71, 72, 73, 80, 82, 85}
)
_ASKED_ALSO_WITHOUT = frozenset({91, 99, 105})
_ASKED_FIRST = frozenset(
    {20, 78, 79, 81, 83, 84, 86, 87, 88, 89, 90, *range(92, 99), *range(100, 105), 106, 107, 108, 109}
)
_ASKED_FIRST_SINCE = {3: 145, 4: 192, 22: 143}
_SAID_WITHOUT = frozenset({6, 7, 8, 9, 14, 15, 16, 19, 49, 53, 54, 59, 61, 62, 78, 80, 85, 93, 101, 102, 109})
_SAID_FIRST = frozenset({17, 75, 76, 77, 79, 81, 82, 83, *range(86, 91), *range(94, 101), *range(103, 109), 110, 111})
_SAID_FIRST_SINCE = {3: 131, 4: 194, 5: 145, 10: 164, 11: 136, 21: 156}


def number_of(payload: bytes, version: int) -> int:
    """The message's id, without the 200 that protobuf adds."""
    if version < FIRST_RAW_ID:
        first = payload.split(b"\0", 1)[0]
        return int(first) if first.isdigit() else -1
    number = int.from_bytes(payload[:4], "big")
    return number - PROTOBUF_OFFSET if number > PROTOBUF_OFFSET else number


def request_of(payload: bytes, version: int, *, asked: bool) -> int | None:
    """The request id of a message; None if it has none."""
    body, place = _body(payload, version), _place(payload, version, asked=asked)
    if place is None:
        return None
    if body is None:
        end = _varint_end(payload)
        return None if end is None else _varint(payload[5:end])
    fields = split_text(body)
    return int(fields[place]) if place < len(fields) and fields[place].lstrip("-").isdigit() else None


def with_request(payload: bytes, version: int, number: int, *, asked: bool) -> bytes:
    """The message with another request id, if it has one."""
    if request_of(payload, version, asked=asked) is None:
        return payload
    body, place = _body(payload, version), _place(payload, version, asked=asked)
    if body is None:
        return payload[:5] + varint(number) + payload[_varint_end(payload) :]
    fields = split_text(body)
    if place is not None:
        fields[place] = str(number)
    return payload[: len(payload) - len(body)] + text_fields(*fields)


def _body(payload: bytes, version: int) -> bytes | None:
    """The text after the id; None if it is protobuf."""
    if version < FIRST_RAW_ID:
        return payload.split(b"\0", 1)[-1]
    return None if int.from_bytes(payload[:4], "big") > PROTOBUF_OFFSET else payload[4:]


def _place(payload: bytes, version: int, *, asked: bool) -> int | None:
    number = number_of(payload, version)
    without = _ASKED_WITHOUT | _ASKED_ALSO_WITHOUT if asked else _SAID_WITHOUT
    since = (_ASKED_FIRST_SINCE if asked else _SAID_FIRST_SINCE).get(number)
    if number in without or number < 0:
        return None
    if since is not None:
        return 0 if version >= since else 1
    return 0 if number in (_ASKED_FIRST if asked else _SAID_FIRST) else 1


def _varint_end(payload: bytes) -> int | None:
    """Where the varint of field 1 ends; None if the message does not begin with one."""
    if payload[4:5] != b"\x08":
        return None
    end = 5
    while end < len(payload) and payload[end] > 0x7F:
        end += 1
    return end + 1


def _varint(data: bytes) -> int:
    value = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(data))
    return value - (1 << 64) if value >> 63 else value
