"""An `ib_async.IB` lives through losses: its trades, tickers and streams are the same objects as before."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import pytest
from ib_async import IB, Contract, LimitOrder, Stock

from supervisor.host.aio import Keeper
from supervisor.simulator import SimulatedGateway
from tests.host.programs import QUICK
from tests.race.wall import Wall

AAPL, MSFT = Stock("AAPL", "SMART", "USD"), Stock("MSFT", "SMART", "USD")
Story = Callable[[Keeper, "Notes"], Coroutine[Any, Any, None]]


class Notes(list[tuple[Any, ...]]):
    """What the hooks were told."""

    def hook(self, name: str) -> Callable[..., Coroutine[Any, Any, None]]:
        async def noted(*args: Any) -> None:
            self.append((name, *args))

        return noted

    def all(self, name: str) -> list[tuple[Any, ...]]:
        return [each[1:] for each in self if each[0] == name]


async def until(predicate: Callable[[], object], timeout: float = 30.0) -> None:
    async with asyncio.timeout(timeout):
        while not predicate():
            await asyncio.sleep(0.01)


HOOKS = ("on_ready", "on_lost", "on_data_lost", "on_data_maintained", "on_upstream", "on_reconciled", "on_farm")


def play(gateway: SimulatedGateway, story: Story, timing: Mapping[str, float] = QUICK) -> Notes:
    notes = Notes()

    async def main() -> None:
        hooks: dict[str, Any] = {name: notes.hook(name) for name in HOOKS}
        keeper = Keeper(IB(), port=gateway.port, client_id=17, timing=timing, **hooks)
        async with keeper:
            await keeper.wait_ready(10)
            await story(keeper, notes)

    asyncio.run(main())
    return notes


async def told(act: Callable[[], object]) -> None:
    """Let the gateway do something, without blocking the event loop."""
    await asyncio.get_running_loop().run_in_executor(None, act)


def test_trades_and_tickers_are_the_same_objects_after_a_restart_and_go_on(gateway: SimulatedGateway) -> None:
    async def story(keeper: Keeper, notes: Notes) -> None:
        ib = keeper.ib
        contract, cancelled = await ib.qualifyContractsAsync(AAPL, MSFT)
        assert isinstance(contract, Contract)
        assert isinstance(cancelled, Contract)
        ticker = ib.reqMktData(contract)
        ib.reqMktData(cancelled)
        ib.cancelMktData(cancelled)
        trade = ib.placeOrder(contract, LimitOrder("BUY", 10, 1.0))
        heard: list[str] = []
        trade.fillEvent += lambda trade, fill: heard.append(fill.execution.execId)
        await until(lambda: trade.orderStatus.status == "Submitted" and ticker.bid > 0)
        asked = gateway.received[1]
        await told(lambda: gateway.do("refuse", for_=0.5))
        await until(lambda: notes.all("on_lost"))
        number = trade.order.orderId
        await told(lambda: gateway.do("fill", order=number, client=17, quantity=10, price=1.0))
        await until(lambda: len(notes.all("on_ready")) == 2)
        assert trade in ib.trades()
        assert len(heard) == 1, "the fill of the time away"
        assert [fill.execution.execId for fill in trade.fills] == heard
        assert gateway.received[1] == asked + 1
        assert ib.ticker(contract) is ticker
        last = ticker.time
        await until(lambda: ticker.time != last)

    notes = play(gateway, story)
    (first,), (second,) = notes.all("on_ready")
    assert (first.complete, first.data_lost, second.complete, second.data_lost) == (True, False, True, True)
    assert second.away > 0.3
    assert notes.all("on_lost")[0][0].reason in ("closed", "reset")


@pytest.mark.parametrize("data", ["lost", "maintained"])
def test_streams_are_made_again_after_1101_and_not_after_1102(gateway: SimulatedGateway, data: str) -> None:
    async def story(keeper: Keeper, notes: Notes) -> None:
        (contract,) = await keeper.ib.qualifyContractsAsync(AAPL)
        assert isinstance(contract, Contract)
        keeper.ib.reqMktData(contract)
        await until(lambda: gateway.received[1] == 1)
        await told(lambda: gateway.do("upstream_lost", for_=0.2, data=data))
        await until(lambda: notes.all("on_reconciled"))
        assert gateway.received[1] == 1 + (data == "lost")

    notes = play(gateway, story)
    assert notes.all("on_upstream") == [(False,), (True,)]
    assert notes.all("on_reconciled")[0][0].complete


def test_a_gateway_that_hangs_costs_the_session_and_only_it(gateway: SimulatedGateway) -> None:
    async def story(keeper: Keeper, notes: Notes) -> None:
        await told(lambda: gateway.do("half_open"))
        await until(lambda: len(notes.all("on_ready")) == 2)

    notes = play(gateway, story)
    assert notes.all("on_lost")[0][0].reason == "heartbeat"


def test_a_hook_that_raises_costs_nothing_and_an_unknown_one_is_refused(gateway: SimulatedGateway) -> None:
    async def main() -> None:
        calls: list[str] = []

        def raises(*args: Any) -> None:
            calls.append("ready")
            raise ValueError

        with pytest.raises(TypeError, match="on_redy"):
            Keeper(IB(), port=gateway.port, client_id=17, on_redy=raises)
        async with Keeper(IB(), port=gateway.port, client_id=17, timing=QUICK, on_ready=raises) as keeper:
            await keeper.wait_ready(10)
            await told(lambda: gateway.do("rst"))
            await until(lambda: len(calls) == 2)

    asyncio.run(main())


def test_it_connects_as_soon_as_the_gateway_is_there_and_ends_in_the_midst_of_an_attempt(
    gateway: SimulatedGateway,
) -> None:
    async def main() -> None:
        gateway.do("refuse", for_=0.5)
        keeper = Keeper(IB(), port=gateway.port, client_id=17, timing=QUICK)
        async with keeper:
            await keeper.wait_ready(10)
        gateway.do("mute")
        other = Keeper(IB(), port=gateway.port, client_id=18, timing=QUICK)
        async with other:
            await until(lambda: gateway.connections_accepted > 2)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


SHORT = {
    **QUICK,
    "connect_timeout": 0.3,
    "handshake_timeout": 0.3,
    "handshake_timeout_early": 0.3,
    "session_timeout": 1.0,
}


def test_an_attempt_that_timed_out_does_not_connect_later_and_keep_the_client_id(gateway: SimulatedGateway) -> None:
    async def story(keeper: Keeper, notes: Notes) -> None:
        await told(lambda: gateway.do("freeze"))
        with Wall([gateway.port]):
            await told(lambda: gateway.do("rst"))
            await asyncio.sleep(1.5)
        await told(lambda: gateway.do("heal"))
        await until(lambda: len(notes.all("on_ready")) == 2, 10)
        await until(lambda: [client.ready for client in gateway.clients] == [True], 10)

    play(gateway, story, SHORT)


def test_an_attempt_that_met_a_mute_gateway_does_not_end_the_session_after_it(gateway: SimulatedGateway) -> None:
    async def story(keeper: Keeper, notes: Notes) -> None:
        await told(lambda: gateway.do("mute"))
        await told(lambda: gateway.do("rst"))
        await asyncio.sleep(1.0)
        await told(lambda: gateway.do("heal"))
        await until(lambda: len(notes.all("on_ready")) == 2, 10)
        await asyncio.sleep(sum(SHORT[name] for name in ("connect_timeout", "handshake_timeout", "session_timeout")))
        assert len(notes.all("on_lost")) == 1

    play(gateway, story, SHORT)
