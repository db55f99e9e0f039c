"""IBKR's servers lost, a farm broken, another session: what clients hear, and what goes on afterwards."""

from collections.abc import Iterator

import pytest

from supervisor.simulator import ManualClock, SimulatedGateway
from tests.simulator.client import RawClient
from tests.simulator.trader import AAPL, Trader

NOON = 1_795_797_000.0


@pytest.fixture
def gateway() -> Iterator[SimulatedGateway]:
    with SimulatedGateway(clock=ManualClock(NOON)) as gateway:
        yield gateway


@pytest.fixture
def trader(gateway: SimulatedGateway) -> Iterator[Trader]:
    with Trader(gateway.port) as trader:
        yield trader


def test_orders_and_cancellations_wait_while_ibkr_is_lost(gateway: SimulatedGateway, trader: Trader) -> None:
    trader.place(1, "BUY", 10, "LMT", 50.0)
    trader.status(1, "Submitted")
    gateway.do("upstream_lost", for_=20)
    assert trader.error(1100)
    trader.place(2)
    assert trader.status(2, "PendingSubmit")
    trader.ask(4, 1, 1, "")
    assert trader.status(1, "PendingCancel")
    gateway.advance(21)
    assert "data maintained" in trader.error(1102)[4]
    assert trader.status(2, "Filled")
    assert trader.status(1, "Cancelled")


def test_a_fill_during_the_loss_is_heard_after_it(gateway: SimulatedGateway, trader: Trader) -> None:
    trader.place(1, "BUY", 10, "LMT", 50.0)
    trader.status(1, "Submitted")
    gateway.do("upstream_lost")
    trader.error(1100)
    gateway.do("fill", order=1, price=50)
    trader.ask(7, 3, 5)
    assert trader.message()[0] == "55"  # the gateway does not know of it
    gateway.do("heal")
    trader.error(1102)
    assert trader.until("11")[-1][1:3] == ["-1", "1"]
    trader.ask(7, 3, 6)
    assert sum(told[0] == "11" for told in trader.until("55")) == 1


def test_a_client_that_comes_during_the_loss_is_told_nothing_of_it(gateway: SimulatedGateway) -> None:
    gateway.do("upstream_lost")
    with Trader(gateway.port) as late:
        late.ask(9, 8, 11, 265598)
        assert late.silent_for(0.1)
        late.ask(49, 1)
        assert late.message()[0] == "49"


def test_the_loss_can_be_told_again_and_again(gateway: SimulatedGateway, trader: Trader) -> None:
    gateway.do("upstream_lost", for_=35, repeat=10)
    gateway.advance(40)
    assert [trader.message()[3] for _ in range(5)] == ["1100"] * 4 + ["1102"]


@pytest.mark.parametrize(("data", "code", "alive"), [("maintained", 1102, True), ("lost", 1101, False)])
def test_streams_go_on_or_are_dead_as_the_gateway_says(
    gateway: SimulatedGateway, trader: Trader, data: str, code: int, alive: bool
) -> None:
    trader.ask(1, 11, 21, *AAPL, 0, "", 0, 0, "")
    trader.until(lambda told: told[0] == "1" and told[3] == "14")
    gateway.do("upstream_lost", data=data, for_=10)
    gateway.advance(10)
    trader.error(code)
    gateway.advance(5)
    assert trader.silent_for(0.1) is not alive


def test_a_broken_farm_is_told_and_its_quotes_stand_still(gateway: SimulatedGateway, trader: Trader) -> None:
    trader.ask(1, 11, 21, *AAPL, 0, "", 0, 0, "")
    trader.until(lambda told: told[0] == "1" and told[3] == "14")
    gateway.do("farm_broken", farm="usfarm", for_=10)
    assert trader.message()[3:5] == ["2103", "Market data farm connection is broken:usfarm"]
    gateway.advance(9)
    assert trader.silent_for(0.1)
    with Trader(gateway.port, 8):
        pass
    gateway.advance(1)
    assert trader.error(2104)[4].endswith(":usfarm")
    gateway.advance(5)
    assert trader.message()[0] in ("1", "2")


def test_a_new_client_hears_that_a_farm_is_broken(gateway: SimulatedGateway) -> None:
    gateway.do("farm_broken", farm="ushmds")
    with Trader(gateway.port) as late:
        late.ask(20, 31, *AAPL, 0, "", "5 mins", "1 D", 1, "TRADES", 1, 0, "")
        assert "HMDS server disconnect" in late.error(165)[4]
    notices = [line for line in _greeting(gateway) if line[0] == "4"]
    assert [told[3] for told in notices] == ["2104", "2105", "2158"]


def _greeting(gateway: SimulatedGateway) -> list[list[str]]:
    with RawClient(gateway.port) as client:
        client.hello().payload()
        client.ask(71, 2, 9, "")
        return [client.message() for _ in range(5)]


def test_bars_that_were_kept_up_to_date_die_with_their_farm(gateway: SimulatedGateway, trader: Trader) -> None:
    trader.ask(20, 31, *AAPL, 0, "", "1 min", "1800 S", 0, "TRADES", 1, 1, "")
    trader.until("17")
    gateway.do("farm_broken", farm="ushmds", for_=3)
    assert trader.error(10182)[2] == "31"
    gateway.advance(10)
    assert trader.error(2106)
    assert trader.silent_for(0.1)


def test_another_session_takes_the_live_data_and_gives_it_back(gateway: SimulatedGateway, trader: Trader) -> None:
    trader.ask(1, 11, 21, *AAPL, 0, "", 0, 0, "")
    trader.until(lambda told: told[0] == "1" and told[3] == "14")
    gateway.do("competing_session", for_=10)
    assert trader.message()[2:5] == ["21", "10197", "No market data during competing live session"]
    trader.ask(1, 11, 22, *AAPL, 0, "", 0, 0, "")
    assert trader.message()[2:4] == ["22", "10197"]
    gateway.advance(9)
    assert trader.silent_for(0.1)
    gateway.advance(6)
    assert trader.message()[0] in ("1", "2")
