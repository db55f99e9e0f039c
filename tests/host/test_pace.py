"""At most 45 messages a second, however many are asked for; orders never go late."""

import time
from itertools import pairwise
from typing import Any

import pytest

from supervisor.core.program.pacing import KEPT
from supervisor.host import NotSent, Why
from supervisor.simulator import SimulatedGateway
from tests.host.programs import Book, hosted, order, stock
from tests.simulator.tamper import tampered
from tests.waiting import wait_until


class Wire:
    """When each message of the program passed, by its id."""

    def __init__(self) -> None:
        self.passed: list[tuple[float, bytes]] = []

    def change(self, payload: bytes) -> list[bytes]:
        self.passed.append((time.monotonic(), payload.split(b"\0")[0]))
        return [payload]

    def __call__(self) -> Any:
        return self.change

    def fullest(self) -> int:
        """The most messages within a second."""
        moments = [at for at, _ in self.passed]
        return max(sum(0 <= later - at < 0.99 for later in moments) for at in moments)


def test_no_second_has_more_than_45_and_the_heartbeat_never_waits(gateway: SimulatedGateway, book: Book) -> None:
    wire = Wire()
    with tampered(gateway.port, asked=wire) as port, hosted(book, port) as host:
        host.wait_ready(10)
        for number in range(150):
            host.app.reqMarketDataType(1 + number % 4)
        assert host.queue.waiting > 90
        assert host.queue.paced > 90
        wait_until(lambda: gateway.received[59] == 150, 10)
        assert host.queue == type(host.queue)(0, 0, 0.0, host.queue.paced)
        assert host.snapshot.up
    assert wire.fullest() <= 45
    beats = [at for at, number in wire.passed if number == b"49"]
    assert max(later - earlier for earlier, later in pairwise(beats)) < 2.5


def fill(host: Any) -> None:
    """Use up the messages of this second, those too that are kept for orders and cancels."""
    while not host.queue.waiting:
        host.app.reqMarketDataType(1)
    for _ in range(KEPT):
        cancel_all(host.app)


def cancel_all(app: Any) -> None:
    try:
        app.reqGlobalCancel()
    except TypeError:
        from ibapi.order_cancel import OrderCancel

        app.reqGlobalCancel(OrderCancel())


def test_hundreds_of_requests_cost_no_session_where_the_gateway_enforces_the_limit(
    gateway: SimulatedGateway, book: Book
) -> None:
    gateway.do("pacing", on=True)
    with hosted(book, gateway.port) as host:
        host.wait_ready(10)
        for number in range(150):
            host.app.reqContractDetails(number + 1, stock())
        host.app.placeOrder(1, stock(), order())
        book.until("execDetails")
        assert host.queue.waiting > 90, "the order did not wait"
        wait_until(lambda: gateway.received[9] >= 150, 15)
        assert host.snapshot.up
    assert book.losses == []
    assert 100 not in [code for _, code, _ in book.all("error")]


def test_an_order_passes_requests_and_a_cancel_takes_out_an_order_that_waits(
    gateway: SimulatedGateway, book: Book
) -> None:
    with hosted(book, gateway.port, order_max_wait=5.0) as host:
        host.wait_ready(10)
        fill(host)
        app = host.app
        app.placeOrder(1, stock(), order("LMT", 1, 1.0))
        app.placeOrder(2, stock(), order("LMT", 1, 1.0))
        assert host.queue.orders == 2
        try:
            app.cancelOrder(1)
        except TypeError:
            from ibapi.order_cancel import OrderCancel

            app.cancelOrder(1, OrderCancel())
        assert host.queue.orders == 1
        book.until("orderStatus")
        wait_until(lambda: 202 in [code for _, code, _ in book.all("error")])
        assert gateway.received[3] == 1
        assert gateway.received[4] == 0
    assert {number for number, *_ in book.all("orderStatus")} == {2}
    assert (1, 202) in [each[:2] for each in book.all("error")]


def test_an_order_that_would_go_late_raises_instead(gateway: SimulatedGateway, book: Book) -> None:
    with hosted(book, gateway.port, order_max_wait=0.05) as host:
        host.wait_ready(10)
        fill(host)
        with pytest.raises(NotSent) as raised:
            host.app.placeOrder(1, stock(), order())
        assert raised.value.why is Why.LATE
        wait_until(lambda: not host.queue.waiting)
        assert gateway.received[3] == 0


def test_the_queue_dies_with_its_session_and_the_program_is_told_of_its_orders(
    gateway: SimulatedGateway, book: Book
) -> None:
    with hosted(book, gateway.port, order_max_wait=5.0) as host:
        host.wait_ready(10)
        fill(host)
        host.app.placeOrder(1, stock(), order())
        gateway.do("rst")
        book.until("on_ready", 2)
        host.app.reqPositions()
        wait_until(lambda: gateway.received[61] == 1)
        assert gateway.received[3] == 0
    (told,) = [each for each in book.all("error") if each[1] == 201]
    assert told[0] == 1
    assert "never sent" in told[2]
    assert book.names().index("connectionClosed") > book.heard.index(("error", *told))


def test_an_order_by_an_unusual_way_is_an_order_too(gateway: SimulatedGateway, book: Book) -> None:
    from ibapi.client import EClient

    with hosted(book, gateway.port, order_max_wait=0.05) as host:
        host.wait_ready(10)
        fill(host)
        with pytest.raises(NotSent):
            EClient.placeOrder(host.app, 1, stock(), order())
        assert gateway.received[3] == 0
