"""The link: the core's actions in, events out, and nothing that blocks."""

import logging
import threading
import time

from supervisor.core.model.actions import Close, Connect, Ping, Probe
from supervisor.core.model.events import Ending, NextIdReceived, PortOpened, ProbeAnswered, SessionClosed, TimeAnswered
from supervisor.gateway.link import GatewayLink
from supervisor.gateway.lookup import Address, Lookups
from supervisor.simulator import SimulatedGateway
from tests.gateway.heard import Heard, order
from tests.gateway.peers import BlackHole, Line, Peer, closed_port
from tests.waiting import wait_until


class Wire:
    """A wire log that remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, bytes]] = []

    def line(self, direction: str, payload: bytes) -> None:
        self.lines.append((direction, payload))


def of_epoch(heard: Heard, epoch: int) -> list[str]:
    return [type(event).__name__ for event in heard.events if event.epoch == epoch]


def test_the_actions_of_the_core_are_carried_out() -> None:
    heard = Heard()
    with SimulatedGateway() as gateway:
        link = GatewayLink("live", heard.post)
        link.carry_out(order(gateway.port))
        heard.first(NextIdReceived)
        link.carry_out(Ping(1))
        heard.first(TimeAnswered)
        link.carry_out(Probe(1, 9))
        assert heard.first(ProbeAnswered).request_id == 9
        link.carry_out(Close(1))
        assert heard.closed().ending is Ending.ASKED
        assert link.close(5)


def test_actions_of_another_epoch_do_nothing() -> None:
    heard = Heard()
    with Peer(lambda line: (line.ready(), line.until_gone())) as peer:  # type: ignore[func-returns-value]
        link = GatewayLink("live", heard.post)
        for action in (Ping(1), Probe(1, 1), Close(1)):
            link.carry_out(action)
        link.carry_out(order(peer.port, epoch=2))
        heard.first(NextIdReceived)
        for action in (Ping(1), Probe(3, 1), Close(1), Close(3)):
            link.carry_out(action)
        link.carry_out(Close(2))
        assert heard.closed().ending is Ending.ASKED
        assert len(peer.lines[0].received) == 2
        assert link.close(5)


def test_the_fin_leaves_before_the_next_connect() -> None:
    """The gateway would answer 326 to a client id whose old session it still has."""
    heard = Heard()
    with SimulatedGateway() as gateway:
        link = GatewayLink("live", heard.post)
        for epoch in range(1, 21):
            link.carry_out(order(gateway.port, epoch=epoch))
            wait_until(lambda epoch=epoch: "NextIdReceived" in of_epoch(heard, epoch))  # type: ignore[misc]
            link.carry_out(Close(epoch))
        assert link.close(5)
        for epoch in range(1, 21):
            assert of_epoch(heard, epoch)[-1] == "SessionClosed"
            assert of_epoch(heard, epoch).count("SessionClosed") == 1


def test_a_new_session_ends_the_one_before() -> None:
    heard = Heard()
    with Peer(lambda line: (line.ready(), line.until_gone())) as peer:  # type: ignore[func-returns-value]
        link = GatewayLink("live", heard.post)
        link.carry_out(order(peer.port, epoch=1))
        heard.first(NextIdReceived)
        link.carry_out(order(peer.port, epoch=2))
        assert heard.closed() == SessionClosed(1, Ending.ASKED, "replaced")
        wait_until(lambda: "NextIdReceived" in of_epoch(heard, 2))
        assert link.close(5)


def test_nothing_blocks_the_caller() -> None:
    """Neither a resolver that hangs, nor a port that answers nothing, nor a peer that is mute."""
    release = threading.Event()

    def hang(host: str, flags: int) -> list[Address]:
        if flags:
            raise OSError("a name")
        release.wait(30)
        return []

    heard = Heard()
    with BlackHole() as hole, Peer(Line.until_gone) as mute:
        link = GatewayLink("live", heard.post, lookups=Lookups(hang))
        for epoch, (host, port) in enumerate([("slow.test", 1), ("127.0.0.1", hole.port), ("127.0.0.1", mute.port)]):
            began = time.monotonic()
            link.carry_out(order(port, host, epoch=epoch))
            link.carry_out(Ping(epoch))
            link.carry_out(Close(epoch))
            assert time.monotonic() - began < 0.25
        wait_until(lambda: len(heard.all(SessionClosed)) == 3)
        assert link.close(5)
        release.set()


def test_the_handshake_is_left_to_the_core_before_the_session_gives_up_itself() -> None:
    heard = Heard()
    with Peer(Line.until_gone) as mute:
        link = GatewayLink("live", heard.post)
        link.carry_out(order(mute.port, handshake=0.1))
        closed = heard.closed()
        assert closed.ending is Ending.TIMEOUT
        assert heard.stamp(SessionClosed) - heard.stamp(PortOpened) >= 0.5
        assert link.close(5)


def test_close_ends_everything_within_its_timeout() -> None:
    heard = Heard()
    with BlackHole() as hole:
        link = GatewayLink("live", heard.post)
        link.carry_out(Connect(1, "127.0.0.1", hole.port, 911, 30.0, 30.0))
        began = time.monotonic()
        assert link.close(5)
        assert time.monotonic() - began < 1.0
        assert heard.closed() == SessionClosed(1, Ending.ASKED, "shutdown")
        assert link.close(0)


def test_close_of_an_unused_link_is_done_at_once() -> None:
    assert GatewayLink("live", Heard().post).close(0)


def test_the_wire_log_sees_every_message_without_its_length() -> None:
    wire, heard = Wire(), Heard()
    with Peer(lambda line: (line.ready(), line.until_gone())) as peer:  # type: ignore[func-returns-value]
        link = GatewayLink("live", heard.post, wire=wire)
        link.carry_out(order(peer.port))
        heard.first(NextIdReceived)
        link.carry_out(Ping(1))
        assert link.close(5)
    assert [(direction, payload[:3]) for direction, payload in wire.lines] == [
        (">", b"\0\0\0"),
        ("<", b"157"),
        (">", b"71\0"),
        ("<", b"15\0"),
        ("<", b"9\x001"),
        (">", b"49\0"),
    ]


def test_fifty_attempts_at_a_refused_port_end_fifty_times() -> None:
    heard = Heard()
    link = GatewayLink("live", heard.post)
    with closed_port() as port:
        for epoch in range(50):
            link.carry_out(order(port, epoch=epoch))
            wait_until(lambda epoch=epoch: "SessionClosed" in of_epoch(heard, epoch))  # type: ignore[misc]
    assert {closed.ending for closed in heard.all(SessionClosed)} == {Ending.REFUSED}
    assert link.close(1)


def test_ibapi_is_quiet_in_our_log() -> None:
    GatewayLink("live", Heard().post)
    GatewayLink("paper", Heard().post)
    logger = logging.getLogger("ibapi")
    assert logger.level == logging.WARNING
    assert not logger.propagate
    ours = [handler for handler in logger.handlers if type(handler).__module__ == "supervisor.gateway.versions"]
    assert len(ours) == 1
