"""Requests of any thread: they go to the session of their object, or they raise; an order never goes anywhere else."""

import os
import threading
import warnings
from typing import Any

import pytest

from supervisor.host import NotSent, Why
from supervisor.simulator import SimulatedGateway
from tests.host.programs import Book, Recorder, hosted, order, stock
from tests.waiting import wait_until

PLACE, CANCEL, EXERCISE, GLOBAL = 3, 4, 21, 58


def orders_of(app: Any) -> list[Any]:
    """All that concerns orders."""

    def cancel() -> None:
        try:
            app.cancelOrder(5)
        except TypeError:  # later releases want to know when
            from ibapi.order_cancel import OrderCancel

            app.cancelOrder(5, OrderCancel())

    return [
        lambda: app.placeOrder(5, stock(), order()),
        cancel,
        lambda: app.exerciseOptions(6, stock(), 1, 1, "", 0),
    ]


def lost(host: Any, gateway: SimulatedGateway, book: Book) -> Any:
    """The object of a session that is over, with the gateway gone."""
    host.wait_ready(10)
    app = host.app
    gateway.do("refuse")
    book.until("on_lost")
    return app


@pytest.mark.parametrize("when_down", ["raise", "wait", "drop"])
def test_orders_cancels_and_exercises_on_a_dead_session_always_raise_and_never_reach_another(
    gateway: SimulatedGateway, book: Book, when_down: str
) -> None:
    with hosted(book, gateway.port, when_down=when_down) as host:
        app = lost(host, gateway, book)
        for send in orders_of(app):
            with pytest.raises(NotSent) as raised:
                send()
            assert raised.value.why is Why.DOWN
        gateway.do("heal")
        book.until("on_ready", 2)
        for send in orders_of(app):
            with pytest.raises(NotSent):
                send()
        host.app.reqCurrentTime()
        book.until("currentTime")
        assert [gateway.received[number] for number in (PLACE, CANCEL, EXERCISE)] == [0, 0, 0]


def test_a_request_on_a_dead_session_raises(gateway: SimulatedGateway, book: Book) -> None:
    with hosted(book, gateway.port) as host:
        app = lost(host, gateway, book)
        for send in (app.reqCurrentTime, app.reqPositions, app.reqOpenOrders, lambda: app.reqIds(1)):
            with pytest.raises(NotSent, match="was not sent"):
                send()
        assert 504 not in [code for _, code, _ in book.all("error")]


def test_a_request_on_a_dead_session_may_be_dropped(gateway: SimulatedGateway, book: Book) -> None:
    with hosted(book, gateway.port, when_down="drop") as host:
        app = lost(host, gateway, book)
        app.reqPositions()
        gateway.do("heal")
        book.until("on_ready", 2)
        assert gateway.received[61] == 0


def test_a_request_on_a_dead_session_may_wait_for_the_next_one(gateway: SimulatedGateway, book: Book) -> None:
    with hosted(book, gateway.port, when_down="wait") as host:
        app = lost(host, gateway, book)
        thread = threading.Thread(target=app.reqPositions)
        thread.start()
        gateway.do("heal")
        thread.join(10)
        assert not thread.is_alive()
        wait_until(lambda: gateway.received[61] == 1)


def test_who_waits_in_vain_gets_the_same_exception(gateway: SimulatedGateway, book: Book) -> None:
    host = hosted(book, gateway.port, when_down="wait", wait_timeout=0.2)
    with host:
        app = lost(host, gateway, book)
        with pytest.raises(NotSent, match=r"within 0\.2 s"):
            app.reqPositions()
    host.stop()
    with pytest.raises(NotSent):
        app.reqPositions()


def test_a_callback_that_asks_while_its_session_dies_costs_nothing(gateway: SimulatedGateway, book: Book) -> None:
    class Insists(Recorder):
        def connectionClosed(self) -> None:
            super().connectionClosed()
            self.reqPositions()

    with hosted(book, gateway.port, Insists, when_down="wait") as host:
        host.wait_ready(10)
        gateway.do("rst")
        book.until("on_ready", 2)
        assert host.callback_errors == 0


def test_threads_that_ask_all_the_time_never_hang_and_see_one_exception_only(
    gateway: SimulatedGateway, book: Book
) -> None:
    ended = threading.Event()
    seen: set[type[BaseException]] = set()

    with hosted(book, gateway.port) as host:
        host.wait_ready(10)

        def ask() -> None:
            while not ended.wait(0.005):
                app = host.app
                if app is None:
                    continue
                try:
                    app.reqIds(1)
                    app.placeOrder(host.new_order_id(), stock(), order("LMT", 1, 1.0))
                except Exception as error:
                    seen.add(type(error))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for times in range(2, 6):
            gateway.do("rst" if times % 2 else "fin")
            book.until("on_ready", times)
        ended.set()
        for thread in threads:
            thread.join(5)
            assert not thread.is_alive()
    assert seen <= {NotSent}


def test_a_fork_of_the_process_sends_nothing_on_its_parents_connection(gateway: SimulatedGateway, book: Book) -> None:
    with hosted(book, gateway.port) as host:
        ready = host.wait_ready(10)
        wait_until(lambda: host.gate.check().open)
        app, send = host.app, orders_of(host.app)[0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that a process with threads forks is the point
            child = os.fork()
        if child == 0:
            raised = 0
            for ask in (send, app.reqPositions):
                try:
                    ask()
                except NotSent:
                    raised += 1
            os._exit(0 if raised == 2 and not host.gate.check().open else 1)
        assert os.waitpid(child, 0)[1] == 0
        app.reqCurrentTime()
        book.until("currentTime")
        assert host.wait_ready(1) == ready
        assert (gateway.received[PLACE], gateway.received[61]) == (0, 0)


def test_what_the_program_overrides_is_called_and_its_super_reaches_ibapi(
    gateway: SimulatedGateway, book: Book
) -> None:
    class Wraps(Recorder):
        def reqPositions(self) -> None:
            book.note("asked")
            super().reqPositions()

    with hosted(book, gateway.port, Wraps) as host:
        host.wait_ready(10)
        host.app.reqPositions()
        wait_until(lambda: gateway.received[61] == 1)
    assert book.all("asked") == [()]


def test_an_error_of_ibapi_itself_is_the_programs(gateway: SimulatedGateway, book: Book) -> None:
    with hosted(book, gateway.port) as host:
        host.wait_ready(10)
        with pytest.raises(TypeError):
            host.app.reqPositions("too", "many")
        host.app.reqPositions()
        wait_until(lambda: gateway.received[61] == 1)


def test_the_programs_time_requests_are_served_and_never_sooner_than_the_throttle(
    gateway: SimulatedGateway, book: Book
) -> None:
    gateway.do("time_throttle", per="connection")
    with hosted(book, gateway.port) as host:
        host.wait_ready(10)
        for _ in range(5):
            host.app.reqCurrentTime()
        book.until("currentTime", 5)
        for times in (6, 7, 8):
            host.app.reqCurrentTime()
            book.until("currentTime", times, 3.0)
        assert len(book.all("currentTime")) == 8
        assert host.snapshot.counters.ignored == 0
        assert not book.all("on_suspect")


class Number:
    """A whole number that is no int, such as those of numpy."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value

    def __str__(self) -> str:
        return str(self.value)


def test_an_order_id_may_be_any_whole_number(gateway: SimulatedGateway, book: Book) -> None:
    with hosted(book, gateway.port) as host:
        host.wait_ready(10)
        host.app.placeOrder(Number(40), stock(), order())
        assert host.next_order_id == 41
