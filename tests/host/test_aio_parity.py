"""What `Host` promises beyond the connection holds for `ib_async` too: gate, ids, subscriptions, lost messages."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

from ib_async import IB, Contract, LimitOrder, StartupFetch

from supervisor.host import Gate
from supervisor.host.aio import Keeper
from supervisor.simulator import Fleet, Scenario, SimulatedGateway
from tests.gateway.peers import Line, Peer, text
from tests.host.aio_stories import AAPL, Notes, play, told, until
from tests.host.programs import QUICK, contract_told
from tests.simulator.tamper import tampered

BARS = 50


def test_a_message_about_orders_that_cannot_be_decoded_closes_the_gate_until_it_is_acknowledged() -> None:
    order = text(5, 7, 756733, "SPY", "STK", "", 0, "?", "", "SMART", "USD", "SPY", "SPY", "BUY", "x")

    def pushes(line: Line) -> None:
        line.ready(order)
        while True:
            payload = line.frame().split(b"\0")
            if payload[0] == b"49":
                line.send(text(49, 1, 1767632400))
            elif payload[0] == b"5":
                line.send(text(53, 1))
            elif payload[0] == b"61":  # whatever `fetch` says
                line.send(text(62, 1))
            elif payload[0] == b"7":
                line.send(text(55, 1, payload[2].decode()))
            elif payload[0] == b"9":
                line.send(contract_told(payload[2]))

    heard: list[tuple[Any, ...]] = []
    errors: list[tuple[Any, ...]] = []

    async def main(port: int) -> None:
        ib = IB()
        ib.errorEvent += lambda *args: errors.append(args)
        none = StartupFetch(0)
        hook = lambda *args: heard.append(args)  # noqa: E731
        async with Keeper(ib, port=port, client_id=17, timing=QUICK, fetch=none, on_undecodable=hook) as keeper:
            ready = await keeper.wait_ready(20)
            assert (ready.complete, ready.reason) == (False, "could not be decoded: OPEN_ORDER")
            await until(lambda: keeper.gate.check().reasons == ("undecodable",))
            assert keeper.snapshot.up
            assert dict(keeper.snapshot.counters.undecodable) == {"OPEN_ORDER": 1}
            assert keeper.acknowledge() == ("OPEN_ORDER",)
            await until(lambda: keeper.gate.check().open)

    with Peer(pushes) as peer:
        asyncio.run(main(peer.port))
    ((name, raw),) = heard
    assert name == "OPEN_ORDER"
    assert b"756733" in raw
    (error,) = [each for each in errors if each[1] == 506]
    assert "message 5 (OPEN_ORDER)" in error[2]
    assert "756733" not in error[2]


def test_a_price_that_cannot_be_decoded_is_told_and_closes_nothing(gateway: SimulatedGateway) -> None:
    heard: list[str] = []

    async def story(keeper: Keeper, notes: Notes) -> None:
        await told(lambda: gateway.do("garbage", mode="truncated"))
        await until(lambda: heard)
        assert keeper.acknowledge() == ()
        assert not notes.all("on_lost")

    play(gateway, story, on_undecodable=lambda name, raw: heard.append(name))
    assert heard == ["1"]


def test_a_refused_question_makes_it_incomplete(gateway: SimulatedGateway) -> None:
    def refusing() -> Any:
        def change(payload: bytes) -> list[bytes]:
            fields = payload.split(b"\0")
            if fields[0] == b"55":  # the end of executions becomes a refusal
                return [b"\0".join((b"4", b"2", fields[2], b"322", b"Error processing request", b"", b""))]
            return [payload]

        return change

    async def main(port: int) -> None:
        async with Keeper(IB(), port=port, client_id=17, timing=QUICK) as keeper:
            ready = await keeper.wait_ready(20)
            assert not ready.complete
            assert "322" in ready.reason, ready.reason

    with tampered(gateway.port, refusing) as port:
        asyncio.run(main(port))


def test_a_program_that_holds_the_event_loop_closes_the_gate_and_costs_no_session(gateway: SimulatedGateway) -> None:
    seen: list[tuple[str, ...]] = []

    async def story(keeper: Keeper, notes: Notes) -> None:
        await until(lambda: keeper.gate.check().open)
        look = threading.Timer(1.0, lambda: seen.append(keeper.gate.check().reasons))
        look.start()
        threading.Event().wait(9.0)  # longer than the heartbeat's patience
        await until(lambda: keeper.gate.check().open)
        assert keeper.slow_callbacks == 1
        assert keeper.snapshot.counters.misses == 0

    notes = play(gateway, story)
    assert seen == [("program_busy",)]
    assert not notes.all("on_lost")


def test_the_next_order_id_survives_a_gateway_that_forgets_and_a_new_process(fleet: Fleet, tmp_path: Path) -> None:
    state = tmp_path / "state"

    async def first(keeper: Keeper, notes: Notes) -> None:
        (contract,) = await keeper.ib.qualifyContractsAsync(AAPL)
        assert isinstance(contract, Contract)
        keeper.ib.client.updateReqId(40)
        assert keeper.ib.placeOrder(contract, LimitOrder("BUY", 1, 1.0)).order.orderId == 40
        assert json.loads(state.read_text())["highest"] == 40

    async def second(keeper: Keeper, notes: Notes) -> None:
        assert (await keeper.wait_ready(1)).next_order_id == 41
        assert keeper.ib.client.getReqId() == 41

    for story in (first, second):
        with SimulatedGateway(fleet=fleet) as gateway:
            play(gateway, story, state=state)


def test_a_subscription_is_made_again_in_each_session_and_after_1101_but_not_after_1102(
    gateway: SimulatedGateway,
) -> None:
    async def story(keeper: Keeper, notes: Notes) -> None:
        async def bars(ib: IB) -> object:
            (contract,) = await ib.qualifyContractsAsync(AAPL)
            assert isinstance(contract, Contract)
            return ib.reqRealTimeBars(contract, 5, "TRADES", False)

        subscription = keeper.subscribe(bars)
        raising = keeper.subscribe(lambda ib: 1 / 0)
        await until(lambda: gateway.received[BARS] == 1)
        await told(lambda: gateway.do("upstream_lost", for_=0.2, data="maintained"))
        await until(lambda: notes.all("on_reconciled"))
        assert gateway.received[BARS] == 1
        await told(lambda: gateway.do("upstream_lost", for_=0.2, data="lost"))
        await until(lambda: gateway.received[BARS] == 2)
        first = subscription.made
        await told(lambda: gateway.do("rst"))
        await until(lambda: gateway.received[BARS] == 3 and subscription.made is not first)
        raising.cancel()
        subscription.cancel()
        await told(lambda: gateway.do("rst"))
        await until(lambda: len(notes.all("on_ready")) == 3)
        assert gateway.received[BARS] == 3

    play(gateway, story)


def test_the_gateways_clock_is_known_and_the_gates_file_is_written(fleet: Fleet, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"

    async def story(keeper: Keeper, notes: Notes) -> None:
        ahead = keeper.snapshot.clock.ahead
        assert ahead is not None
        assert abs(ahead.total_seconds() - 3600.0) < 5.0
        await until(lambda: Gate(path).check().open)

    with SimulatedGateway(Scenario(timezone="Etc/GMT-1"), fleet=fleet) as gateway:
        play(gateway, story, name="mine", gate_directory=tmp_path)
    assert not path.exists()
