"""Names, addresses, and a machine at its limits: what a session makes of them before any gateway is reached.

Runs under every supported `ibapi`.
"""

import errno
import os
import resource
import socket
import threading
import time

import pytest

from supervisor.core.model.cause import CauseKey
from supervisor.core.model.events import Ending, NextIdReceived, SessionClosed
from supervisor.gateway.addresses import Addresses
from supervisor.gateway.connection import SupervisedConnection
from supervisor.gateway.lookup import Address, Lookups, system_resolver
from supervisor.gateway.session import ApiSession
from tests.gateway.heard import Heard, open_session, order
from tests.gateway.peers import Line, Peer


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
        if host == "no-such-host.invalid":
            assert closed.key is CauseKey.NAME_UNKNOWN


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


# -- nothing left ----------


def test_no_file_descriptor_left_is_an_error_with_words() -> None:
    with Peer(Line.until_gone) as peer:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        lookups = Lookups()
        heard = Heard()
        session = ApiSession(order(peer.port), heard.post, lookups=lookups)
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
    session = ApiSession(order(4001), heard.post, lookups=Lookups())
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", none_left)
        session.start()
    assert heard.events == [SessionClosed(1, Ending.ERROR, "no thread left: can't start new thread")]
    assert session.join(1)

    heard = Heard()
    session = ApiSession(order(4001, "some.name.test"), heard.post, lookups=Lookups())
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
    original = socket.socket.connect_ex

    class SelfSocket(socket.socket):
        """Gets as its own the very port that it connects to, by design and not by chance."""

        def connect_ex(self, address: object) -> int:
            self.bind(("127.0.0.1", 0))
            return original(self, self.getsockname())

    connection = SupervisedConnection(
        "127.0.0.1",
        4001,
        connect_deadline=time.monotonic() + 5,
        handshake_timeout=5,
        lookups=Lookups(),
        addresses=Addresses(),
        opened=lambda tried, others_refused: None,
        greeted=lambda version, clock: None,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "socket", SelfSocket)
        with pytest.raises(ConnectionRefusedError):
            connection.connect()
    assert connection.over is not None
    assert connection.over.ending is Ending.REFUSED
    assert not connection.isConnected()
