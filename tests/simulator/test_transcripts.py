"""Facts of captures that others made of real gateways and published; nothing of them is copied here.

Sources: the transcripts of ibkr-go (ThomasMarcelis/ibkr-go, testdata/transcripts): `api_order_fill_aapl` and
`api_order_rest_cancel_aapl` (server version 225), `completed_orders_cancelled_system_live` (200),
`contract_details_eurusd_cash` (225), `grounded_account_summary` (225), `api_order_rejects_aapl` (225).
"""

from supervisor.simulator import ManualClock, Scenario, SimulatedGateway
from supervisor.simulator.wire.protobuf import protobuf, split_protobuf
from tests.simulator.client import RawClient
from tests.simulator.trader import Trader

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
