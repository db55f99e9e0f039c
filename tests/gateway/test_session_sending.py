"""What a session sends: whole frames, at once or not at all, and never to the harm of the one who asks.

Runs under every supported `ibapi`.
"""

import threading
import time

from supervisor.core.model.cause import CauseKey
from supervisor.core.model.events import Ending, NextIdReceived, NoticeReceived, SessionClosed, TimeAnswered
from supervisor.gateway.lookup import Lookups
from supervisor.gateway.session import ApiSession
from supervisor.gateway.versions import LIBRARY
from tests.gateway.heard import Heard, open_session, order
from tests.gateway.peers import Line, Peer, closed_port
from tests.waiting import wait_until


def answering(line: Line) -> None:
    line.ready()
    line.answer()


def deaf(line: Line) -> None:
    """Ready, and then reads nothing any more."""
    line.ready()
    leave.wait(30)


leave = threading.Event()


def test_a_ping_is_answered() -> None:
    with Peer(answering) as peer, open_session(peer.port) as (session, heard):
        heard.first(NextIdReceived)
        session.ping()
        assert heard.first(TimeAnswered) == TimeAnswered(1, 1767632400)


def test_a_probe_asks_for_the_contract_details_of_one_well_known_contract() -> None:
    with Peer(answering) as peer, open_session(peer.port) as (session, heard):
        heard.first(NextIdReceived)
        session.probe(31)
        wait_until(lambda: len(peer.lines[0].received) == 3)
        fields = peer.lines[0].received[2].split(b"\0")
        assert fields[:3] == [b"9", b"8", b"31"]
        assert {b"EUR", b"CASH", b"IDEALPRO", b"USD"} <= set(fields)


def test_frames_of_many_threads_arrive_whole() -> None:
    with Peer(answering) as peer, open_session(peer.port) as (session, heard):
        heard.first(NextIdReceived)

        def hundred() -> None:
            for _ in range(100):
                session.ping()

        threads = [threading.Thread(target=hundred) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_until(lambda: len(heard.all(TimeAnswered)) == 800)


def test_a_gateway_that_does_not_read_costs_the_session_and_never_blocks_the_sender() -> None:
    leave.clear()
    with Peer(deaf) as peer, open_session(peer.port) as (session, heard):
        heard.first(NextIdReceived)
        longest, deadline = 0.0, time.monotonic() + 20
        while not heard.all(SessionClosed) and time.monotonic() < deadline:
            began = time.monotonic()
            session.ask_summary(5, "x" * 50_000)
            longest = max(longest, time.monotonic() - began)
        leave.set()
        closed = heard.closed()
        assert closed.ending is Ending.RESET
        assert closed.detail.startswith("sending failed: ")
        assert longest < 0.5  # ibapi alone: 1 s, with its lock held


def test_requests_before_ready_and_after_the_end_do_nothing() -> None:
    heard = Heard()
    with closed_port() as port:
        session = ApiSession(order(port), heard.post, lookups=Lookups())
        session.ping()
        session.start()
        heard.closed()
        session.ping()
        session.probe(1)
        session.close()
        assert session.join(5)
    assert [type(event) for event in heard.events] == [SessionClosed]


def test_requests_while_the_session_ends_are_harmless() -> None:
    with Peer(lambda line: line.ready()) as peer:
        for _ in range(30):
            with open_session(peer.port) as (session, heard):
                while not heard.all(SessionClosed):
                    session.ping()
                    session.probe(1)
                assert heard.closed().ending in (Ending.CLOSED, Ending.RESET)
                assert all(told.code not in (502, 504) for told in heard.all(NoticeReceived))


def test_a_request_that_cannot_be_encoded_ends_the_session_and_is_told_as_such() -> None:
    """Releases differ: one raises, another calls `error()` in the thread that asks."""
    with Peer(answering) as peer, open_session(peer.port) as (session, heard):
        heard.first(NextIdReceived)
        session.ask_summary(5, Unspeakable())  # type: ignore[arg-type]
        closed = heard.closed()
        assert (closed.ending, closed.key) == (Ending.CALLBACK, CauseKey.UNENCODABLE)
        assert closed.detail.startswith(f"{LIBRARY} cannot encode a request: ")
        assert closed.what == LIBRARY
        assert heard.all(NoticeReceived) == []


class Unspeakable:
    def __str__(self) -> str:
        raise ValueError("cannot be written")

    __format__ = None  # type: ignore[assignment]
