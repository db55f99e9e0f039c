"""A thousand sessions, of every kind of ending, leave no thread, no socket and no file descriptor.

Runs under every supported `ibapi`.
"""

import gc
import os
import threading
from collections.abc import Callable

from supervisor.core.model.events import (
    AccountsReceived,
    Ending,
    HandshakeDone,
    NextIdReceived,
    NoticeReceived,
    PortOpened,
    SessionClosed,
    SessionEvent,
)
from supervisor.gateway.lookup import Address, Lookups
from supervisor.gateway.session import ApiSession
from tests.gateway.heard import Heard, order
from tests.gateway.peers import Line, Peer, closed_port, notice, text
from tests.waiting import wait_until

ROUNDS = 100


def unknown(host: str, flags: int) -> list[Address]:
    raise OSError("unknown")


def resetting(line: Line) -> None:
    line.ready()
    line.frame()
    line.reset()


def not_tws(line: Line) -> None:
    line.hello()
    line.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    line.until_gone()


def undecodable(line: Line) -> None:
    line.ready(text(9, 1, "eleven"))
    line.until_gone()


def in_use(line: Line) -> None:
    line.handshake()
    line.send(notice(326, "in use"))


def living(line: Line) -> None:
    line.ready()
    line.until_gone()


def ping(session: ApiSession, heard: Heard) -> None:
    heard.first(NextIdReceived)
    session.ping()


def close_when(kind: type[SessionEvent]) -> Callable[[ApiSession, Heard], None]:
    def act(session: ApiSession, heard: Heard) -> None:
        heard.first(kind)
        session.close()

    return act


def nothing(session: ApiSession, heard: Heard) -> None:
    pass


Kind = tuple[str, Callable[[Line], None] | None, Callable[[ApiSession, Heard], None], str, set[Ending]]
KINDS: list[Kind] = [
    ("refused", None, nothing, "127.0.0.1", {Ending.REFUSED}),
    ("unknown host", None, nothing, "nowhere.test", {Ending.ERROR}),
    ("closed at once", lambda line: None, nothing, "127.0.0.1", {Ending.CLOSED, Ending.RESET}),
    ("not a TWS", not_tws, nothing, "127.0.0.1", {Ending.PROTOCOL}),
    ("mute, then closed", lambda line: line.until_gone(), close_when(PortOpened), "127.0.0.1", {Ending.ASKED}),
    ("client id in use", in_use, nothing, "127.0.0.1", {Ending.CLOSED}),
    ("undecodable", undecodable, nothing, "127.0.0.1", {Ending.PROTOCOL}),
    ("reset", resetting, ping, "127.0.0.1", {Ending.RESET}),
    ("closed by us, early", living, close_when(HandshakeDone), "127.0.0.1", {Ending.ASKED}),
    ("closed by us, ready", living, close_when(AccountsReceived), "127.0.0.1", {Ending.ASKED}),
]


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def run(kind: Kind, port: int) -> None:
    name, _, act, host, endings = kind
    heard = Heard()
    session = ApiSession(
        order(port, host), heard.post, lookups=Lookups(unknown) if "." in host and host[0] == "n" else Lookups()
    )
    session.start()
    act(session, heard)
    closed = heard.closed()
    assert closed.ending in endings, (name, closed)
    assert session.join(10)
    assert len(heard.all(SessionClosed)) == 1
    assert heard.events[-1] == closed
    assert all(told.code == 326 for told in heard.all(NoticeReceived))


def test_a_thousand_sessions_leave_nothing() -> None:
    gc.collect()
    threads, before = threading.active_count(), descriptors()
    for kind in KINDS:
        if kind[1] is None:
            with closed_port() as port:
                for _ in range(ROUNDS):
                    run(kind, port)
        else:
            with Peer(kind[1]) as peer:
                for _ in range(ROUNDS):
                    run(kind, peer.port)
    gc.collect()
    wait_until(lambda: threading.active_count() == threads, what="no thread is left")
    assert descriptors() == before
