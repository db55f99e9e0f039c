"""Orders: what becomes of them, who hears of it, in which order."""

import pytest

from supervisor.simulator import ManualClock, Scenario, ScenarioError, SimulatedGateway
from tests.simulator.client import RawClient
from tests.simulator.conftest import NOON
from tests.simulator.trader import AAPL, Trader


def test_a_market_order_is_acknowledged_filled_and_charged_in_a_gateways_order(trader: Trader) -> None:
    trader.place(1)
    heard = trader.until("59")
    assert [told[0] for told in heard] == ["5", "3", "11", "5", "3", "59"]
    assert heard[1][2:5] == ["Submitted", "0", "100"]
    assert heard[2][1:3] == ["-1", "1"]
    assert heard[4][2:6] == ["Filled", "100", "0", "100.01"]
    assert heard[5][3:5] == ["1.0", "USD"]


def test_a_limit_order_waits_for_its_price(gateway: SimulatedGateway, trader: Trader) -> None:
    trader.place(1, "BUY", 10, "LMT", 99.0)
    assert trader.status(1, "Submitted")
    gateway.advance(5)
    assert trader.silent_for(0.1)
    gateway.do("price", contract="AAPL", last=98.9)
    assert float(trader.status(1, "Filled")[5]) <= 99.0


def test_a_stop_sleeps_until_the_last_price_reaches_it(gateway: SimulatedGateway, trader: Trader) -> None:
    trader.place(1, "SELL", 10, "STP", "", 95.0)
    assert trader.status(1, "PreSubmitted")[10] == "trigger"
    gateway.do("price", contract="AAPL", last=94.5)
    assert trader.status(1, "Filled")


def test_a_trailing_stop_follows_the_price_up_and_not_down(gateway: SimulatedGateway, trader: Trader) -> None:
    trader.place(1, "SELL", 10, "TRAIL", "", "", trail_percent=10)
    trader.status(1, "PreSubmitted")
    gateway.do("price", contract="AAPL", last=200)
    gateway.do("price", contract="AAPL", last=181)
    assert trader.silent_for(0.1)
    gateway.do("price", contract="AAPL", last=179)
    assert trader.status(1, "Filled")


def test_a_cancelled_order_is_told_with_202(trader: Trader) -> None:
    trader.place(1, "BUY", 10, "LMT", 50.0)
    trader.status(1, "Submitted")
    trader.ask(4, 1, 1, "")
    assert trader.message()[:3] == ["3", "1", "Cancelled"]
    assert trader.message()[2:4] == ["1", "202"]


@pytest.mark.parametrize(("order_id", "code"), [(9, "10147"), (1, "10148")])
def test_what_cannot_be_cancelled_is_told(trader: Trader, order_id: int, code: str) -> None:
    trader.place(1)
    trader.until("59")
    trader.ask(4, 1, order_id, "")
    assert trader.message()[2:4] == [str(order_id), code]


def test_an_id_is_not_used_twice(trader: Trader) -> None:
    trader.place(1)
    trader.until("59")
    trader.place(1)
    assert trader.message()[2:5] == ["1", "103", "Duplicate order id"]


def test_an_order_that_waits_can_be_modified(trader: Trader) -> None:
    trader.place(1, "BUY", 10, "LMT", 50.0)
    trader.status(1, "Submitted")
    trader.place(1, "BUY", 20, "LMT", 51.0)
    heard = trader.until("3")
    assert "51.0" in heard[0]
    assert heard[1][2:5] == ["Submitted", "0", "20"]


def test_a_rejected_order_says_why(gateway: SimulatedGateway, trader: Trader) -> None:
    gateway.do("reject_orders", text="Order rejected - reason:no short sale")
    trader.place(1)
    assert trader.message()[2:5] == ["1", "201", "Order rejected - reason:no short sale"]
    assert trader.message()[:3] == ["3", "1", "Inactive"]


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"kind": "PEG MID"}, "387"),
        ({"kind": "FEELINGS"}, "321"),
        ({"tif": "DTC"}, "10052"),
        ({"kind": "LMT", "limit": 10, "tif": "GTD"}, "392"),
        ({"kind": "LMT", "limit": 10, "tif": "GTD", "till": "20261127 11:00:00"}, "392"),
        ({"kind": "LMT", "limit": 10, "after": "soon"}, "392"),
        ({"quantity": 0, "cash": 500}, "201"),
        ({"quantity": 0}, "201"),
        ({"kind": "LMT"}, "201"),
        ({"quantity": 1_000_000}, "201"),
        ({"parent": 77}, "135"),
        ({"account": "U999"}, "321"),
        ({"contract": (0, "NOSUCH", "STK", *AAPL[3:])}, "200"),
        ({"contract": (0, "AAPL", "OPT", *AAPL[3:])}, "200"),
        ({"contract": (416904, *AAPL[1:])}, "201"),
    ],
)
def test_an_order_that_cannot_be_is_refused_by_name(trader: Trader, order: dict[str, object], code: str) -> None:
    trader.place(1, **order)  # type: ignore[arg-type]
    assert trader.message()[2:4] == ["1", code]


