"""What the race puts around its gateways: orders that are filled, a network that is away, a stand-in for IBC, doors."""

import socket
import time
from pathlib import Path

import pytest

from supervisor.simulator import SimulatedGateway
from tests.daemon.running import free_port
from tests.race.doors import BY_FILE, BY_HTTP, Doors
from tests.race.faults import CLIENT_ID
from tests.race.orders import ORDER, fill, place
from tests.race.standin import StandIn
from tests.race.wall import Wall
from tests.waiting import wait_until


def connects(port: int, patience: float) -> bool:
    """Whether TCP connects in time."""
    try:
        with socket.create_connection(("127.0.0.1", port), patience):
            return True
    except TimeoutError:
        return False


def test_each_execution_is_one_share_of_an_order_of_the_racer() -> None:
    with SimulatedGateway() as gateway:
        place(gateway)
        gateway.do("refuse")
        fill(gateway, 1)
        gateway.do("heal")
        fill(gateway, 2)
        told = gateway.do("state")["orders"]
    assert told == [{"client": CLIENT_ID, "order": ORDER, "status": "Submitted", "filled": 2.0}]


def test_behind_the_wall_new_connections_time_out_and_later_do_not() -> None:
    with SimulatedGateway() as gateway:
        gateway.do("freeze")
        with Wall([gateway.port]):
            assert not connects(gateway.port, 0.5)
        gateway.do("heal")
        wait_until(lambda: connects(gateway.port, 0.5), 10)


def test_the_stand_in_restarts_a_gateway_that_hangs_and_says_ok_to_the_rest() -> None:
    with SimulatedGateway() as gateway:
        standin = StandIn(gateway, takes=0.2)
        try:
            gateway.do("freeze")
            for said, answer in ((b"EXIT\n", b"OK Goodbye\n"), (b"RESTART\n", b"OK RESTART in progress\n")):
                with socket.create_connection(("127.0.0.1", standin.port), 5) as line:
                    line.sendall(said)
                    assert line.recv(100) == answer
            began = time.monotonic()
            wait_until(lambda: bool(standin.done), 10)
            assert len(standin.asked) == 1
            assert standin.done[0] > standin.asked[0]
            assert time.monotonic() - began >= 0.2 - 0.1
            assert gateway.do("state")["faults"] == {}
        finally:
            standin.close()


def test_a_door_that_nobody_keeps_is_shut(tmp_path: Path) -> None:
    doors = Doors(tmp_path / "raced.json", free_port(), "raced")
    try:
        with pytest.raises(AssertionError):
            wait_until(lambda: doors.timelines[BY_FILE].up or doors.timelines[BY_HTTP].up, 0.3)
    finally:
        doors.close()
