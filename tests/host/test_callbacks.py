"""A slow callback is not a hung gateway, and a message that cannot be decoded is not dropped in silence."""

import threading
from typing import Any

from supervisor.simulator import SimulatedGateway
from tests.gateway.peers import Line, Peer, text
from tests.host.programs import Book, Recorder, contract_told, hosted
from tests.waiting import wait_until


class Sleepy(Recorder):
    """Takes its time over the positions."""

    release = threading.Event()

    def positionEnd(self) -> None:
        self.book.note("positionEnd")
        self.release.wait(30)


def test_a_callback_of_four_seconds_makes_nothing_suspect_and_costs_no_session(
    gateway: SimulatedGateway, book: Book, caplog: Any
) -> None:
    Sleepy.release = threading.Event()
    with hosted(book, gateway.port, Sleepy) as host:
        host.wait_ready(10)
        wait_until(lambda: host.gate.check().open)
        host.app.reqPositions()
        book.until("positionEnd")
        wait_until(lambda: not host.gate.check().open, 2.0)
        assert host.gate.check().reasons == ("program_busy",)
        wait_until(lambda: host.slow_callbacks == 1, 5.0)
        assert "positionEnd() of the program runs" in caplog.text
        pings = gateway.received[49]
        assert not Sleepy.release.wait(1.5)
        assert gateway.received[49] <= pings + 1
        assert host.snapshot.up
        Sleepy.release.set()
        wait_until(lambda: gateway.received[49] > pings + 1)
        wait_until(lambda: host.gate.check().open)
        assert host.snapshot.counters.misses == 0
    assert book.all("on_suspect") == []
    assert len(book.readies) == 1


def test_a_gateway_that_hangs_is_found_and_told(gateway: SimulatedGateway, book: Book) -> None:
    with hosted(book, gateway.port) as host:
        host.wait_ready(10)
        gateway.do("freeze", for_=2.0)
        book.until("on_suspect", 2)
    assert book.all("on_suspect") == [(True,), (False,)]


def test_a_message_about_orders_that_cannot_be_decoded_closes_the_gate_until_it_is_acknowledged(book: Book) -> None:
    order = text(5, 7, 756733, "SPY", "STK", "", 0, "?", "", "SMART", "USD", "SPY", "SPY", "BUY", "x")

    def pushes(line: Line) -> None:
        line.ready(order)
        while True:
            payload = line.frame().split(b"\0")
            if payload[0] == b"49":
                line.send(text(49, 1, 1767632400))
            elif payload[0] == b"5":
                line.send(text(53, 1))
            elif payload[0] == b"7":
                line.send(text(55, 1, payload[2].decode()))
            elif payload[0] == b"9":
                line.send(contract_told(payload[2]))

    with Peer(pushes) as peer, hosted(book, peer.port) as host:
        ready = host.wait_ready(10)
        assert (ready.complete, ready.reason) == (False, "could not be decoded: OPEN_ORDER")
        wait_until(lambda: host.gate.check().reasons == ("undecodable",))
        assert host.snapshot.up
        assert host.acknowledge() == ("OPEN_ORDER",)
        wait_until(lambda: host.gate.check().open)
        assert dict(host.snapshot.counters.undecodable) == {"OPEN_ORDER": 1}
    ((message, raw),) = book.all("on_undecodable")
    assert message == "OPEN_ORDER"
    assert b"756733" in raw
    (told,) = [each for each in book.all("error") if each[1] == 506]
    assert "message 5 (OPEN_ORDER)" in told[2]
    assert "756733" not in told[2]


def test_a_price_that_cannot_be_decoded_is_told_and_closes_nothing(gateway: SimulatedGateway, book: Book) -> None:
    with hosted(book, gateway.port) as host:
        host.wait_ready(10)
        gateway.do("garbage", mode="truncated")
        gateway.do("garbage", mode="non_numeric")  # a time
        book.until("on_undecodable", 2)
        assert host.acknowledge() == ()
        assert host.wait_ready(1).epoch == host.snapshot.epoch
    assert [message for message, _ in book.all("on_undecodable")] == ["TICK_PRICE", "CURRENT_TIME"]
    assert len(book.readies) == 1