def test_an_order_of_another_client_can_be_cancelled_by_who_was_told_of_it(
    gateway: SimulatedGateway, trader: Trader
) -> None:
    trader.place(5, "BUY", 10, "LMT", 50.0)
    trader.status(5, "Submitted")
    with Trader(gateway.port, 2) as other:
        other.ask(4, 1, 5, "")
        assert other.message()[2:4] == ["5", "10147"]
        other.ask(16, 1)
        other.until("53")
        other.ask(4, 1, 5, "")
        told = other.message()
        assert (told[:3], told[9]) == (["3", "5", "Cancelled"], "2")
        assert other.message()[2:5] == ["5", "202", "Order Canceled - reason:"]
        assert trader.status(5, "Cancelled")[9] == "7"
        other.ask(4, 1, 5, "")
        assert other.message()[2:4] == ["5", "10147"]


def test_a_dropped_order_is_heard_by_nobody(gateway: SimulatedGateway, trader: Trader) -> None:
    gateway.do("drop_orders")
    trader.place(1)
    trader.ask(8, 1, 1)
    assert trader.message()[0] == "9"


def test_a_bracket_sleeps_until_it_is_transmitted_and_its_exits_end_each_other(
    gateway: SimulatedGateway, trader: Trader
) -> None:
    trader.place(1, "BUY", 10, "LMT", 99.0, transmit=0)
    trader.place(2, "SELL", 10, "LMT", 120.0, parent=1, transmit=0)
    assert trader.silent_for(0.1)
    trader.place(3, "SELL", 10, "STP", "", 90.0, parent=1)
    assert [told[2] for told in trader.until(lambda told: told[:2] == ["3", "3"]) if told[0] == "3"] == [
        "Submitted",
        "PreSubmitted",
        "PreSubmitted",
    ]
    gateway.do("price", contract="AAPL", last=98)
    trader.status(1, "Filled")
    assert trader.status(2, "Submitted")
    gateway.do("price", contract="AAPL", last=121)
    trader.status(2, "Filled")
    assert trader.error(202)[2] == "3"


def test_an_end_of_the_parent_ends_its_children(trader: Trader) -> None:
    trader.place(1, "BUY", 10, "LMT", 50.0, transmit=0)
    trader.place(2, "SELL", 10, "LMT", 120.0, parent=1)
    trader.status(2, "PreSubmitted")
    trader.ask(4, 1, 1, "")
    assert trader.status(1, "Cancelled")
    assert trader.status(2, "Cancelled")


def test_of_an_oca_group_one_is_filled(gateway: SimulatedGateway, trader: Trader) -> None:
    trader.place(1, "BUY", 10, "LMT", 95.0, oca="g", oca_type=1)
    trader.place(2, "BUY", 10, "LMT", 90.0, oca="g", oca_type=1)
    trader.status(2, "Submitted")
    gateway.do("price", contract="AAPL", last=94)
    assert trader.status(1, "Filled")
    assert trader.status(2, "Cancelled")


def test_fills_come_in_parts(gateway: SimulatedGateway, trader: Trader) -> None:
    gateway.do("fills", parts=4, apart=1)
    trader.place(1, "BUY", 100)
    first = trader.until(lambda told: told[:4] == ["3", "1", "Submitted", "25"])
    gateway.advance(10)
    heard = first + trader.until(lambda told: told[:3] == ["3", "1", "Filled"])
    assert [told[3] for told in heard if told[0] == "3"] == ["0", "25", "50", "75", "100"]


def test_fills_can_be_left_to_the_test(gateway: SimulatedGateway, trader: Trader) -> None:
    gateway.do("fills", mode="never")
    trader.place(1, "BUY", 100)
    trader.status(1, "Submitted")
    gateway.do("fill", order=1, quantity=30, price=99.5)
    assert trader.status(1, "Submitted")[3:6] == ["30", "70", "99.5"]
    gateway.do("cancel_order", order=1, reason="the exchange says no")
    assert trader.error(202)[4] == "Order Canceled - reason:the exchange says no"
    with pytest.raises(ScenarioError, match="Cancelled"):
        gateway.do("fill", order=1)
    with pytest.raises(ScenarioError, match="0 clients have an order 9"):
        gateway.do("fill", order=9)


def test_an_order_for_the_opening_is_filled_when_the_market_opens_though_ibkr_is_lost(
    gateway: SimulatedGateway, trader: Trader
) -> None:
    gateway.do("market", state="closed")
    trader.place(1, tif="OPG")
    assert trader.status(1, "PreSubmitted")
    assert "will not be placed" in trader.error(399)[4]
    gateway.do("upstream_lost")
    trader.error(1100)
    gateway.do("market", state="open")
    assert trader.silent_for(0.1)
    gateway.do("heal")
    trader.error(1102)
    assert trader.status(1, "Filled")


