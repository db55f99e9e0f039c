"""Every fault word, over a real socket."""

import socket
import time

import pytest

from supervisor.simulator import SimulatedGateway
from tests.simulator.client import RawClient, refused
from tests.waiting import wait_until


def first_ending(port: int) -> str:
    """How a connection ends that is dropped at once; an RST may come before connect() has returned."""
    try:
        with RawClient(port) as client:
            return client.ending()
    except ConnectionResetError:
        return "rst"


LOST = "Connectivity between IBKR and Trader Workstation has been lost."


def test_a_notice_reaches_every_started_client_and_nobody_else() -> None:
    with (
        SimulatedGateway() as gateway,
        RawClient(gateway.port) as one,
        RawClient(gateway.port) as two,
        RawClient(gateway.port) as early,
    ):
        one.ready(1)
        two.ready(2)
        early.hello().payload()
        assert gateway.do("notice", code=1100, text=LOST) == {"clients": 2}
        for client in (one, two):
            assert client.message() == ["4", "2", "-1", "1100", LOST, ""]
        assert early.silent_for(0.1)
        gateway.do("notice", code=10197, text="Übel", request=5)
        assert one.message() == ["4", "2", "5", "10197", "Übel", ""]


def test_a_notice_can_be_repeated_in_one_step() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        client.ready()
        gateway.do("notice", code=1100, text=LOST, times=50, every="1ms")
        assert [client.message()[3] for _ in range(50)] == ["1100"] * 50


def test_refuse_resets_the_sessions_and_closes_the_port_until_its_time_is_over() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        client.ready()
        gateway.do("refuse", for_=0.4)
        assert client.ending() == "rst"
        assert refused(gateway.port)
        wait_until(lambda: not refused(gateway.port), 5)
        with RawClient(gateway.port) as again:
            again.ready()


def test_refuse_can_keep_the_sessions() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        client.ready()
        gateway.do("refuse", sessions="keep")
        assert refused(gateway.port)
        client.ask(8, 1, 1)
        assert client.message()[0] == "9"
        gateway.do("accept_again")
        assert not refused(gateway.port)


def test_a_refusing_gateway_keeps_its_port() -> None:
    with SimulatedGateway() as gateway:
        gateway.do("refuse")
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", gateway.port))
        gateway.do("heal")
        assert not refused(gateway.port)


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_close_on_accept(how: str) -> None:
    with SimulatedGateway() as gateway:
        gateway.do("close_on_accept", how=how)
        assert first_ending(gateway.port) == how
        gateway.do("heal")
        with RawClient(gateway.port) as client:
            client.ready()


def test_mute_never_answers_the_hello() -> None:
    with SimulatedGateway() as gateway:
        gateway.do("mute")
        with RawClient(gateway.port) as client:
            client.hello()
            assert client.silent_for(0.2)
            gateway.do("heal")
            assert client.silent_for(0.1), "healing does not answer the lost hello"


def test_half_handshake_sends_half_of_it_and_no_more() -> None:
    with SimulatedGateway() as gateway:
        gateway.do("half_handshake")
        with RawClient(gateway.port) as client:
            half = client.hello().take(15)
            assert int.from_bytes(half[:4], "big") + 4 == 30
            assert client.silent_for(0.2)


def test_split_handshake_comes_in_two_pieces() -> None:
    with SimulatedGateway() as gateway:
        gateway.do("split_handshake", gap=0.3)
        with RawClient(gateway.port) as client:
            client.hello()
            first = client.socket.recv(4096)
            begun = time.monotonic()
            client.buffer = first + client.socket.recv(4096)
            assert time.monotonic() - begun > 0.15
            assert client.message()[0] == "176"
            client.ask(71, 2, 7, "")
            assert client.message()[0] == "15"


def test_greeting_with_handshake_comes_in_one_piece_and_only_once() -> None:
    with SimulatedGateway() as gateway:
        gateway.do("greeting_with_handshake")
        with RawClient(gateway.port) as client:
            client.hello()
            client.buffer = client.socket.recv(4096)
            assert [client.message()[0] for _ in range(6)] == ["176", "15", "9", "4", "4", "4"]
            client.ask(71, 2, 7, "")
            assert client.silent_for(0.1)
            assert [each.ready for each in gateway.clients] == [True]


