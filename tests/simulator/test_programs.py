"""`record`, `simulate --replay` and `simulate --schema` as programs."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from supervisor.simulator import Scenario, SimulatedGateway
from tests.simulator.trader import Trader
from tests.waiting import wait_until


def started(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "supervisor", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def port_of(process: subprocess.Popen[str]) -> int:
    """The port in the program's first line."""
    assert process.stdout is not None
    return int(process.stdout.readline().split("127.0.0.1:")[1].split(",")[0])


def ended(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGTERM)
    out, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
    return out


def test_what_is_recorded_is_played_back(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    with SimulatedGateway(Scenario(accounts=("U7654321",))) as gateway:
        recording = started("record", "--to", f"127.0.0.1:{gateway.port}", "--out", str(path))
        with Trader(port_of(recording)) as trader:
            trader.ask(62, 1, 5, "All", "NetLiquidation")
            trader.until("64")
        wait_until(lambda: gateway.clients == [])
        assert "session 1 begins" in ended(recording)
    assert "U7654321" not in path.read_text()
    playing = started("simulate", "--replay", str(path))
    with Trader(port_of(playing)) as trader:
        trader.ask(62, 1, 99, "All", "NetLiquidation")
        assert trader.message()[:4] == ["63", "1", "99", "U0000001"]
    ended(playing)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("simulate", "--replay", "absent.jsonl"), 78),
        (("simulate", "--replay", "absent.jsonl", "--control", "0"), 2),
        (("record", "--to", "nowhere", "--out", "x.jsonl"), 2),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, arguments: tuple[str, ...], status: int) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "supervisor", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == status
    assert run.stderr


def test_the_schema_is_printed() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "supervisor", "simulate", "--schema"], capture_output=True, text=True, check=True
    )
    assert "steps" in json.loads(run.stdout)["properties"]
