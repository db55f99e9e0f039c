"""Sixteen tests of a trading program against a gateway that goes wrong."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from supervisor.simulator import Gateway

from .strategy import Holder, NotNow, Rejected


@pytest.fixture
def holder(ib_gateway: Gateway) -> Iterator[Holder]:
    ib_gateway.price(contract="AAPL", last=100, bid=99.99, ask=100.01)
    holder = Holder(ib_gateway.port)
    holder.start()
    yield holder
    holder.stop()


def until(holder: Holder, so: Callable[[], object], timeout: float = 5.0) -> None:
    waited = 0.0
    while not so():
        assert waited < timeout
        with suppress(ConnectionError):  # how ib_async tells whoever waits that the socket has ended
            holder.ib.sleep(0.02)
        waited += 0.02


def test_buys_up_to_its_target_and_sells_down_to_it(holder: Holder) -> None:
    bought = holder.hold(100)
    assert bought is not None
    assert bought.orderStatus.avgFillPrice == 100.01
    assert holder.position == 100
    holder.hold(40)
    assert holder.position == 40


def test_does_nothing_if_nothing_is_missing(holder: Holder, ib_gateway: Gateway) -> None:
    holder.hold(10)
    assert holder.hold(10) is None
    assert ib_gateway.received[3] == 1


def test_waits_for_all_parts_of_a_fill(holder: Holder, ib_gateway: Gateway) -> None:
    ib_gateway.fills(parts=3, apart="250ms")
    trade = holder.hold(90)
    assert trade is not None
    assert [fill.execution.shares for fill in trade.fills] == [30, 30, 30]


def test_says_why_an_order_was_rejected(holder: Holder, ib_gateway: Gateway) -> None:
    ib_gateway.reject_orders(text="Order rejected - reason:no trading permissions")
    with pytest.raises(Rejected, match="no trading permissions"):
        holder.hold(10)


def test_cannot_buy_what_it_cannot_pay_for(holder: Holder) -> None:
    with pytest.raises(Rejected, match="INITIAL MARGIN"):
        holder.hold(1_000_000)


def test_takes_back_a_bid_that_is_not_filled(holder: Holder) -> None:
    assert holder.bid(10, 50.0).orderStatus.status == "Cancelled"
    assert holder.bid(10, 101.0).orderStatus.status == "Filled"


def test_a_stop_loss_closes_the_position(holder: Holder, ib_gateway: Gateway) -> None:
    until(holder, lambda: holder.ticker is not None and holder.ticker.ask == 100.01)
    entry, profit, loss = holder.protected(10, 120.0, 90.0)
    ib_gateway.price(contract="AAPL", last=89)
    until(holder, loss.isDone)
    until(holder, profit.isDone)
    assert (entry.orderStatus.status, profit.orderStatus.status) == ("Filled", "Cancelled")
    until(holder, lambda: holder.position == 0)


def test_does_not_trade_while_ibkr_is_lost_and_does_afterwards(holder: Holder, ib_gateway: Gateway) -> None:
    ib_gateway.upstream_lost()
    until(holder, lambda: not holder.upstream)
    with pytest.raises(NotNow):
        holder.hold(10)
    ib_gateway.heal()
    until(holder, lambda: holder.upstream)
    holder.hold(10)
    assert holder.position == 10


def test_subscribes_again_when_data_was_lost(holder: Holder, ib_gateway: Gateway) -> None:
    ib_gateway.upstream_lost(data="lost", for_="100ms")
    until(holder, lambda: holder.resubscribed)
    ib_gateway.price(contract="AAPL", last=150)
    until(holder, lambda: holder.ticker is not None and holder.ticker.last == 150)


def test_hears_of_a_fill_that_happened_while_ibkr_was_lost(holder: Holder, ib_gateway: Gateway) -> None:
    ib_gateway.fills(mode="never")
    holder.hold(10, timeout=0.2)
    ib_gateway.upstream_lost()
    until(holder, lambda: not holder.upstream)
    ib_gateway.fill(order=holder.ib.trades()[0].order.orderId, price=99)
    assert holder.position == 0
    ib_gateway.heal()
    until(holder, lambda: holder.position == 10)


def test_does_not_trade_without_prices(holder: Holder, ib_gateway: Gateway) -> None:
    ib_gateway.farm_broken(farm="usfarm", for_="300ms")
    until(holder, lambda: not holder.farm)
    with pytest.raises(NotNow):
        holder.hold(10)
    until(holder, lambda: holder.farm)


def test_comes_back_after_a_restart_and_knows_its_order(holder: Holder, ib_gateway: Gateway) -> None:
    ib_gateway.fills(mode="never")
    holder.hold(10, timeout=0.2)
    ib_gateway.restart(for_="500ms")
    until(holder, lambda: not holder.ib.isConnected())
    holder.start(attempts=10)
    assert [trade.order.totalQuantity for trade in holder.ib.openTrades()] == [10]


def test_finds_out_that_the_gateway_is_frozen(holder: Holder, ib_gateway: Gateway) -> None:
    assert holder.alive()
    with ib_gateway.fault("freeze"):
        assert not holder.alive(timeout=0.5)


def test_waits_for_its_client_id_to_be_free(holder: Holder, ib_gateway: Gateway) -> None:
    ib_gateway.ghost(for_="600ms")
    ib_gateway.rst()
    until(holder, lambda: not holder.ib.isConnected())
    holder.start(attempts=10)
    assert holder.ib.isConnected()


@pytest.mark.ib_gateway(accounts=["DU1", "DU2"], seed=7, manual_clock=True)
def test_the_same_day_is_told_in_every_run(ib_gateway: Gateway) -> None:
    holder = Holder(ib_gateway.port)
    holder.start()
    assert holder.ib.managedAccounts() == ["DU1", "DU2"]
    bars = holder.ib.reqHistoricalData(holder.stock, "", "1 D", "30 mins", "TRADES", useRTH=True)
    assert [str(bar.date) for bar in bars[:2]] == ["2026-11-27 09:30:00-05:00", "2026-11-27 10:00:00-05:00"]
    before = bars[-1].close
    ib_gateway.advance("30m")
    later = holder.ib.reqHistoricalData(holder.stock, "", "1 D", "30 mins", "TRADES", useRTH=True)
    assert len(later) == len(bars) + 1
    assert later[-1].open == before
    holder.stop()


def test_can_move_to_another_gateway(holder: Holder, ib_gateway_factory: Callable[..., Gateway]) -> None:
    spare = ib_gateway_factory(accounts=["DU7"])
    holder.stop()
    holder.port = spare.port
    holder.start()
    assert holder.ib.managedAccounts() == ["DU7"]
