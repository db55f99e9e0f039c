"""What plain `ibapi` does where ours does better (test_session_connect and its like): the claim behind each cure.

Only the version installed here is asked: 9.81.1, the one on PyPI. A test that fails under a later one means that a cure
is no longer needed.
"""

import threading
import time

import pytest

from supervisor.gateway.versions import ibapi_version
from tests.gateway.peers import CLOCK, CURRENT_TIME, GREETING, BlackHole, Line, Peer, Script, notice, text
from tests.gateway.plain import plain_client
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(not ibapi_version().version.startswith("9.81"), reason="speaks of ibapi 9.81.1 alone")

HANGS = 1.6
"""Seconds after which a connect() that did not return counts as hung: over one poll of ibapi's, on a local socket."""


def greet_split(line: Line) -> None:
    line.hello()
    whole = text(157, CLOCK)
    line.send(whole[:9])
    line.pause(0.3)
    line.send(whole[9:])
    line.until_gone()


def half(line: Line) -> None:
    line.hello()
    line.send(text(157, CLOCK)[:9])
    line.until_gone()


def http(line: Line) -> None:
    line.hello()
    line.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    line.until_gone()


@pytest.mark.parametrize("script", [Line.until_gone, half, greet_split, http])
def test_plain_ibapi_hangs_in_connect(script: Script) -> None:
    with Peer(script) as peer, plain_client(peer.port) as client:
        assert not client.connect_returned.wait(HANGS)
        assert client.calls == []


def test_plain_ibapi_waits_for_a_port_that_answers_no_syn() -> None:
    with BlackHole() as hole, plain_client(hole.port) as client:
        assert not client.connect_returned.wait(HANGS)


def test_plain_ibapi_calls_nothing_when_the_peer_closes_before_the_handshake() -> None:
    with Peer(lambda line: line.hello()) as peer, plain_client(peer.port) as client:
        assert client.connect_returned.wait(5)
        assert client.calls == []


def test_plain_ibapi_raises_at_a_version_of_letters() -> None:
    def letters(line: Line) -> None:
        line.hello()
        line.send(text("abc", "x"))
        line.until_gone()

    with Peer(letters) as peer, plain_client(peer.port) as client:
        assert client.connect_returned.wait(5)
        assert isinstance(client.failure, ValueError)
        assert client.conn.socket is not None, "it even leaves its socket open"


def test_plain_ibapi_raises_at_an_error_before_the_version() -> None:
    def error_first(line: Line) -> None:
        line.hello()
        line.send(notice(2110, "broken"))
        line.until_gone()

    with Peer(error_first) as peer, plain_client(peer.port) as client:
        assert client.connect_returned.wait(5)
        assert isinstance(client.failure, TypeError)


def test_plain_ibapi_loses_what_comes_with_the_handshake() -> None:
    def together(line: Line) -> None:
        line.handshake(also=GREETING)
        line.send(CURRENT_TIME)
        line.until_gone()

    with Peer(together) as peer, plain_client(peer.port) as client:
        wait_until(lambda: "currentTime" in client.calls)
        assert "nextValidId" not in client.calls


def test_plain_ibapi_loses_a_read_of_exactly_4096_bytes() -> None:
    burst = CURRENT_TIME * (4096 // len(CURRENT_TIME) - 1)
    burst += notice(2104, "x" * (4096 - len(burst) - len(notice(2104, ""))))

    def send(line: Line) -> None:
        line.ready()
        line.pause(0.3)
        line.send(burst)
        line.pause(HANGS)  # its second read times out, and the first is forgotten
        line.send(notice(2104, "after"))
        line.until_gone()

    with Peer(send) as peer, plain_client(peer.port) as client:
        wait_until(lambda: "error" in client.calls)
        assert "currentTime" not in client.calls


def test_plain_ibapi_waits_for_ever_for_a_message_of_2_gb() -> None:
    def prefix(line: Line) -> None:
        line.ready()
        line.send(b"\x7f\xff\xff\xff" + CURRENT_TIME)
        line.until_gone()

    with Peer(prefix) as peer, plain_client(peer.port) as client:
        wait_until(lambda: "nextValidId" in client.calls)
        assert not client.run_returned.wait(HANGS)
        assert client.isConnected()
        assert "currentTime" not in client.calls


@pytest.mark.parametrize("bad", [text(9, 1, "eleven"), text(1, 6)], ids=["word for number", "cut short"])
def test_plain_ibapi_dies_of_a_bad_message_with_an_exception_of_its_thread(bad: bytes) -> None:
    def send(line: Line) -> None:
        line.ready(bad)
        line.until_gone()

    with Peer(send) as peer, plain_client(peer.port) as client:
        assert client.run_returned.wait(5)
        assert isinstance(client.failure, (ValueError, TypeError))


def test_plain_ibapi_sends_its_fin_late() -> None:
    gone = threading.Event()

    def until_fin(line: Line) -> None:
        line.ready()
        line.until_gone()
        gone.set()

    waits = []
    for _ in range(3):
        gone.clear()
        with Peer(until_fin) as peer, plain_client(peer.port) as client:
            wait_until(lambda client=client: "nextValidId" in client.calls)  # type: ignore[misc]
            began = time.monotonic()
            client.disconnect()
            assert gone.wait(5)
            waits.append(time.monotonic() - began)
    assert max(waits) > 0.1, waits


def test_plain_ibapi_knows_no_ipv6() -> None:
    with Peer(Line.until_gone) as peer, plain_client(peer.port, "::1") as client:
        assert client.connect_returned.wait(5)
        assert client.calls == ["error", "connectionClosed"]
