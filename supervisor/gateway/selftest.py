"""At start: does the installed `ibapi` still work in the way that `client` relies on?

One real session runs against a few lines of gateway on a loopback socket. It takes some hundredths of a second. Each
step names the part of `ibapi` that has moved if the step fails. So a future `ibapi` is refused at start with a reason,
and does not fail at night.
"""

import queue
import re
import socket
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from ibapi.wrapper import EWrapper

from supervisor.core.model.actions import Connect
from supervisor.core.model.events import (
    AccountsReceived,
    Ending,
    HandshakeDone,
    MessageUndecodable,
    NextIdReceived,
    NoticeReceived,
    PortOpened,
    SessionClosed,
    SessionEvent,
    TimeAnswered,
)
from supervisor.gateway.framing import MAX_HANDSHAKE_FRAME, RAW_IDS_SINCE, Inbox, framed
from supervisor.gateway.lookup import Lookups
from supervisor.gateway.session import Session
from supervisor.gateway.versions import ibapi_version, tame_logging

_TEXT_VERSION = 200
"""The last server version in which every message is text."""
_START_API, _REQ_CURRENT_TIME, _REQ_CONTRACT_DATA = 71, 49, 9
_TICK_PRICE, _NEXT_VALID_ID, _MANAGED_ACCOUNTS, _ERROR, _CURRENT_TIME = 1, 9, 15, 4, 49
_PROTOBUF_IDS = 200
_CLOCK = "20260105 12:00:00 EST"
_CALLBACKS = (
    "accountSummary",
    "accountSummaryEnd",
    "connectAck",
    "contractDetails",
    "currentTime",
    "error",
    "managedAccounts",
    "nextValidId",
)

E = TypeVar("E", bound=SessionEvent)


class SelfTestError(Exception):
    """This project cannot use the installed `ibapi`. The text says what has moved."""


def self_test(timeout: float = 10.0) -> None:
    """Try the installed `ibapi` for at most `timeout` seconds. A busy machine needs more than the usual hundredth.

    Raises:
        SelfTestError: this project cannot use it.
    """
    tame_logging()
    missing = [name for name in _CALLBACKS if not hasattr(EWrapper, name)]
    if missing:
        raise _moved(f"the callbacks {', '.join(missing)}: EWrapper no longer has them")
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            _try(listener, timeout)
    except OSError as error:
        raise SelfTestError(f"ibapi could not be tried on a loopback socket: {error}") from error


def _moved(what: str) -> SelfTestError:
    return SelfTestError(f"{ibapi_version()} moved {what}; this version of ib-supervisor cannot use it")


def _try(listener: socket.socket, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    events: queue.SimpleQueue[SessionEvent] = queue.SimpleQueue()
    peer = _Peer(listener, deadline)
    order = Connect(1, "127.0.0.1", listener.getsockname()[1], 1, timeout, timeout)
    session = Session(order, events.put, lookups=Lookups(), label="selftest")
    expect = _Expectations(events, deadline)
    peer.start()
    session.start()
    try:
        expect(PortOpened, "`conn`: EClient.connect() does not use the connection in it")
        hello = expect(HandshakeDone, "the handshake: EClient.connect() reads it elsewhere, or calls no connectAck()")
        if hello.clock != _CLOCK:
            raise _moved("the handshake: the gateway's clock is not in its second field")
        expect(NextIdReceived, "`msg_queue`: EClient.run() does not take its messages from it")
        expect(AccountsReceived, "`msg_queue` or `reader`: messages after the handshake are not delivered")
        expect(MessageUndecodable, "`decoder`: EClient.run() does not decode its messages with it")
        notice = expect(NoticeReceived, "error(): a notice is not delivered")
        if (notice.request_id, notice.code, notice.text) != (-1, 2104, "ok:farm"):
            raise _moved("error(): its arguments are in an unknown order")
        session.ping()
        expect(TimeAnswered, "reqCurrentTime() or currentTime(): a heartbeat is not answered")
        session.probe(1)
        if not peer.probed.wait(max(0.0, deadline - time.monotonic())):
            raise _moved("reqContractDetails(): it does not send through `conn`")
        session.close()
        closed = expect(SessionClosed, "`msg_queue`: EClient.run() does not end with its connection")
        if closed.ending is not Ending.ASKED:
            raise _moved(f"the end of a session: {closed.detail}")
    finally:
        session.close()
        session.join(timeout)
        listener.close()
        peer.join(timeout)


class _Expectations:
    """The events of the session, asked for by type."""

    def __init__(self, events: "queue.SimpleQueue[SessionEvent]", deadline: float) -> None:
        self._events = events
        self._deadline = deadline

    def __call__(self, kind: type[E], seam: str) -> E:
        """The next event of this kind. If the session or the time ends first, `seam` has moved."""
        while True:
            try:
                event = self._events.get(timeout=max(0.0, self._deadline - time.monotonic()))
            except queue.Empty:
                raise _moved(seam) from None
            if isinstance(event, kind):
                return event
            if isinstance(event, SessionClosed) and event.ending is Ending.CALLBACK and event.key is None:
                raise SelfTestError(f"a first session on loopback failed by a fault of ib-supervisor: {event.detail}")
            if isinstance(event, SessionClosed):
                raise _moved(f"{seam} (the session ended: {event.ending}, {event.detail})")


class _Peer(threading.Thread):
    """The part of a gateway that one session needs."""

    def __init__(self, listener: socket.socket, deadline: float) -> None:
        super().__init__(name="selftest-peer", daemon=True)
        self.probed = threading.Event()
        self._listener = listener
        self._deadline = deadline
        self._version = _TEXT_VERSION

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
        lowest, highest = int(hello[1]), int(hello[2])
        self._version = max(lowest, min(highest, _TEXT_VERSION))
        greeting = framed(f"{self._version}\0{_CLOCK}\0".encode())
        # The order id comes together with the handshake. EClient alone would lose it.
        sock.sendall(greeting + self._message(_NEXT_VALID_ID, "1", "1"))
        while True:
            request = self._id_of(receive())
            if request == _START_API:
                cut_short = self._message(_TICK_PRICE, "6")
                sock.sendall(self._message(_MANAGED_ACCOUNTS, "1", "DU0000000") + cut_short + self._notice())
            elif request == _REQ_CURRENT_TIME:
                sock.sendall(self._message(_CURRENT_TIME, "1", "1767632400"))
            elif request == _REQ_CONTRACT_DATA:
                self.probed.set()

    def _notice(self) -> bytes:
        if self._version >= 194:
            return self._message(_ERROR, "-1", "2104", "ok:farm", "", "1767632400000")
        fields = ("2", "-1", "2104", "ok:farm")
        return self._message(_ERROR, *fields, *([""] if self._version >= 166 else []))

    def _message(self, number: int, *fields: str) -> bytes:
        body = "".join(f"{field}\0" for field in fields).encode()
        if self._version >= RAW_IDS_SINCE:
            return framed(number.to_bytes(4, "big") + body)
        return framed(f"{number}\0".encode() + body)

    def _id_of(self, payload: bytes) -> int:
        if self._version >= RAW_IDS_SINCE:
            number = int.from_bytes(payload[:4], "big")
            return number - _PROTOBUF_IDS if number > _PROTOBUF_IDS else number
        return int(payload.split(b"\0", 1)[0])


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