def test_a_preview_tells_margin_and_commission_and_places_nothing(trader: Trader) -> None:
    trader.place(1, "BUY", 100, what_if=1)
    (told,) = trader.until("5")
    assert "PreSubmitted" in told
    assert "2500.00" in told  # a quarter of what it moves
    trader.ask(16, 1)
    assert trader.message()[0] == "53"


def test_orders_executions_and_completed_orders_are_told_afterwards(gateway: SimulatedGateway, trader: Trader) -> None:
    trader.place(1)
    trader.place(2, "BUY", 10, "LMT", 50.0)
    trader.status(2, "Submitted")
    trader.ask(7, 3, 5, 0, "", "", "", "", "", "")
    heard = trader.until("55")
    assert [told[0] for told in heard] == ["11", "59", "55"]
    assert heard[0][1] == "5"
    trader.ask(5, 1)
    assert [told[0] for told in trader.until("53")] == ["5", "3", "53"]
    trader.ask(99, 0)
    assert [told[0] for told in trader.until("102")] == ["101", "102"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ((0, "", "", "AAPL", "STK", "", "BUY"), 1),
        ((8, "", "", "", "", "", ""), 0),
        ((0, "", "", "", "", "", "SELL"), 0),
        ((0, "", "20261127 12:00:00", "", "", "", ""), 0),
        ((0, "", "20261127-16:00:00", "", "", "", ""), 1),
    ],
)
def test_executions_are_filtered(trader: Trader, wanted: tuple[object, ...], found: int) -> None:
    trader.place(1)
    trader.until("59")
    trader.ask(7, 3, 5, *wanted)
    assert sum(told[0] == "11" for told in trader.until("55")) == found


def test_a_client_hears_of_its_own_orders_and_the_master_of_all(gateway: SimulatedGateway, trader: Trader) -> None:
    gateway.do("master_client", id=3)
    with Trader(gateway.port, 3) as master, Trader(gateway.port, 4) as other:
        trader.place(1)
        assert [told[0] for told in master.until("59")] == ["5", "3", "11", "5", "3", "59"]
        assert other.silent_for(0.1)
        with RawClient(gateway.port) as late:
            master.close()
            late.hello().payload()
            late.ask(71, 2, 3, "")
            heard = [late.message()[0] for _ in range(7)]
            assert heard == ["15", "9", "4", "4", "4", "11", "59"]
            trader.place(2, "BUY", 10, "LMT", 50.0)
            trader.status(2, "Submitted")
            late.ask(4, 1, 2, "")
            assert trader.status(2, "Cancelled")


def test_everything_is_cancelled_at_once(trader: Trader) -> None:
    trader.place(1, "BUY", 10, "LMT", 50.0)
    trader.place(2, "BUY", 10, "LMT", 51.0)
    trader.status(2, "Submitted")
    trader.ask(58, 1)
    assert trader.status(1, "Cancelled")
    assert trader.status(2, "Cancelled")


def test_orders_and_ids_survive_a_restart_and_go_back_on_request(gateway: SimulatedGateway, trader: Trader) -> None:
    trader.place(5, "BUY", 10, "LMT", 50.0)
    trader.status(5, "Submitted")
    gateway.do("restart", for_=2)
    gateway.advance(3)
    with RawClient(gateway.port) as again:
        again.hello().payload()
        again.ask(71, 2, 7, "")
        again.payload()
        assert again.message() == ["9", "1", "6"]
        for _ in range(3):
            again.payload()
        again.ask(5, 1)
        assert again.message()[0] == "5"
        gateway.do("next_valid_id", id=3)
        again.message()
        again.message()
        again.ask(8, 1, 1)
        assert again.message() == ["9", "1", "3"]


def test_a_read_only_gateway_takes_no_orders(gateway: SimulatedGateway, trader: Trader) -> None:
    gateway.do("read_only")
    trader.place(1)
    assert "Read-Only" in trader.error(321)[4]


def test_with_several_accounts_one_must_be_named() -> None:
    with (
        SimulatedGateway(Scenario(accounts=("DU1", "DU2")), clock=ManualClock(NOON)) as gateway,
        Trader(gateway.port) as trader,
    ):
        trader.place(1)
        assert trader.message()[3] == "435"
        trader.place(2, account="DU2")
        assert trader.status(2, "Filled")
        trader.ask(61, 1)
        assert [told[2] for told in trader.until("62") if told[0] == "61"] == ["DU2"]


def test_the_state_tells_orders_and_positions(gateway: SimulatedGateway, trader: Trader) -> None:
    trader.place(1)
    trader.until("59")
    state = gateway.do("state")
    assert state["orders"] == [{"client": 7, "order": 1, "status": "Filled", "filled": 100.0}]
    assert state["positions"] == [{"account": "DU1234567", "contract": "AAPL", "quantity": 100.0}]
