"""`host.gate` says at each moment whether orders of this session are safe."""

import json
import time
from pathlib import Path

from supervisor.host import Gate
from supervisor.simulator import SimulatedGateway
from tests.host.programs import Book, hosted
from tests.waiting import wait_until


def test_it_opens_a_second_after_ready_and_closes_with_the_session(gateway: SimulatedGateway, book: Book) -> None:
    with hosted(book, gateway.port) as host:
        assert not host.gate.check().open
        host.wait_ready(10)
        wait_until(lambda: host.gate.check().open, 5)
        gateway.do("refuse")
        wait_until(lambda: not host.gate.check().open, 1)
        book.until("on_lost")
        wait_until(lambda: host.gate.check().reasons == ("port",), 5)
        assert host.gate.check().texts[0]
    assert host.gate.check().state != "open"


def test_it_is_closed_while_the_daemons_is_and_opens_no_sooner(
    gateway: SimulatedGateway, book: Book, tmp_path: Path
) -> None:
    with hosted(book, gateway.port, daemon_gate=Gate(tmp_path / "none.json")) as host:
        host.wait_ready(10)
        wait_until(lambda: host.gate.check().state == "unknown", 5)
        assert "none.json" in host.gate.check().why


def test_an_order_id_that_went_back_closes_it_until_the_program_confirms(gateway: SimulatedGateway, book: Book) -> None:
    gateway.do("next_valid_id", id=50)
    with hosted(book, gateway.port) as host:
        host.wait_ready(10)
        gateway.do("next_valid_id", id=20)
        gateway.do("rst")
        book.until("on_ready", 2)
        wait_until(lambda: "order_id_regressed" in host.gate.check().reasons)
        host.confirm_ids()
        wait_until(lambda: host.gate.check().open)


def test_other_processes_read_it_from_a_file(gateway: SimulatedGateway, book: Book, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    with hosted(book, gateway.port, name="mine", gate_directory=tmp_path) as host:
        host.wait_ready(10)
        wait_until(lambda: Gate(path).check().open, 5)
        assert json.loads(path.read_text())["gateway"] == "mine"
    assert not path.exists()


def test_asking_costs_microseconds(gateway: SimulatedGateway, book: Book) -> None:
    with hosted(book, gateway.port) as host:
        host.wait_ready(10)
        wait_until(lambda: host.gate.check().open, 5)
        began = time.perf_counter()
        for _ in range(1000):
            host.gate.check()
        assert (time.perf_counter() - began) / 1000 < 50e-6
