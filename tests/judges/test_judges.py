"""Clients that other people wrote judge the simulated gateway: each is told everything right, and none grumbles."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from supervisor.simulator import Scenario, SimulatedGateway
from tests.judges.environments import node_modules_of, npm_is_here, python_of

pytestmark = [pytest.mark.judges, pytest.mark.timeout(600)]  # the first use makes the environments

IBAPI = {"ibapi-9.81.1": 157, "ibapi-10.30.1": 187, "ibapi-10.37.2": 203, "ibapi-10.46.1": 225}
"""Each client and the newest server version it speaks."""
SERVER_VERSIONS = (157, 176, 187, 200, 203, 225)
BETWEEN = (163, 164, 166, 182, 186, 194, 196, 197, 201, 204, 205, 206, 207, 208, 212, 213, 219, 223)
"""Server versions at which the layout of some message changed, or became protobuf."""

DRIVERS = Path(__file__).parent
GREETING = [
    [2104, "Market data farm connection is OK:usfarm"],
    [2106, "HMDS data farm connection is OK:ushmds"],
    [2158, "Sec-def data farm connection is OK:secdefnj"],
]
CONTRACT: list[object] = [9003, 265598, "AAPL", "STK", "SMART", "NASDAQ", "USD", "AAPL", "AAPL"]
CONTRACT += ["APPLE INC", 0.01, "US/Eastern", "26"]
START, SECOND, END = "20240102 09:30:00 US/Eastern", "20240102 09:31:00 US/Eastern", "20240102 09:32:00 US/Eastern"


def told_by(gateway: SimulatedGateway, *command: str) -> dict[str, Any]:
    """What a driver was told; it must end well, and print nothing but that."""
    done = subprocess.run([*command, str(gateway.port)], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    told: dict[str, Any] = json.loads(done.stdout)
    assert told.pop("grumbles") == []
    assert abs(told.pop("time") - time.time()) < 60
    return told


def ibapi_is_told_everything(client: str, version: int) -> None:
    agreed = min(version, IBAPI[client])
    with SimulatedGateway(Scenario(server_version=version)) as gateway:
        told = told_by(gateway, str(python_of(client)), "-W", "error", f"{DRIVERS}/drive_ibapi.py")
        assert gateway.clients == []
    if agreed >= 197:
        assert abs(told.pop("millis") / 1000 - time.time()) < 60
    assert told == {
        "server_version": agreed,
        "accounts": "DU1234567",
        "next_valid_id": 1,
        "notices": GREETING,
        "errors": {"9004": 200},
        "summary": [
            [9001, "DU1234567", "NetLiquidation", "1000000.00", "USD"],
            [9001, "DU1234567", "BuyingPower", "4000000.00", "USD"],
        ],
        "bars": [
            [9002, START, 10.0, 11.0, 9.5, 10.5, 1200.0, 10.25, 42],
            [9002, SECOND, 10.5, 10.75, 10.25, 10.5, 800.0, 10.5, 17],
        ],
        "history": [9002, START, END],
        "contracts": [CONTRACT],
        "market_data_type": [9005, 3],
        "prices": [[9005, 66, 189.25, True]],
        "size": [9005, 69, 300.0],
        "ended": {"connection": True, "run": True},
    }


@pytest.mark.parametrize("version", SERVER_VERSIONS)
@pytest.mark.parametrize("client", IBAPI)
def test_ibapi(client: str, version: int) -> None:
    ibapi_is_told_everything(client, version)


@pytest.mark.parametrize("version", BETWEEN)
def test_the_newest_ibapi_at_every_change_of_a_layout(version: int) -> None:
    ibapi_is_told_everything("ibapi-10.46.1", version)


@pytest.mark.parametrize(("version", "agreed"), [(157, 157), (176, 176), (225, 178)])
def test_ib_async(version: int, agreed: int) -> None:
    with SimulatedGateway(Scenario(server_version=version)) as gateway:
        told = told_by(gateway, str(python_of("ib_async-2.1.0")), "-W", "error", f"{DRIVERS}/drive_ib_async.py")
    assert told == {
        "server_version": agreed,
        "accounts": ["DU1234567"],
        "next_valid_id": 3,
        "notices": GREETING,
        "values": [
            ["DU1234567", "AccountType", "INDIVIDUAL", ""],
            ["DU1234567", "AvailableFunds", "1000000.00", "USD"],
            ["DU1234567", "BuyingPower", "4000000.00", "USD"],
        ],
        "summary": [["NetLiquidation", "1000000.00"]],
        "positions": [],
        "orders": [],
        "contract": [265598, "AAPL", "NASDAQ", "AAPL", "APPLE INC", 0.01],
        "sizes": ["COMMON", "26", "US/Eastern"],
        "qualified": "AAPL",
        "bars": [
            ["2024-01-02 09:30:00-05:00", 10.0, 11.0, 9.5, 10.5, 1200.0, 10.25],
            ["2024-01-02 09:31:00-05:00", 10.5, 10.75, 10.25, 10.5, 800.0, 10.5],
        ],
        "market": [3, 189.25, 300.0],
        "connected": False,
    }


@pytest.mark.skipif(not npm_is_here(), reason="npm is not installed")
@pytest.mark.parametrize(("version", "agreed"), [(157, 157), (176, 176), (225, 193)])
def test_stoqey(version: int, agreed: int) -> None:
    with SimulatedGateway(Scenario(server_version=version)) as gateway:
        told = told_by(gateway, "node", f"{DRIVERS}/drive_stoqey.js", str(node_modules_of("stoqey-1.6.10")))
    assert told == {
        "server_version": agreed,
        "accounts": "DU1234567",
        "next_valid_id": 1,
        "notices": GREETING,
        "errors": [],
        "summary": [
            [9001, "DU1234567", "NetLiquidation", "1000000.00", "USD"],
            [9001, "DU1234567", "BuyingPower", "4000000.00", "USD"],
        ],
        "bars": [
            [9002, START, 10, 11, 9.5, 10.5, 1200, 42, 10.25],
            [9002, SECOND, 10.5, 10.75, 10.25, 10.5, 800, 17, 10.5],
            [9002, f"finished-{START}-{END}", -1, -1, -1, -1, -1, -1, -1],
        ],
        "contracts": [[9003, 265598, "AAPL", "NASDAQ", "APPLE INC", 0.01, "US/Eastern", "26"]],
        "market_data_type": [9005, 3],
        "prices": [[9005, 66, 189.25]],
        "disconnected": True,
    }
