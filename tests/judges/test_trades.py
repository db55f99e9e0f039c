"""Clients that other people wrote trade at the simulated gateway: orders, executions, history, a broken connection."""

import json
import os
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from supervisor.simulator import ManualClock, Scenario, SimulatedGateway
from tests.judges.environments import node_modules_of, npm_is_here, python_of
from tests.judges.test_judges import BETWEEN, DRIVERS, IBAPI, SERVER_VERSIONS

pytestmark = [pytest.mark.judges, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]
NOON = 1_795_797_000.0  # Friday 2026-11-27, 11:30 in New York


def told_by(version: int, *command: str, control: bool = False) -> dict[str, Any]:
    """What a driver was told; it must end well and grumble about nothing."""
    with SimulatedGateway(Scenario(server_version=version), clock=ManualClock(NOON)) as gateway:
        gateway.do("price", contract="AAPL", last=100, bid=99.99, ask=100.01)
        ports = [str(gateway.port), *([str(gateway.open_control())] if control else [])]
        done = subprocess.run(
            [*command, *ports], capture_output=True, text=True, timeout=120, check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    told: dict[str, Any] = json.loads(done.stdout)
    assert told.pop("grumbles", []) == []
    return told


def ibapi_trades(client: str, version: int) -> None:
    driver = f"{DRIVERS}/drive_trades_ibapi.py"
    told = told_by(version, str(python_of(client)), "-W", "error", driver, control=True)
    fill = ["AAPL", 1, "BOT", 100.0, 100.01, 100.0, "judge"]
    limit = [2, "AAPL", "BUY", 10.0, "LMT", 50.0, "GTC", "judge", 0, False, "Submitted"]
    assert told.pop("executions") == [[-1, *fill], [21, *fill]]
    assert set(told.pop("costs")) == {1.0}
    assert limit in told["open"]
    child = [5, "AAPL", "BUY", 100.0, "STP", None, "DAY", "judge", 4, False, "PreSubmitted"]
    assert child in told.pop("open")
    assert told.pop("statuses") == {
        "1": [["Submitted", 0.0, 100.0, 0.0], ["Filled", 100.0, 0.0, 100.01]],
        "2": [["Submitted", 0.0, 10.0, 0.0], ["Cancelled", 0.0, 10.0, 0.0]],
        "4": [["Submitted", 0.0, 100.0, 0.0]],
        "5": [["PreSubmitted", 0.0, 100.0, 0.0]],
    }
    bars = told.pop("bars")
    assert [bar[1] for bar in (bars[0], bars[-1])] == ["20261125 09:30:00 US/Eastern", "20261125 15:30:00 US/Eastern"]
    assert all(bar[3] == after[2] for bar, after in pairwise(bars))
    assert told == {
        "errors": {"1": [103], "2": [202]},
        "margin": 2250.0,
        "positions": [["DU1234567", "AAPL", 100.0, 100.02]],
        "portfolio": [["AAPL", 100.0, 100.0, 10000.0]],
        "completed": [["AAPL", "MKT", "Filled", "Filled Size: 100"], ["AAPL", "LMT", "Cancelled", "Cancelled"]],
        "ended": [True, True],
        "again": [5, [3, 4]],
    }


@pytest.mark.parametrize("version", SERVER_VERSIONS)
@pytest.mark.parametrize("client", IBAPI)
def test_ibapi_trades(client: str, version: int) -> None:
    ibapi_trades(client, version)


@pytest.mark.long
@pytest.mark.parametrize("version", BETWEEN)
def test_the_newest_ibapi_trades_at_every_change_of_a_layout(version: int) -> None:
    ibapi_trades("ibapi-10.51.1", version)


@pytest.mark.skipif(not npm_is_here(), reason="npm is not installed")
@pytest.mark.parametrize("version", [157, 176, 193])
def test_stoqey_trades(version: int) -> None:
    driver = f"{DRIVERS}/drive_trades_stoqey.js"
    told = told_by(version, "node", driver, str(node_modules_of("stoqey-1.6.10")))
    assert told["errors"] == [[2, 202]]
    assert told["executions"] == [[-1, "AAPL", "BOT", 100, 100.01], [21, "AAPL", "BOT", 100, 100.01]]
    assert told["costs"] == [1, 1]
    assert [row[:4] for row in told["statuses"]] == [
        [1, "Submitted", 0, 100],
        [1, "Filled", 100, 0],
        [2, "Submitted", 0, 10],
        [2, "Cancelled", 0, 10],
    ]
    assert told["positions"] == [["DU1234567", "AAPL", 100, 100.02]]
    if version >= 177:  # before, its decoder of completed orders looks for one field too few
        assert told["completed"] == [
            ["AAPL", "MKT", "Filled", "Filled Size: 100"],
            ["AAPL", "LMT", "Cancelled", "Cancelled"],
        ]


@pytest.mark.long
def test_nautilus_trades() -> None:
    told = told_by(187, str(python_of("nautilus-1.221.0")), f"{DRIVERS}/drive_nautilus.py")
    assert told == {
        "accounts": ["DU1234567"],
        "contract": [265598, "AAPL", "APPLE INC"],
        "positions": [["DU1234567", "AAPL", 100.0]],
        "symbols": ["AAPL"],
    }
