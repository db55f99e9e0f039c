"""Facts of captures that others made of real gateways and published; nothing of them is copied here.

Sources: the transcripts of ibkr-go (ThomasMarcelis/ibkr-go, testdata/transcripts): `api_order_fill_aapl` and
`api_order_rest_cancel_aapl` (server version 225), `completed_orders_cancelled_system_live` (200),
`contract_details_eurusd_cash` (225), `grounded_account_summary` (225), `api_order_rejects_aapl` (225), and at 200
`grounded_positions`, `historical_schedule_aapl`, `api_transmit_false_then_transmit_aapl`,
`api_reconnect_active_order_aapl`, `api_stop_loss_management_aapl`, `place_order_invalid_type_live_error`; and the
recorded session of rust-ibapi at 173 (wboayue/rust-ibapi, tws_interactions.yaml). Some transcripts of ibkr-go are
written by hand (`quote_stream_gap_1101`, `quote_stream_gap_1102`, `reconnect_1100_then_transport_loss`,
`reconnect_multi_cycle`, `error_farm_status_codes`): what a client must live with. The simulated gateway plays them too.
"""

from collections.abc import Iterator

import pytest

from supervisor.simulator import ManualClock, Scenario, SimulatedGateway, parse
from supervisor.simulator.wire.protobuf import protobuf, split_protobuf
from tests.simulator.client import RawClient
from tests.simulator.trader import AAPL, Trader

NOON = 1_795_797_000.0
APPLE = protobuf((1, 265598), (2, "AAPL"), (3, "STK"), (8, "SMART"), (10, "USD"))


class Raw(RawClient):
    """A client at server version 225: protobuf both ways."""

    def ready_at_225(self) -> None:
        self.hello(225)
        self.payload()
        self.say(71, (1, 7))
        for _ in range(5):
            self.payload()

    def say(self, number: int, *fields: tuple[int, int | str | bytes | float]) -> None:
        payload = (number + 200).to_bytes(4, "big") + protobuf(*fields)
        self.socket.sendall(len(payload).to_bytes(4, "big") + payload)

    def told(self) -> tuple[int, dict[int, list[int | bytes]]]:
        payload = self.payload()
        return int.from_bytes(payload[:4], "big") - 200, split_protobuf(payload[4:])


def inside(fields: dict[int, list[int | bytes]], number: int) -> dict[int, list[int | bytes]]:
    raw = fields[number][0]
    assert isinstance(raw, bytes)
    return split_protobuf(raw)


def test_a_market_order_that_fills_at_225() -> None:
    """openOrder, orderStatus, execDetails, openOrder, orderStatus, commission; which fields each one carries."""
    with (
        SimulatedGateway(Scenario(server_version=225), clock=ManualClock(NOON)) as gateway,
        Raw(gateway.port) as client,
    ):
        client.ready_at_225()
        order = protobuf((5, "BUY"), (6, "1"), (8, "MKT"), (11, "DAY"), (66, 1))
        client.say(3, (1, 600), (2, APPLE), (3, order))
        heard = [client.told() for _ in range(6)]
    assert [number for number, _ in heard] == [5, 3, 11, 5, 3, 59]
    opened, status, fill = heard[0][1], heard[1][1], heard[2][1]
    assert opened.keys() == {1, 2, 3, 4}
    assert inside(opened, 2).keys() == {1, 2, 3, 5, 8, 10, 11, 12}
    assert {1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 15, 30, 31} <= inside(opened, 3).keys()
    assert status.keys() == {1, 2, 3, 4, 5, 6, 7, 8, 9, 11}
    assert inside(fill, 2)[8] == [b"NASDAQ"]  # where it was filled, not where it was sent
    assert {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 18} <= inside(fill, 3).keys()
    assert inside(fill, 3)[3] == [b"20261127 11:30:00 US/Eastern"]
    assert heard[5][1].keys() == {1, 2, 3}  # nothing realized: no field 4


def test_a_cancelled_order_is_told_by_its_status_first() -> None:
    with SimulatedGateway(clock=ManualClock(NOON)) as gateway, Trader(gateway.port) as trader:
        trader.place(1, "BUY", 1, "LMT", 10.0)
        trader.status(1, "Submitted")
        trader.ask(4, 1, 1, "")
        assert trader.message()[:3] == ["3", "1", "Cancelled"]
        assert trader.message()[3:5] == ["202", "Order Canceled - reason:"]


