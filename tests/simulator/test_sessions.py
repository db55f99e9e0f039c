"""A healthy simulated gateway: hello, greeting, answers, client ids, limits."""

import time

import pytest

from supervisor.simulator import Client, Fleet, Scenario, SimulatedGateway
from supervisor.simulator.connection.session import CLIENT_ID_IN_USE
from tests.simulator.client import RawClient, framed
from tests.waiting import wait_until


@pytest.mark.parametrize(("ours", "theirs", "agreed"), [(176, 157, 157), (157, 203, 157), (200, 200, 200)])
def test_the_version_is_the_lower_of_both(ours: int, theirs: int, agreed: int) -> None:
    with SimulatedGateway(Scenario(server_version=ours)) as gateway, RawClient(gateway.port) as client:
        assert client.hello(theirs).message()[0] == str(agreed)


def test_the_handshake_tells_the_gateways_clock_and_zone() -> None:
    scenario = Scenario(timezone="Europe/Berlin", zone_name="Central European Standard Time", clock_offset=3600.0)
    # 2026-04-05 20:49:26 UTC
    with SimulatedGateway(scenario, wall=lambda: 1775422166.0) as gateway, RawClient(gateway.port) as client:
        assert client.hello().message() == ["176", "20260405 23:49:26 Central European Standard Time"]


def test_the_zones_abbreviation_is_its_usual_name() -> None:
    with SimulatedGateway(wall=lambda: 1795253619.0) as gateway, RawClient(gateway.port) as client:
        assert client.hello().message() == ["176", "20261121 04:33:39 EST"]


def test_nothing_is_said_between_the_handshake_and_start_api() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        client.hello().payload()
        assert client.silent_for(0.2)


def test_start_api_is_answered_within_milliseconds_in_the_order_of_a_real_gateway() -> None:
    scenario = Scenario(accounts=("DU1", "DU2"), next_valid_id=294)
    with SimulatedGateway(scenario) as gateway, RawClient(gateway.port) as client:
        client.hello().payload()
        begun = time.monotonic()
        client.ask(71, 2, 7, "")
        assert client.message() == ["15", "1", "DU1,DU2"]
        assert client.message() == ["9", "1", "294"]
        assert [client.message()[3] for _ in range(3)] == ["2104", "2106", "2158"]
        assert time.monotonic() - begun < 0.5
        assert gateway.clients == [Client(7, 176, ready=True)]


def test_the_hello_may_come_in_pieces_and_with_options() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        for byte in b"API\0" + framed(b"v100..176 +PACEAPI"):
            client.socket.sendall(bytes([byte]))
        assert client.message()[0] == "176"


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n\r\n", b"API\0" + framed(b"hello"), b"API\0" + framed(b"v1..99")])
def test_who_is_no_api_client_is_dropped(sent: bytes) -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        client.socket.sendall(sent)
        assert client.ending() == "fin"


def test_time_requests_within_a_second_of_the_last_answer_are_ignored() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        client.ready()
        client.ask(49, 1)
        first = client.message()
        answered = time.monotonic()
        assert first[0] == "49"
        assert abs(int(first[2]) - time.time()) < 2
        answers = 0
        while answers == 0:
            client.ask(49, 1)
            if not client.silent_for(0.1):
                answers += 1
        # ten were ignored meanwhile, and none of them began the second anew
        assert 0.8 < time.monotonic() - answered < 1.6
        assert gateway.received[49] > 5


def test_millis_ids_and_accounts_are_answered_at_once_and_always() -> None:
    with SimulatedGateway(Scenario(server_version=200, next_valid_id=42)) as gateway, RawClient(gateway.port) as client:
        client.hello(200).payload()
        client.ask(71, 2, 7, "")
        for _ in range(5):
            client.payload()
        for _ in range(2):
            client.ask(105)
            assert abs(int(client.message()[1]) / 1000 - time.time()) < 2
        client.ask(8, 1, 1)
        assert client.message() == ["9", "1", "42"]
        client.ask(17, 1)
        assert client.message() == ["15", "1", "DU1234567"]


def test_account_data_is_told_and_ends() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        client.ready()
        client.ask(62, 1, 9001, "All", "NetLiquidation,Nonsense,BuyingPower")
        assert client.message() == ["63", "1", "9001", "DU1234567", "BuyingPower", "4000000.00", "USD"]
        assert client.message() == ["63", "1", "9001", "DU1234567", "NetLiquidation", "1000000.00", "USD"]
        assert client.message() == ["64", "1", "9001"]
        client.ask(63, 1, 9001)
        client.ask(6, 2, 1, "DU1234567")
        told = [client.message()]
        while told[-1][0] != "54":
            told.append(client.message())
        assert ["6", "2", "NetLiquidation", "1000000.00", "USD", "DU1234567"] in told
        assert told[-1] == ["54", "1", "DU1234567"]
        client.ask(76, 1, 5, "DU1234567", "", 1)
        while (last := client.message())[0] == "73":
            pass
        assert last == ["74", "1", "5"]
        for ask, answer in (
            ((61, 1), ["62", "1"]),
            ((74, 1, 6, "DU1234567", ""), ["72", "1", "6"]),
            ((5, 1), ["53", "1"]),
            ((16, 1), ["53", "1"]),
            ((99, 0), ["102"]),
            ((7, 3, 8), ["55", "1", "8"]),
        ):
            client.ask(*ask)
            assert client.message() == answer
        client.ask(6, 2, 0, "DU1234567")
        assert client.silent_for(0.1)