def test_error_before_handshake() -> None:
    with SimulatedGateway() as gateway:
        gateway.do("error_before_handshake", code=2110, text="broken")
        with RawClient(gateway.port) as client:
            client.hello()
            assert client.message() == ["4", "2", "-1", "2110", "broken"]
            assert client.message()[0] == "176"


def test_bad_version_and_what_is_no_tws() -> None:
    with SimulatedGateway() as gateway:
        gateway.do("bad_version")
        with RawClient(gateway.port) as client:
            assert client.hello().message()[0] == "abc"
        gateway.do("not_tws")
        with RawClient(gateway.port) as client:
            assert client.hello().take(12) == b"HTTP/1.1 400"
        assert gateway.do("state")["faults"] == {"not_tws": {"for": None}}, "one fault of the handshake at a time"


def test_never_ready_shakes_hands_and_says_nothing_more() -> None:
    with SimulatedGateway() as gateway:
        gateway.do("never_ready")
        with RawClient(gateway.port) as client:
            client.hello().payload()
            client.ask(71, 2, 7, "")
            client.ask(49, 1)
            assert client.silent_for(0.2)
            assert [(each.client_id, each.ready) for each in gateway.clients] == [(7, False)]


def test_a_frozen_gateway_accepts_in_the_kernel_and_answers_all_after_the_thaw() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as old:
        old.ready()
        gateway.do("freeze")
        old.ask(8, 1, 1)
        old.ask(49, 1)
        gateway.do("notice", code=2104, text="late")
        with RawClient(gateway.port) as new:
            new.hello()
            assert new.silent_for(0.2)
            assert old.silent_for(0.1)
            assert gateway.connections_accepted == 1
            gateway.do("thaw")
            assert new.message()[0] == "176"
        assert sorted(old.message()[0] for _ in range(3)) == ["4", "49", "9"]


def test_a_freeze_ends_by_itself() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        client.ready()
        gateway.do("freeze", for_="300ms")
        client.ask(8, 1, 1)
        begun = time.monotonic()
        assert client.message()[0] == "9"
        assert time.monotonic() - begun > 0.15


def test_a_frozen_gateway_does_not_notice_that_a_client_left() -> None:
    with SimulatedGateway() as gateway:
        with RawClient(gateway.port) as client:
            client.ready()
            gateway.do("freeze")
        assert len(gateway.clients) == 1
        gateway.do("heal")
        wait_until(lambda: gateway.clients == [])


@pytest.mark.parametrize("word", ["rst", "fin"])
def test_live_sessions_are_dropped_and_new_ones_taken(word: str) -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        client.ready()
        gateway.do(word)
        assert client.ending() == word
        assert gateway.clients == []
        with RawClient(gateway.port) as again:
            again.ready()


def test_half_open_sessions_are_never_answered_again_but_new_ones_are() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as old:
        old.ready(1)
        gateway.do("half_open")
        gateway.do("heal")
        old.ask(49, 1)
        with RawClient(gateway.port) as new:
            new.ready(2)
            new.ask(8, 1, 1)
            assert new.message()[0] == "9"
        gateway.do("notice", code=2104, text="x")
        assert old.silent_for(0.2)


def test_ignore_time_ignores_nothing_else() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        client.ready()
        gateway.do("ignore_time", for_="200ms")
        client.ask(49, 1)
        client.ask(8, 1, 1)
        assert client.message()[0] == "9"
        wait_until(lambda: gateway.do("state")["faults"] == {})
        client.ask(49, 1)
        assert client.message()[0] == "49"


def test_delayed_answers_come_late_and_in_order() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        client.ready()
        gateway.do("delay", by=0.3)
        begun = time.monotonic()
        client.ask(8, 1, 1)
        client.ask(17, 1)
        wait_until(lambda: gateway.received[17] == 1)
        gateway.do("heal")
        client.ask(49, 1)
        assert [client.message()[0] for _ in range(3)] == ["9", "15", "49"]
        assert time.monotonic() - begun > 0.25


def test_contracts_go_unanswered_or_get_error_200() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        client.ready()
        gateway.do("no_contracts")
        client.ask(9, 8, 11, 265598)
        assert client.silent_for(0.2)
        gateway.do("no_contracts", mode="error")
        client.ask(9, 8, 12, 265598)
        assert client.message()[2:4] == ["12", "200"]