def test_a_completed_order_at_200_has_103_fields() -> None:
    """Among them the delta-neutral order `None` with its own, IB as the intent, and the words on insiders."""
    with (
        SimulatedGateway(Scenario(server_version=200), clock=ManualClock(NOON)) as gateway,
        RawClient(gateway.port) as client,
        Trader(gateway.port, 8) as trader,
    ):
        client.start(7, 200)
        for _ in range(3):
            client.payload()
        trader.place(1, "BUY", 1, "LMT", 10.0)
        trader.status(1, "Submitted")
        trader.ask(4, 1, 1, "")
        trader.error(202)
        client.ask(99, 1)
        told = client.message()
    assert (told[0], len(told)) == ("101", 103)
    assert (told[15], told[16], told[52], told[71], told[76]) == ("10.0", "0.0", "None", "IB", "Cancelled")
    assert told[-14] == "Not an insider or substantial shareholder"


def test_contract_details_of_a_currency_at_225() -> None:
    with (
        SimulatedGateway(Scenario(server_version=225), clock=ManualClock(NOON)) as gateway,
        Raw(gateway.port) as client,
    ):
        client.ready_at_225()
        contract = protobuf((2, "EUR"), (3, "CASH"), (8, "IDEALPRO"), (10, "USD"))
        client.say(9, (1, 1), (2, contract))
        number, fields = client.told()
        assert number == 10
        assert inside(fields, 2).keys() == {1, 2, 3, 5, 8, 10, 11, 12}
        assert {1, 2, 3, 4, 5, 7, 12, 13, 14, 18, 21, 24, 25, 26} <= inside(fields, 3).keys()
        assert inside(fields, 3)[2] == [b"0.00005"]
        assert inside(fields, 3)[25] == [b"0.01"]
        assert client.told()[0] == 52


def test_a_summary_comes_in_alphabetical_order_whatever_the_order_of_the_tags() -> None:
    with SimulatedGateway() as gateway, Trader(gateway.port) as trader:
        trader.ask(62, 1, 1, "All", "NetLiquidation,TotalCashValue,BuyingPower,ExcessLiquidity")
        rows = [told[4] for told in trader.until("64") if told[0] == "63"]
    assert rows == ["BuyingPower", "ExcessLiquidity", "NetLiquidation", "TotalCashValue"]


def test_an_order_outside_the_hours_sleeps_and_says_so() -> None:
    """openOrder, orderStatus PreSubmitted, then 399 with the words of a warning."""
    with SimulatedGateway(clock=ManualClock(NOON)) as gateway, Trader(gateway.port) as trader:
        gateway.do("market", state="closed")
        trader.place(1, "BUY", 1, "LMT", 10.0)
        heard = [trader.message() for _ in range(3)]
    assert [told[0] for told in heard] == ["5", "3", "4"]
    assert heard[1][2] == "PreSubmitted"
    assert heard[2][3] == "399"
    assert heard[2][4].startswith("Order Message:\nBUY 1 AAPL")


@pytest.fixture
def trader_at_173() -> Iterator[Trader]:
    held = parse("""
        server_version: 173
        positions: [{contract: AAPL, quantity: -110, cost: 201.8829709}, {contract: ES, quantity: 3, cost: 315114.75}]
    """)
    with SimulatedGateway(held, clock=ManualClock(NOON)) as gateway, Trader(gateway.port) as trader:
        yield trader


def test_positions_at_173_have_16_fields_and_a_share_has_the_exchange_that_lists_it(trader_at_173: Trader) -> None:
    trader_at_173.ask(61, 1)
    share, future, end = trader_at_173.until("62")
    assert (len(share), len(future)) == (16, 16)
    assert share[:2] == ["61", "3"]
    assert share[3:] == [
        "265598",
        "AAPL",
        "STK",
        "",
        "0.0",
        "",
        "",
        "NASDAQ",
        "USD",
        "AAPL",
        "NMS",
        "-110",
        "201.8829709",
    ]
    assert (future[6], future[7], future[9:12], future[14:]) == (
        "20261218",
        "0.0",
        ["50", "", "USD"],
        ["3", "315114.75"],
    )
    assert end == ["62", "1"]


def test_a_summary_at_173_has_amounts_with_two_decimals(trader_at_173: Trader) -> None:
    trader_at_173.ask(62, 1, 9000, "All", "NetLiquidation,TotalCashValue,GrossPositionValue")
    *rows, end = trader_at_173.until("64")
    assert [row[4] for row in rows] == ["GrossPositionValue", "NetLiquidation", "TotalCashValue"]
    assert all(row[:3] == ["63", "1", "9000"] and row[5][-3] == "." and row[6] == "USD" for row in rows)
    assert end == ["64", "1", "9000"]


