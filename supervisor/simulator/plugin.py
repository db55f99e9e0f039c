"""The pytest plugin: simulated gateways as fixtures, for other people's tests.

```python
def test_reconnects(ib_gateway):
    program = connect("127.0.0.1", ib_gateway.port)
    ib_gateway.refuse(for_="2s")
    ...

@pytest.mark.ib_gateway(server_version=187, accounts=["DU1", "DU2"], manual_clock=True)
def test_two_accounts(ib_gateway):
    ib_gateway.advance("1h")
```

Rules
- Importing it costs nothing: the simulator is loaded by the first test that uses a fixture.
- All gateways of a worker share one thread; each has a port of its own that the system gave it, so workers of
  pytest-xdist do not meet.
- A gateway lives as long as its test, or as the scope in which the factory was used.
- `filterwarnings = error` finds nothing to complain of: every socket is closed.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from supervisor import simulator

if TYPE_CHECKING:
    from supervisor.simulator.testing import Gateway

MARK = "ib_gateway"


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line(
        "markers",
        f"{MARK}(scenario=FILE, manual_clock=False, **keys): what the gateway of the ib_gateway fixture is like; "
        "the keys are those of a scenario file",
    )


@pytest.fixture(scope="session")
def ib_gateway_fleet() -> Iterator["simulator.Fleet"]:
    """The thread that all gateways of this worker share."""
    with simulator.Fleet() as fleet:
        yield fleet


@pytest.fixture
def ib_gateway_factory(ib_gateway_fleet: "simulator.Fleet") -> Iterator[Callable[..., "Gateway"]]:
    """Makes gateways, each with what a scenario file may say as arguments; all are closed after the test."""
    made: list[Gateway] = []

    def make(scenario: str | Path | None = None, *, manual_clock: bool = False, **keys: object) -> "Gateway":
        gateway = simulator.Gateway.make(ib_gateway_fleet, scenario, manual_clock=manual_clock, **keys)
        made.append(gateway)
        return gateway

    yield make
    for gateway in made:
        gateway.close()


@pytest.fixture
def ib_gateway(request: pytest.FixtureRequest, ib_gateway_factory: Callable[..., "Gateway"]) -> "Gateway":
    """One gateway; the mark `ib_gateway` says what it is like."""
    mark = request.node.get_closest_marker(MARK)
    return ib_gateway_factory() if mark is None else ib_gateway_factory(*mark.args, **mark.kwargs)
