"""What an order wants besides: to be filled at once or not at all, to sleep, to expire; what is not done is refused."""

import pytest

from supervisor.simulator import SimulatedGateway
from tests.simulator.trader import Trader


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"discretion": 0.5}, "discretionary amounts"),
        ({"adviser": "Everybody"}, "an adviser's groups"),
        ({"scale": 0.1}, "scale orders"),
        ({"hedge": "B"}, "hedging orders"),
        ({"adjusted": "TRAIL"}, "adjusted stops"),
        ({"conditions": 1}, "order conditions"),
        ({"scale": 0.1, "hedge": "D"}, "scale orders, hedging orders"),
    ],
)
def test_what_an_order_wants_besides_is_done_or_refused(trader: Trader, wish: dict[str, object], words: str) -> None:
    trader.place(1, **wish)  # type: ignore[arg-type]
    assert trader.message()[2:5] == ["1", "201", f"Order rejected - reason:the simulated gateway does not do {words}"]


def test_an_order_that_does_not_wait_is_cancelled_if_it_is_not_filled_at_once(
    gateway: SimulatedGateway, trader: Trader
) -> None:
    trader.place(1, "BUY", 10, "LMT", 99.0, tif="IOC")
    assert trader.status(1, "Cancelled")[3:5] == ["0", "10"]
    assert trader.error(202)[2] == "1"
    trader.place(2, "BUY", 10, "LMT", 101.0, tif="IOC")
    assert trader.status(2, "Filled")
    gateway.do("fills", parts=2)
    trader.place(3, "BUY", 10, tif="IOC")
    assert trader.status(3, "Cancelled")[3:5] == ["5", "5"]
    trader.place(4, "BUY", 10, tif="FOK")
    assert trader.status(4, "Filled")
    gateway.do("fills", mode="never")
    trader.place(5, tif="FOK")
    assert trader.status(5, "Cancelled")


def test_a_stop_that_does_not_wait_sleeps_until_its_price(gateway: SimulatedGateway, trader: Trader) -> None:
    trader.place(1, "SELL", 10, "STP LMT", 96.0, 95.0, tif="IOC")
    trader.status(1, "PreSubmitted")
    gateway.advance(5)
    assert trader.silent_for(0.1)
    gateway.do("price", contract="AAPL", last=94)
    assert trader.status(1, "Cancelled")


def test_an_order_is_good_till_its_date_and_sleeps_until_its_time(gateway: SimulatedGateway, trader: Trader) -> None:
    trader.place(1, "BUY", 10, "LMT", 50.0, tif="GTD", till="20261127 11:40:00 US/Eastern")
    trader.place(2, "BUY", 10, "MKT", after="20261127 11:35:00 US/Eastern")
    trader.place(3, "BUY", 10, "LMT", 50.0, tif="GTD", till="20261127")
    assert trader.status(2, "PreSubmitted")
    trader.status(3, "Submitted")
    gateway.advance(4 * 60)
    assert trader.silent_for(0.1)
    gateway.advance(60)
    assert trader.status(2, "Filled")
    gateway.advance(5 * 60)
    assert trader.status(1, "Cancelled")
