"""The gateway of the self-test: a few lines that serve one session, in text or in protobuf.

- From server version 201 on the id of a message is 4 raw bytes; an id raised by 200 has a protobuf body. Each kind of
  message is protobuf from a version of its own (seen in the decoders of ibapi 10.37 to 10.51).
"""

import re
import socket
import threading
import time
from collections.abc import Callable

from supervisor.gateway.framing import MAX_HANDSHAKE_FRAME, RAW_IDS_SINCE, Inbox, framed

TEXT_VERSION = 200
"""The last server version in which every message is text."""
CLOCK = "20260105 12:00:00 EST"
NOTICE = "ok:farm"
TIME = 1767632400
"""The gateway's time, in seconds since 1970."""
_START_API, _REQ_CURRENT_TIME, _REQ_CONTRACT_DATA = 71, 49, 9
_TICK_PRICE, _NEXT_VALID_ID, _MANAGED_ACCOUNTS, _ERROR, _CURRENT_TIME = 1, 9, 15, 4, 49
_PROTOBUF_IDS = 200
_PROTOBUF_SINCE = {_ERROR: 201, _TICK_PRICE: 206, _MANAGED_ACCOUNTS: 207, _NEXT_VALID_ID: 213, _CURRENT_TIME: 213}


class Peer(threading.Thread):
    """The part of a gateway that one session needs.

    Args:
        listener: where the client connects.
        deadline: the monotonic second at which it gives up.
        highest: the highest server version that it speaks; the client may speak less.
    """

    def __init__(self, listener: socket.socket, deadline: float, highest: int) -> None:
        super().__init__(name="selftest-peer", daemon=True)
        self.probed = threading.Event()
        self.offered = 0
        """The highest server version that the client knows; 0 before its hello."""
        self._listener = listener
        self._deadline = deadline
        self._version = highest

    def run(self) -> None:
        """Serve one client until it leaves. If something fails here, an expectation is not met."""
        try:
            self._listener.settimeout(max(0.01, self._deadline - time.monotonic()))
            sock, _ = self._listener.accept()
            with sock:
                sock.settimeout(max(0.01, self._deadline - time.monotonic()))
                self._serve(sock)
        except (OSError, ValueError):
            return

    def _serve(self, sock: socket.socket) -> None:
        inbox = Inbox()
        receive = _receiver(sock, inbox)
        inbox.feed(_exactly(sock, 4)[4:])
        hello = re.fullmatch(r"v(\d+)\.\.(\d+).*", receive().decode("ascii"))
        if hello is None:
            return
        lowest, self.offered = int(hello[1]), int(hello[2])
        self._version = max(lowest, min(self.offered, self._version))
        greeting = framed(f"{self._version}\0{CLOCK}\0".encode())
        # The order id comes together with the handshake. EClient alone would lose it.
        sock.sendall(greeting + self._message(_NEXT_VALID_ID, 1))
        while True:
            request = self._id_of(receive())
            if request == _START_API:
                sock.sendall(self._message(_MANAGED_ACCOUNTS, "DU0000000") + self._cut_short() + self._notice())
            elif request == _REQ_CURRENT_TIME:
                sock.sendall(self._message(_CURRENT_TIME, TIME))
            elif request == _REQ_CONTRACT_DATA:
                self.probed.set()

    def _message(self, number: int, value: int | str) -> bytes:
        """A message with one value; its text begins with the version of the message, 1."""
        if self._is_protobuf(number):
            return _raw(number + _PROTOBUF_IDS, _field(1, value))
        return self._text(number, "1", str(value))

    def _cut_short(self) -> bytes:
        """A message that ends too early."""
        if self._is_protobuf(_TICK_PRICE):
            return _raw(_TICK_PRICE + _PROTOBUF_IDS, b"\xff")
        return self._text(_TICK_PRICE, "6")

    def _notice(self) -> bytes:
        if self._is_protobuf(_ERROR):
            fields: tuple[int | str, ...] = (-1, TIME * 1000, 2104, NOTICE)
            return _raw(_ERROR + _PROTOBUF_IDS, b"".join(_field(n, each) for n, each in enumerate(fields, 1)))
        if self._version >= 194:
            return self._text(_ERROR, "-1", "2104", NOTICE, "", str(TIME * 1000))
        return self._text(_ERROR, "2", "-1", "2104", NOTICE, *([""] if self._version >= 166 else []))

    def _is_protobuf(self, number: int) -> bool:
        return self._version >= _PROTOBUF_SINCE[number]

    def _text(self, number: int, *fields: str) -> bytes:
        body = "".join(f"{field}\0" for field in fields).encode()
        return _raw(number, body) if self._version >= RAW_IDS_SINCE else framed(f"{number}\0".encode() + body)

    def _id_of(self, payload: bytes) -> int:
        if self._version >= RAW_IDS_SINCE:
            number = int.from_bytes(payload[:4], "big")
            return number - _PROTOBUF_IDS if number > _PROTOBUF_IDS else number
        return int(payload.split(b"\0", 1)[0])


def _raw(number: int, body: bytes) -> bytes:
    return framed(number.to_bytes(4, "big") + body)


def _field(number: int, value: int | str) -> bytes:
    """A field of a protobuf message, its number under 16: an integer as varint of 64 bits, or a text."""
    if isinstance(value, int):
        return bytes([number << 3]) + _varint(value & 0xFFFFFFFFFFFFFFFF)
    raw = value.encode()
    return bytes([number << 3 | 2]) + _varint(len(raw)) + raw


def _varint(rest: int) -> bytes:
    out = bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*out, rest])


def _exactly(sock: socket.socket, count: int) -> bytes:
    """The first `count` bytes of a connection."""
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            raise ConnectionError("the client left")
        data += more
    return data


def _receiver(sock: socket.socket, inbox: Inbox) -> Callable[[], bytes]:
    """A function that waits for the next frame."""

    def receive() -> bytes:
        while True:
            payload = inbox.take()
            if payload is not None:
                return payload
            data = sock.recv(MAX_HANDSHAKE_FRAME)
            if not data:
                raise ConnectionError("the client left")
            inbox.feed(data)

    return receive
