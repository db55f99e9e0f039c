"""Stories of an `ib_async.IB` that is kept alive, and what its hooks were told."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from ib_async import IB, Stock

from supervisor.host.aio import Keeper
from supervisor.simulator import SimulatedGateway
from tests.host.programs import QUICK

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


def play(gateway: SimulatedGateway, story: Story, *, timing: Mapping[str, float] = QUICK, **more: Any) -> Notes:
    notes = Notes()

    async def main() -> None:
        hooks: dict[str, Any] = {name: notes.hook(name) for name in HOOKS}
        keeper = Keeper(IB(), port=gateway.port, client_id=17, timing=timing, **hooks, **more)
        async with keeper:
            await keeper.wait_ready(10)
            await story(keeper, notes)

    asyncio.run(main())
    return notes


async def told(act: Callable[[], object]) -> None:
    """Let the gateway do something, without blocking the event loop."""
    await asyncio.get_running_loop().run_in_executor(None, act)
