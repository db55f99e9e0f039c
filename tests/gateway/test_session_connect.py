"""Connecting and shaking hands: every way in which a peer can fail to be a gateway ends in one SessionClosed, in time.

Runs under every supported `ibapi`.
"""

import errno
import os
import socket
import threading
import time

import pytest

from supervisor.core.model.events import (
    AccountsReceived,
    Ending,
    HandshakeDone,
    NextIdReceived,
    NoticeReceived,
    PortOpened,
    SessionClosed,
)
from supervisor.gateway.lookup import Address, Lookups
from supervisor.gateway.session import ApiSession
from tests.gateway.heard import Heard, open_session, order
from tests.gateway.peers import CLOCK, GREETING, BlackHole, Line, Peer, Script, closed_port, framed, notice, text
from tests.waiting import wait_until


def silent(line: Line) -> None:
    line.until_gone()


def answering(line: Line) -> None:
    line.ready()
    line.answer()


def half_a_handshake(line: Line) -> None:
    line.hello()
    line.send(text(157, CLOCK)[:10])
    line.until_gone()


def only_errors(line: Line) -> None:
    line.hello()
    line.send(notice(507, "not yet"))
    line.until_gone()


def test_a_refused_port_is_refused() -> None:
    with closed_port() as port, open_session(port) as (_, heard):
        assert heard.closed() == SessionClosed(1, Ending.REFUSED, os.strerror(errno.ECONNREFUSED))
        assert heard.all(PortOpened) == []


def test_a_port_that_answers_no_syn_times_out_at_the_connect_timeout() -> None:
    with BlackHole() as hole, open_session(hole.port, connect=0.3) as (_, heard):
        began = time.monotonic()
        closed = heard.closed()
        assert closed.ending is Ending.TIMEOUT
        assert 0.2 < time.monotonic() - began < 2.0
        assert heard.all(PortOpened) == []


@pytest.mark.parametrize("script", [silent, half_a_handshake, only_errors])
def test_a_handshake_that_never_comes_whole_ends_at_its_own_bound(script: Script) -> None:
    with Peer(script) as peer, open_session(peer.port, handshake=0.3) as (_, heard):
        closed = heard.closed()
        assert closed.ending is Ending.TIMEOUT
        assert "no server version within 0.3 s" in closed.detail
        assert 0.2 < heard.stamp(SessionClosed) - heard.stamp(PortOpened) < 2.0
        assert heard.all(HandshakeDone) == []


@pytest.mark.parametrize("script", [silent, half_a_handshake])
def test_a_hung_handshake_is_closed_at_once_when_asked(script: Script) -> None:
    with Peer(script) as peer, open_session(peer.port, handshake=30) as (session, heard):
        heard.first(PortOpened)
        began = time.monotonic()
        session.close()
        assert heard.closed().ending is Ending.ASKED
        assert time.monotonic() - began < 1.0
        wait_until(lambda: peer.left, what="the FIN reaches the peer")


def test_a_peer_that_drips_bytes_does_not_extend_the_handshake() -> None:
    def drip(line: Line) -> None:
        line.hello()
        line.send(framed(b"x" * 4000)[:5])
        while True:
            line.pause(0.05)
            line.send(b"x")

    with Peer(drip) as peer, open_session(peer.port, handshake=0.4) as (_, heard):
        assert heard.closed(3.0).ending is Ending.TIMEOUT
        assert heard.stamp(SessionClosed) - heard.stamp(PortOpened) < 2.0


def test_a_split_handshake_connects() -> None:
    def split(line: Line) -> None:
        line.hello()
        whole = text(157, CLOCK)
        for byte in range(len(whole)):
            line.send(whole[byte : byte + 1])
            line.pause(0.002)
        line.frame()
        line.send(GREETING)
        line.until_gone()

    with Peer(split) as peer, open_session(peer.port) as (_, heard):
        assert heard.first(HandshakeDone) == HandshakeDone(1, 157, CLOCK)
        assert heard.first(NextIdReceived) == NextIdReceived(1, 11)


def test_a_late_handshake_connects() -> None:
    def late(line: Line) -> None:
        line.hello()
        line.pause(1.2)  # longer than one of ibapi's polls
        line.send(text(157, CLOCK))
        line.until_gone()

    with Peer(late) as peer, open_session(peer.port) as (_, heard):
        assert heard.first(HandshakeDone).server_version == 157


def test_what_comes_with_the_handshake_in_one_segment_is_not_lost() -> None:
    def together(line: Line) -> None:
        line.handshake(also=GREETING + notice(2104, "Market data farm connection is OK:usfarm"))
        line.until_gone()

    with Peer(together) as peer, open_session(peer.port) as (_, heard):
        assert heard.first(NoticeReceived).code == 2104
        kinds = [type(event) for event in heard.events]
        assert kinds == [PortOpened, HandshakeDone, AccountsReceived, NextIdReceived, NoticeReceived]


