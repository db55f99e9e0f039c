"""One fleet of simulated gateways for all tests of hosts."""

from collections.abc import Iterator

import pytest

from supervisor.simulator import Fleet, SimulatedGateway
from tests.host.programs import Book


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet() as made:
        yield made


@pytest.fixture
def gateway(fleet: Fleet) -> Iterator[SimulatedGateway]:
    with SimulatedGateway(fleet=fleet) as made:
        yield made


@pytest.fixture
def book() -> Book:
    return Book()