EURUSD = ("EUR", "CASH", "", 0, "", "", "IDEALPRO", "", "USD")


def test_contract_details_are_a_row_and_an_end_or_error_200() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        client.ready()
        client.ask(9, 8, 11, 0, *EURUSD)
        row = client.message()
        assert row[:4] == ["10", "11", "EUR", "CASH"]
        assert "12087792" in row
        assert client.message() == ["52", "1", "11"]
        client.ask(9, 8, 12, 265598)
        assert client.message()[2] == "AAPL"
        assert client.message() == ["52", "1", "12"]
        client.ask(9, 8, 13, 0, "NOSUCH", "STK")
        assert client.message() == ["4", "2", "13", "200", "No security definition has been found for the request", ""]


def test_history_and_market_data_are_answered() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        client.ready()
        client.ask(20, 21, 0, *EURUSD, "", "", 0, "", "1 hour", "2 D", 0, "MIDPOINT", 1, 0, "")
        assert client.message()[:2] == ["17", "21"]
        client.ask(59, 1, 3)
        client.ask(1, 11, 22, 0, *EURUSD)
        assert client.message() == ["58", "1", "22", "3"]
        assert client.message()[:2] == ["81", "22"]
        assert client.message()[:4] == ["1", "6", "22", "66"]
        client.ask(2, 2, 22)
        while client.message()[3] != "76":
            pass
        for ask in (20, 1):
            client.ask(*((20, 23, 0, "X", "STK") if ask == 20 else (1, 11, 23, 0, "X", "STK")))
            assert client.message()[3] == "200"


def test_unknown_requests_are_refused_and_counted() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        client.ready()
        client.ask(199, 1)
        told = client.message()
        assert told[:4] == ["4", "2", "-1", "320"]
        assert "the simulated gateway does not do request 199" in told[4]
        assert gateway.received[199] == 1


def test_a_request_that_cannot_be_read_is_answered_with_320() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        client.ready()
        client.ask(62, 1, "abc", "All", "NetLiquidation")
        assert client.message()[3] == "320"
        client.ask("what")
        assert client.message()[3] == "320"
        client.ask(8, 1, 1)
        assert client.message()[0] == "9"


def test_a_client_id_in_use_gets_326_and_the_end_shortly_after() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as first, RawClient(gateway.port) as second:
        first.ready(7)
        second.hello().payload()
        second.ask(71, 2, 7, "")
        assert second.message() == ["4", "2", "-1", str(CLIENT_ID_IN_USE[0]), CLIENT_ID_IN_USE[1], ""]
        told = time.monotonic()
        assert second.ending() == "fin"
        assert 0.1 < time.monotonic() - told < 1.0
        assert gateway.clients == [Client(7, 176, ready=True)]


def test_a_client_id_is_free_once_its_session_is_gone() -> None:
    with SimulatedGateway() as gateway:
        for _ in range(3):
            with RawClient(gateway.port) as client:
                client.ready(7)
            wait_until(lambda: gateway.clients == [])


def test_the_33rd_client_is_accepted_and_closed_at_once() -> None:
    with SimulatedGateway() as gateway:
        clients = [RawClient(gateway.port).start(number) for number in range(32)]
        with RawClient(gateway.port) as late:
            assert late.ending() in ("fin", "rst")
        assert len(gateway.clients) == 32
        assert gateway.connections_accepted == 33
        clients.pop().close()
        wait_until(lambda: len(gateway.clients) == 31)
        with RawClient(gateway.port) as again:
            again.start(100)
        for client in clients:
            client.close()


def test_many_gateways_share_one_thread() -> None:
    with Fleet() as fleet:
        gateways = [SimulatedGateway(Scenario(next_valid_id=number), fleet=fleet) for number in range(20)]
        for number, gateway in enumerate(gateways):
            with RawClient(gateway.port) as client:
                client.hello().payload()
                client.ask(71, 2, 1, "")
                client.payload()
                assert client.message() == ["9", "1", str(number)]
        for gateway in gateways:
            gateway.close()


def test_a_closed_gateway_can_still_be_asked_what_it_saw() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        client.ready()
    gateway.close()
    assert (gateway.connections_accepted, gateway.received[71], gateway.clients) == (1, 1, [])
    assert gateway.port > 0


def test_a_taken_port_is_told() -> None:
    with SimulatedGateway() as gateway, pytest.raises(OSError, match="in use"):
        SimulatedGateway(port=gateway.port)