def test_an_error_before_the_server_version_is_passed_over() -> None:
    def error_first(line: Line) -> None:
        line.hello()
        line.send(notice(2110, "Connectivity is broken.") + text(157, CLOCK))
        line.frame()
        line.send(GREETING)
        line.until_gone()

    with Peer(error_first) as peer, open_session(peer.port) as (_, heard):
        assert heard.first(NextIdReceived).order_id == 11


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"\x15\x03\x03\x00\x02\x02\x46",
        framed(b"x" * 5000),
        text("abc", "x"),
        text("", "x"),
        text("-157", "x"),
        text("9" * 5000, "x"),
    ],
    ids=["http", "ssh", "tls", "long", "letters", "nothing", "negative", "endless"],
)
def test_what_is_no_tws_is_a_protocol_ending_at_once(answer: bytes) -> None:
    def other(line: Line) -> None:
        line.hello()
        line.send(answer)
        line.until_gone()

    with Peer(other) as peer, open_session(peer.port, handshake=30) as (_, heard):
        closed = heard.closed(5.0)
        assert closed.ending is Ending.PROTOCOL
        assert closed.detail.startswith("not a TWS: ")
        assert heard.all(HandshakeDone) == []
        wait_until(lambda: peer.left, what="our socket is closed")


def test_a_peer_that_closes_before_the_handshake_is_closed() -> None:
    for script in (lambda line: line.hello(), lambda line: None):
        with Peer(script) as peer, open_session(peer.port) as (_, heard):
            assert heard.closed(2.0).ending in (Ending.CLOSED, Ending.RESET)  # unread bytes of ours make it an RST
            assert heard.all(PortOpened) == [PortOpened(1)]


def test_a_peer_that_reads_the_hello_and_closes_is_closed_by_eof() -> None:
    with Peer(lambda line: line.hello()) as peer, open_session(peer.port) as (_, heard):
        closed = heard.closed(2.0)
        assert closed.ending is Ending.CLOSED
        assert "before its server version" in closed.detail


def test_a_peer_that_resets_before_the_handshake_is_reset() -> None:
    def reset(line: Line) -> None:
        line.hello()
        line.reset()

    with Peer(reset) as peer, open_session(peer.port) as (_, heard):
        assert heard.closed(2.0).ending is Ending.RESET


def test_a_server_version_is_told_even_if_the_connection_breaks_right_after_it() -> None:
    def shakes_and_resets(line: Line) -> None:
        line.hello()
        line.send(text(157, CLOCK))
        line.reset()

    for _ in range(10):  # whether START_API still leaves is a race
        with Peer(shakes_and_resets) as peer, open_session(peer.port) as (_, heard):
            assert heard.closed(2.0).ending is Ending.RESET
            assert [type(event) for event in heard.events] == [PortOpened, HandshakeDone, SessionClosed]


def test_a_client_id_in_use_is_told_and_then_closed() -> None:
    def in_use(line: Line) -> None:
        line.handshake()
        line.send(notice(326, "Unable to connect as the client id is already in use."))

    with Peer(in_use) as peer, open_session(peer.port) as (_, heard):
        assert heard.closed().ending is Ending.CLOSED
        assert [type(event) for event in heard.events] == [PortOpened, HandshakeDone, NoticeReceived, SessionClosed]
        assert heard.all(NoticeReceived)[0].code == 326


def test_the_hello_and_start_api_are_all_that_is_sent_unasked() -> None:
    with Peer(answering) as peer, open_session(peer.port) as (session, heard):
        heard.first(NextIdReceived)
        session.close()
        wait_until(lambda: peer.left)
        assert len(peer.lines[0].received) == 2
        assert peer.lines[0].received[1].split(b"\0")[:3] == [b"71", b"2", b"911"]


# -- closed while connecting ----------


def test_closed_during_the_look_up_it_never_connects() -> None:
    release = threading.Event()

    def hang(host: str, flags: int) -> list[Address]:
        if flags:
            raise OSError("a name")
        release.wait(30)
        return [(socket.AF_INET, ("127.0.0.1", 0))]

    with Peer(silent) as peer:
        with open_session(peer.port, "slow.test", lookups=Lookups(hang)) as (session, heard):
            session.close()
            assert heard.closed(2.0).ending is Ending.ASKED
        release.set()
        wait_until(lambda: not [thread for thread in threading.enumerate() if thread.name == "lookup-slow.test"])
        assert peer.lines == []


def test_closed_during_tcp_connect_it_ends_at_once() -> None:
    with BlackHole() as hole, open_session(hole.port, connect=30) as (session, heard):
        began = time.monotonic()
        session.close()
        assert heard.closed(2.0).ending is Ending.ASKED
        assert time.monotonic() - began < 1.0


def test_closed_at_any_moment_of_its_beginning_no_session_lives_on() -> None:
    with Peer(answering) as peer:
        for moment in range(60):
            heard = Heard()
            session = ApiSession(order(peer.port), heard.post, lookups=Lookups())
            session.start()
            deadline = time.monotonic() + moment * 0.0001
            while time.monotonic() < deadline:
                pass
            session.close()
            assert heard.closed().ending is Ending.ASKED
            assert session.join(5)
            assert heard.events[-1] == heard.closed()
        wait_until(lambda: len(peer.left) == len(peer.lines), what="every client left")


def test_closed_before_it_began_it_only_ends() -> None:
    heard = Heard()
    session = ApiSession(order(4001), heard.post, lookups=Lookups())
    session.close("early")
    session.start()
    assert heard.closed() == SessionClosed(1, Ending.ASKED, "early")
    assert session.join(5)