def test_a_schedule_begins_with_its_first_session_and_ends_with_its_last() -> None:
    with SimulatedGateway(clock=ManualClock(NOON)) as gateway, Trader(gateway.port) as trader:
        trader.ask(20, 9, *AAPL, 0, "20260411 13:52:12 US/Eastern", "1 day", "1 M", 1, "SCHEDULE", 1, 0, "")
        told = trader.message()
    assert told[:2] == ["106", "9"]
    assert (told[2], told[3], told[4]) == ("20260312-09:30:00", "20260410-16:00:00", "US/Eastern")
    assert told[6:9] == ["20260312-09:30:00", "20260312-16:00:00", "20260312"]
    assert len(told) == 6 + 3 * int(told[5])


def test_a_staged_order_is_heard_of_when_it_is_transmitted() -> None:
    with SimulatedGateway(clock=ManualClock(NOON)) as gateway, Trader(gateway.port) as trader:
        trader.place(1, "BUY", 10, "LMT", 13.26, transmit=0)
        assert trader.silent_for(0.1)
        trader.place(1, "BUY", 10, "LMT", 13.26)
        assert [trader.message()[0] for _ in range(2)] == ["5", "3"]


def test_an_order_is_seen_and_cancelled_after_a_reconnect_and_ids_go_on() -> None:
    with SimulatedGateway(clock=ManualClock(NOON)) as gateway:
        gateway.do("next_valid_id", id=294)
        with Trader(gateway.port) as trader:
            trader.place(294, "BUY", 10, "LMT", 13.27, tif="GTC")
            assert trader.status(294, "Submitted")
        gateway.do("fin")
        with Trader(gateway.port) as trader:
            trader.ask(8, 1, 1)
            assert trader.message() == ["9", "1", "295"]
            trader.ask(5, 1)
            assert [told[0] for told in trader.until("53")] == ["5", "3", "53"]
            trader.ask(4, 1, 294, "")
            assert trader.message()[:3] == ["3", "294", "Cancelled"]
            assert trader.message()[2:5] == ["294", "202", "Order Canceled - reason:"]


def test_a_stop_that_is_modified_goes_on_waiting_for_its_trigger() -> None:
    with SimulatedGateway(clock=ManualClock(NOON)) as gateway, Trader(gateway.port) as trader:
        for stop in (13.13, 14.13):
            trader.place(1, "SELL", 1, "STP", "", stop)
            assert [trader.message()[0]] == ["5"]
            status = trader.message()
            assert (status[2], status[10]) == ("PreSubmitted", "trigger")


def test_an_order_type_that_nobody_knows_is_refused_with_321() -> None:
    with SimulatedGateway(clock=ManualClock(NOON)) as gateway, Trader(gateway.port) as trader:
        trader.place(40, "BUY", 1, "FEELINGS", 10)
        assert trader.message()[2:4] == ["40", "321"]


def asks_for_quotes(trader: Trader) -> None:
    trader.ask(1, 11, 5, 0, *AAPL[1:], 0, "", 0, 0, "")
    assert trader.until("1")[-1][2] == "5"


@pytest.mark.parametrize("data", ["lost", "maintained"])
def test_quotes_go_on_after_1102_and_are_asked_for_again_after_1101(data: str) -> None:
    with SimulatedGateway(clock=ManualClock(NOON)) as gateway, Trader(gateway.port) as trader:
        asks_for_quotes(trader)
        gateway.do("upstream_lost", data=data)
        trader.error(1100)
        gateway.do("heal")
        trader.error(1101 if data == "lost" else 1102)
        gateway.do("price", contract="AAPL", last=190)
        gateway.advance(1)
        if data == "lost":
            assert trader.silent_for(0.1)
            asks_for_quotes(trader)
        else:
            assert trader.until("1")


def test_1100_and_the_end_of_the_connection_and_a_new_session_with_other_ids() -> None:
    with SimulatedGateway(clock=ManualClock(NOON)) as gateway:
        for first in (1, 100):
            gateway.do("next_valid_id", id=first)
            with RawClient(gateway.port) as client:
                client.hello().payload()
                client.ask(71, 2, 7, "")
                assert [client.message() for _ in range(2)] == [["15", "1", "DU1234567"], ["9", "1", str(first)]]
            with Trader(gateway.port, 8) as trader:
                asks_for_quotes(trader)
                gateway.do("upstream_lost")
                trader.error(1100)
                gateway.do("fin")
                assert trader.ending() == "fin"
            gateway.do("heal")


def test_farms_are_told_before_anything_is_asked_and_contract_details_follow() -> None:
    with SimulatedGateway(clock=ManualClock(NOON)) as gateway, RawClient(gateway.port) as client:
        client.start()
        assert [client.message()[3] for _ in range(3)] == ["2104", "2106", "2158"]
        client.ask(9, 8, 1, *AAPL, 0, "", "", "")
        assert [client.message()[0] for _ in range(2)] == ["10", "52"]
