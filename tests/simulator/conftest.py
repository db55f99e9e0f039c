"""A gateway whose clock stands still and a client that trades with it.

The example project is a project of its own, with a library that is not installed here: tests/judges runs it.
"""

from collections.abc import Iterator

import pytest

from supervisor.simulator import ManualClock, SimulatedGateway
from tests.simulator.trader import Trader

collect_ignore = ["example"]
NOON = 1_795_797_000.0  # 2026-11-27, 11:30 in New York


@pytest.fixture
def gateway() -> Iterator[SimulatedGateway]:
    with SimulatedGateway(clock=ManualClock(NOON)) as gateway:
        gateway.do("price", contract="AAPL", last=100, bid=99.99, ask=100.01)
        yield gateway


@pytest.fixture
def trader(gateway: SimulatedGateway) -> Iterator[Trader]:
    with Trader(gateway.port) as trader:
        yield trader
