"""A keeper starts once, anybody may stop it, and a hook that raises stops neither it nor the other hooks."""

import asyncio
from typing import Any

import pytest
from ib_async import IB

from supervisor.core.program.pacing import SPAN, THEIRS
from supervisor.host.aio import Keeper
from supervisor.simulator import SimulatedGateway
from tests.host.aio_stories import Notes, play, told, until
from tests.host.programs import ALWAYS, QUICK


def kept(gateway: SimulatedGateway, **more: Any) -> Keeper:
    return Keeper(IB(), port=gateway.port, client_id=17, timing=QUICK, **more)


def test_who_waits_for_a_session_is_told_when_the_keeper_ends(gateway: SimulatedGateway) -> None:
    async def main() -> None:
        gateway.do("refuse")
        keeper = kept(gateway)
        await keeper.start()
        with pytest.raises(TimeoutError):
            await keeper.wait_ready(0.1)
        waits = asyncio.create_task(keeper.wait_ready())
        await until(lambda: keeper.snapshot.counters.attempts > 1)
        await keeper.stop()
        with pytest.raises(TimeoutError, match="port_refused"):
            await asyncio.wait_for(waits, 5)
        with pytest.raises(TimeoutError, match="no session is ready"):
            await asyncio.wait_for(keeper.wait_ready(), 5)

    asyncio.run(main())


def test_a_keeper_runs_once_and_may_be_stopped_twice(gateway: SimulatedGateway) -> None:
    async def main() -> None:
        keeper = kept(gateway)
        await keeper.start()
        await keeper.wait_ready(10)
        with pytest.raises(RuntimeError, match="once"):
            await keeper.start()
        await keeper.stop()
        await keeper.stop()
        with pytest.raises(RuntimeError, match="once"):
            await keeper.start()
        with pytest.raises(TimeoutError):
            await keeper.wait_ready(1)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


def test_an_ib_has_one_keeper() -> None:
    ib = IB()
    Keeper(ib, port=4001, client_id=17)
    with pytest.raises(ValueError, match="another IB"):
        Keeper(ib, port=4001, client_id=17)


@pytest.mark.parametrize("hook", ["on_ready", "on_lost"])
def test_a_hook_may_stop_its_keeper_and_comes_to_its_end(gateway: SimulatedGateway, hook: str) -> None:
    ended: list[str] = []

    async def main() -> None:
        async def stops(_: object) -> None:
            await keeper.stop()
            ended.append(hook)

        keeper = kept(gateway, **{hook: stops})
        runs = asyncio.create_task(keeper.run())
        await keeper.wait_ready(10) if hook == "on_lost" else None
        await told(lambda: gateway.do("rst"))
        await asyncio.wait_for(runs, 10)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())
    assert ended == [hook]


@pytest.mark.parametrize("error", [asyncio.CancelledError, GeneratorExit])
def test_a_hook_that_is_cancelled_is_one_that_raises(gateway: SimulatedGateway, error: type[BaseException]) -> None:
    calls: list[object] = []

    async def main() -> None:
        def raises(ready: object) -> None:
            calls.append(ready)
            raise error

        async with kept(gateway, on_ready=raises) as keeper:
            await keeper.wait_ready(10)
            await told(lambda: gateway.do("rst"))
            await until(lambda: len(calls) == 2)

    asyncio.run(main())


def test_what_cannot_be_called_is_no_hook(gateway: SimulatedGateway) -> None:
    with pytest.raises(TypeError, match="on_ready"):
        kept(gateway, on_ready=5)


def test_a_subscription_may_be_cancelled_twice(gateway: SimulatedGateway) -> None:
    async def story(keeper: Keeper, notes: Notes) -> None:
        subscription = keeper.subscribe(lambda ib: None)
        subscription.cancel()
        subscription.cancel()

    play(gateway, story)


def test_in_a_server_reset_the_first_probe_decides_before_on_ready_whether_all_was_told(
    gateway: SimulatedGateway,
) -> None:
    async def story(keeper: Keeper, notes: Notes) -> None:
        await until(lambda: notes.all("on_ready"))

    notes = play(gateway, story, windows=(ALWAYS,))
    ((ready,),) = notes.all("on_ready")
    assert (ready.complete, ready.reason) == (True, "")
    assert not notes.all("on_upstream")


def test_hundreds_of_requests_cost_no_session_where_the_gateway_enforces_the_limit(gateway: SimulatedGateway) -> None:
    async def story(keeper: Keeper, notes: Notes) -> None:
        client = keeper.ib.client
        assert (client.MaxRequests, client.RequestsInterval) == (THEIRS, SPAN)
        for number in range(200):
            client.reqMarketDataType(1 + number % 4)
        await until(lambda: gateway.received[59] >= 200)

    gateway.do("pacing", on=True)
    assert not play(gateway, story).all("on_lost")


def test_a_pace_that_the_program_has_set_is_its_own(gateway: SimulatedGateway) -> None:
    ib = IB()
    ib.client.MaxRequests = 20
    Keeper(ib, port=gateway.port, client_id=17)
    assert (ib.client.MaxRequests, ib.client.RequestsInterval) == (20, 1)
