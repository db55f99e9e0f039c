"""Clients that other people wrote judge the simulated gateway: each is told everything right, and none grumbles."""

import json
import subprocess
import time
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from supervisor.simulator import Scenario, SimulatedGateway
from supervisor.simulator.state.bars import Bar, bars
from supervisor.simulator.state.instruments import book
from supervisor.simulator.state.prices import Prices
from tests.judges.environments import node_modules_of, npm_is_here, python_of

pytestmark = [pytest.mark.judges, pytest.mark.timeout(600)]  # the first use makes the environments

IBAPI = {
    "ibapi-9.81.1": 157,
    "ibapi-10.30.1": 187,
    "ibapi-10.37.2": 203,
    "ibapi-10.46.1": 225,
    "ibapi-10.50.2": 226,
    "ibapi-10.51.1": 226,
}
"""Each client and the newest server version it speaks."""
SERVER_VERSIONS = (131, 157, 176, 187, 200, 203, 225, 226)
BETWEEN = (
    136,
    141,
    145,
    148,
    151,
    152,
    160,
    162,
    163,
    164,
    166,
    170,
    177,
    178,
    182,
    183,
    186,
    189,
    192,
    193,
    194,
    195,
    196,
    197,
    198,
    199,
    201,
    204,
    205,
    206,
    207,
    208,
    212,
    213,
    219,
    223,
)
"""Server versions at which the layout of some message changed, or became protobuf."""

DRIVERS = Path(__file__).parent
GREETING = [
    [2104, "Market data farm connection is OK:usfarm"],
    [2106, "HMDS data farm connection is OK:ushmds"],
    [2158, "Sec-def data farm connection is OK:secdefnj"],
]
CONTRACT: list[object] = [9003, 265598, "AAPL", "STK", "SMART", "NASDAQ", "USD", "AAPL", "NMS"]
RULES = ",".join(["26"] * 17)
CONTRACT += ["APPLE INC", 0.01, "US/Eastern", RULES]
START, END = "20240102 09:30:00 US/Eastern", "20240102 16:00:00 US/Eastern"
HOURS = [f"20240102 {hour:02}:30:00 US/Eastern" for hour in range(9, 16)]


def meant() -> list[Bar]:
    """The bars that the gateway means: seven hours of 2024-01-02."""
    rows = {row.con_id: row for row in book(date(2026, 11, 27))}
    start = datetime(2024, 1, 2, 9, 30, tzinfo=ZoneInfo("US/Eastern")).timestamp()
    return list(bars(Prices(1, rows), rows[265598], start, start + 6.5 * 3600, 3600, "TRADES", True))


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
        gateway.do("price", contract="AAPL", last=189.25, bid=189.25)
        told = told_by(gateway, str(python_of(client)), "-W", "error", f"{DRIVERS}/drive_ibapi.py")
        assert gateway.clients == []
    if agreed >= 197:
        assert abs(told.pop("millis") / 1000 - time.time()) < 60
    assert told.pop("size")[:2] == [9005, 69]
    del told["prices"][1:]
    assert told == {
        "server_version": agreed,
        "accounts": "DU1234567",
        "next_valid_id": 1,
        "notices": GREETING,
        "errors": {"9004": 200},
        "summary": [
            [9001, "DU1234567", "BuyingPower", "4000000.00", "USD"],
            [9001, "DU1234567", "NetLiquidation", "1000000.00", "USD"],
        ],
        "bars": [
            [9002, hour, bar.open, bar.high, bar.low, bar.close, float(bar.volume), bar.average, bar.count]
            for hour, bar in zip(HOURS, meant(), strict=True)
        ],
        "history": [9002, START, END],
        "contracts": [CONTRACT],
        "market_data_type": [9005, 3],
        "prices": [[9005, 66, 189.25, False]],
        "ended": {"connection": True, "run": True},
    }


@pytest.mark.parametrize("version", SERVER_VERSIONS)
@pytest.mark.parametrize("client", IBAPI)
def test_ibapi(client: str, version: int) -> None:
    ibapi_is_told_everything(client, version)


@pytest.mark.long
@pytest.mark.parametrize("version", BETWEEN)
def test_the_newest_ibapi_at_every_change_of_a_layout(version: int) -> None:
    ibapi_is_told_everything("ibapi-10.51.1", version)


@pytest.mark.parametrize(("version", "agreed"), [(157, 157), (176, 176), (225, 178)])
def test_ib_async(version: int, agreed: int) -> None:
    with SimulatedGateway(Scenario(server_version=version)) as gateway:
        gateway.do("price", contract="AAPL", last=189.25, bid=189.25)
        told = told_by(gateway, str(python_of("ib_async-2.1.0")), "-W", "error", f"{DRIVERS}/drive_ib_async.py")
    assert told.pop("market")[:2] == [3, 189.25]
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
        "sizes": ["COMMON", RULES, "US/Eastern"],
        "qualified": "AAPL",
        "bars": [
            [
                f"2024-01-02 {hour:02}:30:00-05:00",
                bar.open,
                bar.high,
                bar.low,
                bar.close,
                float(bar.volume),
                bar.average,
            ]
            for hour, bar in zip(range(9, 16), meant(), strict=True)
        ],
        "connected": False,
    }


@pytest.mark.skipif(not npm_is_here(), reason="npm is not installed")
@pytest.mark.parametrize(("version", "agreed"), [(157, 157), (176, 176), (225, 193)])
def test_stoqey(version: int, agreed: int) -> None:
    with SimulatedGateway(Scenario(server_version=version)) as gateway:
        gateway.do("price", contract="AAPL", last=189.25, bid=189.25)
        told = told_by(gateway, "node", f"{DRIVERS}/drive_stoqey.js", str(node_modules_of("stoqey-1.6.10")))
    del told["prices"][1:]
    assert told == {
        "server_version": agreed,
        "accounts": "DU1234567",
        "next_valid_id": 1,
        "notices": GREETING,
        "errors": [],
        "summary": [
            [9001, "DU1234567", "BuyingPower", "4000000.00", "USD"],
            [9001, "DU1234567", "NetLiquidation", "1000000.00", "USD"],
        ],
        "bars": [
            *(
                [9002, hour, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.count, bar.average]
                for hour, bar in zip(HOURS, meant(), strict=True)
            ),
            [9002, f"finished-{START}-{END}", -1, -1, -1, -1, -1, -1, -1],
        ],
        "contracts": [[9003, 265598, "AAPL", "NASDAQ", "APPLE INC", 0.01, "US/Eastern", RULES]],
        "market_data_type": [9005, 3],
        "prices": [[9005, 66, 189.25]],
        "disconnected": True,
    }
