"""Connecting and shaking hands: every way in which a peer can fail to be a gateway ends in one SessionClosed, in time.

Runs under every supported `ibapi`.
"""

import errno
import os
import resource
import socket
import threading
import time

import pytest

from supervisor.core.events import (
    AccountsReceived,
    Ending,
    HandshakeDone,
    NextIdReceived,
    NoticeReceived,
    PortOpened,
    SessionClosed,
)
from supervisor.gateway.connection import SupervisedConnection
from supervisor.gateway.lookup import Address, Lookups, system_resolver
from supervisor.gateway.session import Session
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
    with open_session(closed_port()) as (_, heard):
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


# -- addresses and names ----------


def ipv6_works() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not ipv6_works(), reason="this machine has no IPv6 loopback")
def test_an_ipv6_address_connects() -> None:
    with Peer(Line.ready, "::1") as peer, open_session(peer.port, "::1") as (_, heard):
        heard.first(NextIdReceived)


def test_a_name_with_several_addresses_tries_them_all() -> None:
    def two(host: str, flags: int) -> list[Address]:
        if flags:
            raise OSError("a name")
        return [(socket.AF_INET, ("127.0.0.2", 0)), (socket.AF_INET, ("127.0.0.1", 0))]

    with Peer(Line.ready) as peer, open_session(peer.port, "gateway.test", lookups=Lookups(two)) as (_, heard):
        heard.first(NextIdReceived)


def test_localhost_is_looked_up_and_connects() -> None:
    with Peer(Line.ready) as peer, open_session(peer.port, "localhost") as (_, heard):
        heard.first(NextIdReceived)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "", "x" * 300, "a..b", "schloß.invalid", "nul\0byte"])
def test_an_unknown_name_is_an_error_with_words(host: str) -> None:
    def offline(name: str, flags: int) -> list[Address]:
        if flags == 0 and name == "no-such-host.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return system_resolver(name, flags)

    with open_session(4001, host, lookups=Lookups(offline)) as (_, heard):
        closed = heard.closed()
        assert closed.ending is Ending.ERROR
        assert "look-up of" in closed.detail


def test_a_resolver_that_hangs_times_out_and_costs_one_thread() -> None:
    release = threading.Event()
    asked: list[str] = []

    def hang(host: str, flags: int) -> list[Address]:
        if flags:
            raise OSError("a name")
        asked.append(host)
        release.wait(30)
        return [(socket.AF_INET, ("127.0.0.1", 0))]

    lookups = Lookups(hang)
    for _ in range(5):
        with open_session(4001, "slow.test", connect=0.05, lookups=lookups) as (_, heard):
            closed = heard.closed()
            assert closed.ending is Ending.TIMEOUT
            assert "look-up" in closed.detail
    assert asked == ["slow.test"]
    with Peer(Line.ready) as peer, open_session(peer.port, "slow.test", lookups=lookups) as (_, heard):
        release.set()  # an answer that comes late serves the attempt of that time
        heard.first(NextIdReceived)


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
            session = Session(order(peer.port), heard.post, lookups=Lookups())
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
    session = Session(order(closed_port()), heard.post, lookups=Lookups())
    session.close("early")
    session.start()
    assert heard.closed() == SessionClosed(1, Ending.ASKED, "early")
    assert session.join(5)


# -- nothing left ----------


def test_no_file_descriptor_left_is_an_error_with_words() -> None:
    with Peer(silent) as peer:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        lookups = Lookups()
        heard = Heard()
        session = Session(order(peer.port), heard.post, lookups=lookups)
        spare = os.open("/dev/null", os.O_RDONLY)
        os.close(spare)
        resource.setrlimit(resource.RLIMIT_NOFILE, (spare, hard))
        try:
            session.start()
            closed = heard.closed()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert closed == SessionClosed(1, Ending.ERROR, os.strerror(errno.EMFILE))
        assert session.join(5)


def test_no_thread_left_is_an_error_with_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    heard = Heard()
    session = Session(order(4001), heard.post, lookups=Lookups())
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", none_left)
        session.start()
    assert heard.events == [SessionClosed(1, Ending.ERROR, "no thread left: can't start new thread")]
    assert session.join(1)

    heard = Heard()
    session = Session(order(4001, "some.name.test"), heard.post, lookups=Lookups())
    real = threading.Thread.start

    def none_for_lookups(thread: threading.Thread) -> None:
        if thread.name.startswith("lookup-"):
            raise RuntimeError("can't start new thread")
        real(thread)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", none_for_lookups)
        session.start()
        assert "no thread for the look-up" in heard.closed().detail
    assert session.join(5)


def test_a_port_that_tcp_connected_to_itself_counts_as_refused() -> None:
    port = closed_port()
    original = socket.socket.connect_ex

    class SelfSocket(socket.socket):
        def connect_ex(self, address: object) -> int:
            self.bind(("127.0.0.1", port))
            return original(self, ("127.0.0.1", port))

    connection = SupervisedConnection(
        "127.0.0.1",
        port,
        connect_deadline=time.monotonic() + 5,
        handshake_timeout=5,
        lookups=Lookups(),
        opened=lambda: None,
        greeted=lambda version, clock: None,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "socket", SelfSocket)
        with pytest.raises(ConnectionRefusedError):
            connection.connect()
    assert connection.over is not None
    assert connection.over.ending is Ending.REFUSED
    assert not connection.isConnected()
