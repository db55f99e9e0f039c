"""What happened while a program was away is told before `on_ready`, or it is told that not all of it could be."""

import threading
from pathlib import Path
from typing import Any

import pytest

from supervisor.core.program.reconcile import LIMIT
from supervisor.simulator import Fleet, SimulatedGateway
from tests.host.programs import ALWAYS, Book, Recorder, hosted, order, stock
from tests.simulator.client import RawClient
from tests.simulator.tamper import tampered
from tests.simulator.trader import Trader
from tests.waiting import wait_until


def before_ready(book: Book, number: int) -> list[tuple[Any, ...]]:
    """What was heard between the loss and the return, or before the first `on_ready`."""
    at = [place for place, each in enumerate(book.heard) if each[0] == "on_ready"]
    begin = 0 if number == 1 else [place for place, each in enumerate(book.heard) if each[0] == "on_lost"][number - 2]
    return book.heard[begin : at[number - 1]]


def test_open_orders_and_fills_of_the_time_away_are_heard_before_on_ready(
    gateway: SimulatedGateway, book: Book
) -> None:
    with hosted(book, gateway.port) as host:
        host.wait_ready(10)
        host.app.placeOrder(1, stock(), order("LMT", 10, 1.0))
        host.app.placeOrder(2, stock(), order("LMT", 10, 1.0))
        book.until("orderStatus", 2)
        gateway.do("refuse", for_=1.0)
        book.until("on_lost")
        gateway.do("fill", order=1, client=17, quantity=10, price=1.0)
        book.until("on_ready", 2)
    heard = before_ready(book, 2)
    assert ("openOrder", 2, "Submitted") in heard
    (fill,) = [each for each in heard if each[0] == "execDetails"]
    assert fill[1] == -1, "as if it had been told unasked"
    assert book.readies[1].complete
    assert book.readies[1].next_order_id == 3
    assert book.all("openOrderEnd") == [], "the program did not ask"
    assert book.all("execDetailsEnd") == []


def test_the_ends_of_the_programs_own_questions_are_its_own(gateway: SimulatedGateway, book: Book) -> None:
    from ibapi.execution import ExecutionFilter

    with hosted(book, gateway.port) as host:
        host.wait_ready(10)
        host.app.reqOpenOrders()
        host.app.reqExecutions(5, ExecutionFilter())
        book.until("execDetailsEnd")
    assert book.all("openOrderEnd") == [()]
    assert book.all("execDetailsEnd") == [(5,)]


@pytest.mark.parametrize("data", ["maintained", "lost"])
def test_after_a_loss_of_ibkr_it_is_asked_again(gateway: SimulatedGateway, book: Book, data: str) -> None:
    with hosted(book, gateway.port) as host:
        host.wait_ready(10)
        host.app.placeOrder(1, stock(), order("LMT", 10, 1.0))
        book.until("orderStatus")
        before = gateway.received[7]
        gateway.do("upstream_lost", for_=0.3, data=data)
        book.until("on_reconciled")
        assert gateway.received[7] == before + 1
    (told,) = book.all("on_reconciled")[0]
    assert told.complete
    assert book.all("on_upstream") == [(False,), (True,)]
    assert len(book.all("on_data_maintained")) == (data == "maintained")
    assert len(book.all("on_data_lost")) == (data == "lost")


def test_a_refused_question_makes_it_incomplete_at_once(gateway: SimulatedGateway, book: Book) -> None:
    def refusing() -> Any:
        def change(payload: bytes) -> list[bytes]:
            fields = payload.split(b"\0")
            if fields[0] == b"55":  # the end of executions becomes a refusal
                return [b"\0".join((b"4", b"2", fields[2], b"322", b"Error processing request", b""))]
            return [payload]

        return change

    with tampered(gateway.port, refusing) as port, hosted(book, port) as host:
        ready = host.wait_ready(10)
    assert not ready.complete
    assert "322" in ready.reason
    assert 322 not in [code for _, code, _ in book.all("error")]


def test_answers_that_never_come_make_it_incomplete_after_ten_seconds(gateway: SimulatedGateway, book: Book) -> None:
    def silent() -> Any:
        return lambda payload: [] if payload.startswith((b"53\0", b"55\0")) else [payload]

    with tampered(gateway.port, silent) as port, hosted(book, port) as host:
        ready = host.wait_ready(15)
    assert not ready.complete
    assert "within 10 s" in ready.reason


