"""Bytes to messages: frames of a 4-byte big-endian length and a payload (docs/facts/ibapi.md#frames-and-handshake).

Pure: bytes in, frames out, however TCP cuts them. Nothing is lost between two reads. A length that no message of TWS
has is refused as soon as its four bytes are here, before anything is buffered. Bytes that are refused are never quoted,
because account numbers may be among them; but for a server version and an address. The wire log has them.
"""

import re

from supervisor.core.codes.notices import beginning
from supervisor.core.model.cause import CauseKey

MAX_FRAME = 0xFFFFFF
"""The longest message that `ibapi` accepts, in bytes (its MAX_MSG_LEN)."""
MAX_HANDSHAKE_FRAME = 4096
"""The longest first frame, in bytes: a server version and a clock need about 30."""
RAW_IDS_SINCE = 201
"""From this server version on a payload begins with a 4-byte message id instead of a text field."""
MAX_FIELDS = 100_000
"""The most fields of a text message. `ibapi` makes half a gigabyte of objects of 16 MB of tiny fields, and that is more
memory than the service may use.
"""
_RAW_PROTOBUF_ABOVE = 200
_HEADER = 4
_LONGEST_ID = 12
"""The id of a text message has at most so many bytes, its end among them."""
_OLD_GREETING = re.compile(rb"([0-9]{1,3})\0(?:[0-9]|$)")
"""A server version and a clock with nothing before them."""
_REDIRECT = b"-1"
"""Stands for the server version where the second field is the address to go to."""
_ADDRESS = re.compile(r"[A-Za-z0-9._:\[\]-]{1,100}")
_SPOKEN = (
    ("HTTP", re.compile(rb"HTTP/[0-9]")),
    ("SSH", re.compile(rb"SSH-[0-9]")),
    ("TLS", re.compile(rb"[\x14-\x17]\x03[\x00-\x04]")),
)
"""What else answers on a port that is taken for the gateway's, and how it begins."""


class NotTws(ValueError):
    """These bytes are not a message of a TWS that we can talk to. The text says what they are.

    `key` and `what`: the likely cause and what it is about, if they are something that can be named.
    """

    def __init__(self, text: str, key: CauseKey | None = None, what: str = "") -> None:
        super().__init__(text)
        self.key = key
        self.what = what


class Inbox:
    """The bytes that were received and not taken yet."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self.limit = MAX_HANDSHAKE_FRAME
        """The longest payload accepted now, in bytes."""

    def __len__(self) -> int:
        return len(self._bytes)

    def feed(self, data: bytes) -> None:
        """Append what one read returned."""
        self._bytes += data

    def take(self) -> bytes | None:
        """The payload of the next whole frame, or None until more bytes come.

        Raises:
            NotTws: the length is more than `limit`.
        """
        if len(self._bytes) < _HEADER:
            return None
        length = int.from_bytes(self._bytes[:_HEADER], "big")
        if length > self.limit:
            if self.limit == MAX_HANDSHAKE_FRAME and (old := _OLD_GREETING.match(self._bytes)):
                version = f"server version {old[1].decode()}"
                raise NotTws(f"a greeting without a length, {version}", CauseKey.OLD_GREETING, version)
            name = spoken(self._bytes)
            words = f"a message of {length} bytes announced, at most {self.limit} are possible"
            raise NotTws(f"{words}: this is {name}" if name else words, what=f"it speaks {name}" if name else "")
        end = _HEADER + length
        if len(self._bytes) < end:
            return None
        with memoryview(self._bytes) as view:
            payload = bytes(view[_HEADER:end])
        del self._bytes[:end]
        return payload


def server_hello(payload: bytes, lowest: int, highest: int) -> tuple[int, str] | None:
    """The server version and the gateway's clock from a frame of the handshake. None for any other frame.

    The client has offered the versions from `lowest` to `highest`, and a gateway chooses one of them.

    An error may come before the version. Such a frame does not have two fields and is skipped; `ibapi` does the same
    from 10.37 on.

    Raises:
        NotTws: the first of the two fields is not such a version.
    """
    fields = payload.split(b"\0")
    if len(fields) != 3 or fields[2]:
        return None
    version, clock = fields[0], fields[1]
    if version == _REDIRECT:
        address = clock.decode("utf-8", "replace")
        what = address if _ADDRESS.fullmatch(address) else ""
        raise NotTws(f"a redirect{f' to {what}' if what else ''}", CauseKey.REDIRECT, what)
    if not version.isdigit() or len(version) > 9:
        raise NotTws(f"no server version in a first message of {len(payload)} bytes")
    if not lowest <= int(version) <= highest:
        what = f"server version {int(version)}, while {lowest} to {highest} were offered"
        raise NotTws(what, CauseKey.SERVER_VERSION, what)
    return int(version), clean(clock.decode("utf-8", "replace"), 100)


def framed(payload: bytes) -> bytes:
    """The payload, with its length in front."""
    return len(payload).to_bytes(_HEADER, "big") + payload


def check_payload(payload: bytes, server_version: int) -> int:
    """The id of a message, which is the same for text and protobuf.

    Refuses a message without an id, and one that would cost too much to decode. All versions of `ibapi` get the same.

    Raises:
        NotTws: the message cannot hold an id, or has more than `MAX_FIELDS` fields.
    """
    if server_version >= RAW_IDS_SINCE:
        if len(payload) < _HEADER:
            raise NotTws(f"a message without an id, of {len(payload)} bytes")
        number = int.from_bytes(payload[:_HEADER], "big", signed=True)
        if number > _RAW_PROTOBUF_ABOVE:
            return number - _RAW_PROTOBUF_ABOVE
    else:
        first, end, _ = payload[:_LONGEST_ID].partition(b"\0")
        if not end and b"\0" not in payload:
            raise NotTws(f"a message without a field, of {len(payload)} bytes")
        if not end or not first.removeprefix(b"-").isdigit():
            raise NotTws(f"a message whose id is no number, of {len(payload)} bytes")
        number = int(first)
    if len(payload) > MAX_FIELDS and (fields := payload.count(b"\0")) > MAX_FIELDS:
        raise NotTws(f"a message of {fields} fields, at most {MAX_FIELDS} are read")
    return number


def clean(text: str, limit: int) -> str:
    """At most `limit` characters of `text`, in characters that UTF-8 can carry. The text is otherwise raw.

    A message may hold 16 MB, and half of a surrogate pair.
    """
    return beginning(text, limit).encode("utf-8", "replace").decode("utf-8")


def spoken(data: bytes | bytearray) -> str:
    """The other protocol that these bytes begin, or nothing."""
    return next((name for name, begin in _SPOKEN if begin.match(data)), "")
