"""At start: does the installed `ibapi` still work in the way that `client` relies on?

One real session runs against a few lines of gateway on a loopback socket, and a second one in protobuf if this `ibapi`
speaks it. Both take some hundredths of a second. Each step names the part of `ibapi` that has moved if the step fails.
So a future `ibapi` is refused at start with a reason, and does not fail at night.
"""

import queue
import socket
import time
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
from supervisor.gateway.framing import RAW_IDS_SINCE
from supervisor.gateway.lookup import Lookups
from supervisor.gateway.selftest.peer import CLOCK, NOTICE, TEXT_VERSION, Peer
from supervisor.gateway.session import ApiSession
from supervisor.gateway.versions import ibapi_version, tame_logging

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
        highest = _try(timeout, TEXT_VERSION)
        if highest >= RAW_IDS_SINCE:
            _try(timeout, highest)
    except OSError as error:
        raise SelfTestError(f"ibapi could not be tried on a loopback socket: {error}") from error


def _moved(what: str) -> SelfTestError:
    return SelfTestError(f"{ibapi_version()} moved {what}; this version of ib-supervisor cannot use it")


def _try(timeout: float, highest: int) -> int:
    """One session at this server version, if the client knows it. Returns the highest version that the client knows."""
    deadline = time.monotonic() + timeout
    events: queue.SimpleQueue[SessionEvent] = queue.SimpleQueue()
    listener = socket.create_server(("127.0.0.1", 0))
    peer = Peer(listener, deadline, highest)
    order = Connect(1, "127.0.0.1", listener.getsockname()[1], 1, timeout, timeout)
    session = ApiSession(order, events.put, lookups=Lookups(), label="selftest")
    expect = _Expectations(events, deadline)
    peer.start()
    session.start()
    try:
        expect(PortOpened, "`conn`: EClient.connect() does not use the connection in it")
        hello = expect(HandshakeDone, "the handshake: EClient.connect() reads it elsewhere, or calls no connectAck()")
        if hello.clock != CLOCK:
            raise _moved("the handshake: the gateway's clock is not in its second field")
        expect(NextIdReceived, "`msg_queue`: EClient.run() does not take its messages from it")
        expect(AccountsReceived, "`msg_queue` or `reader`: messages after the handshake are not delivered")
        expect(MessageUndecodable, "`decoder`: EClient.run() does not decode its messages with it")
        notice = expect(NoticeReceived, "error(): a notice is not delivered")
        if (notice.request_id, notice.code, notice.text) != (-1, 2104, NOTICE):
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
    return peer.offered


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