def test_a_program_that_is_slow_while_it_is_told_misses_nothing_by_that(gateway: SimulatedGateway, book: Book) -> None:
    class Slow(Recorder):
        def openOrder(self, orderId: int, contract: Any, order: Any, orderState: Any) -> None:
            if self.book.readies and not self.book.all("slow"):
                self.book.note("slow")
                threading.Event().wait(LIMIT + 0.5)
            super().openOrder(orderId, contract, order, orderState)

    with hosted(book, gateway.port, Slow) as host:
        host.wait_ready(10)
        host.app.placeOrder(1, stock(), order("LMT", 1, 1.0))
        gateway.do("rst")
        book.until("on_ready", 2, LIMIT * 3)
    assert "were not told" not in book.readies[1].reason


def test_fills_of_another_client_are_not_told(gateway: SimulatedGateway, book: Book) -> None:
    with Trader(gateway.port, 3) as other:
        other.place(1)
        other.until("11")
        with hosted(book, gateway.port) as host:
            host.wait_ready(10)
    assert book.all("execDetails") == []


def test_the_next_order_id_survives_a_gateway_that_forgets_and_a_new_process(
    fleet: Fleet, book: Book, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    with SimulatedGateway(fleet=fleet) as gateway, hosted(book, gateway.port, state=state) as host:
        host.wait_ready(10)
        host.app.placeOrder(40, stock(), order())
        assert host.next_order_id == 41
        assert (host.new_order_id(), host.new_order_id(), host.next_order_id) == (41, 42, 43)
    with SimulatedGateway(fleet=fleet) as gateway:
        with hosted(book, gateway.port, state=state) as host:
            assert host.wait_ready(10).next_order_id == 43
        with pytest.raises(ValueError, match="client id 17"):
            hosted(book, gateway.port, state=state, client_id=18)
    assert book.all("nextValidId")[-1] == (1,)


KEPT = '{"client_id": 17, "host": "", "port": 1, "highest": %s, "alive_at": %s}'


@pytest.mark.parametrize(
    "content",
    [
        "{not json",
        "[]",
        "\n".join(["not ours"] * 100),
        KEPT % (5, "1e300"),
        KEPT % (5, "NaN"),
        KEPT % ("Infinity", 0),
        KEPT % (99999999999, 0),
        KEPT % (-5, 0),
    ],
)
def test_a_damaged_state_file_is_no_reason_not_to_start_and_is_whole_afterwards(
    gateway: SimulatedGateway, book: Book, tmp_path: Path, content: str
) -> None:
    state = tmp_path / "state"
    state.write_text(content)
    with hosted(book, gateway.port, state=state) as host:
        assert host.wait_ready(10).next_order_id == 1
        host.app.placeOrder(7, stock(), order())
    assert '"highest": 7' in state.read_text()
    assert hosted(book, gateway.port, state=state).next_order_id == 8


def test_order_ids_of_other_clients_are_not_counted(gateway: SimulatedGateway, book: Book) -> None:
    gateway.do("master_client", id=17)
    with Trader(gateway.port, 3) as other, hosted(book, gateway.port) as host:
        host.wait_ready(10)
        other.place(500, limit=1.0, kind="LMT")
        book.until("openOrder")
        assert host.next_order_id < 500


def test_our_own_ghost_after_a_kill_is_waited_for_briefly(
    gateway: SimulatedGateway, book: Book, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    with hosted(book, gateway.port, state=state) as host:
        host.wait_ready(10)
        wait_until(lambda: '"alive_at": 1' in state.read_text())
    with RawClient(gateway.port) as ghost:
        ghost.ready(17)
        with hosted(book, gateway.port, state=state) as host:
            wait_until(lambda: host.snapshot.cause is not None)
            assert host.snapshot.cause is not None
            assert host.snapshot.cause.key.value == "client_id_ghost"
            ghost.close()
            host.wait_ready(10)


def test_in_a_server_reset_the_first_probe_decides_before_on_ready_whether_all_was_told(
    gateway: SimulatedGateway, book: Book
) -> None:
    with hosted(book, gateway.port, windows=(ALWAYS,)) as host:
        ready = host.wait_ready(10)
    assert (ready.complete, ready.reason) == (True, "")
    assert not book.all("on_upstream")
    assert not book.all("on_reconciled")


def test_if_that_probe_is_not_answered_it_is_incomplete(gateway: SimulatedGateway, book: Book) -> None:
    gateway.do("no_contracts", mode="silent")
    with hosted(book, gateway.port, windows=(ALWAYS,)) as host:
        ready = host.wait_ready(9)
        assert not ready.complete
        assert "has lost IBKR's servers" in ready.reason
        assert book.all("on_upstream") == [(False,)]
        gateway.do("heal")
        book.until("on_reconciled", timeout=30)
    assert book.all("on_reconciled")[0][0].complete
